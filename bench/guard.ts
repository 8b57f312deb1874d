// `npm run bench:guard`: has anything become clearly slower? Encode, decode, frame parse, frame write, fan-out, PUSH to PULL and RPC calls, in processor time,
// interleaved, against two things: the same work by the sources of an earlier commit, the baseline of budgets.json, which tells a fifth of a loss from
// noise on any machine; and a reference in the same run (JSON, bare frames), which the baseline may not creep away from. What fails is measured once
// more before it counts. Move the baseline when ours has become faster, or when the old sources can no longer run the work.
import budgets from './budgets.json' with { type: 'json' }
import { type Guarded, guarded } from './support/guarded.ts'
import { type Contender, measure } from './support/measure.ts'

const { baseline, leastOfBaseline, subjects } = budgets
const now = await guarded()
const before = await guardedBefore()
let passed = 0
let failed = 0

for (const [name, [reference, ours]] of Object.entries(now.subjects)) {
  const budget = subjects[name as keyof typeof subjects]
  const earlier = before?.subjects[name]?.[1]
  const contenders = [
    reference!,
    ...(earlier === undefined ? [] : [{ ...earlier, name: 'pseud, baseline' }]),
    ours!,
  ]
  const first = await verdictOf(name, contenders, budget)
  const verdict = first.good ? first : await verdictOf(`${name}, again`, contenders, budget)
  if (verdict.good) passed++
  else failed++
  console.log(`${verdict.good ? 'ok  ' : 'SLOW'} ${name}: ${verdict.words}`)
}
await now.close()
await before?.close()
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** The build that bench.mjs has made of the baseline; none where the history does not go back so far. */
async function guardedBefore(): Promise<Guarded | undefined> {
  const file = process.env.PSEUD_BASELINE
  if (file === undefined) {
    console.log(`\n*** NO BASELINE: ${baseline} is not in this clone; only large losses are seen.\n`)
    return undefined
  }
  return await ((await import(file)) as { guarded(): Promise<Guarded> }).guarded()
}

async function verdictOf(
  subject: string,
  contenders: Contender[],
  budget: { reference: string; minRatio: number },
): Promise<{ good: boolean; words: string }> {
  const rows = await measure({ bench: 'guard', subject, unit: '1/s', rounds: 15, warmups: 3, contenders })
  const row = rows.at(-1)!
  const ofBaseline = row.ratios['pseud, baseline']
  const pieces = [`${row.ratio.toFixed(2)} x ${budget.reference} (budget ${budget.minRatio})`]
  if (ofBaseline !== undefined)
    pieces.push(`${ofBaseline.toFixed(2)} x the baseline (budget ${leastOfBaseline})`)
  return {
    good: row.ratio >= budget.minRatio && (ofBaseline ?? 1) >= leastOfBaseline,
    words: pieces.join(', '),
  }
}
