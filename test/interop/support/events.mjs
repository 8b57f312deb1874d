// Plays scenarios of event-scenarios.mjs over libzmq, by the `zeromq` package: those whose names are its arguments, or all. Prints a line
// of JSON for each.
import * as zmq from 'zeromq'
import { CLOSED_EARLY, play, SCENARIOS } from './event-scenarios.mjs'

const names = process.argv.slice(2)
for (const name of names.length > 0 ? names : Object.keys(SCENARIOS)) {
  if (name === CLOSED_EARLY && names.length === 0) continue
  let report
  try {
    report = await play(zmq, name)
  } catch (error) {
    report = { failed: [String(error.stack)] }
  }
  process.stdout.write(`${JSON.stringify({ name, report })}\n`)
}
process.exit(0)
