import { spawnSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Hold } from '../../../src/zmtp/transport/hold.ts'

const test = suite('Hold')

function heldTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

test('all holds share one timer, which lives while anyone holds', () => {
  const before = heldTimers()
  const a = new Hold()
  const b = new Hold()
  a.acquire()
  a.acquire()
  b.acquire()
  assert.is(heldTimers(), before + 1)
  a.release()
  a.release()
  assert.is(heldTimers(), before + 1)
  b.release()
  assert.is(heldTimers(), before)
  b.release()
  assert.is(heldTimers(), before)
})

test('a process with a hold stays, one that released it ends', () => {
  // This very file, run with an argument, plays the process.
  const run = (mode: string) =>
    spawnSync(process.execPath, [process.argv[1]!, mode], { timeout: 1500, env: {} })
  assert.is(run('held').signal, 'SIGTERM', 'it had to be killed')
  assert.is(run('released').status, 0)
})

if (process.argv[2] === undefined) {
  test.run()
} else {
  const hold = new Hold()
  hold.acquire()
  if (process.argv[2] === 'released') setTimeout(() => hold.release(), 20)
}
