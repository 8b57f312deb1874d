// A benchmark's other process: started from a built peer file beside this one, spoken to over Node's own IPC in
// questions and answers. It ends with us.
import { type ChildProcess, fork } from 'node:child_process'
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

// A round takes a second; a busy machine may make it ten seconds.
const DEADLINE_MS = 30_000

export class Helper {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>()
  readonly #name: string
  #lastId = 0

  /** Starts `bench/peers/NAME.ts` with `args`. */
  constructor(file: string, args: readonly string[]) {
    const name = [file, ...args].join(' ')
    this.#name = name
    const built = path.dirname(process.argv[1] ?? '')
    this.#child = fork(path.join(built, 'peers', `${file}.js`), args, { serialization: 'advanced' })
    this.#child.on('message', (answer: { id: number; value: never; failure?: string }) => {
      const question = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if (answer.failure === undefined) question?.resolve(answer.value)
      else question?.reject(new Error(`${name}: ${answer.failure}`))
    })
    this.#child.on('exit', (code) => {
      for (const question of this.#waiting.values()) question.reject(new Error(`${name} ended with ${code}`))
    })
  }

  ask<T>(name: string, argument?: unknown): Promise<T> {
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
    this.#child.disconnect()
  }
}
