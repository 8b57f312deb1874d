// `pseud top`: looked at as a person does, in a terminal with keys and a window that changes, and as a program does, line by line.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { GROUPS } from '../../src/cli/top/counter-lines.ts'
import { ratedPeers, rateOf, type View } from '../../src/cli/top/samples.ts'
import { statsIn } from '../../src/cli/top/stats-in.ts'
import { linesOf } from '../../src/cli/top/view.ts'
import { Client, type ClientOptions, Server, type ServerOptions } from '../../src/rpc/index.ts'
import { pseud } from './support/command.ts'
import { Desk } from './support/desk.ts'
import { CTRL_C } from './support/terminal.ts'

const desk = new Desk('pseud top in a terminal')
const tests = suite('pseud top')
const inTerminal = desk.python === undefined ? tests.skip : tests
const open: { close(): Promise<unknown> }[] = []
tests.after.each(async () => {
  await desk.clear()
  for (const one of open.splice(0).reverse()) await one.close()
})

const STATS = { introspection: { stats: true } } as const

async function serve(options: ServerOptions = STATS): Promise<{ server: Server; endpoint: string }> {
  const server = new Server('remote', options)
  open.push(server)
  server.registerRpc({
    add: (a: number, b: number) => a + b,
    wait: () => new Promise((resolve) => setTimeout(resolve, 60_000).unref()),
  })
  return { server, endpoint: await server.bind('tcp://127.0.0.1:0') }
}

async function connect(endpoint: string, options: ClientOptions = {}): Promise<Client> {
  const client = new Client('remote', options)
  open.push(client)
  return client.connect(endpoint).ready({ timeoutMs: 10_000 })
}

/** Calls on and on, until the test is over. */
function keepCalling(client: Client): void {
  const timer = setInterval(() => void client.add(1, 2).catch(() => {}), 5)
  open.push({ close: async () => clearInterval(timer) })
}

inTerminal(
  'it shows peers and counters, draws them in place, and q leaves the terminal as it was',
  async () => {
    const { endpoint } = await serve()
    const ann = await connect(endpoint, { userId: 'ann' })
    void ann.wait().catch(() => {})
    keepCalling(await connect(endpoint, { userId: 'bob' }))
    const terminal = await desk.open(['top', endpoint, '--interval', '100ms'])
    const lines = await terminal.shows((shown) =>
      shown.some((line) => /^~bob +\S+ +\S+ +(\S+ ms|-) +[1-9]/.test(line)),
    )
    assert.ok(terminal.display.isAlternate)
    assert.not(terminal.display.cursorVisible)
    assert.match(lines[0]!, /^remote at tcp:\/\/127\.0\.0\.1:\d+ +\d\d:\d\d:\d\d UTC$/)
    assert.match(lines.find((line) => line.startsWith('~ann'))!, / 0 +1 +0 +0 +0 B$/)
    assert.match(lines.find((line) => line.startsWith('in '))!, /calls\/s +[1-9].* running +1 waiting +0/)
    assert.match(lines.join('\n'), /peers +3/)
    // Who calls comes before who only waits.
    assert.ok(
      lines.findIndex((line) => line.startsWith('~bob')) < lines.findIndex((line) => line.startsWith('~ann')),
    )
    assert.is(terminal.display.styleOf('remote'), '1')
    terminal.type('q')
    assert.equal(await terminal.ended(), { code: 0, restored: true })
    assert.equal([terminal.display.isAlternate, terminal.display.cursorVisible], [false, true])
    assert.equal(terminal.display.all, [])
  },
)

inTerminal('it fills the window, also when that changes, and never more', async () => {
  const { endpoint } = await serve()
  for (let n = 0; n < 20; n++) await connect(endpoint, { userId: `peer-${n}` })
  const terminal = await desk.open(['top', endpoint, '--interval', '100ms'], { columns: 80, rows: 20 })
  const before = await terminal.shows(/^… \d+ more$/m)
  assert.is(before.length, 20)
  assert.match(before.join('\n'), /UNSENT$/m)
  terminal.resize(44, 26)
  const narrow = await terminal.shows(
    (lines) => lines.length === 26 && lines.every((line) => line.length <= 44),
  )
  assert.match(narrow.join('\n'), /^PEER .*CALLS\/S/m)
  assert.not.match(narrow.join('\n'), /UNSENT/)
  terminal.resize(120, 60)
  const wide = await terminal.shows(
    (lines) => lines.filter((line) => line.startsWith('~peer-')).length === 20,
  )
  assert.not.match(wide.join('\n'), /more/)
  assert.equal(terminal.display.history, [])
  terminal.type(CTRL_C)
  assert.equal(await terminal.ended(), { code: 0, restored: true })
})

inTerminal('a server that goes is told of, and comes back without a word of whoever looks', async () => {
  const { server, endpoint } = await serve()
  const terminal = await desk.open(['top', endpoint, '--interval', '100ms'])
  await terminal.shows(/peers +1/)
  await server.close()
  await terminal.shows(/^remote at .*\n.*(nobody|connect|lost|server|no )/i)
  assert.is(terminal.display.styleOf('CALLS/S'), '2')
  const again = new Server('remote', STATS)
  open.push(again)
  await again.bind(endpoint)
  await terminal.shows((lines) => lines[1] === '' && lines.join('\n').includes('peers'))
  terminal.type('q')
  assert.is((await terminal.ended()).code, 0)
})

inTerminal('what peers call themselves moves no cursor', async () => {
  const { endpoint } = await serve()
  await connect(endpoint, { userId: '\u001b[2J\u001b[31mred\u0007\u202e' })
  const terminal = await desk.open(['top', endpoint, '--interval', '100ms'])
  const lines = await terminal.shows(/~\\x1b\[2J/)
  assert.ok(!terminal.output.includes('\u001b[31m') && !terminal.output.includes('\u202e'))
  assert.ok(lines.every((line) => line.length <= 80))
  terminal.type('q')
  await terminal.ended()
})

inTerminal('SIGTERM restores the terminal, too', async () => {
  const { endpoint } = await serve()
  const terminal = await desk.open(['top', endpoint])
  await terminal.shows(/peers/)
  terminal.signal('SIGTERM')
  assert.equal(await terminal.ended(), { code: 143, restored: true })
  assert.equal([terminal.display.isAlternate, terminal.display.cursorVisible], [false, true])
})

inTerminal('after --count intervals it leaves, and what it showed last stays', async () => {
  const { endpoint } = await serve()
  const terminal = await desk.open(['top', endpoint, '--count', '2', '--interval', '50ms'])
  assert.equal(await terminal.ended(), { code: 0, restored: true })
  assert.match(terminal.display.all[0]!, /^remote at /)
  assert.match(terminal.display.all.join('\n'), /^in +calls\/s +[\d.]+ /m)
})

inTerminal('the space bar does not wait for the interval, and q waits for no answer', async () => {
  const { server, endpoint } = await serve()
  const terminal = await desk.open(['top', endpoint, '--interval', '1h', '--timeout', '1h'])
  await terminal.shows(/calls\/s +- /)
  terminal.type(' ')
  await terminal.shows(/calls\/s +[\d.]+ /)
  let asked = (): void => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  server.use(() => {
    asked()
    return new Promise(() => {})
  })
  terminal.type(' ')
  await isAsked
  terminal.type('q')
  assert.is((await terminal.ended()).code, 0)
})

inTerminal('without colours it is the same in one', async () => {
  const { endpoint } = await serve()
  const terminal = await desk.open(['top', endpoint], { env: { NO_COLOR: '1' } })
  await terminal.shows(/peers/)
  assert.is(terminal.display.styleOf('remote'), '')
  terminal.type('q')
  await terminal.ended()
})

tests('into a pipe it is a line of JSON for each interval, with rates', async () => {
  const { endpoint } = await serve()
  keepCalling(await connect(endpoint, { userId: 'ann' }))
  const { code, out, err } = await pseud(['top', endpoint, '--count', '3', '--interval', '100ms'])
  assert.equal([code, err], [0, ''])
  const lines = out.trim().split('\n')
  assert.is(lines.length, 3)
  for (const line of lines) {
    const { endpoint: at, name, callsPerSecond, intervalMs, stats, peers, omitted } = JSON.parse(line)
    assert.equal([at, name, omitted, stats.peers, peers.length], [endpoint, 'remote', 0, 2, 2])
    assert.ok(intervalMs >= 99 && callsPerSecond.in > 0 && callsPerSecond.out === 0, line)
    assert.is(peers[0].claimedName, 'ann')
    assert.ok(peers[0].callsPerSecond > 0)
  }
})

tests('--peers 0 names nobody', async () => {
  const { endpoint } = await serve()
  const words = ['top', endpoint, '--count', '1', '--interval', '10ms', '--peers', '0', '--json']
  const { peers, omitted } = JSON.parse((await pseud(words)).out)
  assert.equal([peers, omitted], [[], 1])
})

tests('a server that does not tell is NOT_FOUND, and the message says what to turn on', async () => {
  const { endpoint } = await serve({ introspection: true })
  const { code, out, err } = await pseud(['top', endpoint])
  assert.equal([code, out], [3, ''])
  assert.match(err, /figures are not for us/)
  assert.match(err, /introspection: \{ stats: true \}/)
})

tests('nobody there is an exit code of 7', async () => {
  const listener = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => listener.once('listening', resolve))
  const { port } = listener.address() as { port: number }
  await new Promise((resolve) => listener.close(resolve))
  assert.is((await pseud(['top', `:${port}`])).code, 7)
})

tests('a server that answers something else is told of, and is no defect of ours', async () => {
  const { server, endpoint } = await serve()
  server.use(() => ({ stats: 'none' }))
  const { code, err } = await pseud(['top', endpoint])
  assert.equal([code, err], [13, 'pseud: what came back are no figures of a server\n'])
})

tests('what is missing in an answer is 0 or empty', () => {
  assert.throws(() => statsIn(undefined), 'no figures')
  assert.throws(() => statsIn({ stats: [], peers: [] }), 'no figures')
  const report = statsIn({ stats: { handled: 'x' }, peers: [1, { since: 'y', user: 2, asked: -1 }, null] })
  assert.equal(report.peers, [
    {
      id: '',
      address: '',
      since: new Date(0),
      asked: 0,
      running: 0,
      waiting: 0,
      inFlight: 0,
      queued: 0,
      queuedBytes: 0,
      slow: false,
    },
  ])
  assert.ok(linesOf(view(report)).length > 5)
})

function view(report: ReturnType<typeof statsIn>, more: Partial<View> = {}): View {
  const last = { report, atMs: 2000 }
  return {
    endpoint: 'tcp://x',
    last,
    before: undefined,
    columns: 80,
    rows: 24,
    paint: (_style, text) => text,
    ...more,
  }
}

tests('docs/cli.md says which counter each figure is', () => {
  const text = readFileSync('docs/cli.md', 'utf8')
  const said = [...text.matchAll(/^\| (\w+) \| ([\w/ ]+) \| `(\w+)` \|$/gm)].map((match) => match.slice(1))
  const shown = GROUPS.flatMap(([group, figures]) =>
    figures.map(({ label, counter }) => [group, label, counter]),
  )
  assert.equal(said, shown)
})

tests('in any window every line fits, and there are no more than rows', () => {
  const peer = {
    id: '1',
    user: '日本語'.repeat(20),
    address: 'tcp://[2001:db8::1]:40404',
    asked: 1e9,
    running: 1e6,
  }
  const report = statsIn({
    name: 'x'.repeat(200),
    stats: { handled: 1e12 },
    peers: Array(30).fill(peer),
    omitted: 1e6,
  })
  for (const columns of [1, 2, 10, 20, 23, 30, 44, 60, 80, 200]) {
    for (const rows of [1, 2, 3, 10, 14, 24, 100]) {
      const lines = linesOf(view(report, { columns, rows, trouble: 'x'.repeat(300) }))
      assert.ok(lines.length <= rows, `${columns} x ${rows}: ${lines.length} lines`)
      for (const line of lines) {
        const width = [...line].reduce((sum, one) => sum + (/[日本語]/.test(one) ? 2 : 1), 0)
        assert.ok(width <= columns, `${columns} x ${rows}: ${width} columns: ${line}`)
      }
    }
  }
})

tests('rates are of what lies between two looks, and unknown where a server has begun anew', () => {
  assert.is(rateOf(30, 10, 2000), 10)
  assert.is(rateOf(3, 10, 1000), undefined)
  assert.is(rateOf(3, undefined, 1000), undefined)
  const at = (asked: number): ReturnType<typeof statsIn> =>
    statsIn({ stats: {}, peers: [{ id: 'a', asked }] })
  const rated = ratedPeers({ report: at(30), atMs: 2000 }, { report: at(10), atMs: 1000 })
  assert.is(rated[0]!.callsPerSecond, 20)
})

tests.run()
