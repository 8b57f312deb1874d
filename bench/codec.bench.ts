// Values to octets and back: ours, msgpackr (the reference), @msgpack/msgpack, cbor-x, and JSON as everybody's yardstick, over the payloads of
// codec-payloads.ts, in processor time. Those that speak MessagePack are checked by decoding each other's octets, cbor-x by its own; JSON cannot carry every payload.
import type * as MsgpackModule from '@msgpack/msgpack'
import type * as CborModule from 'cbor-x'
import type * as MsgpackrModule from 'msgpackr'
import { Codec, decode, encode } from 'pseud/codec'
import { giveChunk, Mark, Slab } from '../src/base/slab.ts'
import { ReceivedShapes, SentShapes } from '../src/codec/messages.ts'
import { payloads } from './codec-payloads.ts'
import { SHARED_PAYLOADS, SUBJECTS } from './subjects.ts'
import {
  announceMissing,
  type Contender,
  cpuMs,
  isWanted,
  measure,
  perSecond,
  plan,
  type Subject,
} from './support/measure.ts'

/** What turns a value into octets and back, and what a result is compared as. */
interface Format {
  readonly name: string
  encode(value: unknown): Uint8Array
  decode(octets: Uint8Array): unknown
  /** Whether it carries every payload: else it is not compared. */
  readonly exact: boolean
  /** Whether others can read its octets. */
  readonly isMessagePack: boolean
}

const ours: Format = {
  name: 'pseud',
  encode: (value) => encode(value),
  decode: (octets) => decode(octets),
  exact: true,
  isMessagePack: true,
}

/** Both ends of one direction of a connection, as a session has them. */
class Connection {
  readonly #codec = new Codec()
  readonly #slab = new Slab()
  readonly #mark = new Mark()
  readonly #sent = new SentShapes()
  readonly #received = new ReceivedShapes()
  readonly #reader = this.#codec.reader()

  /** Into the memory that leaves by the socket, as a session does it. */
  write(value: unknown): void {
    const slab = this.#slab
    this.#sent.mark()
    this.#codec.writeValue(slab, value, 'value', this.#sent)
    if (slab.byteLength > 32_768) this.#send()
  }

  octets(value: unknown): Buffer {
    this.#send()
    this.#slab.save(this.#mark)
    this.write(value)
    return Buffer.from(this.#slab.gather(this.#mark))
  }

  #send(): void {
    const chunks: Buffer[] = []
    this.#slab.take([], chunks)
    chunks.forEach(giveChunk)
  }

  read(octets: Buffer): unknown {
    const reader = this.#reader
    reader.reset(octets, 0, octets.length)
    reader.useShapes(this.#received)
    return reader.readValue()
  }
}

// Rounds that nobody counts, of every payload by every contender.
const WARM_UPS = 2

plan('codec', SUBJECTS.codec!)
// What was made last, so that nothing may be left out.
let kept: unknown
const Msgpackr = await present<typeof MsgpackrModule>('msgpackr', () => import('msgpackr'))
const formats = [...(await peers()), ours]

async function peers(): Promise<Format[]> {
  const found: Format[] = []
  if (Msgpackr !== undefined) {
    // As our decoder does: 64-bit integers become numbers; those of the payloads are safe.
    const packr = new Msgpackr.Packr({ useRecords: false, int64AsType: 'number' })
    found.push({
      name: 'msgpackr',
      encode: (value) => packr.pack(value),
      decode: (octets) => packr.unpack(octets),
      exact: true,
      isMessagePack: true,
    })
  }
  const msgpack = await present<typeof MsgpackModule>('@msgpack/msgpack', () => import('@msgpack/msgpack'))
  if (msgpack !== undefined) {
    const [encoder, decoder] = [new msgpack.Encoder(), new msgpack.Decoder()]
    found.push({
      name: '@msgpack/msgpack',
      encode: (value) => encoder.encode(value),
      decode: (octets) => decoder.decode(octets),
      exact: true,
      isMessagePack: true,
    })
  }
  const cbor = await present<typeof CborModule>('cbor-x', () => import('cbor-x'))
  if (cbor !== undefined) {
    const coder = new cbor.Encoder({ useRecords: false })
    found.push({
      name: 'cbor-x',
      encode: (value) => coder.encode(value),
      decode: (octets) => coder.decode(octets),
      exact: true,
      isMessagePack: false,
    })
  }
  found.push({
    name: 'JSON',
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (octets) => JSON.parse((octets as Buffer).toString('utf8')),
    exact: false,
    isMessagePack: false,
  })
  return found
}

async function present<T>(name: string, load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load()
  } catch (error) {
    announceMissing('codec', name, error)
    return undefined
  }
}

/** Binary is a Buffer to some and a Uint8Array to others. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

const subjects = payloads.flatMap(({ name, value }) => subjectsOf(name, value))
// A process that has met only one kind of value is one that nobody has: before any clock runs, all contenders meet all payloads.
const isAnyWanted = subjects.some(({ subject }) => isWanted(subject, 'codec'))
if (isAnyWanted) console.error('codec: warming all payloads')
for (let pass = 0; isAnyWanted && pass < WARM_UPS; pass++) {
  for (const { contenders } of subjects) for (const { rate } of contenders) await rate()
}
for (const subject of subjects) await measure(subject)

function subjectsOf(name: string, value: unknown): Subject[] {
  const octets = formats.map((format) => Buffer.from(format.encode(value)))
  const batch = Math.max(1, Math.floor(20_000 / octets.at(-1)!.length))
  const reader = formats.find((format) => format.isMessagePack) ?? ours
  const subject = (
    verb: 'encode' | 'decode',
    work: (format: Format, octets: Buffer) => unknown,
    resultOf: typeof work,
  ): Subject => ({
    bench: 'codec',
    subject: `${verb} ${name}`,
    unit: `${verb}s/s`,
    detail: formats.map((format, i) => `${format.name} ${octets[i]!.length} B`).join(', '),
    contenders: formats.map((format, n) => ({
      name: format.name,
      ...(format.exact ? { result: () => plain(resultOf(format, octets[n]!)) } : {}),
      rate: perSecond(
        batch,
        () => {
          for (let i = 0; i < batch; i++) kept = work(format, octets[n]!)
        },
        cpuMs,
      ),
    })),
  })
  return [
    subject(
      'encode',
      (format) => format.encode(value),
      (format) => (format.isMessagePack ? reader : format).decode(format.encode(value)),
    ),
    subject(
      'decode',
      (format, octets) => format.decode(octets),
      (format, octets) => format.decode(octets),
    ),
  ]
}

// Keys sent once for each connection: ours against msgpackr's shared structures. Both ends have met everything before.
for (const name of Msgpackr === undefined ? [] : SHARED_PAYLOADS) {
  const { value } = payloads.find((payload) => payload.name === name) ?? {
    value: [{ id: 7, name: 'Ada', tags: ['red', 'green'] }],
  }
  const structures: object[] = []
  const sender = new Msgpackr!.Packr({ structures, int64AsType: 'number' })
  const receiver = new Msgpackr!.Packr({ structures, int64AsType: 'number' })
  const own = new Connection()
  for (let i = 0; i < 3; i++) {
    sender.pack(value)
    own.read(own.octets(value))
  }
  const [theirOctets, ourOctets] = [Buffer.from(sender.pack(value)), own.octets(value)]
  const batch = Math.max(1, Math.floor(20_000 / theirOctets.length))
  const repeat = (work: () => unknown): Contender['rate'] =>
    perSecond(
      batch,
      () => {
        for (let i = 0; i < batch; i++) kept = work()
      },
      cpuMs,
    )
  await measure({
    bench: 'codec',
    subject: `encode ${name}, keys shared`,
    unit: 'encodes/s',
    detail: `msgpackr ${theirOctets.length} B, pseud ${ourOctets.length} B`,
    contenders: [
      {
        name: 'msgpackr',
        result: () => receiver.unpack(sender.pack(value)),
        rate: repeat(() => sender.pack(value)),
      },
      { name: 'pseud', result: () => own.read(own.octets(value)), rate: repeat(() => own.write(value)) },
      { name: 'pseud, not shared', result: () => decode(encode(value)), rate: repeat(() => encode(value)) },
    ],
  })
  const unshared = encode(value)
  await measure({
    bench: 'codec',
    subject: `decode ${name}, keys shared`,
    unit: 'decodes/s',
    contenders: [
      {
        name: 'msgpackr',
        result: () => receiver.unpack(theirOctets),
        rate: repeat(() => receiver.unpack(theirOctets)),
      },
      { name: 'pseud', result: () => own.read(ourOctets), rate: repeat(() => own.read(ourOctets)) },
      { name: 'pseud, not shared', result: () => decode(unshared), rate: repeat(() => decode(unshared)) },
    ],
  })
}
void kept
