/**
 * A page of the terminal that is drawn again and again, in place: on the terminal's other screen, so that what stood there before is there
 * again when the page is closed, however the command ends. Knows nothing of what it shows.
 */
import type { Screen } from '../screen.ts'

export interface LivePageOptions {
  /** A key was typed, `\u0003` for Ctrl-C. Not called where standard input is no terminal: Ctrl-C is a signal then. */
  readonly onKey: (key: string) => void
  /** The window has another size: what is drawn next fills it. */
  readonly onResize: () => void
}

const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'

export class LivePage {
  readonly #screen: Screen
  readonly #options: LivePageOptions
  readonly #hasKeys: boolean
  #open = true
  readonly #onData = (data: Buffer): void => {
    for (const key of data.toString('latin1')) this.#options.onKey(key)
  }
  readonly #onExit = (): void => this.close()

  constructor(screen: Screen, options: LivePageOptions) {
    this.#screen = screen
    this.#options = options
    this.#hasKeys = process.stdin.isTTY === true
    screen.out.write(ENTER)
    screen.out.on('resize', options.onResize)
    // A second signal, and a defect, end the process where it stands.
    process.on('exit', this.#onExit)
    if (this.#hasKeys) process.stdin.setRawMode(true).on('data', this.#onData).resume()
  }

  /** `lines` from the top on, each no longer than the screen is wide; those that find no row are left out. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return
    const rows = lines
      .slice(0, this.#screen.height)
      .map((line, row) => `\u001b[${row + 1};1H\u001b[0K${line}`)
    const below = rows.length < this.#screen.height ? `\u001b[${rows.length + 1};1H\u001b[0J` : ''
    this.#screen.out.write(rows.join('') + below)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    process.off('exit', this.#onExit)
    this.#screen.out.off('resize', this.#options.onResize)
    if (this.#hasKeys) process.stdin.off('data', this.#onData).setRawMode(false).pause()
    this.#screen.out.write(LEAVE)
  }
}
