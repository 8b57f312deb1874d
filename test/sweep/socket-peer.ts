// An honest peer at the other end of a real connection, whose octets are cut off, stopped, reset or changed at one place. What it says is
// made by our own engine, so that every mechanism works as it does.
import type { Socket } from 'node:net'
import { AUTHENTICATE, ENDED, type Engine, NEED_MORE, READY } from '../../src/zmtp/engine/engine.ts'
import type { Mechanism } from '../../src/zmtp/engine/security/mechanism.ts'
import { makeEngine, outputOf } from '../support/engine.ts'
import { MESSAGES } from './stream.ts'

export const FAULTS = ['FIN', 'RST', 'stall', 'flip'] as const
export type Fault = (typeof FAULTS)[number]

const PATIENCE_MS = 3000

export interface Case {
  readonly fault: Fault
  /** How many octets go out before it; the changed one is the next. */
  readonly at: number
}

export class SweptPeer {
  /** All that it said, or would have said. */
  said: Buffer = Buffer.alloc(0)
  /** Where its handshake ended, and each message. */
  ready = -1
  readonly ends: number[] = []
  /** Settles when the connection is closed. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #engine: Engine
  readonly #case: Case | undefined
  #over = false
  #heard = false

  /** Without a case it says everything, and waits. */
  constructor(socket: Socket, type: string, identity: string, mechanism: Mechanism, swept?: Case) {
    this.#socket = socket
    this.#case = swept
    this.#engine = makeEngine(type, { mechanism, identity: Buffer.from(identity) })
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.on('data', (chunk) => this.#hear(chunk))
    this.#flush()
  }

  #hear(chunk: Buffer): void {
    const engine = this.#engine
    this.#heard = true
    if (this.#over && this.#case?.fault === 'RST') this.#socket.resetAndDestroy()
    engine.handleBytes(chunk, 0)
    for (;;) {
      const event = engine.poll()
      if (event === NEED_MORE || event === ENDED) break
      if (event === AUTHENTICATE) engine.handleVerdict({ status: '200' })
      if (event === READY) this.#saySomething()
    }
    this.#flush()
  }

  #saySomething(): void {
    this.#flush()
    this.ready = this.said.length
    for (const parts of MESSAGES) {
      parts.forEach((part, i) => {
        this.#engine.sendPart(Buffer.from(part), i < parts.length - 1)
      })
      this.#flush()
      this.ends.push(this.said.length)
    }
    if (this.#case?.fault === 'flip' || this.#case?.at === this.said.length) this.#end()
  }

  #flush(): void {
    const bytes = outputOf(this.#engine)
    if (bytes.length === 0 || this.#over) return
    const from = this.said.length
    this.said = Buffer.concat([this.said, bytes])
    const swept = this.#case
    if (swept === undefined || from + bytes.length <= swept.at) {
      if (bytes.length > 0) this.#socket.write(bytes)
    } else if (swept.fault === 'flip') {
      const at = swept.at - from
      if (at >= 0) bytes[at] = bytes[at]! ^ (1 << (swept.at % 8))
      this.#socket.write(bytes)
      // What was changed may be what an answer depends on: the peer then has said all that it will.
      setTimeout(() => this.ready < 0 && this.#end(), PATIENCE_MS).unref()
    } else {
      if (swept.at > from) this.#socket.write(bytes.subarray(0, swept.at - from))
      this.#end()
    }
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    if (this.#case?.fault === 'RST') {
      // What is reset before it was accepted has no address any more, by which it could be told from others.
      if (this.#heard) this.#socket.resetAndDestroy()
    } else if (this.#case?.fault !== 'stall') this.#socket.end()
  }
}
