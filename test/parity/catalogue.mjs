// Every probe, by section. A section runs in one process per library.
import { endpoints } from './endpoints.mjs'
import { messages } from './messages.mjs'
import { operations } from './operations.mjs'
import { options } from './options.mjs'
import { rawOptions } from './raw-options.mjs'
import { surface } from './surface.mjs'

export const sections = { surface, options, 'raw-options': rawOptions, messages, operations, endpoints }
