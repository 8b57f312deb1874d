// A server in a process of its own, for clients that block theirs. Prints its endpoint; the argument says who may come in.
import { type AuthenticationBackend, curve, method, plain, RpcError, Server } from '../../src/rpc/index.ts'

const NoStock = RpcError.define<{ left: number }>('NoStock', 'FAILED_PRECONDITION')

class Point {
  readonly x: number
  constructor(x: number) {
    this.x = x
  }
}

function securityOf(mode: string | undefined): AuthenticationBackend | undefined {
  const login = { ada: 'secret' }
  if (mode === 'plain') return plain({ users: login })
  if (mode?.startsWith('curve:') === true) return curve.server({ secretKey: mode.slice(6), login })
  return undefined
}

const security = securityOf(process.argv[2])
const server = new Server('remote', {
  maxMessageSize: 64 * 1024 * 1024,
  exposeErrors: 'full',
  extensions: [
    {
      type: 1,
      class: Point,
      encode: (point) => Uint8Array.of((point as Point).x),
      decode: (data) => new Point(data[0]!),
    },
  ],
  ...(security && { security }),
})
let calls = 0
let left = 0
server.registerRpc({
  lower: (text: string) => text.toLowerCase(),
  math: { add: (a: number, b: number) => a + b },
  echo: (value: unknown) => value,
  double: (point: Point) => new Point(point.x * 2),
  later: (ms: number, value: unknown) => new Promise((resolve) => setTimeout(() => resolve(value), ms)),
  never: () => new Promise(() => {}),
  age: (n: number) => {
    if (n < 0) throw new RangeError('an age is not negative', { cause: new TypeError('what') })
  },
  take: (n: number) => {
    throw new NoStock(`${n} are too many`, { details: { left: 3 } })
  },
  whoami: method((ctx) => ctx.user),
  headers: method((ctx) => ({ ...ctx.headers })),
  close: () => 'closed there',
  pid: () => process.pid,
  dieIf: (pid: number) => (pid === process.pid ? process.kill(pid, 'SIGKILL') : 'alive'),
  die: () => process.kill(process.pid, 'SIGKILL'),
  peers: () => server.peers.size,
  calls: () => ++calls,
  async *count(to: number) {
    try {
      for (let n = 0; n < to; n++) {
        if (n === 100) throw new RangeError('too far')
        yield n
      }
    } finally {
      left++
    }
  },
  left: () => left,
})
console.log(await server.bind('tcp://127.0.0.1:0'))
