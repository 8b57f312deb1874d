// The matrix: every legal pair of socket types against libzmq, either side binding, tcp, ipc and ::1, libzmq of the `zeromq` package and of
// pyzmq. In each cell 10,000 messages go each way that the types allow, 0 octets to 8 MiB and up to 1,000 parts, and digests over their order
// and content are compared. The table that it prints has thousands of messages per second where all was well; the two libraries run side by
// side, so these say which cell is slow, not how fast anything is.
import { networkInterfaces } from 'node:os'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { code } from '../support/sockets.ts'
import { within } from '../support/within.ts'
import { Actor } from './support/actions.mjs'
import { acquaint, anywhere, checkSame, close, link, open, type Transport } from './support/links.ts'
import { LIBRARIES, type Library, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'
import { type End, exchange, expectedFrom, runOf, SPLITS, subscribes, type Type } from './support/scenario.ts'

const COUNT = 10_000
const PER_DIGEST = 100
const OURS = runOf('ours', COUNT, PER_DIGEST)
const THEIRS = runOf('theirs', COUNT, PER_DIGEST)

const COLUMNS: readonly (readonly [Transport, weBind: boolean])[] = [
  ['tcp', true],
  ['tcp', false],
  ['ipc', true],
  ['ipc', false],
  ['tcp6', true],
]
const python = pythonOr('the matrix against the libzmq of pyzmq')
const libraries = LIBRARIES.filter((library) => library === 'zeromq' || python !== undefined)
const loopback6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
)

interface Column {
  readonly library: Library
  readonly transport: Transport
  readonly weBind: boolean
}

interface Cell extends Column {
  readonly ours: Type
  readonly theirs: Type
}

/** Messages per second, or why not. */
type Outcome = number | Error

const columns: Column[] = LIBRARIES.flatMap((library) =>
  COLUMNS.map(([transport, weBind]) => ({ library, transport, weBind })),
)
const rows = SPLITS.map(([ours, theirs]) => columns.map((column): Cell => ({ ...column, ours, theirs })))
const cells = rows.flat().filter(canPlay)
const outcomes = new Map<Cell, Promise<Outcome>>()

function canPlay({ library, transport }: Column): boolean {
  return libraries.includes(library) && (loopback6 || transport !== 'tcp6')
}

/** Plays all cells of one library, one after the other. */
async function playAll(library: Library, settle: Map<Cell, (outcome: Outcome) => void>): Promise<void> {
  let peer = new Peer(library)
  for (const cell of cells.filter((cell) => cell.library === library)) {
    const actor = new Actor(zmq)
    try {
      settle.get(cell)!(await within(60_000, play(cell, actor, peer), 'the exchange'))
    } catch (error) {
      settle.get(cell)!(error as Error)
      // Either may be waiting still, for ever.
      actor.end()
      await peer.kill()
      peer = new Peer(library)
    }
  }
  await peer.end()
}

async function play({ ours, theirs, transport, weBind }: Cell, actor: Actor, peer: Peer): Promise<number> {
  const us: End = { doer: actor, type: ours, name: 'ours', run: OURS }
  const them: End = { doer: peer, type: theirs, name: 'theirs', run: THEIRS }
  for (const end of [us, them])
    await open(end, { ...roomFor(end.type), ...(transport === 'tcp6' && { ipv6: true }) })
  await (weBind ? link(us, them, transport) : link(them, us, transport))
  await acquaint(us, them)
  const start = performance.now()
  const [weGot, theyGot] = await exchange(us, them)
  const ms = performance.now() - start
  checkSame(weGot, expectedFrom(them), `what we got, by ${PER_DIGEST}`)
  checkSame(theyGot, expectedFrom(us), `what they got, by ${PER_DIGEST}`)
  await close(us, them)
  return ((weGot.length + theyGot.length) * PER_DIGEST * 1000) / ms
}

/** Publishers and a REP drop what does not fit, so nothing may be too much. All others wait, at the usual high-water marks. */
function roomFor(type: Type): Record<string, unknown> {
  if (type === 'PUB' || type === 'XPUB' || type === 'REP') return { sendHighWaterMark: 0 }
  return subscribes(type) ? { receiveHighWaterMark: 0 } : {}
}

// -- the table -------------------------------------------------------------------------------------------------------

async function printTable(): Promise<void> {
  let green = 0
  const row = (head: string, texts: readonly string[]) =>
    console.log(`REPORT: ${[head.padEnd(14), ...texts.map((text) => text.padStart(12))].join('')}`)
  row(
    'ours theirs',
    columns.map(({ library }) => library),
  )
  row(
    '',
    columns.map(
      ({ transport, weBind }) => `${transport === 'tcp6' ? '::1' : transport} ${weBind ? 'bind' : 'connect'}`,
    ),
  )
  for (const cellsOfRow of rows) {
    const outcomesOfRow = await Promise.all(cellsOfRow.map((cell) => outcomes.get(cell)))
    green += outcomesOfRow.filter((outcome) => typeof outcome === 'number').length
    row(`${cellsOfRow[0]!.ours} ${cellsOfRow[0]!.theirs}`, outcomesOfRow.map(textOf))
  }
  console.log(`REPORT: ${cells.length} cells, ${green} green; k: thousands of messages a second`)
  if (!loopback6) console.log('REPORT: no ::1 on this machine: tested is only that a bind there fails')
}

function textOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'not here'
  return typeof outcome === 'number' ? `ok ${(outcome / 1000).toFixed(1)}k` : 'FAILED'
}

// -- the tests -------------------------------------------------------------------------------------------------------

const tests = suite('matrix')

tests.before(() => {
  const settle = new Map<Cell, (outcome: Outcome) => void>()
  for (const cell of cells) outcomes.set(cell, new Promise((resolve) => settle.set(cell, resolve)))
  for (const library of libraries) playAll(library, settle)
})
tests.after(printTable)

for (const cell of rows.flat()) {
  const { library, ours, theirs, transport, weBind } = cell
  const test = libraries.includes(library) ? tests : tests.skip // skipped ones count for the floor
  const verb = weBind ? 'binds' : 'connects'
  test(`our ${ours} ${verb} over ${transport}: 10,000 messages with a ${theirs} of ${library}`, async () => {
    const outcome = await (canPlay(cell) ? outcomes.get(cell) : failToBind(ours, transport))
    if (outcome instanceof Error) throw outcome
  })
}

async function failToBind(type: Type, transport: Transport): Promise<void> {
  const us: End = { doer: new Actor(zmq), type, name: 'ours', run: OURS }
  await open(us, { ipv6: true })
  assert.match(
    await code(() => us.doer.run({ do: 'bind', name: us.name, endpoint: anywhere(transport) })),
    /^EADDRNOTAVAIL|EAFNOSUPPORT$/,
  )
  await close(us)
}

tests.run()
