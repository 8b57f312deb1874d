// A server of a fleet, in a process of its own: prints its endpoint, and at SIGTERM drains, prints which orders it has taken, and ends.
// The argument is where to bind.
import { Server } from '../../src/rpc/index.ts'

const taken: number[] = []
const server = new Server('fleet')
server.registerRpc({
  add: (a: number, b: number) => a + b,
  // Must not run twice, and takes its time.
  order: async (number: number, ms: number) => {
    taken.push(number)
    await new Promise((resolve) => setTimeout(resolve, ms))
    return number
  },
})
process.on('SIGTERM', async () => {
  await server.drain()
  process.stdout.write(`${JSON.stringify(taken)}\n`)
})
console.log(await server.bind(process.argv[2]!))
