// The work of the frame benchmarks, shared with the guard: one 64 KiB chunk of small frames, walked by a ready engine
// and by a bare cursor; the same frames written by the engine and by a bare loop.
import { giveChunk } from '../../src/base/slab.ts'
import { Engine, NEED_MORE, PART, READY } from '../../src/zmtp/engine/engine.ts'
import { NullMechanism } from '../../src/zmtp/engine/security/null.ts'
import { walkFrames } from './bare-frames.ts'
import { type Contender, perSecond, type Stopwatch, wallMs } from './measure.ts'

const CHUNK = 65536
const EMPTY = Buffer.alloc(0)

/** Frames per second from a chunk full of frames with bodies of `size` octets: bare cursor first, then the engine. */
export function parseContenders(size: number, time: Stopwatch = wallMs): Contender[] {
  const chunk = chunkOfFrames(size)
  const engine = readyEngine()
  const countBare = (): number[] => {
    let frames = 0
    let octets = 0
    walkFrames(chunk, (_, start, end) => {
      frames++
      octets += end - start
    })
    return [frames, octets]
  }
  const countOurs = (): number[] => {
    let frames = 0
    let octets = 0
    engine.handleBytes(chunk, 0)
    for (;;) {
      const event = engine.poll()
      if (event === NEED_MORE) return [frames, octets]
      if (event !== PART) throw engine.error ?? new Error(`poll gave ${event}`)
      frames++
      octets += engine.bodyEnd - engine.bodyStart
    }
  }
  const frames = countBare()[0]!
  return [
    { name: 'bare cursor', result: countBare, rate: perSecond(frames, countBare, time) },
    { name: 'engine', result: countOurs, rate: perSecond(frames, countOurs, time) },
  ]
}

/** Frames per second written, with bodies of `size` octets: into one bare chunk, and by `engine.sendPart`. */
export function writeContenders(size: number, time: Stopwatch = wallMs): Contender[] {
  const body = Buffer.alloc(size, 'pseud ')
  const frames = Math.floor(CHUNK / (size + 9))
  const engine = readyEngine()
  const pieces: Buffer[] = []
  const chunks: Buffer[] = []
  const bare = Buffer.allocUnsafeSlow(CHUNK)
  const writeBare = (): number => {
    let at = 0
    for (let i = 0; i < frames; i++) {
      if (size < 256) {
        bare[at++] = 0
        bare[at++] = size
      } else {
        bare[at++] = 0x02
        at = bare.writeUInt32BE(0, at)
        at = bare.writeUInt32BE(size, at)
      }
      bare.set(body, at)
      at += size
    }
    return at
  }
  const writeOurs = (): number => {
    for (let i = 0; i < frames; i++) engine.sendPart(body, false)
    return takeOutput().reduce((sum, piece) => sum + piece.length, 0)
  }
  const takeOutput = (): Buffer[] => {
    pieces.length = 0
    engine.output.take(pieces, chunks)
    while (chunks.length > 0) giveChunk(chunks.pop()!)
    return pieces
  }
  return [
    {
      name: 'bare loop',
      result: () => Buffer.from(bare.subarray(0, writeBare())),
      rate: perSecond(frames, writeBare, time),
    },
    {
      name: 'engine',
      result: () => {
        for (let i = 0; i < frames; i++) engine.sendPart(body, false)
        pieces.length = 0
        engine.output.take(pieces, [])
        return Buffer.concat(pieces)
      },
      rate: perSecond(frames, writeOurs, time),
    },
  ]
}

function chunkOfFrames(size: number): Buffer {
  const engine = readyEngine()
  const body = Buffer.alloc(size, 'pseud ')
  while (engine.output.byteLength + size + 9 <= CHUNK) engine.sendPart(body, false)
  return taken(engine)
}

/** An engine whose handshake with another one is done, with nothing left to send. */
export function readyEngine(): Engine {
  const options = (socketType: string) => ({
    socketType,
    identity: EMPTY,
    maxFrameSize: Number.POSITIVE_INFINITY,
    maxMessageSize: Number.POSITIVE_INFINITY,
    maxFrames: 1024,
    handshakeTimeoutMs: 0,
    heartbeatIntervalMs: 0,
    heartbeatTimeoutMs: 0,
    heartbeatTtlMs: 0,
    heartbeatOnlyWhenSilent: false,
  })
  const local = new Engine(options('DEALER'), new NullMechanism(), 0)
  const peer = new Engine(options('ROUTER'), new NullMechanism(), 0)
  let ready = false
  for (let i = 0; i < 10; i++) {
    peer.handleBytes(taken(local), 0)
    while (peer.poll() !== NEED_MORE);
    local.handleBytes(taken(peer), 0)
    for (let event = local.poll(); event !== NEED_MORE; event = local.poll()) ready ||= event === READY
  }
  if (!ready) throw local.error ?? new Error('the handshake did not finish')
  return local
}

function taken(engine: Engine): Buffer {
  const pieces: Buffer[] = []
  engine.output.take(pieces, [])
  return Buffer.concat(pieces)
}
