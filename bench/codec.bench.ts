// Values to octets and back: ours, msgpackr, and JSON as everybody's yardstick, over the payloads of codec-payloads.ts.
// The two that speak MessagePack are checked by decoding each other's octets; JSON cannot carry every payload.
import { Packr } from 'msgpackr'
import { decode, encode } from 'pseud/codec'
import { payloads } from './codec-payloads.ts'
import { type Contender, measure, perSecond } from './support/measure.ts'

// As our decoder does: 64-bit integers become numbers; those of the payloads are safe.
const packr = new Packr({ useRecords: false, int64AsType: 'number' })

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
