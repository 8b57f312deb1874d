// The pieces of the command that need no process: how command lines are parsed, what is suggested, how values and signatures are spelled, what times
// are made of.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { distanceOf, suggestions } from '../../src/base/suggest.ts'
import { endpointOf } from '../../src/cli/endpoint.ts'
import { EXIT_CODES, exitCodeOf } from '../../src/cli/exit-codes.ts'
import { Latencies, shownMs } from '../../src/cli/latencies.ts'
import type { Option } from '../../src/cli/option.ts'
import { type Parsed, parse } from '../../src/cli/parse.ts'
import { commentOf } from '../../src/cli/serving/doc-comments.ts'
import { signatureOf } from '../../src/cli/signature.ts'
import { jsonOf, parseValue, prettyOf } from '../../src/cli/values.ts'

const OPTIONS: Option[] = [
  { name: 'watch', short: 'w', help: '' },
  { name: 'bind', short: 'b', value: 'ENDPOINT', many: true, help: '' },
  { name: 'name', value: 'NAME', env: 'PSEUD_NAME', help: '' },
  { name: 'timeout', value: 'TIME', fallback: '30s', help: '' },
  { name: 'count', value: 'N', fallback: '10', help: '' },
]

function parsed(line: string, env: NodeJS.ProcessEnv = {}): Parsed {
  return parse(line.split(' '), OPTIONS, env)
}

function fails(run: () => unknown, message: RegExp, hint?: RegExp): void {
  assert.throws(run, (error: { message: string; hints: string[]; exitCode: number }) => {
    assert.is(error.exitCode, 2)
    assert.match(error.message, message)
    if (hint !== undefined) assert.match(error.hints.join('\n'), hint)
    return true
  })
}

const parsing = suite('parse')

parsing('takes options in all their forms, anywhere, and arguments in their order', () => {
  const { args, options } = parsed('a --bind x -w b --bind=y --name z=1 c')
  assert.equal(args, ['a', 'b', 'c'])
  assert.equal(options.texts('bind'), ['x', 'y'])
  assert.ok(options.has('watch'))
  assert.is(options.text('name'), 'z=1')
})

parsing('takes negative numbers, a dash, and what stands behind -- for arguments', () => {
  assert.equal(parsed('-1 -.5 - -- --watch -w').args, ['-1', '-.5', '-', '--watch', '-w'])
})

parsing('takes a value as it is, also one that looks like an option', () => {
  assert.is(parsed('--name --watch').options.text('name'), '--watch')
})

parsing('an option that is not given has its value from the environment, or its default', () => {
  assert.is(parsed('a', { PSEUD_NAME: 'env' }).options.text('name'), 'env')
  assert.is(parsed('--name line', { PSEUD_NAME: 'env' }).options.text('name'), 'line')
  assert.is(parsed('a').options.text('name'), undefined)
  assert.is(parsed('a').options.count('count'), 10)
  assert.not.ok(parsed('a').options.has('count'))
})

parsing('says what is wrong, and what may have been meant', () => {
  fails(() => parsed('--wacth'), /there is no option --wacth/, /Did you mean --watch\?/)
  fails(() => parsed('-x'), /there is no option -x/)
  fails(() => parsed('--bind'), /--bind needs a value: --bind ENDPOINT/)
  fails(() => parsed('--watch=1'), /--watch takes no value/)
  fails(() => parsed('--name a --name b'), /--name was given twice/)
})

parsing('reads times with and without a unit, and numbers', () => {
  for (const [text, ms] of [
    ['250ms', 250],
    ['2', 2000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['none', Number.POSITIVE_INFINITY],
  ] as const) {
    assert.is(parsed(`--timeout ${text}`).options.duration('timeout'), ms)
  }
  for (const text of ['0', '-1s', 'soon', '1d', '']) {
    fails(() => parsed(`--timeout ${text}`).options.duration('timeout'), /--timeout is a time/)
  }
  for (const text of ['0', '1.5', 'many', '1e3', '99999999999999999999']) {
    fails(() => parsed(`--count ${text}`).options.count('count'), /--count is a whole number from 1 on/)
  }
})

parsing.run()

const endpoints = suite('endpoints')

endpoints('takes short forms for tcp, and leaves whole ones as they are', () => {
  for (const [typed, meant] of [
    [':5555', 'tcp://127.0.0.1:5555'],
    ['5555', 'tcp://127.0.0.1:5555'],
    [':*', 'tcp://127.0.0.1:*'],
    ['example.com:80', 'tcp://example.com:80'],
    ['[::1]:80', 'tcp://[::1]:80'],
    ['tcp://a:1', 'tcp://a:1'],
    ['ipc:///tmp/x', 'ipc:///tmp/x'],
  ] as const) {
    assert.is(endpointOf(typed), meant)
  }
})

endpoints('says what is none, and what may have been meant', () => {
  fails(() => endpointOf('tpc://a:1'), /"tpc:\/\/a:1" is no endpoint/, /Did you mean tcp:\/\/a:1\?/)
  fails(() => endpointOf('http://a:1'), /is no endpoint of another process/)
  fails(() => endpointOf('inproc://a'), /is no endpoint of another process/)
  fails(() => endpointOf('nonsense'), /"nonsense" is no endpoint/)
})

endpoints.run()

const suggesting = suite('suggest')

suggesting('counts letters that are left out, added, wrong or swapped', () => {
  for (const [one, other, distance] of [
    ['lower', 'lower', 0],
    ['lowr', 'lower', 1],
    ['loewr', 'lower', 1],
    ['lowers', 'lower', 1],
    ['poker', 'lower', 2],
    ['', 'abc', 3],
  ] as const) {
    assert.is(distanceOf(one, other), distance, one)
  }
})

suggesting('gives the closest names first, at most three, and none that is far away', () => {
  assert.equal(suggestions('lowr', ['upper', 'lower', 'add']), ['lower'])
  assert.equal(suggestions('LOWER', ['lower']), ['lower'])
  assert.equal(suggestions('add', ['math.add', 'ad']), ['math.add', 'ad'])
  assert.equal(suggestions('xyzzy', ['lower', 'upper']), [])
  assert.is(suggestions('aaaa', ['aaab', 'aaac', 'aaad', 'aaae']).length, 3)
})

suggesting.run()

const values = suite('values')

values('an argument is JSON, or the word itself', () => {
  for (const [word, value] of [
    ['2', 2],
    ['-1.5', -1.5],
    ['007', '007'],
    ['ABC', 'ABC'],
    ['"2"', '2'],
    ['true', true],
    ['null', null],
    ['[1, {"a": "b"}]', [1, { a: 'b' }]],
    ['2024-01-01', '2024-01-01'],
    ['', ''],
    ['12345678901234567890', 12345678901234567890n],
  ] as const) {
    assert.equal(parseValue(word, 'argument 1'), value, word)
  }
  for (const word of ['{"a": }', '[1', '"open', '{a: 1}']) {
    fails(() => parseValue(word, 'argument 1'), /argument 1 is no JSON/, /--text/)
  }
})

values('what JSON does not have is spelled', () => {
  assert.is(
    jsonOf({
      date: new Date(0),
      big: 2n ** 70n,
      nan: Number.NaN,
      octets: Buffer.from('hi'),
      none: undefined,
      map: new Map([['a', 1n]]),
      pairs: new Map([[1, 'a']]),
      set: new Set([1]),
      typed: new Float32Array([0.5]),
      error: Object.assign(new RangeError('far'), { code: 'X' }),
      pattern: /a/g,
    }),
    '{"date":"1970-01-01T00:00:00.000Z","big":"1180591620717411303424","nan":"NaN","octets":"aGk=","none":null,' +
      '"map":{"a":"1"},"pairs":[[1,"a"]],"set":[1],"typed":[0.5],"error":{"code":"X","name":"RangeError","message":"far"},"pattern":"/a/g"}',
  )
  assert.is(jsonOf(undefined), 'null')
})

values('JSON for a terminal is coloured and holds nothing that a terminal obeys', () => {
  const painted: string[] = []
  const paint = (style: string, text: string): string => {
    painted.push(`${style} ${text}`)
    return text
  }
  const value = { a: 'x\u001b[2J\u009b2J\u202e"1": true\u{e0001}', b: [1, true, null, -2.5e10] }
  const text = prettyOf(value, paint)
  assert.is(
    text,
    '{\n  "a": "x\\u001b[2J\\u009b2J\\u202e\\"1\\": true\\udb40\\udc01",\n  "b": [\n    1,\n    true,\n    null,\n    -25000000000\n  ]\n}',
  )
  assert.equal(JSON.parse(text), value)
  assert.equal(
    painted.filter((one) => one.startsWith('cyan')),
    ['cyan "a"', 'cyan "b"'],
  )
  assert.is(painted.filter((one) => one.startsWith('yellow')).length, 4)
})

values.run()

const signatures = suite('signatures')
const about = { kind: 'function', domain: 'default', idempotent: false } as const

signatures('a function is spelled with what was said of it, or what its schemas say', () => {
  const schema = {
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'number' } },
    required: ['name'],
  }
  for (const [description, text] of [
    [{ ...about, name: 'f', params: [{ name: 'a' }, { name: 'b', optional: true }] }, 'f(a, b?)'],
    [
      { ...about, name: 'f', params: [{ name: 'a', type: 'Point' }], returns: 'number' },
      'f(a: Point): number',
    ],
    [{ ...about, name: 'f', params: [{ name: 'user', schema }] }, 'f(user: { name: string, age?: number })'],
    [
      {
        ...about,
        name: 'f',
        params: [],
        input: { type: 'array', prefixItems: [{ enum: ['a', 'b'] }] },
        output: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
      },
      'f(arg0: "a" | "b"): (string | null)[]',
    ],
    [{ ...about, kind: 'stream', name: 's', params: [] }, 's(): stream'],
    [{ ...about, kind: 'stream', name: 's', params: [], returns: 'Tick' }, 's(): stream of Tick'],
  ] as const) {
    assert.is(signatureOf(description), text)
  }
})

signatures.run()

const comments = suite('comments')

comments('a function is found in its file, and the comment in front of it read', () => {
  const add = (a: number, b: number): number => a + b
  const text = [
    '/** The file. */',
    '',
    '/**',
    ' * Adds.',
    ' *',
    ' * And that is all.',
    ' * @param {number} a - the first',
    ' * @param {number} [b=2] the second',
    ' * @returns {number} their sum',
    ' */',
    `export const add = method(${add})`,
  ].join('\n')
  assert.equal(commentOf(add, text), {
    doc: 'Adds.\n\nAnd that is all.',
    params: [
      { name: 'a', type: 'number', doc: 'the first' },
      { name: 'b', type: 'number', doc: 'the second', optional: true },
    ],
    returns: 'number',
  })
})

comments('a function whose types Node has taken out is found by its name', () => {
  const add = (a: number): number => a
  for (const line of [
    'const add = (a: number): number => a',
    'export async function add(a: number) {}',
    'export function* add() {}',
  ]) {
    assert.equal(commentOf(add, `/** Another. */\nconst added = 1\n/** Adds. */\nexport ${line}`), {
      doc: 'Adds.',
    })
  }
})

comments('parameters that it leaves out are there all the same, as far as their names can be read', () => {
  const power = (base: number, exponent = 2): number => base ** exponent
  const deep = ({ a }: { a: number }, b: number): number => a + b
  const text = (fn: unknown): string => `/** @param {number} base the base */\nexport const fn = ${fn}`
  assert.equal(commentOf(power, text(power))?.params, [
    { name: 'base', type: 'number', doc: 'the base' },
    { name: 'exponent', optional: true },
  ])
  assert.equal(commentOf(deep, text(deep))?.params?.length, 1)
})

comments('a comment that belongs to something else is not its own', () => {
  const add = (a: number): number => a
  assert.is(
    commentOf(add, `/** Another. */\nconst other = 1\nconst x = [1]; export const add = ${add}`),
    undefined,
  )
  assert.is(commentOf(add, `/* No. */ export const add = ${add}`), undefined)
  assert.is(commentOf(add, 'nothing'), undefined)
})

comments.run()

const times = suite('latencies')

times('gives percentiles, and a histogram between round bounds without gaps', () => {
  const latencies = new Latencies()
  for (let ms = 1; ms <= 100; ms++) latencies.add(ms / 10)
  assert.equal(latencies.summary(), { minMs: 0.1, meanMs: 5.05, p50Ms: 5, p90Ms: 9, p99Ms: 9.9, maxMs: 10 })
  const buckets = latencies.histogram()
  assert.equal(
    buckets.map(({ fromMs, toMs, count }) => [fromMs, toMs, count]),
    [
      [0.1, 0.2, 1],
      [0.2, 0.5, 3],
      [0.5, 1, 5],
      [1, 2, 10],
      [2, 5, 30],
      [5, 10, 50],
      [10, 20, 1],
    ],
  )
  latencies.add(0)
  assert.is(latencies.histogram()[0]?.fromMs, 0)
  assert.equal(new Latencies().histogram(), [])
})

times('times are shown with three digits', () => {
  assert.equal([0.0123, 1.234, 123.4, 1234].map(shownMs), ['0.0123 ms', '1.23 ms', '123 ms', '1.23 s'])
})

times.run()

const exits = suite('exit codes')

exits('each code has one, and each exit code one row', () => {
  assert.is(exitCodeOf('NOT_FOUND'), 3)
  assert.is(exitCodeOf('SOMETHING_OF_AN_APPLICATION'), 1)
  const codes = EXIT_CODES.flatMap((row) => row.codes)
  assert.is(new Set(codes).size, codes.length)
  assert.is(new Set(EXIT_CODES.map((row) => row.exitCode)).size, EXIT_CODES.length)
})

exits.run()
