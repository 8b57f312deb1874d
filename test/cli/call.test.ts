// `pseud call`, `list` and `ping` against real servers in this process: what they print, and how they end. The command runs in processes of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { z } from 'zod'
import { EXIT_CODES } from '../../src/cli/exit-codes.ts'
import {
  type CallContext,
  curve,
  method,
  plain,
  RpcError,
  Server,
  type ServerOptions,
  trustedPeer,
} from '../../src/index.ts'
import { until } from '../support/within.ts'
import { pseud, type Result, start } from './support/command.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'pseud-cli-'))
// Below the ports that are given out: nobody listens there.
const NOBODY = 'tcp://127.0.0.1:1'
const servers: Server[] = []
let endpoint = ''
const seen = { aborted: 0, items: 0, runs: 0 }

const api = {
  lower: (text: string) => text.toLowerCase(),
  add: method(
    {
      doc: 'Adds two numbers.\nOf any size.',
      input: [z.number(), z.number()],
      output: z.number(),
      idempotent: true,
    },
    (_ctx, a, b) => a + b,
  ),
  kinds: (...args: unknown[]) => args.map((arg) => typeof arg),
  echo: (value: unknown) => value,
  nothing: () => undefined,
  octets: () => Buffer.from([0, 255, 10]),
  headers: method((ctx: CallContext) => ctx.headers),
  user: method((ctx: CallContext) => ctx.user ?? null),
  date: () => new Date(0),
  async *count(to: number) {
    for (let i = 0; i < to; i++) yield { i }
  },
  async *forever() {
    try {
      for (;;) {
        seen.items++
        yield seen.items
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    } finally {
      seen.aborted++
    }
  },
  async *breaks() {
    yield 1
    throw new RpcError('ABORTED', 'half way')
  },
  slow: method(async (ctx: CallContext) => {
    seen.runs++
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, 20_000)
      ctx.signal.addEventListener('abort', () => {
        seen.aborted++
        clearTimeout(timer)
        resolve(undefined)
      })
    })
  }),
  fail: (code: string) => {
    throw new RpcError(code, `it is ${code}`, { details: { n: 1n } })
  },
  crash: () => {
    throw new RangeError('out of it')
  },
}

async function serve(
  options: ServerOptions = {},
  offered: object = api,
  at = 'tcp://127.0.0.1:0',
): Promise<string> {
  const server = new Server('remote', options)
  servers.push(server)
  server.registerRpc(offered)
  return server.bind(at)
}

function file(name: string, text: string): string {
  const full = path.join(folder, name)
  writeFileSync(full, text)
  return full
}

/** Ends well, prints `out` and nothing else. */
function succeeds({ code, out, err }: Result, printed: string): void {
  assert.equal({ code, out, err }, { code: 0, out: printed, err: '' })
}

/** Ends with `code`, prints no result, says `message`, and shows no stack. */
function fails(result: Result, code: number, message: RegExp): void {
  assert.is(result.code, code, result.err)
  assert.is(result.out, '')
  assert.match(result.err, message)
  assert.not.match(result.err, /\n\s+at |node:internal/)
}

async function before(): Promise<void> {
  endpoint = await serve({ introspection: true })
}

async function after(): Promise<void> {
  await Promise.all(servers.map((server) => server.close()))
  rmSync(folder, { recursive: true, force: true })
}

const call = suite('call')
call.before(before)

call('prints the result as JSON, one line into a pipe', async () => {
  succeeds(await pseud(['call', endpoint, 'lower', 'ABC']), '"abc"\n')
  succeeds(await pseud(['call', endpoint, 'echo', '{"a": [1, {"b": null}]}']), '{"a":[1,{"b":null}]}\n')
  succeeds(await pseud(['call', endpoint, 'nothing']), 'null\n')
  succeeds(await pseud(['call', endpoint, 'date']), '"1970-01-01T00:00:00.000Z"\n')
})

call(
  'takes JSON, plain words and negative numbers for arguments, and everything as texts with --text',
  async () => {
    const words = ['2', '-1', 'word', '"2"', 'true', '[1]', '12345678901234567890']
    const kinds = '["number","number","string","string","boolean","object","bigint"]\n'
    succeeds(await pseud(['call', endpoint, 'kinds', ...words]), kinds)
    succeeds(
      await pseud(['call', endpoint, 'kinds', '--text', '2', 'true', '{no json']),
      '["string","string","string"]\n',
    )
  },
)

call('takes arguments from standard input: lines, or one JSON text', async () => {
  succeeds(await pseud(['call', endpoint, 'add', '-'], { input: '2\n4\n' }), '6\n')
  succeeds(await pseud(['call', endpoint, 'add', '2', '-'], { input: '4' }), '6\n')
  succeeds(await pseud(['call', endpoint, 'echo', '-'], { input: '{\n  "a": 1\n}\n' }), '{"a":1}\n')
  fails(await pseud(['call', endpoint, 'add', '-', '-']), 2, /standard input is there once/)
})

call('as a process: prints, reads standard input, ends with the exit code', async () => {
  succeeds(await (await start(['call', endpoint, 'add', '-'], { input: '2\n4\n' })).ended(), '6\n')
  fails(
    await (await start(['call', endpoint, 'fail', 'ABORTED'])).ended(),
    12,
    /^pseud: ABORTED: it is ABORTED/,
  )
  fails(await (await start(['call', 'nonsense', 'x'])).ended(), 2, /is no endpoint/)
  assert.match((await (await start(['--version'])).ended()).out, /^\d+\.\d+\.\d+\S*\n$/)
})

call('takes short forms of endpoints, and options anywhere', async () => {
  const port = endpoint.split(':').at(-1)!
  succeeds(await pseud(['call', '--timeout', '9s', `:${port}`, 'lower', '-w', 'X']), '"x"\n')
  succeeds(await pseud(['call', `127.0.0.1:${port}`, 'lower', 'X', '--server=remote']), '"x"\n')
})

call('prints texts without quotes and octets as they are with --raw', async () => {
  succeeds(await pseud(['call', endpoint, 'lower', 'ABC', '-r']), 'abc\n')
  assert.is((await pseud(['call', endpoint, 'octets'])).out, '"AP8K"\n')
  assert.is((await pseud(['call', endpoint, 'octets', '--raw'])).out.length, 3)
})

call('sends headers', async () => {
  const result = await pseud(['call', endpoint, 'headers', '-H', 'a=1', '--header', 'b=x=y'])
  assert.equal(JSON.parse(result.out), { a: '1', b: 'x=y' })
  fails(await pseud(['call', endpoint, 'headers', '-H', 'a']), 2, /--header is NAME=VALUE/)
})

call('prints the items of a stream as they come, one a line', async () => {
  succeeds(await pseud(['call', endpoint, 'count', '3']), '{"i":0}\n{"i":1}\n{"i":2}\n')
  succeeds(await pseud(['call', endpoint, 'count', '0']), '')
  const running = await start(['call', endpoint, 'forever'])
  await running.prints(/^\d+\n\d+\n/)
  await running.kill()
})

call('prints the items that came before a stream broke, and ends as it did', async () => {
  const { code, out, err } = await pseud(['call', endpoint, 'breaks'])
  assert.equal([code, out], [12, '1\n'])
  assert.match(err, /^pseud: ABORTED: half way\n$/)
})

call(
  'Ctrl-C takes a call and a stream back: the function there is told, and the exit code is 130',
  async () => {
    for (const [name, isRunning] of [
      ['slow', () => seen.runs > 0],
      ['forever', () => seen.items > 0],
    ] as const) {
      seen.runs = seen.items = seen.aborted = 0
      const running = await start(['call', endpoint, name])
      await until(isRunning, 20_000, name)
      running.signal('SIGINT')
      assert.is((await running.ended()).code, 130)
      await until(() => seen.aborted === 1, 5000, `${name} is told`)
    }
  },
)

call('SIGTERM does the same, with 143', async () => {
  seen.runs = 0
  const running = await start(['call', endpoint, 'slow'])
  await until(() => seen.runs > 0, 20_000)
  running.signal('SIGTERM')
  const { code, err } = await running.ended()
  assert.equal([code, err], [143, ''])
})

call('ends when nobody reads its output any more, and the stream with it', async () => {
  seen.aborted = 0
  const running = await start(['call', endpoint, 'forever'])
  await running.prints(/\d+\n/)
  running.stopReading()
  const { code, err } = await running.ended()
  assert.equal([code, err], [141, ''])
  await until(() => seen.aborted === 1, 5000)
})

call('each code of an error has its exit code', async () => {
  const codes = EXIT_CODES.flatMap(({ codes, exitCode }) => codes.map((code) => [code, exitCode] as const))
  for (const [code, exitCode] of [...codes, ['OUT_OF_CHEESE', 1] as const]) {
    fails(
      await pseud(['call', endpoint, 'fail', code]),
      exitCode,
      new RegExp(`^pseud: ${code}: it is ${code}\n  details: {"n":"1"}\n$`),
    )
  }
})

call('what a server says is printed, and not obeyed by the terminal', async () => {
  const rude = await serve(
    { introspection: true },
    {
      shout: () => {
        throw new RpcError('INTERNAL', 'a\u001b[2Jb\nc\u202e')
      },
    },
  )
  assert.is((await pseud(['call', rude, 'shout'])).err, 'pseud: INTERNAL: a\\x1b[2Jb\nc\\u{202e}\n')
})

call('an error of the language keeps its name', async () => {
  fails(await pseud(['call', endpoint, 'crash']), 1, /^pseud: INTERNAL: RangeError: out of it\n$/)
})

call('with --json an error is a line of JSON', async () => {
  const { code, out, err } = await pseud(['call', endpoint, 'fail', 'ABORTED', '--json'])
  assert.equal([code, out], [12, ''])
  assert.equal(JSON.parse(err), {
    error: { code: 'ABORTED', message: 'it is ABORTED', executed: 'yes', details: { n: '1' }, exitCode: 12 },
  })
  const { err: other } = await pseud(['call', 'nonsense', 'x', '--json'])
  assert.equal(JSON.parse(other).error.exitCode, 2)
})

call('suggests the function that was meant, or where to look', async () => {
  fails(
    await pseud(['call', endpoint, 'lowr', 'X']),
    3,
    /^pseud: no method lowr at tcp:.*\n {2}Did you mean lower\?\n$/,
  )
  fails(
    await pseud(['call', endpoint, 'zzz']),
    3,
    /no method zzz at tcp:.*\n {2}pseud list tcp:.* shows what there is\.\n$/,
  )
})

call('has nothing to suggest where the server does not tell what there is', async () => {
  const silent = await serve()
  fails(await pseud(['call', silent, 'lowr']), 3, /^pseud: no method lowr at tcp:\S+\n$/)
})

call('says what a function takes when the arguments are wrong', async () => {
  fails(
    await pseud(['call', endpoint, 'add', '2', 'x']),
    4,
    /add does not take these arguments[\s\S]*argument 2: [\s\S]*It is add\(\w+: number, \w+: number\): number/,
  )
})

call('says that nobody answers, at once where the connection is refused', async () => {
  fails(
    await pseud(['call', NOBODY, 'x']),
    7,
    new RegExp(`^pseud: nobody answers at ${NOBODY} \\(connection refused\\)\n.*--wait`),
  )
  fails(
    await pseud(['call', `ipc://${folder}/none`, 'x']),
    7,
    /nobody answers at ipc:\S+ \(there is no such socket file\)/,
  )
  fails(
    await pseud(['call', 'tcp://no-such-host.invalid:1', 'x', '-t', '10s']),
    7,
    /nobody answers at tcp:\/\/no-such-host/,
  )
})

call('with --wait goes on trying, until somebody answers or the time is over', async () => {
  const late = await freeEndpoint()
  const running = await start(['call', late, 'lower', 'LATE', '--wait'])
  const never = await pseud(['call', NOBODY, 'x', '--wait', '-t', '300ms'])
  fails(never, 7, /nobody answers at tcp:\S+ \(connection refused; waited 0.3 s\)\n$/)
  await serve({}, api, late)
  succeeds(await running.ended(), '"late"\n')
})

call('says so when somebody else than a pseud server answers', async () => {
  const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
    0,
    '127.0.0.1',
  )
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  fails(
    await pseud(['call', `:${port}`, 'x', '--wait']),
    13,
    /at tcp:\S+ is something else than a server of pseud: .*HTTP/,
  )
  other.close()
})

call('gives up after --timeout', async () => {
  fails(
    await pseud(['call', endpoint, 'slow', '--timeout', '500ms']),
    8,
    /^pseud: DEADLINE_EXCEEDED: slow .*did not answer/,
  )
})

call('--timeout is for a whole stream; without it one that has begun goes on', async () => {
  const { code, out } = await pseud(['call', endpoint, 'forever', '--timeout', '1s'])
  assert.is(code, 8)
  assert.match(out, /^\d+\n/)
})

call('refuses a server of another name', async () => {
  fails(await pseud(['call', endpoint, 'lower', 'X', '--server', 'other', '-t', '5s']), 7, /other/)
})

call("calls servers of Python's pseud, by protocol 1", async () => {
  const old = await serve({ protocols: [2, 1] })
  succeeds(await pseud(['call', old, 'lower', 'ABC', '--protocol', '1']), '"abc"\n')
  fails(await pseud(['call', old, 'lowr', '--protocol', '1']), 3, /no method lowr/)
})

call('says who it is: by a claim, a password, a key, a login inside CURVE', async () => {
  const keys = curve.keyPair()
  const alice = curve.keyPair()
  const password = file('password', 'secret word\n')
  const keyFile = file('alice.key', JSON.stringify(alice))
  const trusting = await serve({ security: trustedPeer() })
  succeeds(await pseud(['call', trusting, 'user', '--user', 'ann']), '"ann"\n')

  const passwords = await serve({ security: plain({ users: { ann: 'secret word' } }) })
  succeeds(await pseud(['call', passwords, 'user', '--user', 'ann', '--password-file', password]), '"ann"\n')
  const env = { PSEUD_USER: 'ann', PSEUD_PASSWORD: 'secret word' }
  succeeds(await pseud(['call', passwords, 'user'], { env }), '"ann"\n')
  fails(
    await pseud(['call', passwords, 'user'], { env: { ...env, PSEUD_PASSWORD: 'wrong' } }),
    5,
    /UNAUTHENTICATED/,
  )

  const encrypted = await serve({
    security: curve.server({ secretKey: keys.secretKey, authorize: new Map([[alice.publicKey, 'alice']]) }),
  })
  const ours = ['--server-key', keys.publicKey, '--key-file', keyFile]
  succeeds(await pseud(['call', encrypted, 'user', ...ours]), '"alice"\n')
  succeeds(
    await pseud(['call', encrypted, 'user'], {
      env: { PSEUD_SERVER_KEY: keys.publicKey, PSEUD_KEY_FILE: keyFile },
    }),
    '"alice"\n',
  )
  fails(await pseud(['call', encrypted, 'user', '--server-key', keys.publicKey]), 5, /UNAUTHENTICATED/)
  fails(
    await pseud(['call', encrypted, 'user']),
    5,
    /does not let us in like this: .*CURVE[\s\S]*--server-key/,
  )
  fails(
    await pseud(['call', encrypted, 'user', '--server-key', curve.keyPair().publicKey]),
    7,
    /its key is another/,
  )

  const both = await serve({
    security: curve.server({ secretKey: keys.secretKey, login: { ann: 'secret word' } }),
  })
  succeeds(await pseud(['call', both, 'user', '--server-key', keys.publicKey], { env }), '"ann"\n')
})

call('says what is wrong with credentials, and repeats none of them', async () => {
  for (const [words, message] of [
    [['--password-file', file('p', 'x')], /a password needs --user/],
    [
      ['--user', 'a', '--password-file', path.join(folder, 'none')],
      /cannot read \S+none: there is no such file/,
    ],
    [['--key-file', file('k', '{}')], /--key-file needs --server-key/],
    [['--server-key', 'short'], /serverKey is a key/],
    [['--server-key', curve.keyPair().publicKey, '--key-file', file('bad', 'SECRET')], /holds no key pair/],
    [['--protocol', '3'], /--protocol is 1 or 2/],
  ] as const) {
    const result = await pseud(['call', endpoint, 'user', ...words])
    fails(result, 2, message)
    assert.not.match(result.err, /SECRET/)
  }
})

call('says what is wrong with a command line', async () => {
  for (const [words, message] of [
    [['call', endpoint], /call needs more arguments: pseud call ENDPOINT METHOD/],
    [['list', endpoint, 'a', 'b'], /list takes fewer arguments/],
    [['call', 'tpc://x:1', 'y'], /Did you mean tcp:\/\/x:1\?/],
    [['call', 'tcp://x', 'y'], /is no endpoint|BAD_ENDPOINT|port/],
    [['call', endpoint, 'lower', '[1'], /argument 1 is no JSON/],
    [['call', endpoint, 'lower', 'x', '--tiemout', '1s'], /Did you mean --timeout\?/],
    [['call', endpoint, 'lower', 'x', '--timeout', 'soon'], /--timeout is a time/],
    [['cal', endpoint], /there is no command cal\n {2}Did you mean call\?/],
    [['--frobnicate'], /there is no option --frobnicate/],
    [['help', 'nothing'], /there is no command nothing/],
  ] as const) {
    fails(await pseud(words), 2, message)
  }
})

call('prints its version and its help', async () => {
  assert.is((await pseud(['--version'])).out, '0.0.0-test\n')
  const { code, out, err } = await pseud([])
  assert.equal([code, out], [2, ''])
  assert.match(err, /usage: pseud COMMAND/)
  for (const words of [['--help'], ['help'], ['-h']]) assert.is((await pseud(words)).out, err)
  const help = await pseud(['call', '--help'])
  assert.match(help.out, /^Calls a function[\s\S]*usage: pseud call ENDPOINT[\s\S]*--timeout TIME/)
  assert.is((await pseud(['help', 'call'])).out, help.out)
  assert.is((await pseud(['call', 'a', '--wrong', '-h'])).code, 0)
  assert.match((await pseud(['help', 'exit-codes'])).out, /^ {2}8 +DEADLINE_EXCEEDED: /m)
})

call.run()

const list = suite('list')

list('tells the functions as $rpc.describe does, one a line', async () => {
  const { code, out } = await pseud(['list', endpoint])
  assert.is(code, 0)
  const described = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(
    described.map(({ name }) => name),
    Object.keys(api).sort(),
  )
  const add = described.find(({ name }) => name === 'add')
  assert.equal([add.doc, add.idempotent, add.params.length], ['Adds two numbers.\nOf any size.', true, 2])
})

list('only those that begin with a prefix, or only their names', async () => {
  succeeds(await pseud(['list', endpoint, 'co', '--names']), 'count\n')
  succeeds(await pseud(['list', endpoint, 'none']), '')
})

list('says what to do where a server tells nothing', async () => {
  const silent = await serve()
  fails(
    await pseud(['list', silent]),
    3,
    /introspection is off there\n {2}new Server\(name, \{ introspection: true \}\)/,
  )
})

list('asks for more pages than one', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 1001 }, (_, at) => [`f${String(at).padStart(4, '0')}`, () => at]),
  )
  const large = await serve({ introspection: true }, many)
  const { out } = await pseud(['list', large, '--names'])
  assert.is(out.trim().split('\n').length, 1001)
})

list.run()

const ping = suite('ping')
ping.after(after)

ping('tells times and a histogram that add up', async () => {
  const { code, out } = await pseud(['ping', endpoint, '--count', '20', '-i', '1ms'])
  assert.is(code, 0)
  const told = JSON.parse(out)
  assert.equal([told.server, told.sent, told.answered, told.lost], ['remote', 20, 20, 0])
  assert.ok(
    told.minMs > 0 && told.minMs <= told.p50Ms && told.p50Ms <= told.p99Ms && told.p99Ms <= told.maxMs,
  )
  assert.is(
    told.histogram.reduce((sum: number, { count }: { count: number }) => sum + count, 0),
    20,
  )
})

ping('counts the refusal of a server without introspection as an answer', async () => {
  const told = JSON.parse((await pseud(['ping', await serve(), '-c', '3'])).out)
  assert.equal([told.sent, told.answered], [3, 3])
})

ping('Ctrl-C ends it early, with what was measured', async () => {
  const running = await start(['ping', endpoint, '--count', '100000', '--interval', '20ms'])
  let answered = 0
  servers[0]!.use((_call, next) => {
    answered++
    return next()
  })
  await until(() => answered > 2, 20_000, 'three calls')
  running.signal('SIGINT')
  const { code, out } = await running.ended()
  assert.is(code, 0)
  const told = JSON.parse(out)
  assert.ok(told.answered > 0 && told.answered < 100_000 && told.lost === 0)
})

ping('says that nobody answers', async () => {
  fails(await pseud(['ping', NOBODY]), 7, /nobody answers/)
})

ping('tells what is lost when the server goes', async () => {
  const going = await serve({ introspection: true })
  const server = servers.at(-1)!
  const running = await start(['ping', going, '-c', '50', '-i', '20ms', '--timeout', '200ms'])
  let answered = 0
  server.use((_call, next) => {
    answered++
    return next()
  })
  await until(() => answered > 2, 20_000, 'three calls')
  await server.close()
  const { code, out, err } = await running.ended()
  const told = JSON.parse(out)
  assert.is(code, 7)
  assert.ok(told.answered > 0 && told.lost > 0)
  assert.match(err, /of 50 calls got no answer/)
})

ping.run()

async function freeEndpoint(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `tcp://127.0.0.1:${port}`
}
