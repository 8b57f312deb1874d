// Makes the faults of test/chaos: all of them, many times, and combinations of three, two at a time, each in a process of its own.
//
// Usage: npm run chaos -- [--fault N[,M]] [--times N] [--seed S] [--combine N] [--small] [--turn T] [--jobs N]
//   --fault    only these; default all, and combinations
//   --times    how often each is made (20)
//   --combine  how many seeded combinations of three faults (500; 0 with --fault)
//   --seed     all that is drawn follows from it; default the time. Printed
//   --turn     the first injection is the T-th: of a sweep, which part
//   --small    as in `npm test`
// A failure prints the command that makes it again. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { runnable } from './source-aliases.mjs'

const { values: flags } = parseArgs({
  options: {
    fault: { type: 'string' },
    times: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    combine: { type: 'string' },
    turn: { type: 'string', default: '0' },
    small: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
  },
})
// So many combinations in one process: starting one costs more than a fault.
const BATCH = 10
const folder = path.resolve('build/chaos')
await build({
  ...runnable,
  entryPoints: { main: 'test/chaos/main.ts', child: 'test/chaos/child.ts' },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  splitting: true,
})

const seed = Number(flags.seed)
const combinations = Number(flags.combine ?? (flags.fault === undefined ? 500 : 0))
const faults = flags.fault?.split(',').map(Number) ?? Array.from({ length: 63 }, (_, n) => n + 1)
const tasks = [
  ...faults.map((fault) => ({ fault, seed: seed + fault * 1000, times: Number(flags.times) })),
  ...Array.from({ length: Math.ceil(combinations / BATCH) }, (_, n) => ({
    fault: 64,
    seed: seed + 64_000 + n * BATCH,
    times: Math.min(BATCH, combinations - n * BATCH),
  })),
]
// What a failure says to run again.
if (tasks.length === 1 && flags.times === '1') tasks[0].seed = seed
console.log(`seed ${seed}: ${faults.length} faults ${flags.times} times each, ${combinations} combinations`)

const totals = { passed: 0, failed: 0, skipped: [] }
const children = new Set()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of children) killGroup(child.pid)
    process.exit(1)
  })
}
const started = performance.now()
const queue = tasks.slice()
await Promise.all(
  Array.from({ length: Math.max(1, Number(flags.jobs)) }, async () => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) await run(task)
  }),
)
if (totals.skipped.length > 0) console.log(`\nNOT MADE HERE:\n  ${totals.skipped.join('\n  ')}`)
console.log(`${Math.round((performance.now() - started) / 1000)} s, seed ${seed}`)
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exit(totals.failed > 0 ? 1 : 0)

/** One process for one fault: its lines are JSON, anything else is shown. */
function run(task) {
  return new Promise((resolve) => {
    const setting = { ...task, turn: Number(flags.turn), scale: flags.small ? 'small' : 'long' }
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', path.join(folder, 'main.mjs'), JSON.stringify(setting)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true, // its own process group, so that one kill reaches its children too
        env: { ...process.env, PSEUD_CHAOS_CHILD: path.join(folder, 'child.mjs') },
      },
    )
    children.add(child)
    let rest = ''
    let done = 0
    child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()
      for (const line of lines) done += report(task, line)
    })
    child.on('close', (code) => {
      killGroup(child.pid)
      children.delete(child)
      if (done < task.times && code !== 0) {
        totals.failed++
        console.log(`FAIL fault ${task.fault}: the process ended with ${code} after ${done} of ${task.times}`)
      }
      resolve()
    })
  })
}

function report(task, line) {
  if (!line.startsWith('{"chaos"')) {
    if (line !== '') console.log(line)
    return 0
  }
  const { chaos } = JSON.parse(line)
  if (chaos.skipped !== undefined) {
    totals.skipped.push(`fault ${task.fault}: ${chaos.skipped}`)
    return task.times
  }
  if (chaos.error !== undefined) {
    totals.failed++
    console.log(`FAIL ${chaos.error}`)
    return 1
  }
  if (chaos.over !== undefined) console.log(`ok   ${chaos.over}`)
  else totals.passed++
  return chaos.over === undefined ? 1 : 0
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is gone: what was wanted.
  }
}
