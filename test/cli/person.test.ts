// The commands as a person uses them who sits in front of a terminal: colours, keys, what is printed while something goes on, Ctrl-C. The
// sessions of docs/cli.md (sessions.test.ts), top.test.ts and bench.test.ts have the rest.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, Server } from '../../src/rpc/index.ts'
import { until, within } from '../support/within.ts'
import { Desk } from './support/desk.ts'
import { CTRL_C } from './support/terminal.ts'

const desk = new Desk('the commands as a person uses them')
const tests = suite('a person with the command')
const test = desk.python === undefined ? tests.skip : tests
const folder = mkdtempSync(path.resolve('build', 'person-'))
writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
const open: { close(): Promise<unknown> }[] = []
tests.after.each(async () => {
  await desk.clear()
  for (const one of open.splice(0).reverse()) await one.close()
})
tests.after(() => rmSync(folder, { recursive: true, force: true }))

const BOLD = '1'
const RED = '31'
const GREEN = '32'
const YELLOW = '33'
const CYAN = '36'

async function serve(functions: object): Promise<string> {
  const server = new Server('remote', { introspection: true })
  open.push(server)
  server.registerRpc(functions)
  return server.bind('tcp://127.0.0.1:0')
}

test('call: a result is coloured by its types, and not with NO_COLOR', async () => {
  const endpoint = await serve({ user: () => ({ name: 'Ann', age: 7 }) })
  const terminal = await desk.open(['call', endpoint, 'user'])
  assert.is((await terminal.ended()).code, 0)
  const { display } = terminal
  assert.equal(display.lines, ['{', '  "name": "Ann",', '  "age": 7', '}'])
  assert.equal(
    [display.styleOf('"name"'), display.styleOf('"Ann"'), display.styleOf('7')],
    [CYAN, GREEN, YELLOW],
  )
  const plain = await desk.open(['call', endpoint, 'user'], { env: { NO_COLOR: '1' } })
  await plain.ended()
  assert.equal([plain.display.lines, plain.display.styleOf('"Ann"')], [display.lines, ''])
  assert.not.match(plain.output, '\u001b')
})

test('call: an error is red, one line and a hint', async () => {
  const endpoint = await serve({ lower: (text: string) => text.toLowerCase() })
  const terminal = await desk.open(['call', endpoint, 'lowr', 'ABC'])
  assert.is((await terminal.ended()).code, 3)
  assert.equal(terminal.display.lines, [`pseud: no method lowr at ${endpoint}`, '  Did you mean lower?'])
  assert.is(terminal.display.styleOf('pseud:'), RED)
})

test('call: items of a stream are there as they come, and Ctrl-C ends the stream on the other side', async () => {
  let ended = (): void => {}
  const isOver = new Promise<void>((resolve) => {
    ended = resolve
  })
  let next = (): void => {}
  const endpoint = await serve({
    async *ticks() {
      try {
        for (let n = 0; ; n++) {
          yield `tick ${n}`
          await new Promise<void>((resolve) => {
            next = resolve
          })
        }
      } finally {
        ended()
      }
    },
  })
  const terminal = await desk.open(['call', endpoint, 'ticks'])
  await terminal.shows(/^"tick 0"$/m)
  assert.equal(terminal.display.lines, ['"tick 0"'])
  next()
  await terminal.shows(/^"tick 1"$/m)
  terminal.type(CTRL_C)
  assert.equal(await terminal.ended(), { code: 130, restored: true })
  next()
  await within(10_000, isOver, 'the end of the stream')
})

test('call: Ctrl-C takes a call back that hangs', async () => {
  let began = (): void => {}
  const hasBegun = new Promise<void>((resolve) => {
    began = resolve
  })
  const endpoint = await serve({
    hangs() {
      began()
      return new Promise(() => {})
    },
  })
  const terminal = await desk.open(['call', endpoint, 'hangs'])
  await within(30_000, hasBegun, 'the call')
  terminal.type(CTRL_C)
  assert.is((await terminal.ended()).code, 130)
})

test('list: names stand out', async () => {
  const endpoint = await serve({ add: (a: number, b: number) => a + b })
  const terminal = await desk.open(['list', endpoint])
  await terminal.ended()
  assert.equal([terminal.display.lines, terminal.display.styleOf('add')], [['add(a, b)'], BOLD])
})

test('ping: Ctrl-C ends it early, with what was measured', async () => {
  const endpoint = await serve({})
  const [server] = open as [Server]
  const terminal = await desk.open(['ping', endpoint, '--count', '1000000'])
  await until(() => server.stats().answered > 5, 30_000)
  terminal.type(CTRL_C)
  assert.equal(await terminal.ended(), { code: 0, restored: true })
  assert.match(terminal.display.all.join('\n'), /\d+ of \d+ calls answered\nmin .* median .* max /)
  assert.match(terminal.output, '█')
})

test('serve: Ctrl-C lets a call come to its end; what is served is replaced as soon as it is saved', async () => {
  const file = path.join(folder, 'api.js')
  const source = (text: string): string =>
    `export const hello = () => '${text}'\nexport const slow = (ms) => new Promise((done) => setTimeout(done, ms, 'done'))\n`
  writeFileSync(file, source('first'))
  const terminal = await desk.open(['serve', 'api.js', '--bind', 'tcp://127.0.0.1:0', '--watch'], {
    cwd: folder,
    columns: 120,
  })
  const lines = await terminal.shows(/serves 2 functions of api\.js at tcp:\/\/127\.0\.0\.1:\d+/)
  const client = new Client<{ hello(): string; slow(ms: number): string }>('api')
  open.push(client)
  client.connect(/tcp:\S+\d/.exec(lines.join('\n'))![0])
  assert.is(await within(30_000, client.hello()), 'first')
  const before = terminal.display.all.length
  writeFileSync(file, source('second'))
  await terminal.shows((shown) => shown.length > before)
  assert.is(await within(30_000, client.hello()), 'second')
  const slow = client.slow(700)
  await client.hello()
  terminal.type(CTRL_C)
  assert.is(await within(30_000, slow), 'done')
  assert.equal(await terminal.ended(), { code: 0, restored: true })
})

test('serve: a second Ctrl-C does not wait', async () => {
  writeFileSync(path.join(folder, 'slow.js'), 'export const hangs = () => new Promise(() => {})\n')
  const terminal = await desk.open(['serve', 'slow.js', '--bind', 'tcp://127.0.0.1:0', '--drain', '1h'], {
    cwd: folder,
    columns: 120,
  })
  const lines = await terminal.shows(/tcp:\/\/127\.0\.0\.1:\d+/)
  const client = new Client('slow', { retry: false }).connect(/tcp:\S+\d/.exec(lines.join('\n'))![0])
  open.push(client)
  await client.ready({ timeoutMs: 20_000 })
  const call = client.call('hangs').then(
    () => 'done',
    () => 'failed',
  )
  await within(30_000, client.call('$rpc.ping'))
  terminal.type(CTRL_C)
  await terminal.shows(/Ctrl-C/)
  terminal.type(CTRL_C)
  assert.is((await terminal.ended()).code, 130)
  assert.is(await within(30_000, call), 'failed')
})

test('proxy: Ctrl-C ends it', async () => {
  const terminal = await desk.open(['proxy', 'tcp://127.0.0.1:0', 'tcp://127.0.0.1:0'])
  await terminal.shows(/clients at tcp:\S+\d, servers at tcp:\S+\d/)
  terminal.type(CTRL_C)
  const { code, restored } = await terminal.ended()
  assert.ok((code === 0 || code === 130) && restored, String(code))
})

test('keygen: no secret onto a terminal, but where --json asks for it', async () => {
  const terminal = await desk.open(['keygen'], { cwd: folder })
  assert.is((await terminal.ended()).code, 2)
  assert.match(terminal.display.lines.join('\n'), 'no secret')
  const asked = await desk.open(['keygen', '--json'], { cwd: folder, columns: 200 })
  assert.is((await asked.ended()).code, 0)
  assert.equal(Object.keys(JSON.parse(asked.display.lines.join(''))).sort(), ['publicKey', 'secretKey'])
})

test('no words: what there is, and no colours in it', async () => {
  const terminal = await desk.open([])
  assert.is((await terminal.ended()).code, 2)
  assert.match(terminal.display.all.join('\n'), /usage: pseud COMMAND/)
  assert.ok(terminal.display.all.every((line) => line.length <= 80))
})

tests.run()
