// Sockets between two processes over TCP loopback: messages per second one way (PUSH to PULL, in clear and under CURVE, DEALER to ROUTER, PUB to 1, 10 and
// 100 SUBs), 16 B to 64 KB or 1 MB, and the median round trip of REQ and REP. Contenders: the native `zeromq` package (the reference), ours
// by the very same calls (`await send`, `for await`), ours in batches (`sendMany`, `batches()`); and where they can take part, libzmq in C
// and bare node:net with the same framing. A message that 100 subscribers get counts 100 times.
import { PATTERNS, ROUND_TRIP, SUBJECTS, sizesOf } from './subjects.ts'
import { ON_ONE_CORE, onOneCore } from './support/cores.ts'
import type { Trips } from './support/flow.ts'
import { buildLibzmq, LibzmqProcess, type Role } from './support/libzmq.ts'
import {
  announceMissing,
  announceVersion,
  type Contender,
  isWanted,
  measure,
  plan,
} from './support/measure.ts'
import { OneWayPair } from './support/one-way-pair.ts'
import { Helper, type Process } from './support/process.ts'

const TRIPS = 3000
const CHECKED_TRIPS = 200
const TRIP_SIZE = 16

plan('sockets', SUBJECTS.sockets!)
const libzmq = await libzmqOrReason()
const absent = new Set<string>()

for (const [title, pattern, readers] of PATTERNS) {
  const sizes = sizesOf(pattern).filter(([, label]) => isWanted(`${title}, ${label}`, 'sockets'))
  if (sizes.length === 0) continue
  const pairs = pairsOf(pattern, readers)
  for (const [size, label] of sizes) {
    const contenders: Contender[] = []
    // Bare frames join every chunk to the rest of a body: no limit of anything there.
    for (const pair of pairs.filter(({ name }) => name !== 'node:net' || size <= 65_536)) {
      const digest = await present(pair.name, () => pair.digest(size))
      if (digest === undefined) continue
      contenders.push({ name: pair.name, result: () => digest, rate: () => pair.rate(size) })
    }
    await measure({
      bench: 'sockets',
      subject: `${title}, ${label}`,
      unit: 'messages/s',
      warmups: 4,
      rounds: 7,
      contenders,
    })
  }
  for (const pair of pairs) pair.end()
}
if (isWanted(ROUND_TRIP, 'sockets')) await measureRoundTrip()

function pairsOf(pattern: string, readers: number): OneWayPair[] {
  const both = (name: string, kind: string): OneWayPair =>
    new OneWayPair(
      name,
      pattern,
      readers,
      (role) => new Helper('one-way', [kind, pattern, role, String(readers)]),
    )
  const pairs = [both('zeromq', 'zeromq'), both('pseud', 'pseud'), both('pseud, batches', 'batches')]
  if (pattern === 'push' || pattern === 'dealer') pairs.push(both('node:net', 'net'))
  if (pattern === 'push' && libzmq !== undefined) {
    const role = { receive: 'pull', send: 'push' } as const
    pairs.push(new OneWayPair('libzmq C', pattern, 1, (end) => new LibzmqProcess(libzmq, role[end])))
  }
  return pairs
}

async function measureRoundTrip(): Promise<void> {
  const kinds: [string, (role: 'req' | 'rep') => Process][] = [
    ['node:net echo', helperOf('net')],
    ['zeromq', helperOf('zeromq')],
    ['pseud', helperOf('pseud')],
  ]
  if (libzmq !== undefined) kinds.push(['libzmq C', (role: Role) => new LibzmqProcess(libzmq, role)])
  const contenders: Contender[] = []
  for (const [name, start] of kinds) {
    // Two processes, new each time: where their code comes to lie in memory makes a fifth of such a trip, for as long as they live.
    const withPair = async <T>(work: (req: Process) => Promise<T>): Promise<T> => {
      const [rep, req] = [start('rep'), start('req')]
      try {
        await req.ask('connect', await rep.ask('listen'))
        onOneCore(rep, req)
        return await work(req)
      } finally {
        rep.end()
        req.end()
      }
    }
    const trips = (req: Process, count: number, hashed: boolean): Promise<Trips> =>
      req.ask('trips', { count, size: TRIP_SIZE, hashed, window: 0 })
    const digest = await present(name, () =>
      withPair(async (req) => (await trips(req, CHECKED_TRIPS, true)).digest),
    )
    if (digest === undefined) continue
    const medianUs = async (req: Process): Promise<number> => {
      await trips(req, TRIPS, false)
      return (await trips(req, TRIPS, false)).medianUs
    }
    contenders.push({ name, result: () => digest, rate: () => withPair(medianUs) })
  }
  await measure({
    bench: 'sockets',
    subject: ROUND_TRIP,
    unit: 'µs',
    detail: `p50 of ${TRIPS} in each round, of two new processes, ${ON_ONE_CORE}`,
    warmups: 0,
    rounds: 11,
    contenders,
  })
}

function helperOf(kind: string): (role: string) => Process {
  return (role) => new Helper('round-trip', [kind, role])
}

/** Where the program is, once its version has been told; `undefined`, loudly, when there is none. */
async function libzmqOrReason(): Promise<string | undefined> {
  if (!SUBJECTS.sockets!.some((subject) => /^PUSH|^REQ/.test(subject) && isWanted(subject, 'sockets')))
    return undefined
  const built = buildLibzmq()
  if ('reason' in built) {
    announceMissing('sockets', 'libzmq C', built.reason)
    return undefined
  }
  const probe = new LibzmqProcess(built.file, 'req')
  announceVersion('libzmq in C', await probe.ask('version'))
  probe.end()
  return built.file
}

/** What `work` gives; `undefined` for a peer that fails, which is said once. Ours may not fail. */
async function present<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
  if (absent.has(name)) return undefined
  try {
    return await work()
  } catch (error) {
    if (name.startsWith('pseud')) throw error
    absent.add(name)
    announceMissing('sockets', name, error)
    return undefined
  }
}
