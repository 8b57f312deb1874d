// Submits jobs and watches them: a progress bar each in a terminal, a line for each change where there is none.
// Run `node scripts/run-example.mjs job-runner/watch ENDPOINT JOB…`.
import { Client } from 'pseud'
import type { Job, RunnerApi } from './api.ts'

const [endpoint = 'tcp://127.0.0.1:5555', ...names] = process.argv.slice(2)
const WIDTH = 30
const told = new Map<string, string>()

function bar({ name, state, progress, worker, attempts }: Job): string {
  const filled = Math.round(progress * WIDTH)
  const where = worker === '' ? state : `${state} at ${worker}${attempts > 1 ? `, attempt ${attempts}` : ''}`
  return `${name.padEnd(10)} ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${where}`
}

function tell(job: Job): void {
  const news = `${job.state} ${job.worker}`
  if (told.get(job.name) !== news) console.log(bar(job))
  told.set(job.name, news)
}

const client = new Client<RunnerApi>('runner')
client.connect(endpoint)
for (const name of names) await client.submit(name)

let drawn = 0
for await (const jobs of client.with({ timeoutMs: Number.POSITIVE_INFINITY }).watch()) {
  if (process.stdout.isTTY) {
    process.stdout.write(
      `${drawn > 0 ? `\x1b[${drawn}A` : ''}${jobs.map((job) => `\x1b[2K${bar(job)}\n`).join('')}`,
    )
    drawn = jobs.length
  } else {
    for (const job of jobs) tell(job)
  }
}
await client.close()
