// One process of `npm run fuzz`: runs what scripts/fuzz.mjs tells it by its arguments, and says how far it is by lines of JSON. It
// knows no other process; who minds several adds up.
import { parseArgs } from 'node:util'
import { readCorpus, writeCorpus } from './corpus.ts'
import { explore, minimise } from './explore.ts'
import { execute, Failure, Inputs } from './run.ts'
import { TARGETS } from './targets.ts'

const { values: flags } = parseArgs({
  options: {
    target: { type: 'string' },
    seed: { type: 'string', default: '1' },
    ms: { type: 'string', default: '10000' },
    count: { type: 'string', default: 'Infinity' },
    input: { type: 'string' },
    explore: { type: 'boolean', default: false },
    minimise: { type: 'boolean', default: false },
  },
})

const target = TARGETS.get(flags.target ?? '')
if (target === undefined)
  throw new Error(`no target ${flags.target}: there are ${[...TARGETS.keys()].join(', ')}`)
const seed = Number(flags.seed)
const until = performance.now() + Number(flags.ms)
let executions = 0

// A promise that nobody minds is a finding, wherever it comes from. A target that looks for them itself knows the input, too.
if (process.listenerCount('unhandledRejection') === 0)
  process.on('unhandledRejection', (reason) => fail(reason))

try {
  if (flags.input !== undefined) await replay(Buffer.from(flags.input, 'hex'))
  else if (flags.minimise) await thin()
  else await fuzz(readCorpus(target.name))
  tell('done')
} catch (error) {
  fail(error)
}

async function fuzz(corpus: Buffer[]): Promise<void> {
  if (flags.explore) {
    const before = corpus.length
    executions += await explore(target!, corpus, seed, until, () => tell('progress', corpus.length))
    writeCorpus(target!.name, corpus)
    tell('note', `${corpus.length - before} inputs reach something new`)
    return
  }
  const inputs = new Inputs(target!, corpus, seed)
  const count = Number(flags.count)
  let told = performance.now()
  // Stacks cost more than what is tested; a failure is run again with them.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  while (executions < count) {
    await execute(target!, inputs.next(), seed)
    executions++
    if ((executions & 63) !== 0) continue
    const now = performance.now()
    if (now > until) break
    if (now - told < 1000) continue
    told = now
    tell('progress', corpus.length)
  }
  Error.stackTraceLimit = stackTraceLimit
}

async function replay(input: Buffer): Promise<void> {
  executions++
  try {
    await target!.run(input)
  } catch (error) {
    console.error(error)
    throw new Failure(target!, seed, input, error)
  }
}

async function thin(): Promise<void> {
  const corpus = readCorpus(target!.name)
  const kept = await minimise(target!, corpus)
  writeCorpus(target!.name, kept)
  tell(
    'note',
    `${kept.length} of ${corpus.length} inputs are kept, ${kept.reduce((sum, { length }) => sum + length, 0)} octets`,
  )
}

function tell(kind: string, detail: unknown = 0): void {
  const { user, system } = process.cpuUsage()
  console.log(JSON.stringify({ kind, executions, detail, cpuMs: (user + system) / 1000 }))
}

function fail(error: unknown): void {
  tell(
    'failure',
    error instanceof Failure
      ? error.message
      : `${target!.name}, seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`,
  )
  process.exit(1)
}
