// Calls of several clients that come by one connection, from a device of ROUTER and DEALER.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, Server } from '../../src/rpc/index.ts'
import * as zmq from '../../src/zmtp/index.ts'

const test = suite('behind a device')

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

test.run()
