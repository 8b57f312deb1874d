import { faultTests } from './suite.ts'

faultTests(17, 32)
