// The table of the socket interop tests: every legal split of the socket types between two ends, and what each end does so that a run of
// messages goes each way. Where the types allow it, both ends send and receive at once.
import { type Command, partsOf, type Run, Tally } from './actions.mjs'
import type { Doer } from './peer.ts'

export type Type =
  | 'ROUTER'
  | 'DEALER'
  | 'REQ'
  | 'REP'
  | 'PUSH'
  | 'PULL'
  | 'PAIR'
  | 'PUB'
  | 'SUB'
  | 'XPUB'
  | 'XSUB'

/** RFC 37 and libzmq: who may talk to whom, as [ours, theirs]. */
export const SPLITS: readonly (readonly [Type, Type])[] = [
  ['DEALER', 'DEALER'],
  ['DEALER', 'ROUTER'],
  ['ROUTER', 'DEALER'],
  ['ROUTER', 'ROUTER'],
  ['REQ', 'ROUTER'],
  ['ROUTER', 'REQ'],
  ['REQ', 'REP'],
  ['REP', 'REQ'],
  ['DEALER', 'REP'],
  ['REP', 'DEALER'],
  ['PUSH', 'PULL'],
  ['PULL', 'PUSH'],
  ['PAIR', 'PAIR'],
  ['PUB', 'SUB'],
  ['SUB', 'PUB'],
  ['PUB', 'XSUB'],
  ['XSUB', 'PUB'],
  ['XPUB', 'SUB'],
  ['SUB', 'XPUB'],
  ['XPUB', 'XSUB'],
  ['XSUB', 'XPUB'],
]

/** Not before its subscription has arrived does a subscriber get anything. */
export function subscribes(type: Type): boolean {
  return type === 'SUB' || type === 'XSUB'
}

const expectations = new Map<Run, string[]>()

/** `count` messages, and among them, where there are so many, very large ones and ones of very many parts. */
export function runOf(seed: string, count: number, per = 1): Run {
  return { seed, count, per, shapes: SHAPES, special: SPECIAL }
}

// Both sides of the borders between short and long frames and between copied and borrowed bodies, empty parts in every place.
const SHAPES = [
  ...[[0], [1], [255], [256], [0, 0], [0, 1, 0], [1, 0, 255], [256, 255, 1, 0], [3], [17, 300]],
  ...[[16], [128], [129], [64, 64], [1000], [2], [5, 5, 5, 5, 5, 5, 5], [0, 0, 0, 9], [40], [12, 600]],
]

const SPECIAL = {
  33: [65_536],
  34: [0, 65_536, 0, 1],
  77: [8191],
  78: [8192, 8193],
  500: Array.from({ length: 1000 }, (_, i) => i % 7),
  1999: [1, 1_048_576],
  2500: [8_388_608],
  2501: [0],
  6000: Array.from({ length: 100 }, (_, i) => (i % 10 === 0 ? 5000 : 1)),
  7777: [65_535, 65_536, 65_537],
  9999: [1_048_576],
}

/** The digests of all messages of a run, in order. */
export function expected(run: Run): string[] {
  let digests = expectations.get(run)
  if (digests === undefined) {
    const tally = new Tally(run.per)
    for (let n = 0; n < run.count; n++) tally.add(partsOf(run, n))
    digests = tally.end()
    expectations.set(run, digests)
  }
  return digests
}

export interface End {
  readonly doer: Doer
  readonly type: Type
  /** Names the socket, and is its identity. */
  readonly name: string
  readonly run: Run
}

export function optionsOf(end: End): Record<string, unknown> {
  switch (end.type) {
    case 'ROUTER':
      return { routingId: end.name, mandatory: true }
    case 'DEALER':
    case 'REQ':
      return { routingId: end.name }
    default:
      return {}
  }
}

const RECEIVES_ONLY: readonly Type[] = ['PULL', 'SUB', 'XSUB']

/** The digests of all that the other end gets from this one. */
export function expectedFrom(end: End): string[] {
  return RECEIVES_ONLY.includes(end.type) ? [] : expected(end.run)
}

/** Sends the run of each end to the other and returns what each of them received, as digests. */
export async function exchange(ours: End, theirs: End): Promise<[string[], string[]]> {
  return Promise.all([play(ours, theirs), play(theirs, ours)])
}

async function play(self: End, peer: End): Promise<string[]> {
  const name = self.name
  const run = self.run
  const { count, per } = peer.run
  const act = (command: Command) => self.doer.run({ name, per, ...command })
  const exchange = async (strip: number, prefix: string[] = []) =>
    (await act({ do: 'exchange', run, prefix, count, strip })) as string[]
  switch (`${self.type} ${peer.type}`) {
    case 'PUSH PULL':
    case 'PUB SUB':
    case 'PUB XSUB':
    case 'XPUB SUB':
    case 'XPUB XSUB':
      await act({ do: 'send', run })
      return []
    case 'PULL PUSH':
    case 'SUB PUB':
    case 'SUB XPUB':
    case 'XSUB PUB':
    case 'XSUB XPUB':
      return (await act({ do: 'receive', count })) as string[]
    case 'PAIR PAIR':
    case 'DEALER DEALER':
      return exchange(0)
    case 'DEALER ROUTER':
      await act({ do: 'send', run: HELLO }) // the ROUTER cannot send to a peer that it has not heard of
      return exchange(0)
    case 'ROUTER DEALER':
      await act({ do: 'receive', count: 1 })
      return exchange(1, [peer.name])
    case 'ROUTER ROUTER':
      await act({ do: 'greet', parts: [peer.name, 'hello'] })
      await act({ do: 'receive', count: 1 })
      return exchange(1, [peer.name])
    case 'DEALER REP': // as behind two proxies: hops, delimiter, body
      return exchange(3, ['hop-1', 'hop-2', ''])
    case 'REQ REP':
    case 'REQ ROUTER':
      return (await act({ do: 'request', run })) as string[]
    case 'REP REQ':
    case 'REP DEALER':
      return (await act({ do: 'reply', run })) as string[]
    case 'ROUTER REQ':
      return (await act({ do: 'reply', run, route: 2 })) as string[]
    default:
      throw new Error(`${self.type} may not talk to ${peer.type}`)
  }
}

const HELLO: Run = { seed: 'hello', count: 1, shapes: [[5]] }
