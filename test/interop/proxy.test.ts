// Our Proxy between libzmq peers: 10,000 messages through each of its three kinds, every one compared, while it is paused and resumed.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { within } from '../support/within.ts'
import { digestOf, partsOf, type Run } from './support/actions.mjs'
import { LIBRARIES, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'

const python = pythonOr('the proxy between peers of pyzmq')
const MANY = 10_000
const SHAPES = [[0], [5], [255], [256, 0, 1], [1000], [0, 0], [20]]
const UP: Run = { seed: 'up', count: MANY, shapes: SHAPES }
const DOWN: Run = { seed: 'down', count: MANY, shapes: SHAPES }
const LONG_MS = 120_000

function digests(run: Run): string[] {
  return Array.from({ length: run.count }, (_, n) => digestOf(partsOf(run, n)))
}

/** Runs `scenario` with our proxy between `front` and `back`, a source and a sink of libzmq, and ends all of them. */
async function between(
  library: (typeof LIBRARIES)[number],
  front: zmq.Socket,
  back: zmq.Socket,
  scenario: (source: Peer, sink: Peer, proxy: zmq.Proxy) => Promise<void>,
): Promise<void> {
  const [source, sink] = [new Peer(library), new Peer(library)]
  await front.bind('tcp://127.0.0.1:0')
  await back.bind('tcp://127.0.0.1:0')
  const proxy = new zmq.Proxy(front, back)
  const ended = proxy.run()
  try {
    await within(LONG_MS, scenario(source, sink, proxy), 'the scenario')
  } finally {
    front.linger = 0
    back.linger = 0
    proxy.terminate()
    await ended
    await Promise.all([source.end(), sink.end()])
  }
}

async function open(
  peer: Peer,
  type: string,
  endpoint: string | null,
  options: Record<string, unknown> = {},
): Promise<void> {
  await peer.run({ do: 'socket', name: 'it', type, options })
  await peer.run({ do: 'connect', name: 'it', endpoint })
}

/** Pauses and resumes until `work` is done. */
async function whileWobbling<T>(proxy: zmq.Proxy, work: Promise<T>): Promise<T> {
  let done = false
  const settled = work.finally(() => {
    done = true
  })
  settled.catch(() => {}) // it is awaited below
  while (!done) {
    proxy.pause()
    await new Promise(setImmediate)
    proxy.resume()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return settled
}

for (const library of LIBRARIES) {
  const tests = suite(`proxy between peers of ${library}`)
  const there = library === 'zeromq' || python !== undefined
  const test = there ? tests : tests.skip // skipped ones count for the floor

  test('REQ to our ROUTER, our DEALER to REP: 10,000 requests and replies in order', () =>
    between(library, new zmq.Router(), new zmq.Dealer(), async (client, worker, proxy) => {
      await open(client, 'REQ', proxy.frontEnd.lastEndpoint)
      await open(worker, 'REP', proxy.backEnd.lastEndpoint, { sendHighWaterMark: 0 })
      const asked = worker.run({ do: 'reply', name: 'it', run: DOWN })
      const answered = client.run({ do: 'request', name: 'it', run: UP })
      assert.equal(await answered, digests(DOWN))
      assert.equal(await asked, digests(UP))
    }))

  // REP and ROUTER drop replies that a peer has no room for. Here all is asked before any reply is read: so they have no bound.
  test('DEALER to our ROUTER, our DEALER to REP: 10,000 requests at once, paused and resumed', () =>
    between(
      library,
      new zmq.Router({ sendHighWaterMark: 0 }),
      new zmq.Dealer(),
      async (client, worker, proxy) => {
        await open(client, 'DEALER', proxy.frontEnd.lastEndpoint)
        await open(worker, 'REP', proxy.backEnd.lastEndpoint, { sendHighWaterMark: 0 })
        const asked = worker.run({ do: 'reply', name: 'it', run: DOWN })
        client.run({ do: 'send', name: 'it', run: UP, prefix: ['hop', ''] })
        const answered = client.run({ do: 'receive', name: 'it', count: MANY, strip: 2 })
        assert.equal(await whileWobbling(proxy, answered), digests(DOWN))
        assert.equal(await asked, digests(UP))
      },
    ))

  test('PUB to our XSUB, our XPUB to SUB: 10,000 messages in order, and only what was subscribed to', () =>
    between(
      library,
      new zmq.XSubscriber({ receiveHighWaterMark: 0 }),
      new zmq.XPublisher({ sendHighWaterMark: 0 }),
      async (publisher, subscriber, proxy) => {
        await open(publisher, 'PUB', proxy.frontEnd.lastEndpoint, { sendHighWaterMark: 0 })
        await open(subscriber, 'SUB', proxy.backEnd.lastEndpoint, { receiveHighWaterMark: 0 })
        const topics = ['wanted', 'now'].map((text) => Buffer.from(text).toString('base64'))
        await subscriber.run({ do: 'subscribe', name: 'it', topics })
        for (let known = false; !known; ) {
          await publisher.run({ do: 'greet', name: 'it', parts: ['now'] })
          known = (await subscriber.run({ do: 'hear', name: 'it', text: 'now', ms: 20 })) as boolean
        }
        await publisher.run({ do: 'greet', name: 'it', parts: ['now the last'] })
        await subscriber.run({ do: 'hear', name: 'it', text: 'now the last', ms: 5000 })
        const heard = subscriber.run({ do: 'receive', name: 'it', count: MANY, strip: 1 })
        await publisher.run({ do: 'send', name: 'it', run: { ...UP, count: 100 }, prefix: ['other'] })
        await publisher.run({ do: 'send', name: 'it', run: UP, prefix: ['wanted'] })
        assert.equal(await whileWobbling(proxy, heard), digests(UP))
      },
    ))

  test('PUSH to our PULL, our PUSH to PULL: 10,000 messages with small queues, paused and resumed', () =>
    between(
      library,
      new zmq.Pull({ receiveHighWaterMark: 20 }),
      new zmq.Push({ sendHighWaterMark: 20 }),
      async (source, sink, proxy) => {
        await open(source, 'PUSH', proxy.frontEnd.lastEndpoint, { sendHighWaterMark: 20 })
        await open(sink, 'PULL', proxy.backEnd.lastEndpoint, { receiveHighWaterMark: 20 })
        const sent = source.run({ do: 'send', name: 'it', run: UP })
        const heard = sink.run({ do: 'receive', name: 'it', count: MANY })
        assert.equal(await whileWobbling(proxy, heard), digests(UP))
        await sent
      },
    ))

  tests.run()
}
