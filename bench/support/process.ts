// A benchmark's other process: started from a built peer file beside this one, spoken to over Node's own IPC in
// questions and answers. It ends with us.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

/** Handlers by name, in the child: `answer({ listen: async () => port })`. Each takes one value, gives one value. */
export function answer(handlers: Record<string, (argument: never) => unknown>): void {
  process.on('message', async (question: { id: number; name: string; argument: never }) => {
    try {
      const value = await handlers[question.name]!(question.argument)
      process.send?.({ id: question.id, value })
    } catch (error) {
      process.send?.({ id: question.id, failure: error instanceof Error ? error.stack : String(error) })
    }
  })
  process.on('disconnect', () => process.exit(0))
}

// A round takes a second, ten thousand handshakes take ten; a busy machine may make them ten times as long.
const DEADLINE_MS = 120_000

/** The other process, whatever it is written in. */
export interface Process {
  readonly pid: number
  ask<T>(name: string, argument?: unknown): Promise<T>
  end(): void
}

export class Helper implements Process {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>()
  readonly #name: string
  #lastId = 0

  #ended: Error | undefined

  /** Starts `bench/peers/NAME.ts` with `args`; `nodeFlags` such as `--expose-gc`. */
  constructor(file: string, args: readonly string[], nodeFlags: readonly string[] = []) {
    const name = [file, ...args].join(' ')
    this.#name = name
    const built = path.dirname(process.argv[1] ?? '')
    this.#child = fork(path.join(built, 'peers', `${file}.js`), args, {
      serialization: 'advanced',
      execArgv: ['--enable-source-maps', '--no-warnings', ...nodeFlags],
    })
    this.#child.on('message', (answer: { id: number; value: never; failure?: string }) => {
      const question = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if (answer.failure === undefined) question?.resolve(answer.value)
      else question?.reject(new Error(`${name}: ${answer.failure}`))
    })
    this.#child.on('exit', (code) => {
      this.#ended = new Error(`${name} ended with ${code}`)
      for (const question of this.#waiting.values()) question.reject(this.#ended)
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  ask<T>(name: string, argument?: unknown): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = ++this.#lastId
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.#name}: no answer to ${name} in ${DEADLINE_MS} ms`)),
        DEADLINE_MS,
      )
      const settle = (): void => clearTimeout(timer)
      this.#waiting.set(id, {
        resolve: (value) => {
          settle()
          resolve(value as T)
        },
        reject: (reason) => {
          settle()
          reject(reason)
        },
      })
      this.#child.send({ id, name, argument })
    })
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  /** Ends it and waits until its memory is free. */
  async ended(): Promise<void> {
    const gone = this.#ended === undefined ? once(this.#child, 'exit') : undefined
    this.end()
    await gone
  }
}
