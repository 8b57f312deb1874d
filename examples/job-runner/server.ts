// Hands jobs to whoever comes to work, and shows to whoever watches how far they are. A job whose worker is lost goes elsewhere.
// Run `node scripts/run-example.mjs job-runner`, or alone `node scripts/run-example.mjs job-runner/server tcp://127.0.0.1:5555`.
import { EventEmitter, once } from 'node:events'
import { type CallContext, method, type RpcError, Server } from 'pseud'
import type { Job, WorkerApi } from './api.ts'

process.once('disconnect', () => process.exit(1)) // main.ts, where that has started this, is gone

const jobs: Job[] = []
const board = new EventEmitter().setMaxListeners(0)
let version = 0

function change(job: Job, news: Partial<Job>) {
  Object.assign(job, news)
  version++
  board.emit('change')
}

async function takeJob(worker: string, signal: AbortSignal): Promise<Job> {
  for (;;) {
    signal.throwIfAborted()
    const job = jobs.find(({ state }) => state === 'waiting')
    if (job !== undefined) {
      change(job, { state: 'running', worker, attempts: job.attempts + 1 })
      return job
    }
    await once(board, 'change', { signal })
  }
}

const api = {
  submit(name: string) {
    const job: Job = { name, state: 'waiting', progress: 0, worker: '', attempts: 0 }
    jobs.push(job)
    change(job, {})
  },

  work: method(async (ctx: CallContext<WorkerApi>) => {
    const worker = ctx.peer.claimedName ?? ctx.peer.id
    const remote = ctx.peer.with({ timeoutMs: Number.POSITIVE_INFINITY })
    for (;;) {
      const job = await takeJob(worker, ctx.signal)
      try {
        for await (const progress of remote.run(job.name)) change(job, { progress })
        change(job, { state: 'done' })
      } catch (error) {
        const lost = (error as RpcError).code === 'UNAVAILABLE'
        change(job, lost ? { state: 'waiting', progress: 0, worker: '' } : { state: 'failed' })
      }
    }
  }),

  // A watcher that is slow sees fewer pictures, never an old one.
  async *watch() {
    for (;;) {
      const shown = version
      yield jobs
      if (jobs.length > 0 && jobs.every(({ state }) => state === 'done' || state === 'failed')) return
      if (version === shown) await once(board, 'change')
    }
  },
}

const server = new Server('runner')
server.registerRpc(api)
console.log(`runner at ${await server.bind(process.argv[2] ?? 'tcp://127.0.0.1:0')}`)
