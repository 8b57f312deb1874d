// `pseud serve`, `proxy` and `keygen`: modules in a folder of their own, the command in processes of its own, clients here.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  Client,
  type ClientOptions,
  curve,
  type FunctionDescription,
  plain,
  Server,
} from '../../src/index.ts'
import { sleep, within } from '../support/within.ts'
import { pseud, type Result, type Running, type RunOptions, start } from './support/command.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'pseud-serve-'))
const ANY_PORT = ['--bind', 'tcp://127.0.0.1:0']
const open: { close(): Promise<void> }[] = []

function file(name: string, text: string): string {
  const full = path.join(folder, name)
  mkdirSync(path.dirname(full), { recursive: true })
  // In one step, as editors do it: nobody who watches sees half of it.
  writeFileSync(`${full}.new`, text)
  renameSync(`${full}.new`, full)
  return full
}

interface Serving {
  readonly running: Running
  readonly endpoints: readonly string[]
  readonly functions: readonly string[]
}

/** Starts it, and reads the line that says what is served. */
async function serving(words: readonly string[], options: RunOptions = {}): Promise<Serving> {
  const running = await start(['serve', ...words], options)
  open.push({ close: () => running.kill() })
  await running.prints(/^\{.*\}\n/m)
  const { endpoints, functions } = JSON.parse(running.out.split('\n')[0]!)
  return { running, endpoints, functions }
}

function connected(endpoint: string, options: ClientOptions = {}): Client {
  const client = new Client('', { timeoutMs: 20_000, ...options })
  open.push(client)
  return client.connect(endpoint)
}

/** It ends by itself, and well. */
async function endsBy(signal: NodeJS.Signals, running: Running): Promise<Result> {
  running.signal(signal)
  const result = await running.ended()
  assert.is(result.code, 0, result.err)
  return result
}

function fails(result: Result, code: number, message: RegExp): void {
  assert.is(result.code, code, result.err)
  assert.match(result.err, message)
  assert.not.match(result.err, /node:internal|cli\.js|pseud\.mjs/)
}

async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((one) => one.close()))
}

const serve = suite('serve')
serve.after.each(closeAll)

serve(
  'offers exported functions, those of objects, and those of the default export, with their comments',
  async () => {
    const module = file(
      'api.mjs',
      `
    /**
     * Lower case.
     * @param {string} text what to lower
     * @returns {string}
     */
    export function lower(text) { return text.toLowerCase() }
    export const math = {
      /** Adds. */
      add: (a, b) => a + b,
    }
    export async function* count(to) { for (let i = 0; i < to; i++) yield i }
    export const LIMIT = 3, settings = { depth: 1 }
    export function _private() {}
    class Counter {
      #count = 0
      next() { return ++this.#count }
    }
    export class Unused {}
    export default new Counter()
  `,
    )
    const { running, endpoints, functions } = await serving([module, ...ANY_PORT])
    assert.equal(functions, ['count', 'lower', 'math.add', 'next'])
    assert.match(running.err, /note: Unused is not offered: "Unused" is a class/)
    const client = connected(endpoints[0]!)
    assert.is(await client.lower('ABC'), 'abc')
    assert.is(await client.math.add(2, 4), 6)
    assert.equal([await client.next(), await client.next()], [1, 2])
    const items: unknown[] = []
    for await (const item of client.count(3)) items.push(item)
    assert.equal(items, [0, 1, 2])
    const described: FunctionDescription = await client.$rpc.describe('lower')
    assert.equal(
      [described.doc, described.returns, described.params],
      ['Lower case.', 'string', [{ name: 'text', type: 'string', doc: 'what to lower' }]],
    )
    assert.is((await client.$rpc.describe('math.add')).doc, 'Adds.')
    assert.is((await endsBy('SIGTERM', running)).out.split('\n').length, 2)
  },
)

serve(
  'offers CommonJS modules, a default function, and what was asked for by --name and --hidden',
  async () => {
    const module = file(
      'old.cjs',
      'exports.up = (text) => text.toUpperCase(); exports.deep = { er: () => 1 }',
    )
    const { functions } = await serving([module, ...ANY_PORT])
    assert.equal(functions, ['deep.er', 'up'])

    const one = file('one.mjs', 'export default () => 1')
    const { endpoints } = await serving([one, ...ANY_PORT, '--name', 'first', '--hidden'])
    const client = connected(endpoints[0]!)
    assert.is(await client.one(), 1)
    assert.equal(await rejected(client.$rpc.list()), 'NOT_FOUND')
    const [{ server }] = await Promise.all([
      new Promise<{ server?: string }>((resolve) =>
        connected(endpoints[0]!).on('status', (event) => event.status === 'ready' && resolve(event)),
      ),
    ])
    assert.is(server, 'first')
  },
)

serve('serves functions of the library by the copy that the module imports', async () => {
  file(
    'with-library/node_modules/pseud/package.json',
    '{ "name": "pseud", "type": "module", "exports": { ".": { "import": { "default": "./index.js" } }, "./package.json": "./package.json" } }',
  )
  // A copy that can be told from the command's own.
  const bundle = path.join(folder, 'with-library/node_modules/pseud/index.js')
  await buildCopy(bundle)
  const module = file(
    'with-library/api.mjs',
    `import { method, registerRpc } from 'pseud'
    export const who = method((ctx) => ctx.method)
    registerRpc('global', () => 'for all')`,
  )
  const { endpoints, functions } = await serving([module, ...ANY_PORT])
  assert.equal(functions, ['global', 'who'])
  const client = connected(endpoints[0]!)
  assert.is(await client.who(), 'who')
  assert.is(await client.global(), 'for all')
})

serve(
  '--watch: a module and what it imports are loaded anew while calls run; what fails changes nothing',
  async () => {
    const module = file(
      'live/api.mjs',
      "import { word } from './word.mjs'\nexport const say = () => word\nexport const old = () => 1\nexport const slow = () => new Promise((resolve) => setTimeout(resolve, 3000, word))",
    )
    file(
      'live/word.mjs',
      "import { createRequire } from 'node:module'\nexport const word = createRequire(import.meta.url)('./word.cjs')",
    )
    file('live/word.cjs', "module.exports = 'one'")
    const { running, endpoints } = await serving([module, ...ANY_PORT, '--watch'])
    const client = connected(endpoints[0]!)
    const says = async (word: string): Promise<void> => {
      const end = performance.now() + 30_000
      while ((await client.say()) !== word) {
        if (performance.now() > end) throw new Error(`never says ${word}: ${running.err}`)
        await sleep(20)
      }
    }
    let connections = 0
    client.on('status', ({ status }) => status === 'ready' && connections++)
    const slow = client.slow()
    assert.is(await client.say(), 'one')

    file('live/word.cjs', "module.exports = 'two'")
    await says('two')
    await running.prints(/^reloaded \S*api\.mjs$/m)

    file('live/word.mjs', "export const word = 'three'")
    await says('three')

    file('live/word.mjs', "export const word = 'never")
    await running.prints(
      /not reloaded: .*api\.mjs could not be loaded: SyntaxError[\s\S]*word\.mjs:1[\s\S]*stay/,
    )
    assert.is(await client.say(), 'three')

    file('live/word.mjs', "export const word = 'never'\nthrow new Error('at load')")
    await running.prints(/could not be loaded: at load\n\s+at \S*word\.mjs:2:7/)
    assert.is(await client.say(), 'three')

    file('live/word.mjs', "export const word = 'four'")
    await says('four')
    file(
      'live/api.mjs',
      "import { word } from './word.mjs'\nexport const say = () => word\nexport const fresh = () => 2",
    )
    await running.prints(/reloaded .*: \+fresh -old -slow/)
    assert.equal([await client.say(), await client.fresh()], ['four', 2])
    assert.is(await rejected(client.old()), 'NOT_FOUND')
    assert.is(await slow, 'one')
    assert.is(connections, 1)
    await endsBy('SIGINT', running)
  },
)

serve('ends by a drain: calls that run come to their end, new ones are not taken', async () => {
  const end = path.join(folder, 'may-end')
  const module = file(
    'slow.mjs',
    `import { existsSync } from 'node:fs'
    export async function slow() {
      while (!existsSync(${JSON.stringify(end)})) await new Promise((resolve) => setTimeout(resolve, 20))
      return 'done'
    }
    setInterval(() => {}, 1000)`,
  )
  const { running, endpoints } = await serving([module, ...ANY_PORT])
  const client = connected(endpoints[0]!, { retry: false })
  await client.ready()
  const slow = client.slow()
  await client.$rpc.ping()
  running.signal('SIGINT')
  await running.prints('waiting for calls that run')
  file('may-end', '')
  assert.is(await slow, 'done')
  assert.is((await running.ended()).code, 0)
})

serve('a second signal ends it at once', async () => {
  const module = file('stuck.mjs', 'export const stuck = () => new Promise(() => {})')
  const { running, endpoints } = await serving([module, ...ANY_PORT, '--drain', '10m'])
  const client = connected(endpoints[0]!, { retry: false })
  await client.ready()
  const lost = rejected(client.stuck())
  await client.$rpc.ping()
  running.signal('SIGINT')
  await running.prints('waiting for calls that run')
  running.signal('SIGINT')
  assert.is((await running.ended()).code, 130)
  assert.is(await lost, 'UNAVAILABLE')
})

serve('prints errors of functions with their place, and with --verbose each call', async () => {
  const module = file(
    'noisy.mjs',
    "export function boom() { throw new Error('no such luck') }\nexport const fine = (a) => a",
  )
  const { running, endpoints } = await serving([module, ...ANY_PORT, '--verbose', '--expose-errors', 'none'])
  const client = connected(endpoints[0]!)
  await client.fine({ a: 1 })
  assert.is(await rejected(client.boom()), 'INTERNAL')
  await running.prints(/fine\(\{"a":1\}\) [\d.]+ ms/)
  await running.prints(/boom\(\) Error [\d.]+ ms/)
  await running.prints(/error in boom: Error: no such luck\n\s+at boom \(\S*noisy\.mjs:1:\d+\)/)
})

serve('asks who comes, by passwords or keys', async () => {
  const module = file('secret.mjs', 'export const hello = () => 1')
  const users = file('users', '# who\nann:secret:word\n')
  const keys = JSON.parse((await pseud(['keygen'])).out)
  const alice = curve.keyPair()
  const bob = curve.keyPair()
  const keyFile = file('server.key', JSON.stringify(keys))
  const authorized = file('authorized', `# who may come in\n${alice.publicKey} alice\n`)

  const byPassword = await serving([module, ...ANY_PORT, '--users', users])
  assert.is(
    await connected(byPassword.endpoints[0]!, {
      security: plain({ user: 'ann', password: 'secret:word' }),
    }).hello(),
    1,
  )
  assert.is(
    await rejected(
      connected(byPassword.endpoints[0]!, { security: plain({ user: 'ann', password: 'x' }) }).hello(),
    ),
    'UNAUTHENTICATED',
  )

  const byKey = await serving([
    module,
    ...ANY_PORT,
    '--key-file',
    keyFile,
    '--authorized-keys',
    authorized,
    '--authorize',
    `${bob.publicKey}=bob`,
  ])
  const as = (pair: typeof alice): Client =>
    connected(byKey.endpoints[0]!, { security: curve.client({ serverKey: keys.publicKey, ...pair }) })
  assert.equal([await as(alice).hello(), await as(bob).hello()], [1, 1])
  assert.is(await rejected(as(curve.keyPair()).hello()), 'UNAUTHENTICATED')
})

serve('connects to a client that has bound', async () => {
  const client = new Client('')
  open.push(client)
  const endpoint = await client.bind('tcp://127.0.0.1:0')
  await serving([file('dialling.mjs', 'export const hello = () => 1'), '--connect', endpoint])
  assert.is(await within(20_000, client.hello() as Promise<unknown>), 1)
})

serve('says what is wrong with a module, a command line, an address', async () => {
  const good = file('good.mjs', 'export const f = () => 1')
  const server = new Server('other')
  open.push(server)
  const taken = await server.bind('tcp://127.0.0.1:0')
  for (const [words, code, message] of [
    [['goood.mjs'], 2, /there is no file \S*goood\.mjs\n.*Did you mean good\.mjs\?/],
    [[file('empty.mjs', 'export const a = 1')], 2, /empty\.mjs exports no function\n.*export function/],
    [
      [file('broken.mjs', '\nexport const a = ')],
      2,
      /broken\.mjs could not be loaded: SyntaxError.*\n.*broken\.mjs:2/,
    ],
    [
      [file('throws.mjs', "\nthrow new TypeError('at once')")],
      2,
      /could not be loaded: TypeError: at once\n\s+at \S*throws\.mjs:2:7/,
    ],
    [[file('lacks.mjs', "import './none.mjs'")], 2, /could not be loaded: Cannot find module/],
    [
      [file('lacks-package.mjs', "import 'no-such-package'")],
      2,
      /could not be loaded: Cannot find package 'no-such-package'/,
    ],
    [[file('weird.txt', 'x')], 2, /does not load \.txt files/],
    [
      [good, '--bind', 'tcp://0.0.0.0:0'],
      2,
      /can be reached from other machines[\s\S]*--allow-unauthenticated/,
    ],
    [[good, '--bind', taken], 1, /cannot listen at tcp:\S+: somebody else does/],
    [[good, '--bind', 'nonsense'], 2, /"nonsense" is no endpoint/],
    [[good, '--bnd', 'x'], 2, /Did you mean --bind\?/],
    [[good, '--expose-errors', 'all'], 2, /--expose-errors is none, message or full/],
    [
      [good, '--key-file', file('lonely.key', JSON.stringify(curve.keyPair()))],
      2,
      /--key-file alone lets nobody in/,
    ],
    [[good, '--authorize', curve.keyPair().publicKey], 2, /--authorize needs --key-file/],
    [[good, '--key-file', 'x', '--authorize', 'short'], 2, /--authorize is no public key/],
    [[good, '--users', file('no-users', 'ann\n')], 2, /line 1 of \S+ is not NAME:PASSWORD/],
    [[], 2, /serve needs more arguments/],
  ] as const) {
    const [module = '', ...rest] = words
    const at = module.includes(path.sep) || module === '' ? module : path.join(folder, module)
    fails(await pseud(['serve', ...(at === '' ? [] : [at]), ...rest]), code, message)
  }
})

serve.run()

const proxy = suite('proxy')
proxy.after.each(closeAll)

async function device(): Promise<{ running: Running; front: string; back: string }> {
  const running = await start(['proxy', ':0', ':0'])
  open.push({ close: () => running.kill() })
  await running.prints(/^\{.*\}\n/)
  const { front, back } = JSON.parse(running.out.split('\n')[0]!).proxying
  return { running, front, back }
}

proxy('deals calls out to all servers behind it, and tells what has passed', async () => {
  const { running, front, back } = await device()
  const counts = [0, 0, 0]
  for (const place of counts.keys()) {
    const server = new Server('worker', { introspection: true })
    server.registerRpc('work', (n: number) => {
      counts[place]!++
      return n * 2
    })
    server.connect(back)
    open.push(server)
  }
  const clients = [connected(front), connected(front)]
  const calls = Array.from({ length: 60 }, (_, n) => clients[n % 2]!.work(n) as Promise<number>)
  assert.equal(
    await within(20_000, Promise.all(calls)),
    Array.from({ length: 60 }, (_, n) => n * 2),
  )
  // Which servers were there for the first calls is chance; all are for the others.
  while (counts.some((count) => count === 0)) await clients[0]!.work(0)
  assert.equal((await pseud(['call', front, 'work', '21'])).out, '42\n')
  assert.is((await pseud(['list', front, '--names'])).out, 'work\n')
  assert.is(JSON.parse((await pseud(['ping', front, '-c', '3'])).out).answered, 3)
  const { out } = await endsBy('SIGINT', running)
  const { passed } = JSON.parse(out.split('\n')[1]!)
  assert.ok(passed.calls >= 60 && passed.answers >= 60 && passed.clients === 2 && passed.servers === 3, out)
})

proxy('lets calls wait until a server comes, such as pseud serve --connect', async () => {
  const { front, back } = await device()
  const early = connected(front).hello('world')
  await serving([file('behind.mjs', 'export const hello = (name) => "hello " + name'), '--connect', back])
  assert.is(await within(20_000, early as Promise<unknown>), 'hello world')
})

proxy('says what is wrong with its endpoints', async () => {
  const { front } = await device()
  fails(await pseud(['proxy', front, ':0']), 1, /cannot listen at tcp:\S+: somebody else does/)
  fails(await pseud(['proxy', ':0']), 2, /proxy needs more arguments: pseud proxy FRONT BACK/)
})

proxy.run()

const keygen = suite('keygen')
keygen.after(() => rmSync(folder, { recursive: true, force: true }))

keygen(
  'writes a pair that only its owner reads, prints the public key, and leaves a file that is there',
  async () => {
    const at = path.join(folder, 'new.key')
    const { code, out } = await pseud(['keygen', at])
    assert.is(code, 0)
    const { publicKey, secretKey } = JSON.parse(readFileSync(at, 'utf8'))
    assert.equal(JSON.parse(out), { file: at, publicKey })
    assert.is(publicKey.length, 40)
    assert.is(secretKey.length, 40)
    assert.is(statSync(at).mode & 0o777, 0o600)
    const before = readFileSync(at, 'utf8')
    fails(await pseud(['keygen', at]), 2, /is there already, and stays/)
    assert.is(readFileSync(at, 'utf8'), before)
    fails(await pseud(['keygen', path.join(folder, 'no/such/folder.key')]), 2, /cannot write/)
  },
)

keygen('gives the pair to a program that reads it', async () => {
  const { publicKey, secretKey } = JSON.parse((await pseud(['keygen'])).out)
  assert.ok(curve.client({ serverKey: publicKey, publicKey, secretKey }))
})

keygen.run()

/** The `code` that the call rejects with. */
async function rejected(call: unknown): Promise<unknown> {
  try {
    await (call as Promise<unknown>)
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'nothing'
}

async function buildCopy(outfile: string): Promise<void> {
  const { build } = await import('esbuild')
  await build({
    entryPoints: ['src/index.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    nodePaths: ['node_modules'],
  })
}
