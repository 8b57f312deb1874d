// One fault, so many times, in this process: scripts/chaos.mjs starts it. The argument is its setting as JSON; each outcome is a line of JSON.
import { FAULTS } from './index.ts'
import { runFault } from './runner.ts'
import type { Scale } from './world.ts'

interface Setting {
  readonly fault: number
  readonly seed: number
  readonly times: number
  readonly turn: number
  readonly scale: Scale
}

const { fault: number, seed, times, turn, scale } = JSON.parse(process.argv[2]!) as Setting
const fault = FAULTS.find((one) => one.number === number)
const print = (chaos: object): unknown => process.stdout.write(`${JSON.stringify({ chaos })}\n`)

if (fault === undefined) print({ error: `there is no fault ${number}` })
else {
  const reason = fault.impossible?.()
  if (reason !== undefined) print({ skipped: reason })
  else {
    let slowest = 0
    let failed = 0
    const notes = new Set<string>()
    for (let n = 0; n < times; n++) {
      try {
        const outcome = await runFault(fault, seed + n, scale, turn + n)
        slowest = Math.max(slowest, outcome.ms)
        for (const note of outcome.notes) if (notes.size < 3) notes.add(note)
        print({})
      } catch (error) {
        failed++
        const { stack, details = '' } = error as Error & { details?: string }
        print({ error: `${stack}\n${details}` })
      }
    }
    const told = notes.size > 0 ? `; ${[...notes].join('; ')}` : ''
    print({
      over: `fault ${number}: ${fault.title}: ${times - failed} of ${times} times, slowest ${Math.round(slowest)} ms${told}`,
    })
  }
}
process.exit(0)
