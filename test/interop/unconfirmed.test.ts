// What libzmq's answers to our PINGs show to have been read. It brings the context of a PING back, so what was sent is what it has received,
// and what is said to be unconfirmed.
import * as assert from 'uvu/assert'
import { type EventOfType, Push } from '../../src/zmtp/index.ts'
import { until, within } from '../support/within.ts'
import type { Relay } from './support/relay.ts'
import { against } from './support/stage.ts'

const SIZE = 98
const FRAME = SIZE + 2
// A PONG with a context of 16 octets: its frame, and where the messages that it confirms stand.
const PONG = Buffer.from('\x04\x15\x04PONG', 'latin1')
const MESSAGES_AT = PONG.length + 4

function newPush(): Push {
  return new Push({ countUnconfirmed: true, heartbeatInterval: 50, heartbeatTimeout: 10_000, linger: 0 })
}

function gone(push: Push): Promise<EventOfType<'disconnect'>> {
  return new Promise((resolve) => push.events.on('disconnect', resolve))
}

/** The largest number of messages that a PONG has confirmed. */
function confirmed(relay: Relay): number {
  const octets = relay.octets('down')
  let most = 0
  for (let at = octets.indexOf(PONG); at >= 0; at = octets.indexOf(PONG, at + 1)) {
    if (at + MESSAGES_AT + 6 <= octets.length) most = Math.max(most, octets.readUIntBE(at + MESSAGES_AT, 6))
  }
  return most
}

async function send(push: Push, from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n++) await push.send(String(n).padEnd(SIZE))
}

against('unconfirmed', (test) => {
  test('a link that is cut inside the third of five messages: five are unconfirmed, two of them have arrived', async (stage) => {
    const pull = await stage.theirs('PULL')
    const relay = await stage.relay(await pull.bind())
    const push = newPush()
    try {
      const lost = gone(push)
      push.connect(relay.endpoint)
      await send(push, 0, 10)
      await until(() => confirmed(relay) === 10, 5000, 'a PONG behind 10 messages')
      // With PINGs in between there are two whole messages still.
      relay.cutAfter('up', 2 * FRAME + FRAME - 5)
      await send(push, 10, 5)
      const { unconfirmed } = await within(5000, lost, 'disconnect')
      assert.equal(unconfirmed, { messages: 5, bytes: 5 * FRAME })
      const received = (await pull.texts(12)).map(Number)
      assert.equal(
        received,
        received.map((_, n) => n),
      )
      assert.is(await pull.maybeReceive(), undefined)
    } finally {
      push.close()
    }
  })

  test('a process that is stopped, and then killed: what it was sent before is confirmed, what came after is not', async (stage) => {
    const peer = stage.peer()
    const pull = await stage.theirs('PULL', {}, peer)
    const relay = await stage.relay(await pull.bind())
    const push = newPush()
    try {
      const lost = gone(push)
      push.connect(relay.endpoint)
      await send(push, 0, 100)
      await until(() => confirmed(relay) === 100, 5000, 'a PONG behind 100 messages')
      assert.is((await pull.texts(100)).length, 100)
      peer.child.signal('SIGSTOP')
      await send(push, 100, 20)
      await until(() => relay.octets('up').length > 120 * FRAME)
      await peer.kill()
      const { unconfirmed } = await within(5000, lost, 'disconnect')
      assert.equal(unconfirmed, { messages: 20, bytes: 20 * FRAME })
    } finally {
      push.close()
    }
  })
})
