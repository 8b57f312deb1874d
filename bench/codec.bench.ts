// Values to octets and back: ours, msgpackr, and JSON as everybody's yardstick, over the payloads of codec-payloads.ts.
// The two that speak MessagePack are checked by decoding each other's octets; JSON cannot carry every payload.
import { Packr } from 'msgpackr'
import { Codec, decode, encode, ReceivedShapes, SentShapes } from 'pseud/codec'
import { giveChunk, Mark, Slab } from '../src/base/slab.ts'
import { payloads } from './codec-payloads.ts'
import { type Contender, measure, perSecond } from './support/measure.ts'

// As our decoder does: 64-bit integers become numbers; those of the payloads are safe.
const packr = new Packr({ useRecords: false, int64AsType: 'number' })

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

for (const { name, value } of payloads) {
  const text = Buffer.from(JSON.stringify(value))
  const ours = encode(value)
  const theirs = packr.pack(value)
  const batch = Math.max(1, Math.floor(20_000 / text.length))
  const repeat = (work: () => unknown): Contender['rate'] =>
    perSecond(batch, () => {
      for (let i = 0; i < batch; i++) kept = work()
    })
  let kept: unknown
  await measure({
    bench: 'codec',
    subject: `encode ${name} (${ours.length} B, JSON ${text.length} B)`,
    unit: 'encodes/s',
    contenders: [
      {
        name: 'JSON',
        rate: repeat(() => Buffer.from(JSON.stringify(value))),
      },
      { name: 'msgpackr', result: () => decode(packr.pack(value)), rate: repeat(() => packr.pack(value)) },
      { name: 'pseud', result: () => packr.unpack(encode(value)), rate: repeat(() => encode(value)) },
    ],
  })
  await measure({
    bench: 'codec',
    subject: `decode ${name}`,
    unit: 'decodes/s',
    contenders: [
      {
        name: 'JSON',
        rate: repeat(() => JSON.parse(text.toString('utf8'))),
      },
      { name: 'msgpackr', result: () => packr.unpack(theirs), rate: repeat(() => packr.unpack(theirs)) },
      { name: 'pseud', result: () => decode(ours), rate: repeat(() => decode(ours)) },
    ],
  })
  void kept
}

// Keys sent once for each connection: ours against msgpackr's shared structures. Both ends have met everything before.
for (const { name, value } of [
  payloads.find((payload) => payload.name === 'records')!,
  payloads.find((payload) => payload.name === 'nested call')!,
  { name: 'one small object', value: [{ id: 7, name: 'Ada', tags: ['red', 'green'] }] },
]) {
  const structures: object[] = []
  const sender = new Packr({ structures, int64AsType: 'number' })
  const receiver = new Packr({ structures, int64AsType: 'number' })
  const ours = new Connection()
  for (let i = 0; i < 3; i++) {
    sender.pack(value)
    ours.read(ours.octets(value))
  }
  const [theirOctets, ourOctets] = [Buffer.from(sender.pack(value)), ours.octets(value)]
  const batch = Math.max(1, Math.floor(20_000 / theirOctets.length))
  const repeat = (work: () => unknown): Contender['rate'] =>
    perSecond(batch, () => {
      for (let i = 0; i < batch; i++) kept = work()
    })
  let kept: unknown
  await measure({
    bench: 'codec',
    subject: `encode ${name}, keys shared (${ourOctets.length} B, msgpackr ${theirOctets.length} B)`,
    unit: 'encodes/s',
    contenders: [
      {
        name: 'msgpackr',
        result: () => receiver.unpack(sender.pack(value)),
        rate: repeat(() => sender.pack(value)),
      },
      { name: 'pseud', result: () => ours.read(ours.octets(value)), rate: repeat(() => ours.write(value)) },
      { name: 'pseud, not shared', result: () => decode(encode(value)), rate: repeat(() => encode(value)) },
    ],
  })
  const plain = encode(value)
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
      { name: 'pseud', result: () => ours.read(ourOctets), rate: repeat(() => ours.read(ourOctets)) },
      { name: 'pseud, not shared', result: () => decode(plain), rate: repeat(() => decode(plain)) },
    ],
  })
  void kept
}
