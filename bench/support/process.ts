// A benchmark's other process, from a built peer file beside this one.
import path from 'node:path'
import { OtherProcess } from '../../test/support/other-process.ts'

export { answer } from '../../test/support/other-process.ts'

// A round takes a second, ten thousand handshakes take ten; a busy machine may make them ten times as long.
const DEADLINE_MS = 120_000

/** The other process, whatever it is written in. */
export interface Process {
  readonly pid: number
  ask<T>(name: string, argument?: unknown): Promise<T>
  end(): void
}

export class Helper extends OtherProcess implements Process {
  /** Starts `bench/peers/NAME.ts` with `args`; `nodeFlags` such as `--expose-gc`. */
  constructor(file: string, args: readonly string[], nodeFlags: readonly string[] = []) {
    const built = path.join(path.dirname(process.argv[1] ?? ''), 'peers', `${file}.js`)
    super([file, ...args].join(' '), built, args, ['--enable-source-maps', '--no-warnings', ...nodeFlags])
  }

  /** Rejects as well when there is no answer in time. */
  override ask<T>(name: string, argument?: unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const onTimer = (): void => reject(new Error(`${this.name}: no answer to ${name} in ${DEADLINE_MS} ms`))
      const timer = setTimeout(onTimer, DEADLINE_MS)
      super
        .ask<T>(name, argument)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
  }
}
