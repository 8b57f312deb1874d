// Limits of a context, each way: two peers of one Server that each begin a message, or do not read, in memory; queues of sockets.
import * as assert from 'uvu/assert'
import { encode } from '../../../src/codec/index.ts'
import { ServerCore } from '../../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../../src/zmtp/connections.ts'
import { Context, type EventOfType, Pull, Push, Router } from '../../../src/zmtp/index.ts'
import { sharedOf } from '../../../src/zmtp/sockets/context.ts'
import { frame } from '../../support/engine.ts'
import { framesOf, OctetPeer } from '../../support/octet-peer.ts'
import { RawPeer } from '../../support/raw-peer.ts'
import { until, within } from '../../support/within.ts'
import type { LimitRow, Meter } from './row.ts'
import { ofSent } from './row.ts'

const MAX = 200_000
// Four times of what came is reserved at most: for all of these bodies at once.
const ARRIVES = 40_000

function begun(size: number): Buffer {
  const octets = Buffer.alloc(9 + ARRIVES)
  octets[0] = 2
  octets.writeBigUInt64BE(BigInt(size), 1)
  return octets
}

/** Messages of 100,000 octets and the rest of `size` are begun: the code of the end of one of them. */
async function begin(size: number, meter: Meter): Promise<string> {
  const context = new TransportContext()
  const core = new ServerCore('remote', { context, maxBufferedBytes: MAX, heartbeat: false }, undefined)
  const peers = Array.from({ length: 3 }, () => new OctetPeer(core, { socketType: 'DEALER', pseud: true }))
  const [first, second, idle] = peers as [OctetPeer, OctetPeer, OctetPeer]
  try {
    meter.begin()
    first.octets(begun(MAX / 2))
    second.octets(begun(size - MAX / 2))
    meter.sent = 2 * ARRIVES
    meter.height()
    const ended = peers.filter(({ over }) => over)
    assert.ok(!idle.over && ended.length <= 1)
    assert.is(
      context.buffered.byteLength,
      ended.length === 0 ? size : size - Math.max(MAX / 2, size - MAX / 2),
    )
    return ended[0]?.error?.code ?? 'taken'
  } finally {
    for (const peer of peers) if (!peer.over) peer.close()
    await core.close()
    assert.is(context.buffered.byteLength, 0)
  }
}

// What a part is counted beside its octets.
const PART = 256
const turn = () => new Promise(setImmediate)

/** Two messages of `size` octets together, as they are counted. */
function two(size: number): [Buffer, Buffer] {
  return [Buffer.alloc(MAX / 2 - PART), Buffer.alloc(size - MAX / 2 - PART)]
}

/** Two peers that each send a part of a message and not the last one: the code of the end of one, or what comes of both. */
async function beginParts(size: number, meter: Meter): Promise<string> {
  const context = new Context({ maxBufferedBytes: MAX })
  const { buffered } = sharedOf(context)!.transport
  const router = new Router({ context, linger: 0 })
  const ended: (string | undefined)[] = []
  router.events.on('disconnect', ({ error }: EventOfType<'disconnect'>) => ended.push(error?.code))
  await router.bind('tcp://127.0.0.1:0')
  const peers: RawPeer[] = []
  try {
    for (const _ of two(size)) peers.push((await RawPeer.connect(router.lastEndpoint!)).hello('DEALER'))
    await until(() => router.counters.peers === 2)
    const parts = two(size).map((body) => frame(3, body))
    meter.begin()
    for (const [n, part] of parts.entries()) peers[n]!.write(part)
    meter.sent = size
    await until(() => ended.length > 0 || buffered.incoming === size)
    assert.is(buffered.byteLength, buffered.incoming)
    for (const peer of peers) peer.write(frame(0, Buffer.from('x')))
    await until(() => ended.length + router.counters.queuedToReceive === 2)
    meter.height()
    assert.is(buffered.byteLength, 0)
    return ended[0] ?? 'taken'
  } finally {
    for (const peer of peers) peer.destroy()
    router.close()
    assert.is(buffered.incoming, 0)
  }
}

/** A queue for a peer that is not there. */
async function queue(size: number, meter: Meter): Promise<string> {
  const context = new Context({ maxBufferedBytes: MAX })
  const push = new Push({ context, sendTimeout: 0, sendHighWaterMark: 0, linger: 0 })
  const other = new Push({ context, sendTimeout: 0, linger: 0 })
  try {
    for (const socket of [push, other]) socket.connect('inproc://absent')
    meter.begin()
    for (const body of two(size)) await push.send(body)
    meter.sent = size
    meter.height()
    const outcome = await push.send('x').then(
      () => 'taken',
      (error: { code: string }) => error.code,
    )
    await other.send('one is always taken')
    return outcome
  } finally {
    push.close()
    other.close()
    assert.is(sharedOf(context)!.transport.buffered.outgoing, 0)
  }
}

/** Messages that nobody receives: whether the next one is read. */
async function leaveUnread(size: number, meter: Meter): Promise<string> {
  const context = new Context({ maxBufferedBytes: MAX })
  const pull = new Pull({ context, receiveHighWaterMark: 0 })
  const push = new Push({ linger: 0 })
  try {
    await pull.bind('tcp://127.0.0.1:0')
    push.connect(pull.lastEndpoint!)
    meter.begin()
    for (const body of two(size)) await push.send(body)
    await push.send('x')
    meter.sent = size
    await until(() => pull.counters.queuedToReceive === (size > MAX ? 2 : 3))
    // More would have come by then: it stands in the same chunk.
    for (let n = 0; n < 10; n++) await turn()
    meter.height()
    const outcome = pull.counters.queuedToReceive === 3 ? 'read' : 'not read'
    for (let n = 0; n < 3; n++) await within(5000, pull.receive(), 'what was left')
    return outcome
  } finally {
    push.close()
    pull.close()
  }
}

/** Answers that a peer does not read: whether more is read from it. */
async function askAndNotRead(size: number, meter: Meter): Promise<string> {
  const context = new TransportContext()
  const core = new ServerCore('remote', { context, maxBufferedBytes: 2 * MAX, heartbeat: false }, undefined)
  core.registry.registerRpc({ echo: (value: unknown) => value })
  const peer = new OctetPeer(core, { socketType: 'DEALER', pseud: true })
  await turn()
  peer.pendingBytes = 1
  let id = 0
  const ask = (octets: number): void => {
    peer.octets(framesOf(encode([0, ++id, 'echo', [Buffer.alloc(octets)]])))
    meter.sent += octets
  }
  try {
    meter.begin()
    const before = peer.driver.queuedBytes
    ask(90_000)
    const besides = peer.driver.queuedBytes - before - 90_000
    for (let n = 0; n < 2; n++) ask(90_000)
    ask(size - peer.driver.queuedBytes - besides)
    meter.height()
    await turn()
    assert.is(context.buffered.outgoing, size)
    return core.stats().slowPeers > 0 ? 'not read from' : 'taken'
  } finally {
    peer.close()
    await core.close()
    assert.is(context.buffered.outgoing, 0)
  }
}

export const CONTEXT_ROWS: readonly LimitRow[] = [
  {
    limit: 'maxBufferedBytes',
    value: MAX,
    comes: ['taken', 'taken', 'TOO_MUCH_BUFFERED'],
    holds: ofSent(3),
    attack: begin,
  },
  {
    limit: 'maxBufferedBytes',
    what: 'by parts of messages before their last',
    value: MAX,
    comes: ['taken', 'taken', 'TOO_MUCH_BUFFERED'],
    holds: ofSent(2),
    attack: beginParts,
  },
  {
    limit: 'maxBufferedBytes',
    what: 'by messages that are not received',
    value: MAX,
    comes: ['read', 'read', 'not read'],
    holds: ofSent(2),
    attack: leaveUnread,
  },
  {
    limit: 'maxBufferedBytes',
    what: 'by messages for who is not there',
    value: MAX,
    comes: ['taken', 'taken', 'EAGAIN'],
    holds: ofSent(2),
    attack: queue,
  },
  {
    limit: 'maxBufferedBytes',
    what: 'by answers that are not read',
    value: 2 * MAX,
    comes: ['taken', 'taken', 'not read from'],
    holds: ofSent(),
    attack: askAndNotRead,
  },
]
