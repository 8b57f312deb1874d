// Another process of a benchmark or a load: a file that is forked, spoken to over Node's own IPC in questions and answers. It ends with us.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** In the other process: handlers by name, `answer({ listen: async () => port })`; each takes one value and gives one. */
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

interface Question {
  resolve(value: never): void
  reject(reason: Error): void
}

export class OtherProcess {
  readonly name: string
  /** Resolves to the exit code, or the signal. */
  readonly ended: Promise<number | string>
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Question>()
  #lastId = 0
  #end: string | number | undefined

  /** Starts `file`; `name` is what messages call it. */
  constructor(name: string, file: string, args: readonly string[], nodeFlags: readonly string[]) {
    this.name = name
    this.#child = fork(file, args, { serialization: 'advanced', execArgv: [...nodeFlags] })
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

  get pid(): number {
    return this.#child.pid ?? 0
  }

  ask<T>(name: string, argument?: unknown): Promise<T> {
    if (this.#end !== undefined) {
      const why = `${this.name} has ended with ${this.#end}, before it was asked to ${name}`
      return Promise.reject(new Error(why))
    }
    const id = ++this.#lastId
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, name, argument })
    })
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Asks it to end, and waits until it has: its memory is free. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.ended
  }
}
