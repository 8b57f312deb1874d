// Calls of those who have said no HELLO: clients behind a device of ROUTER and DEALER, and peers that know CALL alone.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../src/codec/index.ts'
import { Client, Server } from '../../src/rpc/index.ts'
import * as zmq from '../../src/zmtp/index.ts'

const test = suite('without HELLO')

test('the same idempotency key of two clients behind a device is two calls, and of one of them is one', async () => {
  const front = new zmq.Router()
  const back = new zmq.Dealer()
  await front.bind('tcp://127.0.0.1:*')
  await back.bind('tcp://127.0.0.1:*')
  const device = new zmq.Proxy(front, back)
  const running = device.run()
  const server = new Server('remote')
  let runs = 0
  server.registerRpc('order', () => ++runs)
  server.connect(back.lastEndpoint!)
  const clients = [0, 1].map(() => new Client('').connect(front.lastEndpoint!))
  const [one, other] = clients.map((client) => client.with({ idempotencyKey: 'order 1' }))
  const answers = [await one!.order(), await other!.order(), await one!.order()]
  assert.equal(answers, [1, 2, 1])
  assert.is(runs, 2)
  for (const client of clients) await client.close()
  await server.close()
  device.terminate()
  await running
})

test('the same idempotency key of two bare DEALERs is two calls, and of one of them is one', async () => {
  const server = new Server('remote')
  let runs = 0
  server.registerRpc('order', () => ++runs)
  const endpoint = await server.bind('tcp://127.0.0.1:*')
  const dealers = [new zmq.Dealer(), new zmq.Dealer()]
  for (const dealer of dealers) dealer.connect(endpoint)
  const [one, other] = dealers
  const order = async (dealer: zmq.Dealer, id: number): Promise<unknown> => {
    await dealer.send(encode([0, id, 'order', [], { i: 'order 1' }]))
    const [answer] = await dealer.receive()
    return decode(answer!)
  }
  assert.equal(await order(one!, 1), [1, 1, 1])
  assert.equal(await order(other!, 1), [1, 1, 2])
  assert.equal(await order(one!, 2), [1, 2, 1])
  for (const dealer of dealers) dealer.close()
  await server.close()
})

test.run()
