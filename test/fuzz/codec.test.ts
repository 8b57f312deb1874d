// The codec, fuzzed for a moment: the corpus as it is, then changed. `npm run fuzz` goes on; PSEUD_FUZZ_SEED repeats a run.

import { codecTarget } from './codec.ts'
import { fuzzSuite } from './suite.ts'

fuzzSuite(codecTarget, 20_000)
