// What the benchmarks use of msgpackr, so that `npm run check` does not need the peers of bench/package.json installed.
declare module 'msgpackr' {
  export function pack(value: unknown): Buffer
  // biome-ignore lint/suspicious/noExplicitAny: as its own declarations say
  export function unpack(bytes: Uint8Array): any

  export class Packr {
    constructor(options: { useRecords?: boolean; structures?: object[]; int64AsType: 'number' | 'bigint' })
    pack(value: unknown): Buffer
    unpack(bytes: Uint8Array): unknown
  }
}
