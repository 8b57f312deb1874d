/**
 * Which of several ready servers takes a call: the shipped ways, and how one of an application's own is asked. Pure choice: knows
 * nothing of connecting, queues or the wire, and keeps nothing but whose turn it is.
 */
import { UsageError } from '../../base/errors.ts'
import { quote } from '../registry/names.ts'

/** A server that takes calls now, as pickers see it. The same object as long as its connection lives. */
export interface ReadyServer {
  /** Its name; empty when it has none. */
  readonly name: string
  /** Where it was dialled, or accepted. */
  readonly endpoint: string
  /** Calls sent there that are not answered. */
  readonly inFlight: number
  /** When it connected. */
  readonly since: Date
}

/** The call that a server is wanted for. */
export interface PickedCall {
  /** The name of the function. */
  readonly method: string
  /** What the caller sends along. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Chooses one of `servers`, of which there is at least one. What it throws, and what is none of them, fails that call with `UsageError`
 * BAD_PICK and no other.
 */
export type PickServer = (servers: readonly ReadyServer[], call: PickedCall) => ReadyServer

/**
 * Which of several ready servers takes a call. `least-inflight`: the one with the fewest calls open. `round-robin`: each in turn. Or a
 * function, or an object with one.
 */
export type Picker = 'least-inflight' | 'round-robin' | PickServer | { readonly pick: PickServer }

/** What is chosen from: a session is one. */
export interface Candidate {
  readonly identity: string
  readonly inFlight: number
  readonly since: Date
  readonly connection: { readonly endpoint: string }
  /** `takes`: a call can be written now. */
  readonly lane: { readonly takes: boolean }
}

interface ForCall {
  readonly method: string
  readonly settings: { readonly headers: Readonly<Record<string, string>> | undefined }
}

/** The one of `ready` for `call`, or `undefined` when none takes calls now. May throw `UsageError` BAD_PICK. */
export type Choose = <C extends Candidate>(ready: readonly C[], call: ForCall) => C | undefined

/** Throws `UsageError` BAD_OPTION. */
export function chooserOf(picker: Picker): Choose {
  if (picker === 'least-inflight') return leastInFlight
  if (picker === 'round-robin') return roundRobin()
  if (typeof picker === 'function') return byOwn(picker)
  if (typeof picker === 'object' && picker !== null && typeof picker.pick === 'function') {
    return byOwn((servers, call) => picker.pick(servers, call))
  }
  throw new UsageError(
    'BAD_OPTION',
    `picker is 'least-inflight', 'round-robin', a function, or an object with one called pick`,
  )
}

function leastInFlight<C extends Candidate>(ready: readonly C[]): C | undefined {
  if (ready.length === 1) return ready[0]!.lane.takes ? ready[0] : undefined
  let best: C | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const one of ready) {
    const { inFlight } = one
    if (inFlight >= fewest || !one.lane.takes) continue
    best = one
    fewest = inFlight
  }
  return best
}

function roundRobin(): Choose {
  let turn = 0
  return (ready) => {
    for (let tries = 0; tries < ready.length; tries++) {
      turn = turn < ready.length - 1 ? turn + 1 : 0
      const one = ready[turn]!
      if (one.lane.takes) return one
    }
    return undefined
  }
}

function byOwn(pick: PickServer): Choose {
  const shown = new WeakMap<Candidate, ReadyServer>()
  return (ready, { method, settings }) => {
    const candidates = ready.filter((one) => one.lane.takes)
    if (candidates.length === 0) return undefined
    const servers = candidates.map((one) => {
      const known = shown.get(one) ?? show(one)
      shown.set(one, known)
      return known
    })
    let picked: unknown
    try {
      picked = pick(servers, { method, headers: settings.headers ?? NO_HEADERS })
    } catch (cause) {
      throw new UsageError('BAD_PICK', `the picker failed to choose a server for ${quote(method)}`, { cause })
    }
    const chosen = candidates[servers.indexOf(picked as ReadyServer)]
    if (chosen === undefined) {
      throw new UsageError(
        'BAD_PICK',
        `the picker chose none of the servers that it was given for ${quote(method)}`,
      )
    }
    return chosen
  }
}

/** A face of a session that shows no more than it should. */
function show(candidate: Candidate): ReadyServer {
  return Object.freeze({
    get name() {
      return candidate.identity
    },
    get endpoint() {
      return candidate.connection.endpoint
    },
    get inFlight() {
      return candidate.inFlight
    },
    get since() {
      return candidate.since
    },
  })
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({ __proto__: null } as never)
