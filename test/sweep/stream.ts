// What an honest peer says, octet by octet: its greeting, its handshake, a message, one of three frames, and another. And what each octet
// is, for the rules of what may become of it.
import { handshakeOf, SETUPS, Sealer, type Setup } from '../fuzz/engine-setups.ts'
import { frame } from '../support/engine.ts'

export const MESSAGES: readonly (readonly string[])[] = [
  ['first'],
  ['alpha', 'bravo-two', 'charlie'],
  ['last'],
]

/** One octet of a stream. */
export interface Octet {
  readonly phase: 'greeting' | 'handshake' | 'traffic'
  readonly role: 'flags' | 'size' | 'body' | 'greeting'
  /** Of traffic: the message it belongs to. */
  readonly message: number
}

export interface Stream {
  readonly setup: Pick<Setup, 'name' | 'type' | 'lockstep' | 'mechanism'>
  readonly bytes: Buffer
  /** Where the handshake ends, and where each message does. */
  readonly ready: number
  readonly ends: readonly number[]
  readonly octets: readonly Octet[]
  /** Octets that are sent without waiting for an answer. */
  readonly turns: readonly number[]
}

const NAMES = ['NULL', 'PLAIN server', 'PLAIN client', 'CURVE server', 'CURVE client']

/** One for each mechanism and role; NULL has two sockets in place of roles. */
export const STREAMS: readonly Stream[] = NAMES.flatMap((name) =>
  SETUPS.filter((setup) => setup.name === name && !setup.sealed && hasMessages(setup)).map(streamOf),
)

function hasMessages({ type, name }: Setup): boolean {
  return type === 'ROUTER' || (type === 'DEALER' && (name === 'NULL' || name.endsWith('client')))
}

function streamOf(setup: Setup): Stream {
  const opening = handshakeOf(setup)
  const pieces = [opening]
  const ends: number[] = []
  const sealer = setup.lockstep ? new Sealer(setup) : undefined
  let at = opening.length
  for (const parts of MESSAGES) {
    const clear = Buffer.concat(
      parts.map((part, i) => frame(i < parts.length - 1 ? 1 : 0, Buffer.from(part))),
    )
    const message = sealer?.seal(clear) ?? clear
    pieces.push(message)
    at += message.length
    ends.push(at)
  }
  const bytes = Buffer.concat(pieces)
  const { octets, frames } = classify(bytes, opening.length, ends)
  return {
    setup,
    bytes,
    ready: opening.length,
    ends,
    octets,
    turns: setup.lockstep ? frames.filter((start) => start <= opening.length) : [],
  }
}

/** What each octet of a stream is, and where its frames begin. */
export function classify(
  bytes: Buffer,
  ready: number,
  ends: readonly number[],
): { octets: Octet[]; frames: number[] } {
  const octets: Octet[] = []
  const frames: number[] = []
  for (let i = 0; i < 64; i++) octets.push({ phase: 'greeting', role: 'greeting', message: -1 })
  for (let at = 64; at < bytes.length; ) {
    frames.push(at)
    const long = (bytes[at]! & 2) !== 0
    const header = long ? 9 : 2
    const size = long ? Number(bytes.readBigUInt64BE(at + 1)) : bytes[at + 1]!
    const phase = at < ready ? 'handshake' : 'traffic'
    const message = at < ready ? -1 : ends.findIndex((end) => at < end)
    for (let i = 0; i < header + size; i++) {
      octets.push({ phase, message, role: i === 0 ? 'flags' : i < header ? 'size' : 'body' })
    }
    at += header + size
  }
  return { octets, frames }
}
