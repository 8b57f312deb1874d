// The exact semantics of every failure, over every transport: what docs and users are promised, one row each. The rows stand in
// semantics/, by subject; here is where they are run, and where is counted that none is missing. What takes long is run by leaks.test.ts.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { authentication } from './semantics/authentication.ts'
import { functions } from './semantics/functions.ts'
import { leaks } from './semantics/leaks.ts'
import { lostCalls } from './semantics/lost-calls.ts'
import { presence } from './semantics/presence.ts'
import { severalServers } from './semantics/several-servers.ts'
import { streaming } from './semantics/streaming.ts'
import { type Rows, stage, TRANSPORTS, type Transport } from './semantics/world.ts'

const FILES: readonly Rows[] = [authentication, functions, lostCalls, presence, severalServers, streaming]

/**
 * What a transport cannot show, and why. Over MessagePort: a closed port does not come back, so no server restarts at its place, and no client of a
 * closed one comes back; threads have no kill -9 and no SIGSTOP of their own; and silence is no fault there.
 */
const SENSELESS: readonly {
  /** How the names of its tests begin: to the colon at least, for `row 2` is none of `row 22`. */
  readonly id: string
  readonly over: readonly Transport[]
  readonly why: string
}[] = [
  { id: 'row 7:', over: ['MessagePort'], why: 'a closed port does not come back' },
  { id: 'row 33:', over: ['MessagePort'], why: 'a port is one connection: there is no second one beside it' },
  {
    id: 'row 22:',
    over: ['MessagePort'],
    why: 'a socket of pseud/zmtp, which writes octets as it is told, dials no port',
  },
  {
    id: 'row 14: with resume a stream of tracked items goes on',
    over: ['MessagePort'],
    why: 'no server comes back behind a port that was closed',
  },
  {
    id: 'row 14: a stream that is to be resumed ends',
    over: ['MessagePort'],
    why: 'no server comes back behind a port that was closed: it ends with the port',
  },
  {
    id: 'row 17:',
    over: ['inproc', 'MessagePort'],
    why: 'both ends are ours, and ours read',
  },
  {
    id: 'section 6, 11:',
    over: ['inproc', 'MessagePort'],
    why: 'who shares the process is stopped with it',
  },
  { id: 'row 16:', over: ['MessagePort'], why: 'nor does one listen at a port' },
  { id: 'section 6, 12:', over: ['MessagePort'], why: 'the same' },
  { id: 'section 6, 5:', over: ['inproc', 'MessagePort'], why: 'who shares our process dies with us' },
]

const ROWS = 34
const TESTS = 16

/** `row 4` of `row 4: what happens`. */
function idOf(name: string): string {
  return name.slice(0, name.indexOf(': '))
}

for (const transport of TRANSPORTS) {
  const { test, world } = stage(`semantics over ${transport}`, transport)
  for (const rows of FILES) {
    for (const [name, play] of Object.entries(rows)) {
      const senseless = SENSELESS.some(({ id, over }) => name.startsWith(id) && over.includes(transport))
      if (!senseless) test(name, () => play(world))
    }
  }
  test.run()
}

const complete = suite('semantics: nothing is missing')

complete('each row and each test of the smallest set has a test', () => {
  const wanted = [
    ...Array.from({ length: ROWS }, (_, i) => `row ${i + 1}`),
    ...Array.from({ length: TESTS }, (_, i) => `section 6, ${i + 1}`),
  ]
  const named = new Set([...FILES, leaks].flatMap((rows) => Object.keys(rows)).map(idOf))
  assert.equal(
    [...named].filter((id) => !wanted.includes(id)),
    [],
    'rows that are none',
  )
  assert.equal(
    wanted.filter((id) => !named.has(id)),
    [],
    'rows without a test',
  )
})

complete('what a transport cannot show is a row that exists', () => {
  const names = FILES.flatMap((rows) => Object.keys(rows))
  assert.equal(
    SENSELESS.filter(({ id }) => !id.includes(':') || !names.some((name) => name.startsWith(id))),
    [],
  )
})

complete.run()
