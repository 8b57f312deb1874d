// Compiled, never run: what the types of presence promise. A line behind @ts-expect-error must be an error, or tsc fails.
import {
  type BroadcastStub,
  type CallContext,
  type Delivery,
  type HeartbeatBackend,
  method,
  type Peer,
  RpcError,
  Server,
} from '../../src/rpc/index.ts'

const api = {
  news: { weather: (text: string, urgent?: boolean) => `${text}${urgent}` },
  add: async (a: number, b: number) => a + b,
  who: method((ctx: CallContext, loud: boolean) => `${ctx.user}${loud}`),
  async *ticks(n: number) {
    yield n
  },
}

const server = new Server<typeof api>('remote', { sameUser: 'replace', waitForPeerMs: 100 })
const results: Delivery[] = [
  server.broadcast.news.weather('rain'),
  server.broadcast.news.weather('rain', true),
  server.broadcast.add(1, 2),
  server.broadcast.who(true),
  server.broadcast.ticks(3),
]
// @ts-expect-error an argument of the wrong type
server.broadcast.news.weather(1)
// @ts-expect-error an argument too few
server.broadcast.add(1)
// @ts-expect-error no such function
server.broadcast.nothing()
const untyped: Delivery = new Server('remote').broadcast.any.name(1, 'x')

const sum: Promise<number> = server.sendTo('ann', { waitForPeerMs: 10, timeoutMs: 10 }).add(1, 2)
// @ts-expect-error no such option
server.sendTo('ann', { waitMs: 10 })
// @ts-expect-error neither of the two
new Server('remote', { sameUser: 'newest' })

class Store implements HeartbeatBackend {
  readonly intervalMs = 100
  async onHeartbeat(peer: Peer): Promise<void> {
    await Promise.resolve(peer.rttMs)
  }

  onTimeout(peer: Peer): boolean {
    return peer.user === undefined
  }
}
new Server('remote', { heartbeat: new Store() })
new Server('remote', { heartbeat: { onTimeout: () => {} } })
new Server('remote', { heartbeat: false })
// @ts-expect-error a number says nothing
new Server('remote', { heartbeat: { onTimeout: () => 1 } })

const retry: number | undefined = new RpcError('RESOURCE_EXHAUSTED', 'x').retryAfterMs

export type { BroadcastStub }
export { results, retry, sum, untyped }
