// What a person reads when something went wrong: the names of classes, and the reason behind a reason.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, RpcError, Server } from '../../src/rpc/index.ts'

const test = suite('explanations')

test('a call that never left says so, and why nobody took it', async () => {
  const client = new Client('remote').connect('tcp://127.0.0.1:1')
  try {
    await client.with({ timeoutMs: 150 }).lower('x')
    assert.unreachable()
  } catch (error) {
    const { code, executed, message, cause } = error as RpcError
    assert.equal([code, executed], ['DEADLINE_EXCEEDED', 'no'])
    assert.match(message, 'lower could not be sent to "remote" within 150 ms')
    assert.match(message, 'ECONNREFUSED')
    assert.is((cause as { code: string }).code, 'CONNECT_FAILED')
  }
  await client.close()
})

test('a call that was sent names the method, the server and the time', async () => {
  const server = new Server('remote')
  server.registerRpc('never', () => new Promise(() => {}))
  const client = new Client('remote').connect(await server.bind('tcp://127.0.0.1:*'))
  await client.ready()
  try {
    await client.with({ timeoutMs: 30 }).never()
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, /^never at "remote" did not answer within 30 ms$/)
  }
  await client.close()
  await server.close()
})

test('classes carry the names that they are exported by, in stacks and in the console', () => {
  assert.equal([Client.name, Server.name, RpcError.name], ['Client', 'Server', 'RpcError'])
})

test.run()
