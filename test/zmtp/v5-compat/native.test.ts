// pseud/zmtp/v5-compat beside zeromq/v5-compat: programs for version 5 (test/fixtures/v5-compat) run unchanged with both, each in a process of
// its own, and must say the same, line by line; and what keeps a process alive.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { buildLibrary, NATIVE, programOf, runProgram } from '../../support/library.ts'

const test = suite('v5-compat beside the native one')
const folder = 'test/fixtures/v5-compat'
const programs = readdirSync(folder).filter((name) => name !== 'support.cjs')
const native = path.join(NATIVE, 'v5-compat.js')
let ours = ''

test.before(async () => {
  ours = await buildLibrary('src/zmtp/v5-compat/index.ts')
})

/** What the program prints with `library`, and how it ends. */
function output(program: string, library: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(folder, program), library], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
      killSignal: 'SIGKILL',
    })
    let text = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      text += data
    })
    child.stderr.setEncoding('utf8').on('data', (data: string) => {
      errors += data.replace(/^\(node:\d+\) |^\(Use `node .*\n/gm, '')
    })
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve([...text.split('\n'), errors, `ended with ${code ?? signal}`]),
    )
  })
}

test('there are programs', () => {
  assert.ok(programs.length >= 8)
})

for (const program of programs) {
  test(`${program} says the same with both, and ends by itself`, async () => {
    const [first, actual] = await Promise.all([output(program, native), output(program, ours)])
    // On a busy machine the native monitor loses events now and then: it gets a second and a third chance, ours does not.
    let expected = first
    for (let more = 2; more > 0 && differs(expected, actual) >= 0; more--)
      expected = await output(program, native)
    assert.is(expected.at(-1), 'ended with 0', expected.join('\n'))
    assert.ok(expected.length > 5)
    // The first line that differs says more than thousands side by side.
    const at = differs(expected, actual)
    assert.is(actual[at], expected[at], `line ${at}, after ${expected[at - 1]}`)
  })
}

/** The index of the first line that differs; -1 when none does. */
function differs(expected: string[], actual: string[]): number {
  if (actual.length > expected.length) return differs(actual, expected)
  return expected.findIndex((line, i) => line !== actual[i])
}

const ALIVE = 7

for (const [what, script, expected] of [
  ['a socket that only sends', `zmq.socket('push'); zmq.socket('pub')`, 0],
  ['one that may receive', `zmq.socket('pull')`, ALIVE],
  ['one that has not asked yet', `zmq.socket('req')`, ALIVE],
  ['one that is closed', `zmq.socket('pull').close()`, 0],
  ['one that is closed later', `const s = zmq.socket('pull'); setTimeout(() => s.close(), 20)`, 0],
  ['one that is paused', `zmq.socket('pull').pause()`, ALIVE],
  ['one that is bound', `zmq.socket('push').bindSync('tcp://127.0.0.1:*')`, 0],
  ['one that is being bound', `zmq.socket('push').bind('tcp://127.0.0.1:*')`, 0],
  ['one that dials', `zmq.socket('push').connect('tcp://127.0.0.1:1')`, 0],
  ['a message that nobody takes', `zmq.socket('push').send('x')`, ALIVE],
  ['one that is monitored', `zmq.socket('push').monitor()`, ALIVE],
  ['one that was monitored until it was closed', `zmq.socket('push').monitor().close()`, 0],
] as const) {
  const verb = expected === ALIVE ? 'keeps' : 'does not keep'
  test(`${what} ${verb} the process alive, with both`, async () => {
    const program = `setTimeout(() => process.exit(${ALIVE}), ${expected === ALIVE ? 250 : 6000}).unref(); ${script}`
    const outcomes = await Promise.all(
      [ours, native].map((library) => runProgram(programOf(library, program), 10_000)),
    )
    for (const { code, errors } of outcomes) assert.is(code, expected, errors)
  })
}

test.run()
