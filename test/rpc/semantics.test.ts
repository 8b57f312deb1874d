// The exact semantics of every failure, over every transport: what docs and users are promised, one row each. The rows stand in
// semantics/, by subject; here is where they are run, and where is counted that none is missing.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { functions } from './semantics/functions.ts'
import { leaks } from './semantics/leaks.ts'
import { streaming } from './semantics/streaming.ts'
import { type Rows, TRANSPORTS, type Transport, World } from './semantics/world.ts'

const FILES: readonly Rows[] = [functions, streaming, leaks]

/**
 * What a transport cannot show, and why. Over MessagePort: a closed port does not come back, so no server restarts at its place, and no client of a
 * closed one comes back; threads have no kill -9 and no SIGSTOP of their own; and silence is no fault there.
 */
const SENSELESS: readonly {
  readonly id: string
  readonly over: readonly Transport[]
  readonly why: string
}[] = [
  {
    id: 'row 22',
    over: ['MessagePort'],
    why: 'a socket of pseud/zmtp, which writes octets as it is told, dials no port',
  },
]

const ROWS = 34
const TESTS = 16

// Rows that are still to come: what stands here has no test, and nothing else may be missing.
const PENDING: ReadonlySet<string> = new Set([
  'row 1',
  'row 2',
  'row 3',
  'row 4',
  'row 5',
  'row 6',
  'row 7',
  'row 8',
  'row 9',
  'row 10',
  'row 11',
  'row 12',
  'row 15',
  'row 16',
  'row 17',
  'row 18',
  'row 19',
  'row 23',
  'row 24',
  'row 25',
  'row 26',
  'row 27',
  'row 28',
  'row 29',
  'row 32',
  'row 33',
  'section 6, 2',
  'section 6, 4',
  'section 6, 5',
  'section 6, 6',
  'section 6, 7',
  'section 6, 8',
  'section 6, 9',
  'section 6, 11',
  'section 6, 12',
  'section 6, 13',
])

/** `row 4` of `row 4: what happens`. */
function idOf(name: string): string {
  return name.slice(0, name.indexOf(': '))
}

for (const transport of TRANSPORTS) {
  const test = suite(`semantics over ${transport}`)
  const world = new World(transport)
  test.after.each(() => world.clear())
  test.after(() => world.remove())
  for (const rows of FILES) {
    for (const [name, play] of Object.entries(rows)) {
      const senseless = SENSELESS.some(({ id, over }) => id === idOf(name) && over.includes(transport))
      if (!senseless) test(name, () => play(world))
    }
  }
  test.run()
}

const complete = suite('semantics: nothing is missing')

complete('each row and each test of the smallest set has a test, or is known to be missing', () => {
  const wanted = [
    ...Array.from({ length: ROWS }, (_, i) => `row ${i + 1}`),
    ...Array.from({ length: TESTS }, (_, i) => `section 6, ${i + 1}`),
  ]
  const named = new Set(FILES.flatMap((rows) => Object.keys(rows)).map(idOf))
  assert.equal(
    [...named].filter((id) => !wanted.includes(id)),
    [],
    'rows that are none',
  )
  assert.equal(
    [...PENDING].filter((id) => named.has(id)),
    [],
    'take these out of PENDING',
  )
  assert.equal(
    wanted.filter((id) => !named.has(id) && !PENDING.has(id)),
    [],
    'rows without a test',
  )
})

complete('what a transport cannot show is a row that exists', () => {
  const named = new Set(FILES.flatMap((rows) => Object.keys(rows)).map(idOf))
  assert.equal(
    SENSELESS.filter(({ id }) => !named.has(id)),
    [],
  )
})

complete.run()
