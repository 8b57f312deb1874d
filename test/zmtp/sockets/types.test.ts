// Which socket types talk to which (RFC 37), over real connections: the whole table of eleven by eleven.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../../src/zmtp/index.ts'
import { within } from '../../support/within.ts'

const test = suite('socket types')

const LEGAL: Record<string, string[]> = {
  Pair: ['Pair'],
  Publisher: ['Subscriber', 'XSubscriber'],
  Subscriber: ['Publisher', 'XPublisher'],
  Request: ['Reply', 'Router'],
  Reply: ['Request', 'Dealer'],
  Dealer: ['Reply', 'Dealer', 'Router'],
  Router: ['Request', 'Dealer', 'Router'],
  Pull: ['Push'],
  Push: ['Pull'],
  XPublisher: ['Subscriber', 'XSubscriber'],
  XSubscriber: ['Publisher', 'XPublisher'],
}
const NAMES = Object.keys(LEGAL) as (keyof typeof LEGAL)[]
const classes = zmq as unknown as Record<string, new (options?: object) => zmq.Socket>

/** How the first handshake of a socket ends. */
function verdict(socket: zmq.Socket): Promise<string> {
  return new Promise((resolve) => {
    for (const type of ['handshake', 'handshake:error:protocol', 'handshake:error:other'] as const) {
      socket.events.on(type, () => resolve(type))
    }
  })
}

for (const bound of NAMES) {
  test(`C5: a bound ${bound} talks to ${LEGAL[bound]!.join(', ')}; all others are refused, seen on both ends`, async () => {
    await Promise.all(
      NAMES.map(async (connected) => {
        const there = new classes[bound]!({ linger: 0 })
        const here = new classes[connected]!({ linger: 0, reconnectInterval: -1 })
        await there.bind('tcp://127.0.0.1:0')
        const both = Promise.all([verdict(there), verdict(here)])
        here.connect(there.lastEndpoint!)
        const [theirs, ours] = await within(10_000, both, `${bound} and ${connected}`)
        const legal = LEGAL[bound]!.includes(connected)
        assert.is(theirs === 'handshake', legal, `${bound} sees ${connected}: ${theirs}`)
        assert.is(ours === 'handshake', legal, `${connected} sees ${bound}: ${ours}`)
        there.close()
        here.close()
      }),
    )
  })
}

test('a Stream is no ZMTP peer: it sees the greeting of every type, and none sees one of it', async () => {
  await Promise.all(
    NAMES.map(async (name) => {
      const stream = new zmq.Stream({ linger: 0, receiveTimeout: 5000 })
      const peer = new classes[name]!({ linger: 0, reconnectInterval: -1 })
      let handshakes = 0
      peer.events.on('handshake', () => handshakes++)
      const over = new Promise((resolve) => peer.events.on('disconnect', resolve))
      await stream.bind('tcp://127.0.0.1:0')
      peer.connect(stream.lastEndpoint!)
      const [id] = await stream.receive()
      const [, octets] = await stream.receive()
      assert.equal([octets[0], octets[9]], [0xff, 0x7f], name)
      await stream.send([id, ''])
      await within(5000, over)
      assert.is(handshakes, 0)
      stream.close()
      peer.close()
    }),
  )
})

test.run()
