import { faultTests } from './suite.ts'

faultTests(49, 64)
