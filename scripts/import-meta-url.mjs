// Stands in CommonJS for what ES modules know by themselves: the URL of the file that this is bundled into (build.mjs).
import { pathToFileURL } from 'node:url'

export const importMetaUrl = pathToFileURL(__filename).href
