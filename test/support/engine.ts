// Engines for tests, and what they do as text that compares well.
import { giveChunk } from '../../src/base/slab.ts'
import {
  AUTHENTICATE,
  COMMAND,
  ENDED,
  Engine,
  type EngineOptions,
  NEED_MORE,
  PART,
  READY,
} from '../../src/zmtp/engine/engine.ts'
import type { Mechanism } from '../../src/zmtp/engine/security/mechanism.ts'
import { NullMechanism } from '../../src/zmtp/engine/security/null.ts'
import { writeGreeting } from '../../src/zmtp/wire/greeting.ts'

export interface TestOptions extends Partial<EngineOptions> {
  mechanism?: Mechanism
}

/** An engine without time limits, with NULL. */
export function makeEngine(socketType = 'ROUTER', options: TestOptions = {}, now = 0): Engine {
  return new Engine(
    {
      socketType,
      identity: Buffer.alloc(0),
      maxFrameSize: Infinity,
      maxMessageSize: Infinity,
      maxFrames: 1024,
      handshakeTimeoutMs: 0,
      heartbeatIntervalMs: 0,
      heartbeatTimeoutMs: 0,
      heartbeatTtlMs: 0,
      heartbeatOnlyWhenSilent: false,
      stallTimeoutMs: 0,
      ...options,
    },
    options.mechanism ?? new NullMechanism(),
    now,
  )
}

/**
 * Polls until nothing more comes: `ready`, `part 6869`, `more 6869`, `SUBSCRIBE 41`, `authenticate`, `ended CODE` (`ended -` when
 * orderly). Bodies above 64 octets are shortened to their size.
 */
export function eventsOf(engine: Engine): string[] {
  const events: string[] = []
  for (;;) {
    switch (engine.poll()) {
      case NEED_MORE:
        return events
      case AUTHENTICATE:
        events.push('authenticate')
        break
      case READY:
        events.push('ready')
        break
      case PART:
        events.push(`${engine.more ? 'more' : 'part'} ${bodyOf(engine)}`.trimEnd())
        break
      case COMMAND:
        events.push(`${engine.commandName} ${bodyOf(engine)}`.trimEnd())
        break
      case ENDED:
        events.push(`ended ${engine.error?.code ?? '-'}`)
        return events
    }
  }
}

function bodyOf(engine: Engine): string {
  const body = engine.body.subarray(engine.bodyStart, engine.bodyEnd)
  return body.length > 64 ? `(${body.length})` : body.toString('hex')
}

/** Everything the engine has to send, in one piece. */
export function outputOf(engine: Engine): Buffer {
  const pieces: Buffer[] = []
  const chunks: Buffer[] = []
  engine.output.take(pieces, chunks)
  const bytes = Buffer.concat(pieces)
  for (const chunk of chunks) giveChunk(chunk)
  return bytes
}

/**
 * Octets from text: hex with spaces, `aa*300` for an octet repeated, `"text"` for ASCII, and the names below in braces.
 * `{GN}` is a NULL greeting, `{DEALER}`, `{SUB}`, … the READY of that type, without identity.
 */
export function octets(text: string): Buffer {
  const pieces: Buffer[] = []
  for (const [word] of text.matchAll(/"[^"]*"|\{[^}]*\}|[0-9a-f]+\*\d+|[0-9a-f]+/g)) {
    if (word.startsWith('"')) pieces.push(Buffer.from(word.slice(1, -1), 'latin1'))
    else if (word === '{GN}') pieces.push(greeting())
    else if (word.startsWith('{')) pieces.push(ready(word.slice(1, -1)))
    else if (word.includes('*')) {
      const [unit, times] = word.split('*') as [string, string]
      pieces.push(Buffer.from(unit.repeat(Number(times)), 'hex'))
    } else pieces.push(Buffer.from(word, 'hex'))
  }
  return Buffer.concat(pieces)
}

/** A greeting as a peer sends it. */
export function greeting(mechanism = 'NULL', major = 3, minor = 1): Buffer {
  const bytes = Buffer.alloc(64)
  writeGreeting(bytes, 0, mechanism, false)
  bytes[10] = major
  bytes[11] = minor
  return bytes
}

/** A message or command frame: `flags` without LONG. */
export function frame(flags: number, body: Buffer): Buffer {
  if (body.length <= 255) return Buffer.concat([Buffer.from([flags, body.length]), body])
  const header = Buffer.alloc(9)
  header[0] = flags | 2
  header.writeBigUInt64BE(BigInt(body.length), 1)
  return Buffer.concat([header, body])
}

/** A property of READY. */
export function property(name: string, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(bytes.length)
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name, 'latin1'), size, bytes])
}

/** A command frame. */
export function command(name: string, data: Buffer | string = ''): Buffer {
  return frame(4, Buffer.concat([Buffer.from([name.length]), Buffer.from(name, 'latin1'), Buffer.from(data)]))
}

/** The READY frame of a peer of this type, with further properties. */
export function ready(socketType: string, ...properties: Buffer[]): Buffer {
  return command('READY', Buffer.concat([property('Socket-Type', socketType), ...properties]))
}

/** An engine through the handshake with a peer of type `peer`; its output is taken. */
export function readyEngine(
  socketType = 'ROUTER',
  peer = 'DEALER',
  options: TestOptions = {},
  now = 0,
): Engine {
  const engine = makeEngine(socketType, options, now)
  engine.handleBytes(Buffer.concat([greeting(), ready(peer)]), now)
  const events = eventsOf(engine)
  if (events.join() !== 'ready') throw new Error(`no handshake: ${events.join()}`)
  outputOf(engine)
  return engine
}
