// `pseud bench`: what it measures, what it says while it measures and in the end, and how it ends early.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Tally } from '../../src/cli/bench/tally.ts'
import { Latencies } from '../../src/cli/latencies.ts'
import { RpcError, Server } from '../../src/rpc/index.ts'
import { pseud, type Result } from './support/command.ts'
import { Desk } from './support/desk.ts'
import { CTRL_C } from './support/terminal.ts'

const desk = new Desk('pseud bench in a terminal')
const tests = suite('pseud bench')
const inTerminal = desk.python === undefined ? tests.skip : tests
const open: Server[] = []
tests.after.each(async () => {
  await desk.clear()
  for (const server of open.splice(0)) await server.close()
})

interface World {
  readonly server: Server
  readonly endpoint: string
  /** By method: how often it ran, and how often at once. */
  readonly seen: { ran: number; most: number; peers: Set<string> }
}

async function serve(): Promise<World> {
  const server = new Server('remote', { introspection: true })
  open.push(server)
  const seen = { ran: 0, most: 0, peers: new Set<string>() }
  let now = 0
  server.use(async (call, next) => {
    if (call.method.startsWith('$')) return next()
    seen.ran++
    seen.most = Math.max(seen.most, ++now)
    if (call.peer !== undefined) seen.peers.add(call.peer.id)
    try {
      return await next()
    } finally {
      now--
    }
  })
  let calls = 0
  server.registerRpc({
    add: (a: number, b: number) => a + b,
    type: (value: unknown) => (typeof value === 'string' ? value : never()),
    slow: () => new Promise((resolve) => setTimeout(resolve, 20)),
    sometimes() {
      if (calls++ % 4 === 3) throw new RpcError('ABORTED', 'not this time')
      return 1
    },
    hangs: () => new Promise(() => {}),
    *items() {
      yield* [1, 2, 3]
    },
  })
  return { server, endpoint: await server.bind('tcp://127.0.0.1:0'), seen }
}

function never(): never {
  throw new RpcError('INVALID_ARGUMENT', 'no text')
}

// biome-ignore lint/suspicious/noExplicitAny: JSON
function figuresOf({ out }: Result): any {
  return JSON.parse(out)
}

const QUICK = ['--warm-up', 'none']

tests('a count of calls is made, no more, and its figures are JSON for a pipe', async () => {
  const { endpoint, seen } = await serve()
  const ran = await pseud(['bench', endpoint, 'add', '2', '4', '--count', '500', ...QUICK])
  assert.equal([ran.code, ran.err], [0, ''])
  const { method, connections, inflight, calls, succeeded, failed, errors, histogram, ...rest } =
    figuresOf(ran)
  assert.equal(
    { method, connections, inflight, calls, succeeded, failed, errors },
    { method: 'add', connections: 1, inflight: 64, calls: 500, succeeded: 500, failed: 0, errors: {} },
  )
  assert.ok(rest.callsPerSecond > 0 && rest.durationMs > 0)
  const { minMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = rest
  const rising = [0, minMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs]
  assert.equal(
    rising,
    [...rising].sort((one, other) => one - other),
  )
  assert.is(
    histogram.reduce((sum: number, { count }: { count: number }) => sum + count, 0),
    500,
  )
  // One call tries out whether there is such a function.
  assert.is(seen.ran, 501)
})

tests('so many calls at once on so many connections, for so long', async () => {
  const { endpoint, seen } = await serve()
  const words = ['--connections', '3', '--inflight', '5', '--duration', '400ms', '--warm-up', '100ms']
  const ran = await pseud(['bench', endpoint, 'slow', ...words])
  assert.is(ran.code, 0)
  const { calls, durationMs, warmUpMs } = figuresOf(ran)
  assert.equal([seen.most, seen.peers.size, warmUpMs], [15, 3, 100])
  assert.ok(durationMs >= 400)
  // What ran in the warm-up is not counted.
  assert.ok(calls > 0 && calls < seen.ran - 1, `${calls} of ${seen.ran}`)
})

tests('failures are counted by code, decide the exit code, and are in no time', async () => {
  const { endpoint } = await serve()
  const ran = await pseud(['bench', endpoint, 'sometimes', '--count', '399', '--inflight', '1', ...QUICK])
  const { succeeded, failed, errors } = figuresOf(ran)
  assert.equal([succeeded, failed, errors], [299, 100, { ABORTED: 100 }])
  assert.is(ran.code, 12)
  assert.match(ran.err, '100 of 399 calls failed')
})

tests('what the server does not offer is asked for once', async () => {
  const { endpoint, seen } = await serve()
  const missing = await pseud(['bench', endpoint, 'ad', '1'])
  assert.equal([missing.code, missing.out], [3, ''])
  assert.match(missing.err, 'Did you mean add?')
  const wrong = await pseud(['bench', endpoint, 'type', '1', '--count', '3', ...QUICK])
  assert.is(wrong.code, 4)
  assert.is((await pseud(['bench', endpoint, 'type', '1', '--text', '--count', '3', ...QUICK])).code, 0)
  assert.is(seen.ran, 8)
})

tests('a call that takes longer than --timeout is a failure', async () => {
  const { endpoint } = await serve()
  const words = ['--timeout', '2s', '--count', '3', '--inflight', '3', ...QUICK]
  const ran = await pseud(['bench', endpoint, 'hangs', ...words])
  assert.equal([ran.code, figuresOf(ran).errors], [8, { DEADLINE_EXCEEDED: 3 }])
  assert.is(figuresOf(ran).p50Ms, undefined)
})

tests('streams are read to their end, and their items counted', async () => {
  const { endpoint } = await serve()
  const ran = await pseud(['bench', endpoint, 'items', '--count', '10', ...QUICK])
  assert.equal([ran.code, figuresOf(ran).items], [0, 30])
})

tests('numbers that cannot be meant are refused', async () => {
  const { endpoint } = await serve()
  for (const words of [
    ['--inflight', '0'],
    ['--inflight', '1e9'],
    ['--connections', '100000'],
    ['--duration', 'soon'],
  ]) {
    assert.is((await pseud(['bench', endpoint, 'add', ...words])).code, 2, words.join(' '))
  }
})

inTerminal('in a terminal it shows how far it is, then percentiles and a histogram', async () => {
  const { endpoint } = await serve()
  const terminal = await desk.open(['bench', endpoint, 'slow', '--duration', '1500ms', '--warm-up', '500ms'])
  await terminal.shows(/^warming up$/m)
  await terminal.shows(/^[█░]{20} {2}[\d,]+ calls {2}[\d,.]+\/s {2}median [\d.]+ ms$/m)
  assert.equal(await terminal.ended(), { code: 0, restored: true })
  const lines = terminal.display.all
  assert.is(lines[0], `remote at ${endpoint}: slow, 1 connection, 64 at once on each`)
  assert.match(lines[1]!, /^[\d,]+ calls in [\d.]+ s: [\d,.]+\/s$/)
  assert.is(lines[2], 'none failed')
  assert.match(lines[3]!, /^median .* p90 .* p99 .* p99\.9 .* max [\d.]+ m?s$/)
  assert.ok(lines.some((line) => /^ *\d+ ms - \d+ m?s {2}█+ \d+$/.test(line)))
  // Of the line that said how far it was nothing is left.
  assert.not.match(lines.join('\n'), /░|warming/)
  assert.ok(lines[3]!.length < 80)
})

inTerminal('Ctrl-C ends it with the figures so far', async () => {
  const { endpoint } = await serve()
  const terminal = await desk.open(['bench', endpoint, 'slow', '--duration', '1h', '--warm-up', 'none'])
  await terminal.shows(/ [1-9][\d,]* calls .*median/)
  terminal.type(CTRL_C)
  assert.equal(await terminal.ended(), { code: 0, restored: true })
  assert.match(terminal.display.all.join('\n'), /calls in .*\nnone failed\n/)
})

inTerminal('Ctrl-C before there are any is told by the exit code', async () => {
  const { endpoint } = await serve()
  const terminal = await desk.open(['bench', endpoint, 'slow', '--warm-up', '1h'])
  await terminal.shows(/^warming up$/m)
  terminal.type(CTRL_C)
  assert.is((await terminal.ended()).code, 130)
})

inTerminal('a server that goes away and stays away is failures, and no end without one', async () => {
  const { server, endpoint, seen } = await serve()
  const words = ['--duration', '1h', '--warm-up', 'none', '--timeout', '300ms', '--inflight', '4']
  const terminal = await desk.open(['bench', endpoint, 'slow', ...words])
  await terminal.shows(/ [1-9][\d,]* calls /)
  assert.ok(seen.ran > 0)
  await server.close()
  await terminal.shows(/ [1-9][\d,]* failed/)
  terminal.type(CTRL_C)
  const { code } = await terminal.ended()
  assert.ok(code === 7 || code === 8, String(code))
  assert.match(terminal.display.all.join('\n'), /failed: (UNAVAILABLE|DEADLINE_EXCEEDED)/)
})

inTerminal('a window that is narrow keeps the line that shows how far it is in one row', async () => {
  const { endpoint } = await serve()
  const terminal = await desk.open(['bench', endpoint, 'slow', '--duration', '1s', ...QUICK], {
    columns: 30,
    rows: 10,
  })
  await terminal.shows(/^[█░]{20} {2}\d+ call…$|…$/m)
  assert.equal(terminal.display.history, [])
  await terminal.ended()
})

tests('percentiles of a tally are those of the times, but for a hundredth', () => {
  const tally = new Tally()
  const exact = new Latencies()
  let seed = 1
  for (let n = 0; n < 20_000; n++) {
    seed = (seed * 48_271) % 2_147_483_647
    const ms = 10 ** ((seed / 2_147_483_647) * 8 - 3)
    tally.add(ms)
    exact.add(ms)
  }
  for (const share of [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const [ours, theirs] = [tally.percentile(share), exact.percentile(share)]
    assert.ok(Math.abs(ours - theirs) <= theirs * 0.01 + 0.0001, `${share}: ${ours}, ${theirs}`)
  }
  assert.equal([tally.count, tally.summary().maxMs], [20_000, exact.summary().maxMs])
  const [ours, theirs] = [tally.histogram(), exact.histogram()]
  assert.equal(
    ours.map(({ fromMs, toMs }) => [fromMs, toMs]),
    theirs.map(({ fromMs, toMs }) => [fromMs, toMs]),
  )
  for (const [at, { count }] of ours.entries()) assert.ok(Math.abs(count - theirs[at]!.count) < 200)
})

tests('a tally of nothing has no percentile, and one of a time is that time', () => {
  const tally = new Tally()
  assert.ok(Number.isNaN(tally.percentile(0.5)))
  assert.equal(tally.histogram(), [])
  tally.add(0.0004)
  assert.is(tally.percentile(0.5), 0.0004)
  tally.add(1e9)
  assert.is(tally.percentile(1), 1e9)
  assert.is(tally.histogram().at(-1)!.count, 1)
})

tests.run()
