// The runner's guard, tried on test files that must not pass: uvu alone calls most of them a success.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sleep } from './support/within.ts'

const guard = suite('guard')

const HEAD = `import { suite } from 'uvu'\nconst s = suite('s')\n`

interface Verdict {
  code: number | null
  output: string
  lastLine: string
}

async function run(source: string, flags: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Verdict> {
  mkdirSync('build', { recursive: true })
  const folder = mkdtempSync(path.join('build', 'guard-'))
  writeFileSync(path.join(folder, 'case.test.ts'), source)
  const child = spawn(process.execPath, ['scripts/test.mjs', '--root', folder, ...flags], {
    env: { ...process.env, CI: '', ...env, PSEUD_TEST_DIR: path.join(folder, 'out') },
  })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    output += data
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  rmSync(folder, { recursive: true, force: true })
  return { code, output, lastLine: output.trimEnd().split('\n').at(-1) ?? '' }
}

/** A zombie, which nobody may have reaped, counts as dead. */
function runs(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
  return state !== '' && !state.startsWith('Z')
}

async function fails(
  source: string,
  why: RegExp,
  flags: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const verdict = await run(source, flags, env)
  assert.match(verdict.output, why)
  assert.is(verdict.code, 1)
  assert.match(verdict.lastLine, /^\d+ passed, [1-9]\d* failed$/)
}

const FAILS_ONCE = `${HEAD}import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
const mark = fileURLToPath(import.meta.url) + '.mark'
s('late', () => {
  if (existsSync(mark)) return
  writeFileSync(mark, '')
  throw new Error('too slow')
})
s('good', () => {})
s.run()`

guard('with --again, what fails once is tried again, counted once, and told loudly', async () => {
  const verdict = await run(FAILS_ONCE, ['--again', '1'])
  assert.match(verdict.output, /too slow.*PASSED ONLY AT THE SECOND TRY.*case\.test\.ts/s)
  assert.is(verdict.lastLine, '2 passed, 0 failed')
  assert.is(verdict.code, 0)
})

guard('without --again, what fails once has failed', () => fails(FAILS_ONCE, /too slow/))

guard('with --again, what fails twice has failed, once', async () => {
  const source = `${HEAD}s('bad', () => { throw new Error('wrong') })\ns('good', () => {})\ns.run()`
  const verdict = await run(source, ['--again', '1'])
  assert.is(verdict.lastLine, '1 passed, 1 failed')
  assert.is(verdict.code, 1)
})

guard('passes a file whose tests pass, and counts them', async () => {
  const verdict = await run(`${HEAD}s('a', () => {})\ns('b', () => {})\ns.run()`)
  assert.is(verdict.lastLine, '2 passed, 0 failed')
  assert.is(verdict.code, 0)
})

guard('counts a failing test and shows its message', async () => {
  const verdict = await run(
    `${HEAD}s('a', () => {})\ns('b', () => { throw new Error('broken here') })\ns.run()`,
  )
  assert.is(verdict.lastLine, '1 passed, 1 failed')
  assert.match(verdict.output, /broken here/)
  assert.is(verdict.code, 1)
})

guard('fails a file that registers no test', () => fails('export {}', /ran no test/))

guard('fails a file that declares a suite and never runs it', () =>
  fails(`${HEAD}s('a', () => {})`, /registered but never run: s: 1 tests/),
)

guard('fails a file that registers a test after run()', () =>
  fails(`${HEAD}s('a', () => {})\ns.run()\ns('late', () => {})`, /registered but never run: s: 1 tests/),
)

guard('fails a file that exits with success before its tests ran', () =>
  fails(
    `${HEAD}s('a', () => { process.exit(0) })\ns('b', () => {})\ns.run()`,
    /registered 2 tests, started 1/,
  ),
)

guard('fails a test that never settles, and names it', () =>
  fails(
    `${HEAD}s('waits for ever', () => new Promise(() => setInterval(() => {}, 1000)))\ns.run()`,
    /still running after 1500 ms in "s: waits for ever"/,
    ['--deadline-ms', '1500'],
  ),
)

guard('fails a file that uses only', () =>
  fails(`${HEAD}s('a', () => {})\ns.only('b', () => {})\ns.run()`, /"only" hides the other tests: s: b/),
)

guard('fails a file whose promise rejects unhandled after the totals', () =>
  fails(
    `${HEAD}s('a', () => { setTimeout(() => Promise.reject(new Error('nobody listens')), 50) })\ns.run()`,
    /nobody listens/,
  ),
)

guard('fails a suite whose before hook throws, and shows why', () =>
  fails(
    `${HEAD}s.before(() => { throw new Error('no ground') })\ns('a', () => {})\ns.run()`,
    /the hook threw: s: before[\s\S]*no ground/,
  ),
)

guard('kills what a hanging file started', async () => {
  const source = `${HEAD}import { spawn, spawnSync } from 'node:child_process'
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    s('a', () => { console.log('child=' + child.pid); return new Promise(() => setInterval(() => {}, 1000)) })
    s.run()`
  const verdict = await run(source, ['--deadline-ms', '1500'])
  const pid = Number(/child=(\d+)/.exec(verdict.output)?.[1])
  assert.ok(pid > 0)
  await sleep(100)
  assert.not.ok(runs(pid))
})

guard('fails a skip that gives no reason', () =>
  fails(`${HEAD}s('a', () => {})\ns.skip('b', () => {})\ns.run()`, /skips without saying why/),
)

guard('repeats SKIPPED lines at the end, and fails on them with CI=true', async () => {
  const source = `${HEAD}console.log('SKIPPED: no such peer here')\ns('a', () => {})\ns.skip('b', () => {})\ns.run()`
  const home = await run(source)
  assert.match(home.output, /NOT TESTED HERE:\n.*case\.test\.ts: SKIPPED: no such peer here/)
  assert.is(home.lastLine, '1 passed, 0 failed')
  const ci = await run(source, [], { CI: 'true' })
  assert.is(ci.lastLine, '1 passed, 1 failed')
  assert.is(ci.code, 1)
})

guard('fails when no file matches', async () => {
  const verdict = await run(`${HEAD}s('a', () => {})\ns.run()`, ['no-such-file'])
  assert.is(verdict.lastLine, '0 passed, 1 failed')
  assert.is(verdict.code, 1)
})

guard.run()
