// Where the processes of a row run that has only one thing under way: on one core, both. Left to the scheduler such a pair lands on one core or on two
// by chance, and waking a core that sleeps takes longer than the whole trip (18 or 90 µs for the same bare echo on a virtual machine of two cores):
// what one would compare is luck.
import { spawnSync } from 'node:child_process'
import type { Process } from './process.ts'

const CORE = '0'
let complained = false

/** What to say of a row whose processes were put there. */
export const ON_ONE_CORE = 'both processes on one core'

/** Keeps the processes, with all of their threads, on one core; says so loudly where that cannot be done. */
export function onOneCore(...processes: Process[]): void {
  for (const { pid } of processes) {
    const run = spawnSync('taskset', ['-a', '-c', '-p', CORE, String(pid)], { encoding: 'utf8' })
    if (run.status === 0 || complained) continue
    complained = true
    const reason = run.error?.message ?? run.stderr.trim()
    console.error(
      `\n*** NOT ON ONE CORE: ${reason}\n*** The scheduler places the processes: compare with care.\n`,
    )
  }
}
