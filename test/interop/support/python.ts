// Finds a Python that can be a peer. Where there is none, the tests that need it say so in a line that begins with
// SKIPPED: the runner repeats such lines and, under CI=true, fails because of them.
import { spawnSync } from 'node:child_process'

let found: string | undefined
let searched = false

/** An interpreter that can import zmq and msgpack: PSEUD_PYTHON where that is set, else the one on PATH, else the system's. */
export function findPython(): string | undefined {
  if (searched) return found
  searched = true
  const candidates = process.env.PSEUD_PYTHON ? [process.env.PSEUD_PYTHON] : ['python3', '/usr/bin/python3']
  found = candidates.find(
    (python) => spawnSync(python, ['-c', 'import zmq, msgpack'], { timeout: 20_000 }).status === 0,
  )
  return found
}

/** The interpreter, or `undefined` after having said what is skipped. */
export function pythonOr(skipped: string): string | undefined {
  const python = findPython()
  if (python === undefined) {
    console.log(
      `SKIPPED: ${skipped}: no Python with zmq and msgpack (apt-get install python3-zmq python3-msgpack)`,
    )
  }
  return python
}
