// Offers to run jobs, and tells the runner that it is there. It needs no port of its own: the runner calls it back.
// Run `node scripts/run-example.mjs job-runner/worker ENDPOINT NAME`, as many as you like.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type RpcError } from 'pseud'
import type { RunnerApi, WorkerApi } from './api.ts'

process.once('disconnect', () => process.exit(1)) // main.ts, where that has started this, is gone

const [endpoint = 'tcp://127.0.0.1:5555', name = `worker-${process.pid}`] = process.argv.slice(2)
const STEPS = 20

const api: WorkerApi = {
  async *run(job: string) {
    for (let step = 1; step <= STEPS; step++) {
      await sleep(10 + 5 * job.length)
      yield step / STEPS
    }
  },
}

const client = new Client<RunnerApi>('runner', { userId: name })
client.registerRpc(api)
client.connect(endpoint)
// When the runner is restarted this waits until it is back, and goes on.
for (;;) {
  try {
    await client.with({ timeoutMs: Number.POSITIVE_INFINITY }).work()
  } catch (error) {
    if ((error as RpcError).code !== 'UNAVAILABLE') throw error
  }
}
