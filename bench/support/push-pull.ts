// PUSH to PULL in one process over TCP loopback, by the calls that the native package has, and the same frames over bare node:net: for the guard.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { Pull, Push } from 'pseud/zmtp'
import { FrameReader, FrameWriter } from './bare-frames.ts'
import { type Contender, type Stopwatch, wallMs } from './measure.ts'

const COUNT = 20_000
const BODY = Buffer.alloc(128, 'pseud ')

/** Messages per second; bare frames first. To be closed. */
export async function pushPullContenders(
  time: Stopwatch = wallMs,
): Promise<{ contenders: Contender[]; close(): void }> {
  const bare = await startBare()
  const ours = await startOurs()
  const contender = (name: string, run: () => Promise<number>): Contender => ({
    name,
    rate: async () => {
      const started = time()
      const octets = await run()
      if (octets !== COUNT * BODY.length) throw new Error(`${name}: ${octets} octets have come`)
      return (COUNT / (time() - started)) * 1000
    },
  })
  return {
    contenders: [contender('bare frames', bare.run), contender('pseud', ours.run)],
    close: () => {
      bare.close()
      ours.close()
    },
  }
}

interface OneWay {
  /** Sends all; resolves to the octets that have come when the last has. */
  run(): Promise<number>
  close(): void
}

async function startOurs(): Promise<OneWay> {
  const pull = new Pull()
  await pull.bind('tcp://127.0.0.1:*')
  const push = new Push({ linger: 0 })
  push.connect(pull.lastEndpoint!)
  const receive = async (): Promise<number> => {
    let octets = 0
    let count = 0
    for await (const [part] of pull) {
      octets += part!.length
      if (++count === COUNT) break
    }
    return octets
  }
  return {
    run: async () => {
      const received = receive()
      for (let i = 0; i < COUNT; i++) await push.send(BODY)
      return await received
    },
    close: () => {
      push.close()
      pull.close()
    },
  }
}

async function startBare(): Promise<OneWay> {
  let count = 0
  let octets = 0
  let onAll: (octets: number) => void = () => {}
  const server = createServer((socket) => {
    const reader = new FrameReader((_, start, end) => {
      octets += end - start
      if (++count === COUNT) onAll(octets)
    })
    socket.on('data', (data) => reader.read(data))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const writer = new FrameWriter(socket)
  return {
    run: async () => {
      count = 0
      octets = 0
      const received = new Promise<number>((resolve) => {
        onAll = resolve
      })
      for (let i = 0; i < COUNT; i++) if (!writer.write(BODY)) await once(socket, 'drain')
      return await received
    },
    close: () => {
      socket.destroy()
      server.close()
    },
  }
}
