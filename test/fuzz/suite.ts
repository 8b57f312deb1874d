// A target as tests: what is kept in the corpus, what failed once, and some thousand inputs of a fresh seed.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SEED } from '../support/noise.ts'
import { readCorpus, readFound } from './corpus.ts'
import { execute, Inputs } from './run.ts'
import type { Target } from './target.ts'

/** Registers and runs them. */
export function fuzzSuite(target: Target, count: number): void {
  const test = suite(`fuzzing, ${target.name}`)
  const corpus = readCorpus(target.name)

  test(`every input of the ${target.name} corpus runs clean, and so does what failed once`, async () => {
    assert.ok(corpus.length > 0)
    for (const input of [...corpus, ...readFound(target.name)]) await execute(target, input, SEED)
  })

  test(`${count} inputs run clean against the ${target.name}: seed ${SEED}`, async () => {
    const inputs = new Inputs(target, corpus, SEED)
    for (let i = 0; i < count; i++) await execute(target, inputs.next(), SEED)
  })

  test(`the same seed gives the same inputs for the ${target.name}`, () => {
    const some = (): string[] => {
      const inputs = new Inputs(target, corpus, SEED)
      return Array.from({ length: 20 }, () => inputs.next().toString('hex'))
    }
    assert.equal(some(), some())
  })

  test.run()
}
