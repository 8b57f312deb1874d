// What the RPC interop tests share: a server with functions to call, the kinds of docs/protocol.md written out once more
// (a peer of ours is not what checks us), the Python peer under command, and failures as values.
import path from 'node:path'
import * as assert from 'uvu/assert'
import { method, Server } from '../../../src/rpc/index.ts'
import { sleep, within } from '../../support/within.ts'
import { Child } from './child.ts'
import { findPython } from './python.ts'

export const ANY_PORT = 'tcp://127.0.0.1:0'
export const CALL = 0
export const RESULT = 1
export const ERROR = 2
export const CANCEL = 3
export const HELLO = 8
export const WELCOME = 9
export const PING = 11
export const PONG = 12

export type Register = (name: string, run: () => Promise<void>) => void
export type Fields = [kind: number, ...fields: unknown[]]

/** The functions that every server of these tests has. */
export function newServer(name = 'remote'): Server {
  const server = new Server(name)
  server.registerRpc({
    lower: (text: string) => text.toLowerCase(),
    upper: (text: string) => text.toUpperCase(),
    math: { add: (a: number, b: number) => a + b },
    echo: (value: unknown) => value,
    whoAreYou: () => name,
    nothingAtAll: () => undefined,
    async *count(to: number) {
      for (let n = 0; n < to; n++) yield n
    },
    async *breakAt(at: number) {
      for (let n = 0; n < at; n++) yield n
      throw new RangeError('too far')
    },
    sleep: async (ms: number, value: unknown) => {
      await sleep(ms)
      return value
    },
    explode: () => {
      throw new RangeError('too far')
    },
    countdown: method(async (ctx, n: number): Promise<string[]> => {
      return n === 0
        ? ['node: lift-off']
        : [`node: ${n}`, ...((await ctx.peer.api.countdown(n - 1)) as string[])]
    }),
  })
  return server
}

/** test/interop/support/rpc_peer.py: the Python peer of the examples under command. */
export class PythonPeer {
  readonly child: Child
  endpoint = ''

  static async start(role: 'connect' | 'bind', endpoint: string, name: string): Promise<PythonPeer> {
    const peer = new PythonPeer(new Child(findPython()!, [support('rpc_peer.py'), role, endpoint, name]))
    peer.endpoint = (await peer.#answer()) as string
    return peer
  }

  constructor(child: Child) {
    this.child = child
  }

  run(action: string, args: unknown[] = [], options: Record<string, unknown> = {}): Promise<unknown> {
    this.child.write(JSON.stringify({ do: action, args, options }))
    return this.#answer()
  }

  async call(name: string, args: unknown[] = [], keywords: Record<string, unknown> = {}): Promise<Outcome> {
    return (await this.run('call', [name, ...args], keywords)) as Outcome
  }

  async #answer(): Promise<unknown> {
    const answer = JSON.parse(await this.child.line()) as { value?: unknown; error?: string }
    if (answer.error !== undefined) throw new Error(`the Python peer failed: ${answer.error}`)
    return answer.value
  }

  end(): Promise<void> {
    return this.child.end()
  }
}

export interface Outcome {
  readonly value?: unknown
  readonly code?: string
}

/** The path of a script of the interop tests. */
export function support(file: string): string {
  return path.resolve('test/interop/support', file)
}

function unexpected(value: unknown): never {
  throw new Error(`should have been refused, but gave ${JSON.stringify(value)}`)
}

/** The error that a call rejects with. */
export async function failure(call: unknown): Promise<Error & Record<string, unknown>> {
  return within(
    10_000,
    (call as Promise<unknown>).then(
      unexpected,
      (reason: unknown) => reason as Error & Record<string, unknown>,
    ),
  )
}

export async function assertFails(
  call: unknown,
  code: string,
  executed: string,
  message?: RegExp,
): Promise<void> {
  const error = await failure(call)
  assert.equal([error.code, error.executed], [code, executed])
  if (message !== undefined) assert.match(error.message, message)
}
