// RPC sessions, fuzzed for a moment: the corpus as it is, then changed. `npm run fuzz` goes on; PSEUD_FUZZ_SEED repeats a run.
import { sessionTarget } from './session.ts'
import { fuzzSuite } from './suite.ts'

fuzzSuite(sessionTarget, 600)
