// A live job runner: a server, three workers and a watcher in processes of their own; one worker is killed in the middle of a job.
// Run `node scripts/run-example.mjs job-runner` in a terminal and see the bars: the job begins again at another worker.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Client } from 'pseud'
import type { RunnerApi } from './api.ts'

const server = fork(new URL('./server.ts', import.meta.url), { silent: true })
server.stderr!.pipe(process.stderr)
const [line] = (await once(createInterface({ input: server.stdout! }), 'line')) as [string]
const endpoint = line.replace('runner at ', '')
const workers = ['ada', 'bob', 'cleo'].map((name) =>
  fork(new URL('./worker.ts', import.meta.url), [endpoint, name]),
)
const cakes = ['bread', 'cake', 'pie', 'waffles', 'pancakes']
const watcher = fork(new URL('./watch.ts', import.meta.url), [endpoint, ...cakes])

try {
  const client = new Client<RunnerApi>('runner')
  client.connect(endpoint)
  let killed = ''
  for await (const jobs of client.with({ timeoutMs: Number.POSITIVE_INFINITY }).watch()) {
    const half = jobs.find(
      ({ worker, state, progress }) => worker === 'bob' && state === 'running' && progress > 0,
    )
    if (half !== undefined && killed === '') {
      killed = half.name
      workers[1]!.kill('SIGKILL')
    }
    if (jobs.length === 0 || jobs.some(({ state }) => state !== 'done')) continue
    const moved = jobs.find(({ name }) => name === killed)!
    assert.equal(moved.attempts, 2)
    assert.notEqual(moved.worker, 'bob')
    if (watcher.exitCode === null) await once(watcher, 'exit')
    console.log(`bob was killed in the middle of the ${killed}; ${moved.worker} made it`)
  }
  await client.close()
} finally {
  for (const child of [...workers, server, watcher]) child.kill()
}
