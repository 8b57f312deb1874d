// The end of processes: the programs of life.mjs, once with the native package and once with ours. Whether each ended by itself, its exit
// code, and what it printed must be the same; times are only held against a lower bound.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { until } from '../support/within.ts'
import { life, type Program } from './life.mjs'
import { buildOurs, type Ended, NATIVE, run } from './support.ts'

const test = suite('parity: life')

// Generous, for a machine that is busy: a program that should end gets this long.
const LONG_MS = 20_000
// And one that should not is watched for so long, once it runs.
const SHORT_MS = 1000
// Most of them wait most of the time.
const AT_ONCE = 5

const outcomes = new Map<Program, Promise<[Ended, Ended]>>()

test.before(async () => {
  const library = await buildOurs()
  const queue = [...life]
  const next = (): void => {
    const program = queue.shift()
    if (program === undefined) return
    const both = Promise.all([play(NATIVE, program), play(library, program)])
    outcomes.set(program, both)
    both.finally(next).catch(() => {}) // the test of this program sees it
  }
  for (let i = 0; i < AT_ONCE; i++) next()
})

for (const program of life) {
  test(`life: ${program.name}`, async () => {
    await until(() => outcomes.has(program), 120_000, 'its turn')
    const [native, ours] = await outcomes.get(program)!
    assert.is(ours.code === null, program.lives === true, `${ours.code} ${ours.signal} ${ours.errors}`)
    assert.ok(ours.ms >= (program.waits ?? 0), `after ${ours.ms} ms`)
    assert.is(outcome(ours), outcome(native, program))
  })
}

test.run()

function play(name: string, { program, lives }: Program): Promise<Ended> {
  const text = `const zmq = require(${JSON.stringify(name)})
    require('node:fs').writeSync(1, 'runs\\n')
    ;(async () => {
      ${program}
    })()`
  return run(['-e', text], LONG_MS, lives === true ? { sinceOutputMs: SHORT_MS } : {})
}

const HINT = /\(Use `node --trace-warnings \.\.\.` to show where the warning was created\)\n/g
const WAITING = /\(node:\d+\) WARNING: Waiting for queued .*\n/g

/**
 * Without what differs from process to process, and without Node's hint: see "the warning after 500 ms …" in
 * docs/zeromq-differences.md. Of an error that ends a process, only its class and its text.
 */
function outcome({ code, signal, output, errors }: Ended, program?: Program): string {
  const fatal = /^Node\.js v/m.test(errors) ? /\w*Error: [^\n\]{]*/.exec(errors)?.[0]?.trim() : undefined
  // On a busy machine the native package takes more than half a second to end, and warns even though nothing has to wait.
  const tired = program !== undefined && program.lives !== true && (program.waits ?? 0) < 500
  const said = errors.replaceAll(tired ? WAITING : /^$/g, '').replaceAll(HINT, '')
  return JSON.stringify({ code, signal, output, said: fatal ?? said.replaceAll(/(?<=\(node:)\d+/g, '') })
}
