// Limits of a context: two peers of one Server that each begin a message, in memory.
import * as assert from 'uvu/assert'
import { ServerCore } from '../../../src/rpc/participants/server-core.ts'
import { TransportContext } from '../../../src/zmtp/connections.ts'
import { OctetPeer } from '../../support/octet-peer.ts'
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

export const CONTEXT_ROWS: readonly LimitRow[] = [
  {
    limit: 'maxBufferedBytes',
    value: MAX,
    comes: ['taken', 'taken', 'TOO_MUCH_BUFFERED'],
    holds: ofSent(3),
    attack: begin,
  },
]
