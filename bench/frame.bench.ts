// ZMTP framing without sockets: frames per second that the engine walks in a 64 KiB chunk, against a bare cursor that
// checks nothing and keeps no state; and frames per second that it writes, against a bare loop.
import { parseContenders, writeContenders } from './support/frames.ts'
import { measure } from './support/measure.ts'

for (const size of [16, 128, 1024]) {
  await measure({
    bench: 'frame',
    subject: `parse ${size} B`,
    unit: 'frames/s',
    contenders: parseContenders(size),
  })
  await measure({
    bench: 'frame',
    subject: `write ${size} B`,
    unit: 'frames/s',
    contenders: writeContenders(size),
  })
}
