// Other processes of a load: each is a file of this folder, spoken to over Node's own IPC in questions and answers. It ends with us.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

/** In the worker: handlers by name; each takes one value and gives one. */
export function answer(handlers: Record<string, (argument: never) => unknown>): void {
  process.on('message', async (question: { id: number; name: string; argument: never }) => {
    try {
      process.send?.({ id: question.id, value: await handlers[question.name]!(question.argument) })
    } catch (error) {
      process.send?.({ id: question.id, failure: error instanceof Error ? error.stack : String(error) })
    }
  })
  process.on('disconnect', () => process.exit(0))
}

/** A worker, and how it ended: a promise that nobody handled ends one with 1. */
export class Worker {
  readonly name: string
  /** Resolves to the exit code, or the signal. */
  readonly ended: Promise<number | string>
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>()
  #lastId = 0
  #end: string | number | undefined

  /** Starts `NAME.js` beside the running file. */
  constructor(name: string, nodeFlags: readonly string[] = []) {
    this.name = name
    const file = path.join(path.dirname(process.argv[1] ?? ''), `${name}.js`)
    // No source maps: the first error whose stack is looked at, be it by Node itself, would add 8 MiB to a heap that is measured.
    const execArgv = ['--unhandled-rejections=strict', '--expose-gc', ...nodeFlags]
    this.#child = fork(file, [], { serialization: 'advanced', execArgv })
    this.#child.on('message', (answer: { id: number; value: never; failure?: string }) => {
      const question = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if (answer.failure === undefined) question?.resolve(answer.value)
      else question?.reject(new Error(`${name}: ${answer.failure}`))
    })
    this.ended = once(this.#child, 'exit').then(([code, signal]) => {
      this.#end = code ?? signal
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ended with ${this.#end}`))
      this.#waiting.clear()
      return this.#end!
    })
  }

  ask<T>(name: string, argument?: unknown): Promise<T> {
    if (this.#end !== undefined)
      return Promise.reject(
        new Error(`${this.name} has ended with ${this.#end}, before it was asked to ${name}`),
      )
    const id = ++this.#lastId
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, name, argument })
    })
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Asks it to end. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.ended
  }
}
