// `npm run bench:guard`: has anything become clearly slower? Compares encode, decode, frame parse, frame write, fan-out, PUSH to PULL
// and RPC calls with references measured in the same run, in processor time, interleaved, against the least ratios of budgets.json. A budget stands
// well below what was measured when it was set, so noise passes; what fails is measured once more before it counts.
import { connect, createServer, type Server as NetServer } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { Client, Server } from 'pseud'
import { decode, encode } from 'pseud/codec'
import budgets from './budgets.json' with { type: 'json' }
import { payloads } from './codec-payloads.ts'
import { FrameReader, FrameWriter } from './support/bare-frames.ts'
import { fanOutContenders } from './support/fan-out.ts'
import { parseContenders, writeContenders } from './support/frames.ts'
import { type Contender, cpuMs, measure, perSecond } from './support/measure.ts'
import { pushPullContenders } from './support/push-pull.ts'

const IN_FLIGHT = 100
const CALLS = 10_000
// What JSON can carry too: no dates, no binary.
const values = payloads
  .map((payload) => payload.value)
  .filter((value) => isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value))

/** What each budget guards: the reference first. */
const SUBJECTS: Record<keyof typeof budgets, () => Contender[]> = {
  encode: encodeContenders,
  decode: decodeContenders,
  'parse frames': () => parseContenders(32, cpuMs),
  'write frames': () => writeContenders(32, cpuMs),
  'fan-out': () => fanOutContenders({ pipes: 100, size: 1024, messagesPerTurn: 10 }, cpuMs),
  'push to pull': () => pushPull.contenders,
  'rpc calls': () => [bareCalls, ourCalls],
}

const bare = await startBare()
const rpc = await startOurs()
const pushPull = await pushPullContenders(cpuMs)
const bareCalls: Contender = {
  name: 'bare frames + JSON',
  result: () => 'ok',
  rate: () => callRate(bare.call),
}
const ourCalls: Contender = { name: 'pseud', result: () => 'ok', rate: () => callRate(rpc.call) }
if ((await bare.call(2, 4)) !== 6 || (await rpc.call(2, 4)) !== 6) throw new Error('2 + 4 is not 6')

let passed = 0
let failed = 0
for (const [name, contenders] of Object.entries(SUBJECTS)) {
  const budget = budgets[name as keyof typeof budgets]
  const first = await ratioOf(name, contenders)
  const ratio =
    first >= budget.minRatio ? first : Math.max(first, await ratioOf(`${name}, again`, contenders))
  const good = ratio >= budget.minRatio
  if (good) passed++
  else failed++
  console.log(
    `${good ? 'ok  ' : 'SLOW'} ${name}: ${ratio.toFixed(2)} x ${budget.reference}, budget ${budget.minRatio}`,
  )
}
await bare.close()
await rpc.close()
pushPull.close()
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

async function ratioOf(name: string, contenders: () => Contender[]): Promise<number> {
  const rows = await measure({
    bench: 'guard',
    subject: name,
    unit: '1/s',
    rounds: 11,
    warmups: 3,
    contenders: contenders(),
  })
  return rows.at(-1)!.ratio
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
