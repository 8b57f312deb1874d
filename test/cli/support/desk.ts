// Somebody who uses the `pseud` command in terminals: opens them, and closes them when a test is over. Behind pipes it runs by command.ts.
import { command } from './command.ts'
import { terminalPythonOr } from './python.ts'
import { Terminal, type TerminalOptions } from './terminal.ts'

export class Desk {
  /** `undefined`: there are no terminals here, which was said. */
  readonly python: string | undefined
  readonly #open: Terminal[] = []

  /** `what`: which tests want one. */
  constructor(what: string) {
    this.python = terminalPythonOr(what)
  }

  /** Runs `pseud` with these words. */
  async open(words: readonly string[], options: TerminalOptions = {}): Promise<Terminal> {
    return this.openOther([process.execPath, await command(), ...words], options)
  }

  /** Runs another program. */
  openOther(words: readonly string[], options: TerminalOptions = {}): Terminal {
    const terminal = new Terminal(this.python!, words, options)
    this.#open.push(terminal)
    return terminal
  }

  async clear(): Promise<void> {
    for (const terminal of this.#open.splice(0)) await terminal.close()
  }
}
