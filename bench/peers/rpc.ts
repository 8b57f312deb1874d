// One end of the call benchmark: `rpc KIND ROLE`, KIND one of KINDS, ROLE server or client. Driven over IPC by rpc.bench.ts. Only the kind that is asked
// for is loaded: its library may not be there.
import { medianTrip } from '../support/latency.ts'
import { answer } from '../support/process.ts'
import { type Connected, type Kind, person } from './rpc/kind.ts'

const KINDS: Record<string, () => Promise<Kind>> = {
  pseud: async () => (await import('./rpc/pseud.ts')).pseud,
  'pseud-clients': async () => (await import('./rpc/pseud.ts')).pseudClients,
  zeromq: async () => (await import('./rpc/handmade.ts')).handmade,
  net: async () => (await import('./rpc/bare.ts')).bare,
  echo: async () => (await import('./rpc/bare.ts')).rawEcho,
  ws: async () => (await import('./rpc/websocket.ts')).websocket,
  grpc: async () => (await import('./rpc/grpc.ts')).grpcKind,
  'socket.io': async () => (await import('./rpc/socket-io.ts')).socketIo,
}
// What the check compares.
const CHECKED = 200

const [name = '', role = ''] = process.argv.slice(2)

if (role === 'server') {
  answer({ listen: async () => (await KINDS[name]!()).serve() })
} else {
  let connected: Connected
  answer({
    connect: async (port: number) => {
      connected = await (await KINDS[name]!()).connect(port)
    },
    // One after the other: not every kind can tell calls apart.
    results: async () => {
      const values: unknown[] = []
      for (let i = 0; i < CHECKED; i++) values.push(await connected.call(person(i), 0))
      return values
    },
    // Keeps `inFlight` calls open until `count` are done; gives the calls per second.
    calls: async ({ count, inFlight }: { count: number; inFlight: number }) => {
      let left = count
      const started = performance.now()
      const caller = async (number: number): Promise<void> => {
        while (left-- > 0) await connected.call(person(left), number)
      }
      await Promise.all(Array.from({ length: inFlight }, (_, number) => caller(number)))
      return (count / (performance.now() - started)) * 1000
    },
    latency: (count: number) =>
      medianTrip(count, async (i) => {
        await connected.call(person(i), 0)
      }),
    items: async (count: number) => {
      const items: unknown[] = []
      await connected.items!(count, (item) => items.push(item))
      return items
    },
    stream: async (count: number) => {
      let left = count
      const started = performance.now()
      await connected.items!(count, () => left--)
      if (left !== 0) throw new Error(`${left} of ${count} items have not come`)
      return (count / (performance.now() - started)) * 1000
    },
  })
}
