// The table of the socket interop tests: every legal split of the socket types between two ends, and what
// each end does so that several hundred messages go each way. Both ends send before they know what comes, so the two
// directions overlap wherever the types allow it.
import { type Command, digestOf, partsOf, type Run } from './actions.mjs'
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

export const OURS: Run = { seed: 'ours', count: 300, shapes: shapes() }
export const THEIRS: Run = { seed: 'theirs', count: 300, shapes: shapes() }

// Both sides of the border between short and long frames, empty parts in every place, one body of 64 KiB and one of
// 1 MiB in each hundred messages.
function shapes(): number[][] {
  const small = [[0], [1], [255], [256], [0, 0], [0, 1, 0], [1, 0, 255], [256, 255, 1, 0], [3], [17, 300]]
  const list = Array.from({ length: 100 }, (_, n) => small[n % small.length]!)
  list[33] = [65_536]
  list[34] = [0, 65_536, 0, 1]
  list[77] = [1, 1_048_576]
  return list
}

const expectations = new Map<Run, string[]>()

/** The digests of all messages of a run, in order. */
export function expected(run: Run): string[] {
  let digests = expectations.get(run)
  if (digests === undefined) {
    digests = Array.from({ length: run.count }, (_, n) => digestOf(partsOf(run, n)))
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
  return RECEIVES_ONLY.includes(end.type) ? [] : expected(end.run).slice(0, end.run.count)
}

/** Sends the run of each end to the other and returns what each of them received, as digests. */
export async function exchange(ours: End, theirs: End): Promise<[string[], string[]]> {
  return Promise.all([play(ours, theirs), play(theirs, ours)])
}

async function play(self: End, peer: End): Promise<string[]> {
  const name = self.name
  const run = self.run
  const act = (command: Command) => self.doer.run({ name, ...command })
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
      return (await act({ do: 'receive', count: peer.run.count })) as string[]
    case 'PAIR PAIR':
    case 'DEALER DEALER':
      return both(act, { run }, 0, peer)
    case 'DEALER ROUTER':
      await act({ do: 'send', run: HELLO }) // the ROUTER cannot send to a peer that it has not heard of
      return both(act, { run }, 0, peer)
    case 'ROUTER DEALER':
      await act({ do: 'receive', count: 1 })
      return both(act, { run, prefix: [peer.name] }, 1, peer)
    case 'ROUTER ROUTER':
      await act({ do: 'greet', parts: [peer.name, 'hello'] })
      await act({ do: 'receive', count: 1 })
      return both(act, { run, prefix: [peer.name] }, 1, peer)
    case 'DEALER REP': // as behind two proxies: hops, delimiter, body
      return both(act, { run, prefix: ['hop-1', 'hop-2', ''] }, 3, peer)
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

async function both(
  act: (command: Command) => unknown,
  outgoing: { run: Run; prefix?: string[] },
  strip: number,
  peer: End,
): Promise<string[]> {
  const sent = act({ do: 'send', ...outgoing })
  const received = act({ do: 'receive', count: peer.run.count, strip })
  await sent
  return (await received) as string[]
}
