// The work that the guard watches: each subject by us and by a reference that no change of ours makes slower. Bundled twice, with the sources of now and with
// those of the baseline, so that both builds run side by side in one process.
import { connect, createServer, type Server as NetServer } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { Client, Server } from 'pseud'
import { decode, encode } from 'pseud/codec'
import { payloads } from '../codec-payloads.ts'
import { FrameReader, FrameWriter } from './bare-frames.ts'
import { fanOutContenders } from './fan-out.ts'
import { parseContenders, writeContenders } from './frames.ts'
import { type Contender, cpuMs, perSecond } from './measure.ts'
import { pushPullContenders } from './push-pull.ts'

/** The reference, then ours. */
export type Pair = readonly Contender[]

export interface Guarded {
  readonly subjects: Readonly<Record<string, Pair>>
  close(): Promise<void>
}

const IN_FLIGHT = 100
const CALLS = 10_000
// What JSON can carry too: no dates, no binary.
const values = payloads
  .map((payload) => payload.value)
  .filter((value) => isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value))

/** Starts what it takes. Keep what it gives to what the first build that had it can do: the baseline runs it as well. */
export async function guarded(): Promise<Guarded> {
  const [bare, rpc, pushPull] = [await startBare(), await startOurs(), await pushPullContenders(cpuMs)]
  if ((await bare.call(2, 4)) !== 6 || (await rpc.call(2, 4)) !== 6) throw new Error('2 + 4 is not 6')
  return {
    subjects: {
      encode: encodeContenders(),
      decode: decodeContenders(),
      'parse frames': parseContenders(32, cpuMs),
      'write frames': writeContenders(32, cpuMs),
      'fan-out': fanOutContenders({ pipes: 100, size: 1024, messagesPerTurn: 10 }, cpuMs),
      'push to pull': pushPull.contenders,
      'rpc calls': [
        { name: 'bare frames + JSON', result: () => 'ok', rate: () => callRate(bare.call) },
        { name: 'pseud', result: () => 'ok', rate: () => callRate(rpc.call) },
      ],
    },
    close: async () => {
      await bare.close()
      await rpc.close()
      pushPull.close()
    },
  }
}

function encodeContenders(): Contender[] {
  return [
    {
      name: 'JSON',
      result: () => JSON.parse(JSON.stringify(values)),
      rate: perSecond(1, () => {
        for (const value of values) Buffer.from(JSON.stringify(value))
      }),
    },
    {
      name: 'pseud',
      result: () => decode(encode(values)),
      rate: perSecond(1, () => {
        for (const value of values) encode(value)
      }),
    },
  ]
}

function decodeContenders(): Contender[] {
  const texts = values.map((value) => Buffer.from(JSON.stringify(value)))
  const encoded = values.map((value) => encode(value))
  return [
    {
      name: 'JSON',
      result: () => texts.map((text) => JSON.parse(String(text))),
      rate: perSecond(1, () => {
        for (const text of texts) JSON.parse(text.toString('utf8'))
      }),
    },
    {
      name: 'pseud',
      result: () => encoded.map((bytes) => decode(bytes)),
      rate: perSecond(1, () => {
        for (const bytes of encoded) decode(bytes)
      }),
    },
  ]
}

type Add = (a: number, b: number) => Promise<number>

async function callRate(call: Add): Promise<number> {
  let left = CALLS
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call(left, 1)
  }
  const started = cpuMs()
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller))
  return (CALLS / (cpuMs() - started)) * 1000
}

async function startOurs(): Promise<{ call: Add; close(): Promise<void> }> {
  const server = new Server('guard')
  server.registerRpc('add', (a: number, b: number) => a + b)
  const endpoint = await server.bind('tcp://127.0.0.1:*')
  await server.start()
  const client = new Client<{ add(a: number, b: number): number }>('guard')
  client.connect(endpoint)
  await client.ready()
  return {
    call: (a, b) => client.add(a, b),
    close: async () => {
      await client.close()
      await server.close()
    },
  }
}

/** The same calls as JSON in bare frames: no queue, no timeouts, no errors, no names but one. */
async function startBare(): Promise<{ call: Add; close(): Promise<void> }> {
  const server: NetServer = createServer((socket) => {
    const writer = new FrameWriter(socket.setNoDelay())
    const reader = new FrameReader((chunk, start, end) => {
      const [, id, , [a, b]] = JSON.parse(chunk.toString('latin1', start, end))
      writer.write(Buffer.from(JSON.stringify([1, id, a + b]), 'latin1'))
    })
    socket.on('data', (data) => reader.read(data))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const writer = new FrameWriter(socket)
  const open = new Map<number, (value: number) => void>()
  const reader = new FrameReader((chunk, start, end) => {
    const [, id, value] = JSON.parse(chunk.toString('latin1', start, end))
    open.get(id)?.(value)
    open.delete(id)
  })
  socket.on('data', (data) => reader.read(data))
  let lastId = 0
  return {
    call: (a, b) =>
      new Promise((resolve) => {
        const id = ++lastId
        open.set(id, resolve)
        writer.write(Buffer.from(JSON.stringify([0, id, 'add', [a, b]]), 'latin1'))
      }),
    close: async () => {
      socket.destroy()
      server.close()
    },
  }
}
