// Every octet of PLAIN, over real connections: socket-sweep.ts.
import { sweepSockets } from './socket-sweep.ts'

sweepSockets('PLAIN')
