// Every probe, by section. A section runs in one process per library.
import { deliberate } from './deliberate.mjs'
import { endpoints } from './endpoints.mjs'
import { messages } from './messages.mjs'
import { observer } from './observer.mjs'
import { operations } from './operations.mjs'
import { options } from './options.mjs'
import { patterns } from './patterns.mjs'
import { rawOptions } from './raw-options.mjs'
import { surface } from './surface.mjs'
import { timing } from './timing.mjs'

export const sections = {
  surface,
  options,
  'raw-options': rawOptions,
  messages,
  operations,
  endpoints,
  patterns,
  timing,
  observer,
  deliberate,
}
