// The client of the demo: calls the server, is called by it, and calls a bare libzmq socket and, where there is one, a Python server.
// Run `npm run demo`, which gives it the endpoints of the server, of the libzmq peer and of the Python peer.
import { Client } from 'pseud'
import { ready, timed } from './report.ts'

const [endpoint, libzmqEndpoint, pythonEndpoint] = process.argv.slice(2) as [string, string, string?]

const client = new Client('remote', { userId: 'client' })
client.registerRpc({
  addition: (a: number, b: number) => a + b,
  countdown: async (n: number): Promise<string> =>
    n === 0 ? 'c0' : `c${n} ${await client.countdown(n - 1)}`,
})
client.connect(endpoint)
await client.ready()
ready('')

const toServer = (call: string, run: () => PromiseLike<unknown>, expected: unknown) =>
  timed('client', 'server', call, run, expected)

await Promise.all([
  toServer('lower("ABC")', () => client.lower('ABC'), 'abc'),
  toServer('upper("def")', () => client.upper('def'), 'DEF'),
])
await toServer('math.add(2, 4)', () => client.math.add(2, 4), 6)
await toServer('countdown(3), to and fro', () => client.countdown(3), 's3 c2 s1 c0')
await toServer(
  'sleep(300), four at once',
  () => Promise.all([1, 2, 3, 4].map(() => client.sleep(300))),
  [300, 300, 300, 300],
)
await toServer('constructor(), is none', () => client.api.constructor(), 'NOT_FOUND')
await toServer(
  'lower("A"), 1000 at once',
  async () => {
    const answers = await Promise.all(Array.from({ length: 1000 }, () => client.lower('A')))
    return answers.filter((answer) => answer === 'a').length
  },
  1000,
)

const libzmq = new Client('libzmq').connect(libzmqEndpoint)
await timed('client', 'libzmq', 'reverse("stressed")', () => libzmq.reverse('stressed'), 'desserts')
await libzmq.close()

if (pythonEndpoint) {
  const python = new Client('python').connect(pythonEndpoint)
  await timed('client', 'python', 'reverse("stressed")', () => python.reverse('stressed'), 'desserts')
  await timed('client', 'python', 'divide(1, 0), which raises', () => python.divide(1, 0), 'INTERNAL')
  await python.close()
}

await client.close()
