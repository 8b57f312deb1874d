// Every octet of CURVE, over real connections: socket-sweep.ts.
import { sweepSockets } from './socket-sweep.ts'

sweepSockets('CURVE')
