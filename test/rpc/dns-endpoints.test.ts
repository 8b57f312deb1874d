// docs/scaling-out.md, "DNS": a client whose `endpoints` asks a name service follows its answers. The name service is ours: UDP, type A, nothing else.
import { createSocket, type Socket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, Server } from '../../src/rpc/index.ts'
import { until, within } from '../support/within.ts'

const tests = suite('endpoints by DNS')
const HEADER = 12

/** Answers every question with the addresses of now; without any the name does not exist. */
async function nameServer(addresses: string[]): Promise<{ socket: Socket; at: string }> {
  const socket = createSocket('udp4')
  socket.on('message', (question, from) => {
    const asked = question.subarray(HEADER, question.indexOf(0, HEADER) + 5)
    const header = Buffer.from(question.subarray(0, HEADER))
    header.writeUInt16BE(addresses.length > 0 ? 0x8180 : 0x8183, 2)
    header.writeUInt16BE(addresses.length, 6)
    header.fill(0, 8, HEADER)
    const records = addresses.map((address) =>
      // The name asked for, type A, class IN, no time to live, four octets.
      Buffer.from([0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
    )
    socket.send(Buffer.concat([header, asked, ...records]), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { socket, at: `127.0.0.1:${socket.address().port}` }
}

async function serve(address: string, port: string): Promise<Server> {
  const server = new Server('fleet')
  server.registerRpc('who', () => address)
  await server.bind(`tcp://${address}:${port}`)
  return server
}

tests('servers that a name gains get calls, and those that it loses are left', async () => {
  const first = new Server('fleet')
  first.registerRpc('who', () => '127.0.0.1')
  const port = (await first.bind('tcp://127.0.0.1:0')).split(':').at(-1)!
  const second = await serve('127.0.0.2', port)
  const addresses = ['127.0.0.1']
  const names = await nameServer(addresses)
  const resolver = new Resolver({ timeout: 500, tries: 2 })
  resolver.setServers([names.at])
  const client = new Client('fleet', {
    endpoints: async () =>
      (await resolver.resolve4('fleet.internal')).map((address) => `tcp://${address}:${port}`),
    endpointsRefreshMs: 20,
    reconnect: { minMs: 10, maxMs: 50 },
  })
  const errors: string[] = []
  client.on('error', (error) => errors.push((error as { code?: string }).code ?? String(error)))
  const who = () => within(5000, client.call('who') as Promise<string>)

  assert.is(await who(), '127.0.0.1')
  addresses.push('127.0.0.2')
  await until(() => client.stats().peers === 2, 10_000, 'two servers')
  const both = new Set(await Promise.all(Array.from({ length: 20 }, who)))
  assert.equal([...both].sort(), ['127.0.0.1', '127.0.0.2'])

  addresses.shift()
  await until(() => first.peers.size === 0, 10_000, 'the first server being left')
  assert.is(await who(), '127.0.0.2')

  // A name that does not exist any more is an answer that is none: who is connected stays.
  addresses.length = 0
  await until(() => errors.includes('NO_ENDPOINTS'), 10_000, 'the error')
  assert.is(await who(), '127.0.0.2')

  for (const one of [client, first, second]) await one.close()
  names.socket.close()
  assert.equal([...new Set(errors)], ['NO_ENDPOINTS'])
})

tests.run()
