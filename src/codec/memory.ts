/**
 * Typed arrays, DataView and ArrayBuffer <-> the data of their extension: one octet for the kind, then the elements,
 * little-endian on every machine. Uint8Array and Buffer are MessagePack binaries and not seen here.
 */
import { HOST_IS_LITTLE } from '../base/bytes.ts'

type View = Exclude<ArrayBufferView, Uint8Array>

interface Kind {
  /** What `Object.prototype.toString` calls it: the same in every realm. */
  readonly name: string
  readonly elementSize: number
  make(memory: ArrayBuffer): ArrayBuffer | ArrayBufferView
}

/** Index = the kind octet on the wire. Add at the end only. */
const KINDS: readonly Kind[] = [
  { name: 'ArrayBuffer', elementSize: 1, make: (memory) => memory },
  { name: 'DataView', elementSize: 1, make: (memory) => new DataView(memory) },
  { name: 'Int8Array', elementSize: 1, make: (memory) => new Int8Array(memory) },
  { name: 'Uint8ClampedArray', elementSize: 1, make: (memory) => new Uint8ClampedArray(memory) },
  { name: 'Int16Array', elementSize: 2, make: (memory) => new Int16Array(memory) },
  { name: 'Uint16Array', elementSize: 2, make: (memory) => new Uint16Array(memory) },
  { name: 'Int32Array', elementSize: 4, make: (memory) => new Int32Array(memory) },
  { name: 'Uint32Array', elementSize: 4, make: (memory) => new Uint32Array(memory) },
  { name: 'Float32Array', elementSize: 4, make: (memory) => new Float32Array(memory) },
  { name: 'Float64Array', elementSize: 8, make: (memory) => new Float64Array(memory) },
  { name: 'BigInt64Array', elementSize: 8, make: (memory) => new BigInt64Array(memory) },
  { name: 'BigUint64Array', elementSize: 8, make: (memory) => new BigUint64Array(memory) },
]

/** The data of `value`, whose kind is called `name`; `undefined` when that is none of ours. */
export function memoryToBytes(
  name: string,
  value: ArrayBuffer | View,
  hostIsLittle: boolean = HOST_IS_LITTLE,
): Buffer | undefined {
  const code = KINDS.findIndex((kind) => kind.name === name)
  if (code === -1) return undefined
  const source = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value)
  const data = Buffer.allocUnsafeSlow(1 + source.length)
  data[0] = code
  data.set(source, 1)
  if (!hostIsLittle) swap(data.subarray(1), KINDS[code]!.elementSize)
  return data
}

/** The value of data made by `memoryToBytes`, in memory of its own; `undefined` when there is no such value. */
export function memoryFromBytes(
  bytes: Buffer,
  at: number,
  size: number,
  hostIsLittle: boolean = HOST_IS_LITTLE,
): ArrayBuffer | ArrayBufferView | undefined {
  const kind = size === 0 ? undefined : KINDS[bytes[at]!]
  if (kind === undefined || (size - 1) % kind.elementSize !== 0) return undefined
  const own = new Uint8Array(size - 1)
  own.set(bytes.subarray(at + 1, at + size))
  if (!hostIsLittle) swap(own, kind.elementSize)
  return kind.make(own.buffer)
}

function swap(bytes: Uint8Array, elementSize: number): void {
  for (let at = 0; at < bytes.length; at += elementSize) bytes.subarray(at, at + elementSize).reverse()
}
