// libzmq peers behind a SOCKS proxy that ours goes through; and a libzmq peer that goes through the same proxy to ours.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { SocksServer } from '../support/socks-server.ts'
import { within } from '../support/within.ts'
import { Actor } from './support/actions.mjs'
import { LIBRARIES, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'

const python = pythonOr('SOCKS against the libzmq of pyzmq')
const HELLO = Buffer.from('hello').toString('base64')

for (const library of LIBRARIES) {
  const tests = suite(`socks against ${library}`)
  const there = library === 'zeromq' || python !== undefined
  const test = there ? tests : tests.skip // skipped ones count for the floor

  test('a DEALER of ours talks through the proxy to a DEALER of libzmq, by a name', async () => {
    const server = new SocksServer()
    const socksProxy = await server.listen()
    const peer = new Peer(library)
    const actor = new Actor(zmq)
    try {
      await peer.run({ do: 'socket', name: 'd', type: 'DEALER' })
      const endpoint = (await peer.run({ do: 'bind', name: 'd', endpoint: 'tcp://127.0.0.1:*' })) as string
      const { port } = new URL(endpoint)
      await actor.run({ do: 'socket', name: 'd', type: 'DEALER', options: { socksProxy } })
      await actor.run({ do: 'connect', name: 'd', endpoint: `tcp://behind.the.proxy.invalid:${port}` })
      const run = { seed: 'socks', count: 500, shapes: [[0], [5, 300], [70_000]] }
      const command = { do: 'exchange', name: 'd', run, count: run.count }
      const [ours, theirs] = await within(
        30_000,
        Promise.all([actor.run(command), peer.run(command)]),
        'the exchange',
      )
      assert.equal(ours, theirs)
      assert.is((ours as string[]).length, run.count)
      assert.equal(server.requests, [
        { type: 3, host: 'behind.the.proxy.invalid', port: Number(port), user: undefined },
      ])
    } finally {
      actor.end()
      await peer.end()
      server.close()
    }
  })

  // pyzmq's peer sets options by the names of this package's.
  if (library === 'zeromq') {
    test('a DEALER of libzmq says to the proxy what ours says', async () => {
      const server = new SocksServer()
      const socksProxy = await server.listen()
      const peer = new Peer(library)
      const router = new zmq.Router()
      const dealer = new zmq.Dealer({ socksProxy, linger: 0 })
      try {
        await router.bind('tcp://127.0.0.1:*')
        const { port } = new URL(router.lastEndpoint!)
        await peer.run({ do: 'socket', name: 'd', type: 'DEALER', options: { socksProxy, linger: 0 } })
        for (const host of ['a.name.invalid', '192.0.2.1']) {
          server.requests.length = 0
          await peer.run({ do: 'connect', name: 'd', endpoint: `tcp://${host}:${port}` })
          await peer.run({ do: 'put', name: 'd', parts: [HELLO] })
          await within(5000, router.receive(), 'their message')
          await peer.run({ do: 'disconnect', name: 'd', endpoint: `tcp://${host}:${port}` })
          dealer.connect(`tcp://${host}:${port}`)
          await dealer.send('hello')
          await within(5000, router.receive(), 'our message')
          dealer.disconnect(`tcp://${host}:${port}`)
          const [theirs, ours] = server.requests
          assert.equal(ours, theirs)
        }
      } finally {
        for (const socket of [router, dealer]) socket.close()
        await peer.end()
        server.close()
      }
    })
  }

  tests.run()
}
