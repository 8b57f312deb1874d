// The table of docs/runtimes.md, from top to bottom.
import { bundlers } from './bundlers.mjs'
import { confined } from './confined.mjs'
import { examples } from './examples.mjs'
import { runners } from './runners.mjs'
import { runtimes } from './runtimes.mjs'
import { typescript } from './typescript.mjs'

export const groups = [runtimes, typescript, bundlers, runners, confined, examples]
