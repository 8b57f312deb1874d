// Finds a Python that can make a pseudo-terminal; any of the last years on a system of the Unix kind can. Where there is none, that is said
// in a line that begins with SKIPPED: the runner repeats such lines and, under CI=true, fails because of them.
import { spawnSync } from 'node:child_process'

/** The interpreter, or `undefined` after having said what is skipped. */
export function terminalPythonOr(skipped: string): string | undefined {
  const { PSEUD_PYTHON } = process.env
  const candidates = [...(PSEUD_PYTHON ? [PSEUD_PYTHON] : []), '/usr/bin/python3', 'python3']
  // os.waitstatus_to_exitcode: Python 3.9.
  const probe = 'import os, pty, termios, fcntl; os.waitstatus_to_exitcode; os.close(pty.openpty()[0])'
  const found = candidates.find(
    (python) => spawnSync(python, ['-c', probe], { timeout: 20_000 }).status === 0,
  )
  if (found === undefined) {
    console.log(
      `SKIPPED: ${skipped}: no Python 3.9 or later that has pseudo-terminals (apt-get install python3)`,
    )
  }
  return found
}
