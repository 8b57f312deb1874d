// What `pseud:link` and `stats()` say of messages that were on a connection when it was lost: PINGs of the RPC layer ask what has been read.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, type LinkEvent, Server } from '../../src/rpc/index.ts'
import { Relay } from '../interop/support/relay.ts'
import { until, within } from '../support/within.ts'

const test = suite('RPC: unconfirmed messages')
const HEARTBEAT = { intervalMs: 20, timeoutMs: 10_000 }
// A PONG with a context of 16 octets: its frame, and where the messages that it confirms stand.
const PONG = Buffer.from('\x04\x15\x04PONG', 'latin1')
const MESSAGES_AT = PONG.length + 4

interface Scene {
  readonly server: Server
  readonly client: Client<{ lower(text: string): string; never(): void }>
  readonly relay: Relay
  readonly lost: LinkEvent[]
}

async function scene(minor: number | undefined, play: (scene: Scene) => Promise<void>): Promise<void> {
  const lost: LinkEvent[] = []
  const onLink = (event: unknown): void => {
    if ((event as LinkEvent).type === 'lost') lost.push(event as LinkEvent)
  }
  subscribe('pseud:link', onLink)
  const server = new Server('remote', { heartbeat: HEARTBEAT })
  server.registerRpc({ lower: (text: string) => text.toLowerCase(), never: () => new Promise(() => {}) })
  const relay = await Relay.to(await server.bind('tcp://127.0.0.1:0'), minor === undefined ? {} : { minor })
  const client = new Client('remote', { heartbeat: HEARTBEAT }) as unknown as Scene['client'] & Client
  try {
    await within(5000, client.connect(relay.endpoint).ready())
    await play({ server, client, relay, lost })
  } finally {
    unsubscribe('pseud:link', onLink)
    await client.close()
    await server.close()
    relay.close()
  }
}

function confirmed(relay: Relay): number {
  const octets = relay.octets('down')
  const at = octets.lastIndexOf(PONG)
  return at < 0 || at + MESSAGES_AT + 6 > octets.length ? 0 : octets.readUIntBE(at + MESSAGES_AT, 6)
}

test('a connection that is lost says how many messages it held since the last PONG, and stats() adds them up', () =>
  scene(undefined, async ({ server, client, relay, lost }) => {
    for (const text of ['A', 'B']) await client.lower(text)
    // HELLO and two calls.
    await until(() => confirmed(relay) === 3, 5000, 'a PONG behind them')
    relay.freeze()
    const calls = Array.from({ length: 4 }, () => Promise.resolve(client.never()).catch((error) => error))
    assert.is(client.stats().inFlight, 4)
    assert.is(client.stats().unconfirmed, 0)
    await new Promise(setImmediate)
    relay.close()
    for (const error of await within(5000, Promise.all(calls))) assert.is(error.code, 'UNAVAILABLE')
    await until(() => lost.length === 2)
    const ours = lost.find(({ side }) => side === 'client')!
    // [0, 3, 'never', []], with its deadline.
    assert.is(ours.unconfirmed!.messages, 4)
    assert.ok(ours.unconfirmed!.bytes > 4 * 10, `${ours.unconfirmed!.bytes}`)
    assert.is(client.stats().unconfirmed, 4)
    const theirs = lost.find(({ side }) => side === 'server')!
    assert.is(theirs.unconfirmed!.messages, server.stats().unconfirmed)
    assert.ok(theirs.unconfirmed!.messages <= 3)
  }))

test('what is closed in order by this side is not lost, and counts nothing', () =>
  scene(undefined, async ({ client, lost }) => {
    await client.lower('A')
    await client.close()
    assert.is(client.stats().unconfirmed, 0)
    assert.ok(lost.every(({ side, unconfirmed }) => side === 'server' || unconfirmed === undefined))
  }))

test('of a peer of ZMTP 3.0, which has no PING, nothing can be said', () =>
  scene(0, async ({ client, relay, lost }) => {
    await client.lower('A')
    relay.close()
    await until(() => lost.length === 2)
    for (const event of lost) assert.is(event.unconfirmed, undefined)
    assert.is(client.stats().unconfirmed, 0)
  }))

test.run()
