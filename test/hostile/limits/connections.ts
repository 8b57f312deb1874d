// Limits of a connection: octets to a hundred engines at once, on a clock of numbers; topics over a socket.
import * as assert from 'uvu/assert'
import { resolveOptions } from '../../../src/rpc/api/options.ts'
import { connectionOptions as rpcConnectionOptions } from '../../../src/rpc/participants/connection-options.ts'
import type { Engine } from '../../../src/zmtp/engine/engine.ts'
import { PlainServer } from '../../../src/zmtp/engine/security/plain-server.ts'
import * as zmq from '../../../src/zmtp/index.ts'
import { connectionOptions } from '../../../src/zmtp/sockets/connection-options.ts'
import { ROUTER } from '../../../src/zmtp/sockets/option-table.ts'
import { OptionValues } from '../../../src/zmtp/sockets/options.ts'
import { nullMechanism } from '../../../src/zmtp/transport/mechanisms.ts'
import type { ConnectionOptions } from '../../../src/zmtp/transport/transport.ts'
import {
  command,
  eventsOf,
  frame,
  greeting,
  makeEngine,
  property,
  ready,
  readyEngine,
  type TestOptions,
} from '../../support/engine.ts'
import { type Ending, watchEndings } from '../../support/hostile-world.ts'
import { RawPeer } from '../../support/raw-peer.ts'
import { until } from '../../support/within.ts'
import { type LimitRow, type Meter, NOISE, ofEach, ofSent } from './row.ts'

const MANY = 100
const MIB = 1 << 20

/** What connections of a Router are made with, and those of a Server. */
function ofRouter(): ConnectionOptions {
  return connectionOptions(new OptionValues(ROUTER), 'ROUTER', { mechanism: nullMechanism() })
}

function ofServer(): ConnectionOptions {
  return rpcConnectionOptions('ROUTER', 'remote', resolveOptions({}))
}

const HANDSHAKE_INTERVAL = 30_000

/** The same octets to many engines: what became of all of them. */
function tell(
  octetsOf: (size: number) => Buffer,
  make: () => Engine,
): (size: number, meter: Meter) => string {
  return (size, meter) => {
    const octets = octetsOf(size)
    meter.begin()
    const engines: Engine[] = []
    const ends = new Set<string>()
    for (let n = 0; n < MANY; n++) {
      const engine = make()
      engine.handleBytes(Buffer.from(octets), 0)
      const last = eventsOf(engine).at(-1)
      ends.add(last?.startsWith('ended') ? last.slice('ended '.length) : 'taken')
      engines.push(engine)
    }
    meter.sent = MANY * octets.length
    meter.height()
    assert.is(engines.length, MANY)
    assert.is(ends.size, 1)
    return [...ends][0]!
  }
}

const toNew = (octetsOf: (size: number) => Buffer, options?: TestOptions) =>
  tell(
    (size) => Buffer.concat([greeting(), octetsOf(size)]),
    () => makeEngine('ROUTER', options),
  )
const toReady = (
  octetsOf: (size: number) => Buffer,
  options?: TestOptions,
  ours = 'ROUTER',
  theirs = 'DEALER',
) => tell(octetsOf, () => readyEngine(ours, theirs, options))

/** An engine that waits for the verdict about its peer. */
function judging(): Engine {
  const engine = makeEngine('ROUTER', { mechanism: new PlainServer() })
  const hello = command('HELLO', Buffer.from('\x01u\x01p', 'latin1'))
  engine.handleBytes(Buffer.concat([greeting('PLAIN'), hello]), 0)
  assert.equal(eventsOf(engine), ['authenticate'])
  return engine
}

/** A READY whose body has so many octets. */
function readyOf(size: number): Buffer {
  const least = ready('DEALER', property('X', '')).length
  const filler = size - (least - (least > 257 ? 9 : 2))
  const octets = ready('DEALER', property('X', Buffer.alloc(filler, 'x')))
  assert.is(octets.length, size + 9)
  return octets
}

const properties = (count: number): Buffer =>
  ready('DEALER', ...Array.from({ length: count - 1 }, (_, n) => property(`X-${n}`, 'x')))

/** The header of a long frame, and one octet of its body. */
function announced(flags: number, size: number): Buffer {
  const octets = Buffer.alloc(10)
  octets[0] = flags | 2
  octets.writeBigUInt64BE(BigInt(size), 1)
  if (flags === 4) octets[9] = 9
  return octets
}

const frames = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, n) => frame(n < count - 1 ? 1 : 0, Buffer.of(n))))

/** Octets of a message that never ends, so many each second: how that ends within five minutes. */
function trickle(rate: number, meter: Meter): string {
  meter.begin()
  const engine = readyEngine('ROUTER', 'DEALER', { stallTimeoutMs: 30_000 })
  engine.handleBytes(announced(0, MIB).subarray(0, Math.min(9, rate)), 0)
  assert.equal(eventsOf(engine), [])
  meter.sent = 9
  engine.handleBytes(Buffer.alloc(rate - 9), 0)
  for (let second = 0; second < 300; second++) {
    if (second > 0) engine.handleBytes(Buffer.alloc(rate), second * 1000)
    meter.sent += rate
    eventsOf(engine)
    engine.handleTimeout(second * 1000)
    const [end] = eventsOf(engine)
    if (end !== undefined) {
      meter.height()
      return end.slice('ended '.length)
    }
  }
  meter.height()
  return 'taken'
}

/** Something is said at 0, nothing after it, and the time is `ms`. */
function silence(octets: Buffer, make: () => Engine): (ms: number, meter: Meter) => string {
  return (ms, meter) => {
    meter.begin()
    const engines = Array.from({ length: MANY }, make)
    const ends = new Set<string>()
    for (const engine of engines) {
      engine.handleBytes(Buffer.from(octets), 0)
      assert.equal(eventsOf(engine), [])
      engine.handleTimeout(ms)
      ends.add(eventsOf(engine)[0]?.slice('ended '.length) ?? 'waits')
    }
    meter.sent = MANY * octets.length
    meter.height()
    assert.is(ends.size, 1)
    return [...ends][0]!
  }
}

/** SUBSCRIBEs to a publisher, over tcp: the code of the end, or that all were taken. */
function subscribe(topicsOf: (size: number) => Buffer[]): (size: number, meter: Meter) => Promise<string> {
  return async (size, meter) => {
    const publisher = new zmq.Publisher({ linger: 0 })
    const endings: Ending[] = []
    watchEndings(publisher, endings)
    await publisher.bind('tcp://127.0.0.1:0')
    const peer = await RawPeer.connect(publisher.lastEndpoint!)
    try {
      await peer.hello('SUB').ready()
      const octets = Buffer.concat(topicsOf(size).map((topic) => command('SUBSCRIBE', topic)))
      const before = peer.frames.length
      meter.begin()
      meter.sent = octets.length
      // The answer to PING says that all before it was taken.
      peer.write(octets, command('PING', Buffer.alloc(2)))
      await until(() => endings.length > 0 || peer.closed || peer.frames.length > before, 10_000, 'an end')
      meter.height()
      if (peer.frames.length > before) return 'taken'
      await until(() => endings.length > 0, 5000, 'why it ended')
      return endings[0]!.code
    } finally {
      peer.destroy()
      publisher.close()
    }
  }
}

const topics = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, n) => Buffer.of(n >> 8, n & 255, 7))

/** Topics of 4 KiB, and one of what is left. */
function topicOctets(size: number): Buffer[] {
  const sizes = Array.from({ length: Math.floor(size / 4096) }, () => 4096)
  if (size % 4096 > 0) sizes.push(size % 4096)
  return sizes.map((octets, n) => Buffer.concat([Buffer.of(n >> 8, n & 255), Buffer.alloc(octets)], octets))
}

const refused = (code: string) => ['taken', 'taken', code] as const

export const CONNECTION_ROWS: readonly LimitRow[] = [
  {
    limit: 'HANDSHAKE_COMMAND_MAX',
    value: 8192,
    comes: refused('HANDSHAKE_TOO_LARGE'),
    holds: ofSent(MANY),
    attack: toNew(readyOf),
  },
  // Two commands of 8 KiB are all that a mechanism has: so here one may be as large as all of them.
  {
    limit: 'HANDSHAKE_MAX',
    what: 'commands',
    value: 16_384,
    comes: refused('HANDSHAKE_TOO_LARGE'),
    holds: ofSent(MANY),
    attack: toNew((size) => readyOf(size - 9), { maxHandshakeCommand: 1 << 20 }),
  },
  {
    limit: 'HANDSHAKE_MAX',
    what: 'while the peer is judged',
    value: 16_384,
    comes: refused('HANDSHAKE_TOO_LARGE'),
    holds: ofSent(MANY),
    attack: tell((size) => Buffer.alloc(size), judging),
  },
  {
    limit: 'PROPERTIES_MAX',
    value: 64,
    comes: refused('TOO_MANY_PROPERTIES'),
    holds: ofSent(MANY),
    attack: toNew(properties),
  },
  {
    limit: 'IDENTITY_MAX',
    value: 255,
    comes: refused('BAD_IDENTITY'),
    holds: ofSent(MANY),
    attack: toNew((size) => ready('DEALER', property('Identity', Buffer.alloc(size, 'i')))),
  },
  {
    limit: 'BODY_MAX',
    value: 2 ** 31 - 1,
    comes: refused('FRAME_TOO_LARGE'),
    holds: ofSent(MANY),
    attack: toReady((size) => announced(0, size)),
  },
  {
    limit: 'COMMAND_MAX',
    value: MIB,
    comes: refused('FRAME_TOO_LARGE'),
    holds: ofSent(MANY),
    attack: toReady((size) => announced(4, size), {}, 'XPUB', 'SUB'),
  },
  {
    limit: 'MAX_FRAMES',
    value: 1024,
    comes: refused('TOO_MANY_FRAMES'),
    holds: ofSent(MANY),
    attack: toReady(frames),
  },
  {
    limit: 'MAX_FRAMES',
    what: 'of a Server or Client',
    value: 64,
    comes: refused('TOO_MANY_FRAMES'),
    holds: ofSent(MANY),
    attack: toReady(frames, { maxFrames: ofServer().maxFrames }),
  },
  {
    limit: 'STALL_TIMEOUT_MS',
    value: 30_000,
    comes: ['waits', 'STALLED', 'STALLED'],
    holds: ofSent(MANY),
    attack: silence(announced(0, MIB), () => readyEngine('ROUTER', 'DEALER', { stallTimeoutMs: 30_000 })),
  },
  { limit: 'STALL_RATE', value: 240, comes: ['STALLED', 'taken', 'taken'], holds: ofSent(), attack: trickle },
  // Beside the octets, the table of one topic.
  {
    limit: 'TOPICS_MAX',
    value: 10_000,
    comes: refused('TOO_MANY_TOPICS'),
    holds: ofEach(1024),
    attack: subscribe(topics),
  },
  {
    limit: 'TOPIC_SIZE_MAX',
    value: 4096,
    comes: refused('TOPICS_TOO_LARGE'),
    holds: ofSent(),
    attack: subscribe((size) => [Buffer.alloc(size, 't')]),
  },
  {
    limit: 'TOPIC_OCTETS_MAX',
    value: MIB,
    comes: refused('TOPICS_TOO_LARGE'),
    // A node of the tree for each 64 octets.
    holds: (sent) => 8 * sent + NOISE,
    attack: subscribe(topicOctets),
  },
  {
    limit: 'maxMessageSize',
    what: 'of a frame',
    value: 100_000,
    comes: refused('FRAME_TOO_LARGE'),
    holds: ofSent(MANY),
    attack: toReady((size) => announced(0, size), { maxFrameSize: 100_000 }),
  },
  {
    limit: 'maxMessageSize',
    what: 'of a message',
    value: 100_000,
    comes: refused('MESSAGE_TOO_LARGE'),
    holds: ofSent(MANY),
    attack: toReady((size) => Buffer.concat([frame(1, Buffer.alloc(1000)), announced(0, size - 1000)]), {
      maxMessageSize: 100_000,
    }),
  },
  {
    limit: 'handshakeTimeoutMs',
    value: 10_000,
    comes: ['waits', 'HANDSHAKE_TIMEOUT', 'HANDSHAKE_TIMEOUT'],
    holds: ofSent(MANY),
    attack: silence(greeting(), () => makeEngine('ROUTER', { handshakeTimeoutMs: 10_000 })),
  },
  {
    limit: 'handshakeInterval',
    value: HANDSHAKE_INTERVAL,
    comes: ['waits', 'HANDSHAKE_TIMEOUT', 'HANDSHAKE_TIMEOUT'],
    holds: ofSent(MANY),
    attack: silence(greeting(), () =>
      makeEngine('ROUTER', { handshakeTimeoutMs: ofRouter().handshakeTimeoutMs }),
    ),
  },
]
