// A libzmq peer of a test: a child process that is told what to do by commands (actions.mjs says which), one by one.
// `zeromq` is libzmq 4.3.5 in Node, `pyzmq` the libzmq of the system's Python.
import path from 'node:path'
import type { Command } from './actions.mjs'
import { Child } from './child.ts'
import { findPython } from './python.ts'

export type Library = 'zeromq' | 'pyzmq'

/** `pyzmq` needs a Python that has it: python.ts. */
export const LIBRARIES: readonly Library[] = ['zeromq', 'pyzmq']

/** Whatever carries out commands: a child process, or our own sockets in this one. */
export interface Doer {
  run(command: Command): unknown
}

export class Peer implements Doer {
  readonly child: Child
  #nextId = 1
  #turn: Promise<unknown> = Promise.resolve()

  constructor(library: Library) {
    const support = path.resolve('test/interop/support')
    this.child =
      library === 'zeromq'
        ? new Child(process.execPath, [path.join(support, 'peer.mjs')])
        : new Child(findPython()!, [path.join(support, 'peer.py')])
  }

  /** Commands are carried out in the order of the calls, one at a time; rejects with the error of the peer. */
  run(command: Command): Promise<unknown> {
    const id = this.#nextId++
    this.child.write(JSON.stringify({ ...command, id }))
    const answer = this.#turn.then(async () => {
      const reply = JSON.parse(await this.child.line(60_000)) as {
        id: number
        value?: unknown
        error?: string
      }
      if (reply.id !== id) throw new Error(`answer ${reply.id} to command ${id}`)
      if (reply.error !== undefined) throw new Error(`the peer failed at ${command.do}: ${reply.error}`)
      return reply.value
    })
    this.#turn = answer.catch(() => {})
    return answer
  }

  end(): Promise<void> {
    return this.child.end()
  }

  kill(): Promise<void> {
    return this.child.kill()
  }
}
