// Calls that wait while their server is away: they are given to nobody who has not said that it takes them.
import { createServer } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, Server } from '../../src/rpc/index.ts'
import { greeting, property, ready } from '../support/engine.ts'
import { portOf } from '../support/raw-peer.ts'
import { until } from '../support/within.ts'

const test = suite('reconnect')

test('after a failure calls wait for WELCOME, so that a server that hangs up before has none of them', async () => {
  const first = new Server('remote')
  const endpoint = await first.bind('tcp://127.0.0.1:*')
  const client = new Client('remote', { reconnect: { minMs: 10, maxMs: 20 } }).connect(endpoint)
  await client.ready()
  await first.close()
  // Lets everybody in, hears what it is told, and hangs up: as a server does that has too many in their handshakes.
  let refused = 0
  let heard = Buffer.alloc(0)
  const stranger = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk])
    })
    socket.write(greeting('NULL', 3, 1))
    socket.write(ready('ROUTER', property('Identity', 'remote'), property('X-Pseud', '2')))
    setTimeout(() => {
      refused++
      socket.destroy()
    }, 50)
  })
  await new Promise<void>((resolve) => stranger.listen(portOf(endpoint), '127.0.0.1', resolve))
  const answer = client.lower('ABC') as Promise<string>
  await until(() => refused >= 2)
  stranger.close()
  assert.ok(heard.includes('X-Pseud'), 'the handshake is done on our side')
  assert.not.ok(heard.includes('lower'), 'the call was sent')
  const second = new Server('remote')
  second.registerRpc('lower', (text: string) => text.toLowerCase())
  await second.bind(endpoint)
  assert.is(await answer, 'abc')
  await client.close()
  await second.close()
})

test.run()
