import { faultTests } from './suite.ts'

faultTests(1, 16)
