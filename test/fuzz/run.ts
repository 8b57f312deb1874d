// Runs a target: inputs that are new, inputs that are nearly those of the corpus, and, when one fails, the smallest that fails still.
// Everything follows from one seed.
import { Noise } from '../support/noise.ts'
import { mutate } from './mutate.ts'
import type { Target } from './target.ts'

/** An input that a property does not hold for. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly input: Buffer

  constructor(target: Target, seed: number, input: Buffer, cause: unknown) {
    const hex = input.toString('hex')
    super(
      [
        `${target.name}, seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`,
        `  input   ${hex}`,
        `  replay  npm run fuzz -- --target ${target.name} --input ${hex}`,
      ].join('\n'),
      { cause },
    )
    this.input = input
  }
}

/** A row of inputs that follows from `seed`: mostly changed ones of `corpus`, which may grow meanwhile. */
export class Inputs {
  readonly #target: Target
  readonly #corpus: readonly Buffer[]
  readonly #noise: Noise

  constructor(target: Target, corpus: readonly Buffer[], seed: number) {
    this.#target = target
    this.#corpus = corpus
    // Neighbouring seeds shall not give neighbouring rows.
    this.#noise = new Noise(Math.imul(seed + 1, 0x9e37_79b1))
  }

  next(): Buffer {
    const noise = this.#noise
    if (this.#corpus.length === 0 || noise.random(8) === 0) {
      const drawn = this.#target.draw(noise)
      return noise.random(2) === 0 ? drawn : mutate(noise, drawn, drawn)
    }
    return mutate(noise, noise.pick(this.#corpus), noise.pick(this.#corpus))
  }
}

/** Runs `input`; throws `Failure` with the smallest input found that fails likewise. */
export async function execute(target: Target, input: Buffer, seed: number): Promise<void> {
  try {
    const running = target.run(input)
    if (running !== undefined) await running
  } catch (error) {
    const [smallest, cause] = await shrink(target, input, error)
    throw new Failure(target, seed, smallest, cause)
  }
}

const TRIES_MAX = 3000

/** Leaves out what is not needed to fail, and makes zeros of what does not matter. */
async function shrink(target: Target, input: Buffer, error: unknown): Promise<[Buffer, unknown]> {
  let best = input
  let cause = error
  let tries = 0
  const fails = async (candidate: Buffer): Promise<boolean> => {
    if (tries++ > TRIES_MAX) return false
    try {
      await target.run(candidate)
      return false
    } catch (thrown) {
      best = candidate
      cause = thrown
      return true
    }
  }
  for (let size = best.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < best.length; ) {
      if (!(await fails(Buffer.concat([best.subarray(0, at), best.subarray(at + size)])))) at += size
    }
  }
  for (let at = 0; at < best.length; at++) {
    if (best[at] === 0) continue
    const candidate = Buffer.from(best)
    candidate[at] = 0
    await fails(candidate)
  }
  return [best, cause]
}
