// Tells when one of a set of files has changed: looks at their folders, because editors put new files in the place of old ones, and waits a moment,
// because they do it in several steps. Knows nothing of what the files are.
import { type FSWatcher, watch } from 'node:fs'
import * as path from 'node:path'

const SETTLE_MS = 100

export class Watcher {
  readonly #isWatched: (file: string) => boolean
  readonly #onChange: () => void
  readonly #folders = new Map<string, FSWatcher>()
  #timer: NodeJS.Timeout | undefined

  /** `isWatched` is asked about every file that changes in one of the folders. */
  constructor(isWatched: (file: string) => boolean, onChange: () => void) {
    this.#isWatched = isWatched
    this.#onChange = onChange
  }

  /** Looks at the folder of `file`, too. */
  add(file: string): void {
    const folder = path.dirname(file)
    if (this.#folders.has(folder)) return
    const watcher = watch(folder, (_event, name) => {
      if (name === null || this.#isWatched(path.join(folder, String(name)))) this.#settle()
    })
    // The folder is gone, perhaps: what is loaded stays.
    watcher.on('error', () => {})
    this.#folders.set(folder, watcher)
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  #settle(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onChange, SETTLE_MS)
  }
}
