// The engine, fuzzed for a moment: the corpus as it is, then changed. `npm run fuzz` goes on; PSEUD_FUZZ_SEED repeats a run.
import { engineTarget } from './engine.ts'
import { fuzzSuite } from './suite.ts'

fuzzSuite(engineTarget, 4000)
