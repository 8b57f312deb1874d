// Connections over a MessagePort, as the transport makes and ends them: who may come first, what a link's end leaves, when the port is gone.
import { MessageChannel } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TransportContext } from '../../../src/zmtp/transport/context.ts'
import { Dialer } from '../../../src/zmtp/transport/dialer.ts'
import { type Listener, listen } from '../../../src/zmtp/transport/listener.ts'
import { lineOf, type MessagePortLike } from '../../../src/zmtp/transport/port-line.ts'
import type { ConnectionOptions } from '../../../src/zmtp/transport/transport.ts'
import { FakeClock } from '../../support/clock.ts'
import { greeting } from '../../support/engine.ts'
import { sleep, until } from '../../support/within.ts'
import { connectionOptions, Party } from './support.ts'

const test = suite('port-line')
const QUICK = { retryDelayMs: () => 1 }
const endings: (() => void)[] = []
test.after.each(() => {
  for (const end of endings.splice(0)) end()
})

function dial(
  port: MessagePortLike,
  changes: Partial<ConnectionOptions> = {},
): { party: Party; dialer: Dialer } {
  const party = new Party()
  const target = { transport: 'port', line: lineOf(port) } as const
  const dialer = new Dialer(
    target,
    connectionOptions({ ...QUICK, ...changes }),
    party,
    new TransportContext(),
  )
  endings.push(() => {
    dialer.close()
    for (const driver of party.drivers) driver.destroy()
  })
  dialer.start()
  return { party, dialer }
}

async function bind(
  port: MessagePortLike,
  context: TransportContext = new TransportContext(),
): Promise<{ party: Party; listener: Listener }> {
  const party = new Party()
  const options = connectionOptions({
    socketType: 'ROUTER',
    heartbeatIntervalMs: 1000,
    heartbeatTimeoutMs: 3000,
    heartbeatOnlyWhenSilent: true,
  })
  const listener = await listen({ transport: 'port', line: lineOf(port) }, options, party, context)
  endings.push(() => {
    listener.close()
    for (const driver of party.drivers) driver.destroy()
  })
  return { party, listener }
}

/** A port whose messages are lost while nobody listens, as those of a Worker are. */
function forgetful(port: MessagePortLike): MessagePortLike {
  const listeners = new Set<(value: unknown) => void>()
  port.on('message', (message) => {
    for (const listener of listeners) listener(message)
  })
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer),
    on: (event, listener) => (event === 'message' ? listeners.add(listener) : port.on(event, listener)),
    off: (event, listener) => (event === 'message' ? listeners.delete(listener) : port.off(event, listener)),
    close: () => port.close?.(),
    unref: () => port.unref?.(),
  }
}

for (const first of ['dials', 'binds'] as const) {
  for (const kind of ['keeps', 'loses'] as const) {
    test(`an end that ${first} first finds the other, over a port that ${kind} what nobody hears`, async () => {
      const { port1, port2 } = new MessageChannel()
      const [here, there] = kind === 'keeps' ? [port1, port2] : [forgetful(port1), forgetful(port2)]
      const one = first === 'dials' ? dial(here).party : (await bind(here)).party
      await sleep(20)
      const other = first === 'dials' ? (await bind(there)).party : dial(there).party
      await until(() => one.ready && other.ready)
      one.driver.sendPart(Buffer.from('hello'), false)
      await until(() => other.messages.length === 1)
      assert.equal(other.messages, [['hello']])
      assert.equal([one.drivers.length, other.drivers.length], [1, 1])
    })
  }
}

test('a link that breaks is made anew on the same port, also when the listening end broke it', async () => {
  const { port1, port2 } = new MessageChannel()
  const { party: near } = dial(port1)
  const { party: far } = await bind(port2)
  for (let n = 1; n <= 4; n++) {
    await until(() => near.ready && far.ready)
    const breaking = n % 2 === 0 ? near : far
    breaking.driver.destroy()
    await until(() => near.ends.length === n && far.ends.length === n)
  }
  await until(() => near.ready && far.ready)
  assert.equal([near.givenUp, near.readies, far.readies], [[], 5, 5])
})

test('neither silence nor half a message ends a connection', async () => {
  const clock = new FakeClock()
  const { port1, port2 } = new MessageChannel()
  const { party } = await bind(port1, new TransportContext({ clock }))
  const channel = new MessageChannel()
  const post = (octets: Buffer): void => channel.port1.postMessage(Uint8Array.from(octets))
  const heard: unknown[] = []
  channel.port1.on('message', (message) => heard.push(message))
  port2.postMessage({ pseud: 'open', port: channel.port2 }, [channel.port2])
  post(greeting())
  const ready = Buffer.from('\x05READY\x0bSocket-Type\0\0\0\x06DEALER', 'latin1')
  post(Buffer.concat([Buffer.of(4, ready.length), ready]))
  await until(() => party.ready)
  post(Buffer.of(0, 5, 0x68, 0x61))
  await sleep(20)
  clock.advance(3_600_000)
  post(Buffer.of(0x6c, 0x6c, 0x6f))
  await until(() => party.messages.length === 1)
  assert.equal([party.messages, party.ends], [[['hallo']], []])
  assert.ok(heard.length > 2, 'PINGs go out all the same')
  channel.port1.close()
  port2.close()
})

test('a port that is closed gives the dialer up and ends the listener, once', async () => {
  const { port1, port2 } = new MessageChannel()
  const { party: near, dialer } = dial(port1)
  const { party: far, listener } = await bind(port2)
  await until(() => near.ready && far.ready)
  listener.close()
  for (const driver of far.drivers) driver.destroy()
  await until(() => near.givenUp.length > 0)
  dialer.close()
  await sleep(20)
  assert.equal([near.givenUp.length, near.ends.length, near.ready], [1, 1, false])
  assert.not(near.eventTypes().includes('connect:retry'))
})

test('a port that is closed while nothing is connected tells both kinds of end', async () => {
  const first = new MessageChannel()
  const { party: dialling } = dial(first.port1)
  first.port2.close()
  const second = new MessageChannel()
  const { party: listening } = await bind(second.port1)
  second.port2.close()
  await until(() => dialling.givenUp.length === 1 && listening.eventTypes().includes('close'))
  assert.is(dialling.givenUp[0]!.code, 'PORT_CLOSED')
  assert.equal((listening.events.at(-1)!.error as { code?: string }).code, 'PORT_CLOSED')
})

test('other words on the port are not ours: ours are heard beside them', async () => {
  const { port1, port2 } = new MessageChannel()
  const say = (port: MessagePortLike): void => {
    for (const message of [
      'pseud:end',
      'pseud:open',
      7,
      'hello',
      null,
      { pseud: 'open' },
      { pseud: 'open', port: 5 },
    ]) {
      port.postMessage(message)
    }
  }
  say(port2)
  const { party: far } = await bind(port1)
  const { party: near } = dial(port2)
  await until(() => near.ready && far.ready)
  say(port1)
  say(port2)
  await sleep(20)
  assert.equal([near.drivers.length, far.drivers.length, near.ends, far.ends], [1, 1, [], []])
})

test('several links live side by side: a new one does not end the one before', async () => {
  const { port1, port2 } = new MessageChannel()
  const { party } = await bind(port1)
  const line = lineOf(port2)
  const links: number[] = []
  line.take({
    onListen: () => {
      for (let n = links.length; n < 3; n++) {
        line.open()
        links.push(n)
      }
    },
    onDial() {},
    onOpen() {},
    onOver() {},
  })
  line.dial()
  await until(() => party.drivers.length === 3)
  assert.equal([links.length, party.ends], [3, []])
  for (const driver of party.drivers) driver.destroy()
  line.leave()
})

test.run()
