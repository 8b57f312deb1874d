// Registers faults as tests: each once, small, with a seed that is printed when it fails.
import { suite } from 'uvu'
import { SEED } from '../support/noise.ts'
import { FAULTS } from './index.ts'
import { runFault } from './runner.ts'

/** The faults from one number to another. CHAOS_ONLY=4,12 narrows it, CHAOS_TIMES=3 repeats it. */
export function faultTests(first: number, last: number): void {
  const test = suite(`chaos, faults ${first} to ${last}`)
  const only = process.env.CHAOS_ONLY?.split(',').map(Number)
  for (const fault of FAULTS) {
    if (fault.number < first || fault.number > last || only?.includes(fault.number) === false) continue
    const reason = fault.impossible?.()
    const name = `fault ${fault.number}: ${fault.title}`
    if (reason !== undefined) {
      console.log(`SKIPPED: ${name}: ${reason}`)
      test.skip(name, () => {})
    } else
      test(name, async () => {
        for (let turn = 0; turn < Number(process.env.CHAOS_TIMES ?? 1); turn++) {
          const { ms } = await runFault(fault, SEED + fault.number + turn * 1000, 'small', turn)
          if (only !== undefined) console.log(`${name}: ${Math.round(ms)} ms`)
        }
      })
  }
  test.run()
}
