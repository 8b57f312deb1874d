// What `npm run scale` and `npm run soak` do, in small: some hundred clients for some seconds, counted but not timed.
import { spawn } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { within } from '../support/within.ts'

const test = suite('load')

async function run(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, ['scripts/load.mjs', ...args, '--counts-only'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const code = await within(
    150_000,
    new Promise((resolve) => child.once('close', resolve)),
    `load ${args.join(' ')}: ${text}`,
  )
  assert.is(code, 0, text)
  return text
}

test('connections that are held, calls whose server dies, a reconnect storm: in small', async () => {
  const text = await run(
    'scale',
    '--only',
    'held,death,storm',
    '--connections',
    '300',
    '--calls',
    '5000',
    '--clients',
    '100',
    '--seconds',
    '2',
  )
  assert.match(text, /300 of 300 answered when each made a call/)
  assert.match(text, /0 of 5000 calls in flight left open/)
  assert.match(text, /100 of 100 calls that waited were answered/)
})

test('junk, silence and slow readers beside honest clients: in small', async () => {
  const text = await run('scale', '--only', 'hostile', '--seconds', '4', '--rate', '300')
  assert.match(text, /attacked: (\d+) of \1 honest calls answered/)
})

test('a soak of half a minute with five faults', async () => {
  const text = await run('soak', '--minutes', '0.5', '--every', '6', '--clients', '40', '--rate', '300')
  assert.match(text, /every answer is that of its order/)
})

test.run()
