// The server of the demo: serves whoever connects, and calls each client that has a name.
// Run `npm start`, at tcp://127.0.0.1:5555, or `npm start -- ENDPOINT`, until Ctrl-C.
import { method, registerRpc, Server } from 'pseud'
import { onStop, ready, timed } from './report.ts'

interface ClientApi {
  addition(a: number, b: number): number
  countdown(n: number): Promise<string>
}

const server = new Server<ClientApi>('remote')
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

registerRpc('upper', (text: string) => text.toUpperCase())
server.registerRpc({
  lower: (text: string) => text.toLowerCase(),
  math: { add: (a: number, b: number) => a + b },
  sleep: async (ms: number) => {
    await pause(ms)
    return ms
  },
  // Calls its caller back, which calls this again, down to 0.
  countdown: method<[number], Promise<string>, ClientApi>(async (ctx, n) =>
    n === 0 ? 's0' : `s${n} ${await ctx.peer.api.countdown(n - 1)}`,
  ),
})

server.on('peer', async (peer) => {
  const name = peer.claimedName
  if (name === undefined) return
  await timed('server', name, 'addition(2, 4)', () => server.sendTo(name).addition(2, 4), 6)
})

const endpoint = await server.bind(process.argv[2] ?? 'tcp://127.0.0.1:5555')
await server.start()
if (process.env.PSEUD_DEMO !== '1')
  console.log(`remote serves at ${endpoint}: lower, upper, math.add, sleep, countdown`)
ready(endpoint)
onStop(() => server.close())
