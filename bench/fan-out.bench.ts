// A message to many connections, without sockets: deliveries per second when each connection writes its own frames, and when all share those
// of the first. From how many on that pays is `SHARED_FROM` of src/zmtp/routing/distributor.ts.
import { fanOutContenders } from './support/fan-out.ts'
import { cpuMs, measure } from './support/measure.ts'

for (const pipes of [2, 4, 6, 8, 10, 100]) {
  for (const size of [16, 128, 1024, 4096]) {
    for (const messagesPerTurn of [1, 10, 50]) {
      await measure({
        bench: 'fan-out',
        subject: `${pipes} connections, ${size} B, ${messagesPerTurn} a turn`,
        unit: 'deliveries/s',
        rounds: 7,
        contenders: fanOutContenders({ pipes, size, messagesPerTurn }, cpuMs),
      })
    }
  }
}
