// Every octet of NULL, over real connections: socket-sweep.ts.
import { sweepSockets } from './socket-sweep.ts'

sweepSockets('NULL')
