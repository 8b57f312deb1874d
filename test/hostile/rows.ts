/**
 * The rows of test/hostile/: inputs.json, which is given and never changed, and own-rows.json, of the same form, with every defect that was
 * found and the neighbours of the given rows. Reads and types them; what must come of each stands in outcomes.ts or, for own rows, beside
 * the row in `ours`.
 */
import { readFileSync } from 'node:fs'
import { octets } from '../support/engine.ts'

interface Row {
  readonly id: string
  readonly what: string
  readonly expect: string
  readonly note?: string
  /** Of own rows. */
  readonly ours?: object
}

/** Octets to a socket, a string for each write. */
export interface ZmtpRow extends Row {
  /** `ROUTER/PLAIN`: a socket that is bound; `client:DEALER/CURVE`: one that dials. */
  readonly sut: string
  readonly steps: readonly string[]
  /** The peer says that it has nothing more to say. */
  readonly fin: boolean
  readonly hold: boolean
  readonly positive: boolean
  readonly code: string
  /** Of own rows: over ipc. */
  readonly ipc?: boolean
}

/** A change made on a live CURVE dialog: recipes.ts has the recipes in code. */
export interface CurveRow extends Row {
  readonly recipe: string
  readonly code: string
}

/** Octets for the codec: `hex`, or `gen` where they are many. */
export interface CodecRow extends Row {
  readonly hex: string | null
  readonly gen?: string
}

/** A message of a peer of the RPC layer. */
export interface RpcRow extends Row {
  readonly to: 'server' | 'client'
  readonly hex: string
  readonly gen?: string
  /** Of own rows: messages that come before it, on the same connection. */
  readonly before?: readonly string[]
}

interface Rows {
  readonly macros: Readonly<Record<string, string>>
  readonly zmtp: readonly ZmtpRow[]
  readonly curve_live: readonly CurveRow[]
  readonly codec: readonly CodecRow[]
  readonly rpc: readonly RpcRow[]
}

function read(name: string): Rows {
  return JSON.parse(readFileSync(`test/hostile/${name}`, 'utf8'))
}

export const GIVEN: Rows = read('inputs.json')
export const OWN: Rows = read('own-rows.json')

/** The octets of a text: hex, macros in braces, and whatever else support/engine.ts understands. */
export function bytesOf(text: string): Buffer {
  return octets(text.replace(/\{(\w+)\}/g, (word, name: string) => GIVEN.macros[name] ?? word))
}

/** Of a row of the codec. In `gen`, `xx*n` or `[xxyy]*n` stand for octets repeated. */
export function codecBytes(row: CodecRow): Buffer {
  if (row.hex !== null) return bytesOf(row.hex)
  const pieces = (row.gen ?? '').split(' ').map((piece) => {
    const [, unit, times] = /^\[?([0-9a-f]+)\]?(?:\*(\d+))?$/.exec(piece)!
    return Buffer.alloc((unit!.length / 2) * Number(times ?? 1), Buffer.from(unit!, 'hex'))
  })
  return Buffer.concat(pieces)
}
