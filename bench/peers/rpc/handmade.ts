// By hand, with the native `zeromq` package and msgpackr: ROUTER and DEALER, a Map of open calls; no timeouts, no errors, no reconnect logic.
import { pack, unpack } from 'msgpackr'
import { Dealer, Router } from 'zeromq'
import { echo, type Kind, OpenCalls, type Person } from './kind.ts'

const methods = new Map<string, (value: Person) => unknown>([['echo', echo]])

export const handmade: Kind = {
  serve: async () => {
    // Without a mark: a ROUTER drops above it, and a call whose answer was dropped would never end.
    const router = new Router({ sendHighWaterMark: 0 })
    await router.bind('tcp://127.0.0.1:*')
    const queue = new SendQueue((message) => router.send(message))
    void (async () => {
      for await (const [peer, frame] of router) {
        const [, id, method, [value]] = unpack(frame!)
        const reply = async (): Promise<void> => {
          const result = await methods.get(method)!(value)
          queue.push([peer!, pack([1, id, result])])
        }
        void reply()
      }
    })()
    return Number(router.lastEndpoint?.split(':').at(-1))
  },
  connect: async (port) => {
    const dealer = new Dealer({ sendHighWaterMark: 0 })
    dealer.connect(`tcp://127.0.0.1:${port}`)
    const open = new OpenCalls()
    const queue = new SendQueue((message) => dealer.send(message))
    void (async () => {
      for await (const [frame] of dealer) {
        const [, id, value] = unpack(frame!)
        open.settle(id, value)
      }
    })()
    return { call: (value) => open.begin((id) => queue.push([pack([0, id, 'echo', [value]])])) }
  },
}

/** The native socket allows one `send` at a time: a queue in front of it. */
class SendQueue {
  readonly #send: (message: Buffer[]) => Promise<void>
  #queue: Buffer[][] = []
  #busy = false

  constructor(send: (message: Buffer[]) => Promise<void>) {
    this.#send = send
  }

  push(message: Buffer[]): void {
    this.#queue.push(message)
    if (!this.#busy) void this.#flush()
  }

  async #flush(): Promise<void> {
    this.#busy = true
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      for (const message of batch) await this.#send(message)
    }
    this.#busy = false
  }
}
