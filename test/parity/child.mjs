// Runs one section of the catalogue against one library, in this process, and prints a line of JSON for each probe.
// Arguments: the library (a package name or a file), the section, and perhaps the one probe.
import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { sections } from './catalogue.mjs'
import { Sockets } from './tools.mjs'

const [library, name, only] = process.argv.slice(2)
const zmq = createRequire(import.meta.url)(library)

for (const probe of sections[name]) {
  if (only !== undefined && probe.name !== only) continue
  const sockets = new Sockets()
  let outcome
  try {
    outcome = await probe.run(zmq, sockets)
  } catch (error) {
    outcome = { failed: error.stack }
  }
  sockets.close()
  const outcomes = typeof outcome === 'string' ? { outcome } : outcome
  print({ name: probe.name, outcomes })
}
process.exit(0)

// Whole at once: what process.stdout holds is lost when a library ends the process.
function print(line) {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at)
}
