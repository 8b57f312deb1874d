// Several servers behind one client: calls go round, one server leaves without losing a call, another comes and is found.
// Run `node scripts/run-example.mjs several-servers`.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Server } from 'pseud'

interface Fleet {
  work(): string
}
const endpoints: string[] = [] // a program would ask DNS, a file, a registry

async function start(city: string): Promise<Server> {
  const server = new Server('fleet')
  server.registerRpc('work', async () => {
    await sleep(20)
    return city
  })
  endpoints.push(await server.bind('tcp://127.0.0.1:0'))
  return server
}

const lagos = await start('lagos')
const lima = await start('lima')
const client = new Client<Fleet>('fleet', {
  endpoints: () => endpoints, // asked at the start, after a connection is lost, and every so often
  endpointsRefreshMs: 50,
  picker: 'round-robin',
})
const isConnectedTo = async (servers: number) => {
  while (client.stats().peers !== servers) await sleep(5)
}

/** Makes calls at once, and says who answered how many. */
async function calls(count: number): Promise<Record<string, number>> {
  const answers = await Promise.all(Array.from({ length: count }, () => client.work()))
  const share: Record<string, number> = {}
  for (const city of answers) share[city] = (share[city] ?? 0) + 1
  return share
}

await isConnectedTo(2)
const two = await calls(40)
console.log('two servers:      ', two)
assert.deepEqual(two, { lagos: 20, lima: 20 })

// It leaves in the middle: what it has begun it answers, what it has not begun goes to the other.
endpoints.shift()
const under = calls(40)
await sleep(10)
await lagos.drain()
const leaving = await under
console.log('lagos has left:   ', leaving)
assert.equal((leaving.lagos ?? 0) + (leaving.lima ?? 0), 40)
assert.deepEqual(await calls(10), { lima: 10 })

const hanoi = await start('hanoi')
await isConnectedTo(2)
const again = await calls(40)
console.log('hanoi has come:   ', again)
assert.deepEqual(again, { lima: 20, hanoi: 20 })

await client.close()
await Promise.all([lima.close(), hanoi.close()])
