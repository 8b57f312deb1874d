// The subjects of the parts that `npm run bench -- codec|sockets|rpc|memory|start-up` measures, in their order: what the progress counts, and what
// the aims of aims.json may name (test/bench-report.test.ts).
import { payloads } from './codec-payloads.ts'

export const PATTERNS = [
  ['PUSH to PULL', 'push', 1],
  ['DEALER to ROUTER', 'dealer', 1],
  ['PUSH to PULL under CURVE', 'curve', 1],
  ['PUB to 1 SUB', 'publish', 1],
  ['PUB to 10 SUBs', 'publish', 10],
  ['PUB to 100 SUBs', 'publish', 100],
] as const

const SIZES = [
  [16, '16 B'],
  [128, '128 B'],
  [1024, '1 KB'],
  [65_536, '64 KB'],
] as const

/** Octets of a body and how tables say it. Only PUSH goes further: the others show there what it shows. */
export function sizesOf(pattern: string): readonly (readonly [number, string])[] {
  return pattern === 'push' ? [...SIZES, [1_048_576, '1 MB']] : SIZES
}

export const ROUND_TRIP = 'REQ to REP and back, 16 B'
export const SHARED_PAYLOADS: readonly string[] = ['records', 'nested call', 'one small object']
export const IN_FLIGHT: readonly number[] = [100, 1000]
export const CALL = 'call, one in flight'
export const STREAM = 'stream items'
export const CLIENTS = '1,000 clients'
export const IDLE_SERVER = '10,000 idle clients, server'
export const IDLE_CLIENTS = '10,000 idle clients, their own end'
export const KEPT = '1,000,000 kept 16 B messages'
export const START_UP = 'start-up'

export function callsIn(inFlight: number): string {
  return `calls, ${inFlight.toLocaleString('en')} in flight`
}

const both = (name: string): string[] => [`encode ${name}`, `decode ${name}`]

export const SUBJECTS: Readonly<Record<string, readonly string[]>> = {
  codec: [
    ...payloads.flatMap(({ name }) => both(name)),
    ...SHARED_PAYLOADS.flatMap((name) => both(`${name}, keys shared`)),
  ],
  sockets: [
    ...PATTERNS.flatMap(([title, pattern]) => sizesOf(pattern).map(([, label]) => `${title}, ${label}`)),
    ROUND_TRIP,
  ],
  rpc: [...IN_FLIGHT.map(callsIn), CALL, STREAM, CLIENTS],
  memory: [IDLE_SERVER, IDLE_CLIENTS, KEPT],
  'start-up': [START_UP],
}
