// One end of the handshake benchmark: `handshake KIND MECHANISM`. KIND is zeromq or pseud, MECHANISM null or curve. Driven over IPC by
// handshake.bench.ts.
import { CURVE_CLIENT, CURVE_SERVER } from '../support/curve-keys.ts'
import { answer } from '../support/process.ts'

/** What the sockets of both libraries have. */
interface OneSocket {
  bind(endpoint: string): Promise<void>
  connect(endpoint: string): void
  close(): void
  readonly lastEndpoint: string | null
  send(body: string): Promise<void>
  receive(): Promise<Buffer[]>
  readonly events: { on(type: 'handshake', listener: (event: unknown) => void): unknown }
}

type Library = Record<'Push' | 'Pull', new (options?: object) => OneSocket>

const [kind = '', mechanism = ''] = process.argv.slice(2)
const { Push, Pull } = (kind === 'zeromq'
  ? await import('zeromq')
  : await import('pseud/zmtp')) as unknown as Library
const [serverKeys, clientKeys] = mechanism === 'curve' ? [CURVE_SERVER, CURVE_CLIENT] : [{}, {}]

let pull: OneSocket

answer({
  listen: async () => {
    pull = new Pull(serverKeys)
    await pull.bind('tcp://127.0.0.1:*')
    return Number(pull.lastEndpoint?.split(':').at(-1))
  },
  received: async () => {
    const [body] = await pull.receive()
    return String(body)
  },
  /** Resolves to the time that `count` of them took; the last one sends a message. */
  connect: async ({ port, count }: { port: number; count: number }) => {
    const started = performance.now()
    let last: OneSocket | undefined
    for (let n = 0; n < count; n++) {
      last?.close()
      last = new Push({ linger: 1000, ...clientKeys })
      const ready = handshakeOf(last)
      last.connect(`tcp://127.0.0.1:${port}`)
      await ready
    }
    const elapsedMs = performance.now() - started
    await last!.send('done')
    last!.close()
    return elapsedMs
  },
})

function handshakeOf(socket: OneSocket): Promise<unknown> {
  return new Promise((resolve) => socket.events.on('handshake', resolve))
}
