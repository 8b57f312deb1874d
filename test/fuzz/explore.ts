// What an input reaches, by V8's own counters (the inspector's precise coverage, in blocks): inputs that reach something new are kept,
// and of those that are kept the ones are left out that reach nothing that the others do not.
import { readFileSync } from 'node:fs'
import { type Profiler, Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import { execute, Inputs } from './run.ts'
import type { Target } from './target.ts'

/** How many inputs are run before anybody looks what they have reached: a look costs as much as many of them. */
const BATCH = 64

/** Runs inputs until `until`, and adds to `corpus` those that reach something new. Returns how many were run. */
export async function explore(
  target: Target,
  corpus: Buffer[],
  seed: number,
  until: number,
  onProgress: () => void,
): Promise<number> {
  const coverage = new Coverage(target.sources)
  const inputs = new Inputs(target, corpus, seed)
  const reached = new Set<string>()
  let executions = 0
  const reach = async (batch: readonly Buffer[]): Promise<string[]> => {
    await coverage.begin()
    for (const input of batch) await execute(target, input, seed)
    executions += batch.length
    return coverage.end()
  }
  // Halves of a batch, down to the one input that it was.
  const search = async (batch: readonly Buffer[]): Promise<void> => {
    const fresh = (await reach(batch)).filter((block) => !reached.has(block))
    if (fresh.length === 0) return
    if (batch.length === 1) {
      for (const block of fresh) reached.add(block)
      if (!corpus.some((kept) => kept.equals(batch[0]!))) corpus.push(batch[0]!)
      return
    }
    const half = batch.length >> 1
    await search(batch.slice(0, half))
    await search(batch.slice(half))
  }
  for (const input of [...corpus]) for (const block of await reach([input])) reached.add(block)
  let told = performance.now()
  while (performance.now() < until) {
    await search(Array.from({ length: BATCH }, () => inputs.next()))
    if (performance.now() - told < 1000) continue
    told = performance.now()
    onProgress()
  }
  coverage.close()
  return executions
}

/** Those of `corpus` that together reach all that it reaches: short ones first. */
export async function minimise(target: Target, corpus: readonly Buffer[]): Promise<Buffer[]> {
  const coverage = new Coverage(target.sources)
  const reached = new Set<string>()
  const kept: Buffer[] = []
  for (const input of [...corpus].sort((a, b) => a.length - b.length)) {
    await coverage.begin()
    await execute(target, input, 0)
    const fresh = (await coverage.end()).filter((block) => !reached.has(block))
    if (fresh.length === 0) continue
    for (const block of fresh) reached.add(block)
    kept.push(input)
  }
  coverage.close()
  return kept
}

/** Which blocks of the sources have run since. */
class Coverage {
  readonly #session = new Session()
  readonly #script: string
  readonly #ranges: readonly (readonly [number, number])[]

  constructor(sources: readonly string[]) {
    this.#script = import.meta.url
    this.#ranges = rangesOf(readFileSync(fileURLToPath(this.#script), 'utf8'), sources)
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Forgets what has run so far. */
  begin(): Promise<unknown> {
    return this.#take()
  }

  /** Blocks as `start-end`, with the size of their count: once, some times, often. */
  async end(): Promise<string[]> {
    const blocks: string[] = []
    for (const { functions } of await this.#take()) {
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0 && this.#isOurs(startOffset)) blocks.push(`${startOffset}-${endOffset}`)
        }
      }
    }
    return blocks
  }

  close(): void {
    this.#session.disconnect()
  }

  #isOurs(offset: number): boolean {
    return this.#ranges.some(([start, end]) => offset >= start && offset < end)
  }

  #take(): Promise<Profiler.ScriptCoverage[]> {
    return new Promise((resolve, reject) => {
      this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
        if (error !== null) reject(error)
        else resolve(taken.result.filter(({ url }) => url === this.#script))
      })
    })
  }
}

/** Where in a bundle the files lie whose paths begin so: the bundler says by a comment where each begins. */
function rangesOf(bundle: string, sources: readonly string[]): [number, number][] {
  const marks = [...bundle.matchAll(/^\/\/ ((?:src|test|node_modules)\/\S+)$/gm)]
  return marks.flatMap((mark, i) =>
    sources.some((source) => mark[1]!.startsWith(source))
      ? [[mark.index, marks[i + 1]?.index ?? bundle.length] as [number, number]]
      : [],
  )
}
