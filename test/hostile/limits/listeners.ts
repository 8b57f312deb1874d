// Limits of a listener: strangers over tcp, as many as the row says, on a clock that stands still. Both ends of their connections are in this process.
import * as assert from 'uvu/assert'
import { TransportContext } from '../../../src/zmtp/transport/context.ts'
import { parseEndpoint } from '../../../src/zmtp/transport/endpoint.ts'
import { listen } from '../../../src/zmtp/transport/listener.ts'
import { curveServer, newKeyPair } from '../../../src/zmtp/transport/mechanisms.ts'
import type { ReceptionLimits } from '../../../src/zmtp/transport/reception.ts'
import { FakeClock } from '../../support/clock.ts'
import { CurveScript } from '../../support/curve-script.ts'
import { greeting } from '../../support/engine.ts'
import { RawPeer } from '../../support/raw-peer.ts'
import { until } from '../../support/within.ts'
import { connectionOptions, Party } from '../../zmtp/transport/support.ts'
import { type LimitRow, type Meter, ofSent } from './row.ts'

const KEYS = newKeyPair()
const HELLO_SIZE = 202

/** So many strangers one after the other, who say `octets`: the code that one of them met, or that all are there. */
function strangers(reception: Partial<ReceptionLimits>, octets?: () => Buffer) {
  return async (size: number, meter: Meter): Promise<string> => {
    const party = new Party()
    const mechanism = curveServer(KEYS.secretKey, () => false)
    const options = connectionOptions({ socketType: 'ROUTER', reception, mechanism })
    const context = new TransportContext({ clock: new FakeClock() })
    const listener = await listen(parseEndpoint('tcp://127.0.0.1:*', 'bind'), options, party, context)
    const peers: RawPeer[] = []
    const refusals = (): string[] => [
      ...party.ends.map((error) => error?.code ?? '-'),
      ...party.events
        .filter(({ type }) => type === 'accept:error')
        .map(({ error }) => (error as unknown as { code: string }).code),
    ]
    const said = octets?.() ?? Buffer.alloc(0)
    try {
      meter.begin()
      for (let n = 0; n < size; n++) {
        const peer = await RawPeer.connect(listener.endpoint)
        peers.push(peer)
        if (said.length > 0) peer.write(said)
        const heard = said.length > 0 ? 64 + 9 : 64
        await until(() => peer.size >= heard || peer.closed, 5000, 'an answer')
      }
      meter.sent = size * said.length
      meter.height()
      // The one that was sent away is gone for good: nothing of it is held.
      const gone = refusals()
      assert.is(listener.drivers.size, size - gone.length)
      return gone.length === 0 ? 'taken' : [...new Set(gone)].join()
    } finally {
      for (const peer of peers) peer.destroy()
      for (const driver of party.drivers) driver.destroy()
      listener.close()
    }
  }
}

const hello = (): Buffer => {
  const octets = new CurveScript(KEYS.publicKey).hello()
  assert.is(octets.length, HELLO_SIZE)
  return Buffer.concat([greeting('CURVE'), octets])
}

const ASIDE = 1000
const refused = (code: string) => ['taken', 'taken', code] as const

export const LISTENER_ROWS: readonly LimitRow[] = [
  {
    limit: 'maxPendingHandshakes',
    value: 30,
    comes: refused('TOO_MANY_HANDSHAKES'),
    holds: ofSent(31),
    attack: strangers({ maxPendingHandshakes: 30, maxPendingPerAddress: ASIDE }),
  },
  {
    limit: 'maxPendingPerAddress',
    value: 30,
    comes: refused('TOO_MANY_HANDSHAKES'),
    holds: ofSent(31),
    attack: strangers({ maxPendingHandshakes: ASIDE, maxPendingPerAddress: 30 }),
  },
  {
    limit: 'maxConnections',
    value: 30,
    comes: refused('TOO_MANY_CONNECTIONS'),
    holds: ofSent(31),
    attack: strangers({ maxConnections: 30 }),
  },
  {
    limit: 'keyExchangesPerSecond',
    value: 20,
    comes: refused('TOO_MANY_KEY_EXCHANGES'),
    holds: ofSent(21),
    attack: strangers({ keyExchangesPerSecond: 20, keyExchangesPerAddress: ASIDE }, hello),
  },
  {
    limit: 'keyExchangesPerAddress',
    value: 20,
    comes: refused('TOO_MANY_KEY_EXCHANGES'),
    holds: ofSent(21),
    attack: strangers({ keyExchangesPerSecond: ASIDE, keyExchangesPerAddress: 20 }, hello),
  },
]
