// What runner and workers offer each other: the two sides of the job runner meet in these types alone.
// Not to be run: `node scripts/run-example.mjs job-runner` runs the whole.

export interface Job {
  name: string
  state: 'waiting' | 'running' | 'done' | 'failed'
  /** From 0 to 1. */
  progress: number
  worker: string
  attempts: number
}

export interface RunnerApi {
  submit(name: string): void
  /** Called once by a worker, which then gets job after job for as long as it is there. */
  work(): Promise<never>
  /** All jobs, again after each change, until none is left to do. */
  watch(): AsyncIterable<Job[]>
}

export interface WorkerApi {
  /** Yields how far it is. */
  run(job: string): AsyncIterable<number>
}
