import { faultTests } from './suite.ts'

faultTests(33, 48)
