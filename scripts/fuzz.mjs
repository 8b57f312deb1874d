// `npm run fuzz -- [--target codec|engine|session] [--minutes N] [--count N] [--seed S] [--workers N]`: fuzzes the targets one after the other,
// each in two processes, for N minutes in all or N executions of each; says every few seconds how far it is, and at the end the
// totals. A failure prints its seed, its input, as small as it could be made, and the command that runs that input again.
//   --input HEX    runs one input
//   --explore      keeps inputs that reach something new, in test/fuzz/corpus (slow: V8 counts blocks)
//   --minimise     leaves out inputs of the corpus that reach nothing that others do not
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { runnable } from './source-aliases.mjs'

const NAMES = ['codec', 'engine', 'session']
const { values: flags } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: NAMES },
    minutes: { type: 'string' },
    count: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    workers: { type: 'string' },
    input: { type: 'string' },
    explore: { type: 'boolean', default: false },
    minimise: { type: 'boolean', default: false },
  },
})
const wrong = flags.target.find((name) => !NAMES.includes(name))
if (wrong !== undefined) throw new Error(`no target ${wrong}: there are ${NAMES.join(', ')}`)
const alone = flags.input !== undefined || flags.minimise || flags.explore
const workers = alone ? 1 : Number(flags.workers ?? 2)
const seed = Number(flags.seed)
// With a count alone, time is no bound.
const minutes = Number(flags.minutes ?? (flags.count === undefined ? 1 : Number.POSITIVE_INFINITY))
const msEach = (minutes * 60_000) / flags.target.length

const outfile = `build/fuzz/${process.pid}.mjs`
mkdirSync('build/fuzz', { recursive: true })
await build({
  ...runnable,
  entryPoints: ['test/fuzz/worker.ts'],
  outfile,
  sourcemap: alone ? 'inline' : false,
})
process.on('exit', () => rmSync(outfile, { force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))

console.log(`seed ${seed}`)
const totals = []
for (const name of flags.target) {
  if (!(await runTarget(name))) process.exitCode = 1
}
console.log(
  `totals: ${totals.join('; ')}; seed ${seed}${process.exitCode === 1 ? '; FAILED' : '; all clean'}`,
)

/** Whether it is clean. */
async function runTarget(name) {
  const begun = performance.now()
  const done = new Array(workers).fill(0)
  const cpuMs = new Array(workers).fill(0)
  let corpus = 0
  let clean = true
  const line = () => {
    const seconds = (performance.now() - begun) / 1000
    const executions = done.reduce((sum, one) => sum + one, 0)
    const cpuSeconds = cpuMs.reduce((sum, one) => sum + one, 0) / 1000
    const rates = [executions / seconds, executions / cpuSeconds].map((rate) =>
      Math.round(rate).toLocaleString('en'),
    )
    return `${name}: ${executions.toLocaleString('en')} executions in ${seconds.toFixed(1)} s, ${rates[0]} a second, ${rates[1]} a second of processor time`
  }
  const progress = setInterval(() => console.log(`${line()}, corpus ${corpus}, seed ${seed}`), 5000)
  await Promise.all(
    done.map((_, i) => {
      const onMessage = ({ kind, executions, detail, cpuMs: spent }) => {
        done[i] = executions
        cpuMs[i] = spent
        if (kind === 'progress') corpus = detail
        if (kind === 'note') console.log(`${name}: ${detail}`)
        if (kind === 'failure') {
          clean = false
          console.log(detail)
        }
      }
      return runWorker(name, i, onMessage).then((code) => {
        if (code === 0 || !clean) return
        clean = false
        console.log(`${name}: worker ${i} ended with ${code}, seed ${seed + i}`)
      })
    }),
  )
  clearInterval(progress)
  if (!alone || flags.explore) console.log(line())
  totals.push(line())
  return clean
}

function runWorker(name, i, onMessage) {
  const args = ['--target', name, '--seed', String(seed + i)]
  if (flags.count !== undefined) args.push('--count', String(Math.ceil(Number(flags.count) / workers)))
  if (flags.input !== undefined) args.push('--input', flags.input)
  if (flags.explore) args.push('--explore')
  if (flags.minimise) args.push('--minimise')
  args.push('--ms', String(msEach))
  // A message that makes the codec take memory for what was only announced ends here.
  const node = ['--max-old-space-size=512', ...(alone ? ['--enable-source-maps'] : [])]
  const child = spawn(process.execPath, [...node, outfile, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  process.on('exit', () => child.kill())
  let text = ''
  child.stdout.on('data', (chunk) => {
    const lines = `${text}${chunk}`.split('\n')
    text = lines.pop()
    for (const line of lines) {
      if (line.startsWith('{"kind"')) onMessage(JSON.parse(line))
      else console.log(line)
    }
  })
  return new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)))
}
