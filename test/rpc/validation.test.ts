// Arguments and results checked by schemas, over a real connection: of zod, of valibot, and of nobody's library.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { z } from 'zod'
import { didNotRun } from '../../src/rpc/errors/not-run.ts'
import {
  type Client,
  method,
  OutputError,
  RpcError,
  registerRpc,
  type SchemaResult,
  type StandardSchema,
  type ValidationDetails,
} from '../../src/rpc/index.ts'
import { until } from '../support/within.ts'
import { failure, World } from './semantics/world.ts'

const test = suite('validation')
const world = new World('inproc')
test.after.each(() => world.clear())
test.after(() => world.remove())

/** A schema of nobody's library. */
function schemaOf<T>(
  validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>,
): StandardSchema<T> {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

const text = schemaOf((value) =>
  typeof value === 'string' ? { value } : { issues: [{ message: 'no text', path: [{ key: 'deep' }, 1] }] },
)

/** What the call failed with, as its caller is told. */
async function refusal(call: unknown): Promise<RpcError<ValidationDetails>> {
  const error = (await failure(call as Promise<unknown>)) as RpcError<ValidationDetails>
  assert.instance(error, RpcError)
  return error
}

const LIBRARIES = {
  zod: {
    list: [z.string().trim(), z.object({ n: z.number() })],
    tuple: z.tuple([z.string().trim(), z.object({ n: z.number() })]),
  },
  valibot: {
    list: [v.pipe(v.string(), v.trim()), v.object({ n: v.number() })],
    tuple: v.strictTuple([v.pipe(v.string(), v.trim()), v.object({ n: v.number() })]),
  },
}

for (const [library, schemas] of Object.entries(LIBRARIES)) {
  for (const [form, input] of Object.entries(schemas)) {
    test(`${library}, as a ${form}: the function gets what comes out, and is not run for what does not fit`, async () => {
      const seen: unknown[] = []
      const { client, server } = await world.pair({
        take: method({ input: input as StandardSchema<readonly unknown[]> }, (_ctx, ...args) => {
          seen.push(args)
          return args.length
        }),
      })
      assert.is(await client.take('  a ', { n: 1, extra: 2 }), 2)
      assert.equal(seen, [['a', { n: 1 }]])

      const error = await refusal(client.take('a', { n: 'x' }))
      assert.equal([error.code, error.executed], ['INVALID_ARGUMENT', 'no'])
      assert.match(error.message, /^the arguments of take are not what it takes: 1\.n: /)
      assert.equal(
        error.details?.issues.map(({ path }) => path),
        [[1, 'n']],
      )
      assert.type(error.details?.issues[0]?.message, 'string')
      // Nothing but text and path: no values, no insides of the library.
      assert.equal(Object.keys(error.details?.issues[0] ?? {}).sort(), ['message', 'path'])

      assert.equal((await refusal(client.take())).code, 'INVALID_ARGUMENT')
      assert.equal((await refusal(client.take('a', { n: 1 }, 3))).code, 'INVALID_ARGUMENT')
      assert.is(seen.length, 1)
      assert.is(server.stats().running, 0)
    })
  }
}

test('a function is typed and called as it is where it was registered: only callers of the wire are checked', () => {
  const double = registerRpc({ name: 'validation.double', input: [z.coerce.number<string>()] }, (n) => n * 2)
  assert.is(double(2), 4)
})

test('every wrong argument is an issue, those of a list in their order', async () => {
  const { client } = await world.pair({ take: method({ input: [text, text, z.number()] }, () => 1) })
  const { details } = await refusal(client.take(1, 'b', 'c'))
  assert.equal(details?.issues[0], { message: 'no text', path: [0, 'deep', 1] })
  assert.equal(details?.issues[1]?.path, [2])
})

test('a list counts: one argument too many is an issue, one too few is undefined to its schema', async () => {
  const { client } = await world.pair({
    take: method({ input: [z.string(), z.number().default(7)] }, (_ctx, a, b) => [a, b]),
    none: method({ input: [] }, () => 'none'),
  })
  assert.equal(await client.take('a'), ['a', 7])
  const error = await refusal(client.take('a', 1, 2))
  assert.equal(error.details, { issues: [{ message: 'there are at most 2 arguments, not 3', path: [2] }] })
  assert.is(await client.none(), 'none')
  assert.is((await refusal(client.none(0))).code, 'INVALID_ARGUMENT')
})

test('schemas that take their time are awaited; the function runs after them, or not at all', async () => {
  let runs = 0
  const slow = z.string().refine(async (value) => {
    await new Promise((resolve) => setImmediate(resolve))
    return value !== 'taken'
  }, 'taken')
  const { client } = await world.pair({
    list: method({ input: [z.number(), slow, z.number()] }, (_ctx, a, b, c) => {
      runs++
      return [a, b, c]
    }),
    tuple: method({ input: z.tuple([slow]) }, (_ctx, name) => name),
    async: method(
      {
        input: v.pipeAsync(
          v.tuple([v.string()]),
          v.transformAsync(async ([a]) => [a.length] as [number]),
        ),
      },
      async (_ctx, n) => n + 1,
    ),
  })
  assert.equal(await client.list(1, 'free', 2), [1, 'free', 2])
  const error = await refusal(client.list(1, 'taken', 'x'))
  assert.equal([error.executed, error.details?.issues.map(({ path }) => path)], ['no', [[1], [2]]])
  assert.is(runs, 1)
  assert.is(await client.tuple('a'), 'a')
  assert.equal((await refusal(client.tuple('taken'))).details?.issues, [{ message: 'taken', path: [0] }])
  assert.is(await client.async('abc'), 4)
})

test('a schema that answers at once costs no promise: the function is answered in the same turn', async () => {
  const { client, server } = await world.pair({
    add: method({ input: [z.number(), z.number()], output: z.number() }, (_ctx, a, b) => a + b),
  })
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, server.stats().running)
  }, 0)
  assert.is(await client.add(1, 2), 3)
  clearInterval(watch)
  assert.is(most, 0)
})

test('context and identity stand in front of what is checked', async () => {
  const { client, server } = await world.pair({})
  server.registerRpc({ name: 'both', withContext: true, withIdentity: true, input: [z.number()] }, ((
    ctx: { method: string },
    user: string | undefined,
    n: number,
  ) => [ctx.method, user, n]) as never)
  server.registerRpc({ name: 'identity', withIdentity: true, input: [z.number()] }, ((
    user: unknown,
    n: number,
  ) => [user, n]) as never)
  assert.equal(await client.both(1), ['both', undefined, 1])
  assert.equal(await client.identity(2), [undefined, 2])
  assert.is((await refusal(client.identity('2'))).code, 'INVALID_ARGUMENT')
})

test('one function may be offered twice, with other schemas', async () => {
  const size = (_ctx: unknown, value: { length: number }): number => value.length
  const { client } = await world.pair({
    text: method({ input: [z.string()] }, size),
    list: method({ input: [z.array(z.number())] }, size),
  })
  assert.equal([await client.text('abc'), await client.list([1])], [3, 1])
  assert.is((await refusal(client.text([1]))).code, 'INVALID_ARGUMENT')
})

test('methods of instances are checked, and keep their this', async () => {
  class Counter {
    #n = 0
    @registerRpc({ input: [z.number().positive()], output: z.number() }) add(n: number): number {
      this.#n += n
      return this.#n
    }
  }
  const { client } = await world.pair(new Counter())
  assert.is(await client.add(2), 2)
  assert.is(await client.add(3), 5)
  assert.is((await refusal(client.add(-3))).code, 'INVALID_ARGUMENT')
  assert.is(await client.add(1), 6)
})

test('a result that is not what was promised is INTERNAL, its issues are told at the server alone', async () => {
  const { client, server } = await world.pair({
    now: method({ output: z.object({ id: z.number() }) }, () => ({ id: 'secret' }) as never),
    later: method({ output: z.number() }, async () => 'secret' as never),
    fits: method({ output: z.object({ id: z.number().transform(String) }) }, () => ({ id: 1, more: 2 })),
    slow: method({ output: z.number().refine(async () => true) }, () => 4),
  })
  const told: unknown[] = []
  server.on('error', (error) => told.push(error))
  for (const name of ['now', 'later']) {
    const error = await refusal(client.call(name))
    assert.equal([error.code, error.executed, error.details], ['INTERNAL', 'yes', undefined])
    assert.is(error.message, `what ${name} gave is not what it promises`)
    const last = told.at(-1) as OutputError
    assert.instance(last, OutputError)
    assert.is(last.issues.length, 1)
  }
  assert.equal((told[0] as OutputError).issues[0]?.path, ['id'])
  assert.equal(await client.fits(), { id: '1' })
  assert.is(await client.slow(), 4)
})

test('the items of a stream are checked one by one; one that does not fit ends it, and its source', async () => {
  let ended = 0
  const item = z.object({ n: z.number().max(2) })
  async function* count(): AsyncGenerator<{ n: number }> {
    try {
      for (let n = 0; ; n++) yield { n, extra: true } as { n: number }
    } finally {
      ended++
    }
  }
  const { client, server } = await world.pair({
    async: method({ output: item }, () => count()),
    later: method({ output: item }, async () => count()),
    plain: method({ output: z.number() }, function* () {
      yield* [1, 2, 'x'] as number[]
    }),
  })
  const told: unknown[] = []
  server.on('error', (error) => told.push(error))
  for (const name of ['async', 'later']) {
    const seen: unknown[] = []
    const error = await refusal(
      (async () => {
        for await (const value of client.call(name)) seen.push(value)
      })(),
    )
    assert.equal(seen, [{ n: 0 }, { n: 1 }, { n: 2 }])
    assert.equal([error.code, error.executed], ['INTERNAL', 'yes'])
  }
  assert.is(ended, 2)
  assert.is(told.length, 2)
  const numbers: unknown[] = []
  await refusal(
    (async () => {
      for await (const value of client.plain()) numbers.push(value)
    })(),
  )
  assert.equal(numbers, [1, 2])
  for await (const value of client.async()) {
    assert.equal(value, { n: 0 })
    break
  }
  await until(() => ended === 3, 5000, 'the finally of the source')
})

test('a schema that throws, or gives no arguments, is the fault of who registered it: INTERNAL, not run, and told', async () => {
  const broken = schemaOf(() => {
    throw new TypeError('broken')
  })
  const rejecting = schemaOf(() => Promise.reject(new TypeError('broken')))
  const thrice = schemaOf((value) => (value === 1 ? Promise.resolve({ value }) : { value }))
  let runs = 0
  const run = (): void => {
    runs++
  }
  const { client, server } = await world.pair({
    broken: method({ input: [thrice, broken] }, run),
    rejecting: method({ input: [thrice, rejecting] }, run),
    shapeless: method({ input: z.any() }, run),
  })
  server.registerRpc({ name: 'wrong', input: z.array(z.any()).transform(() => 'text') as never }, run)
  let told = 0
  server.on('error', () => told++)
  for (const [name, args] of [
    ['broken', [1]],
    ['broken', [2]],
    ['rejecting', [1, 2]],
    ['wrong', []],
  ] as const) {
    const error = await refusal(client.call(name, args))
    assert.equal([error.code, error.executed], ['INTERNAL', 'no'])
  }
  assert.equal([runs, told], [0, 4])
  assert.is(await client.shapeless(), undefined)
})

test('issues are few and short, whatever a schema says of hostile arguments', async () => {
  const long = 'é'.repeat(5000)
  const many = schemaOf(() => ({
    issues: Array.from({ length: 10_000 }, () => ({
      message: long,
      path: Array.from({ length: 500 }, () => long),
    })),
  }))
  const short = schemaOf(() => ({
    issues: Array.from({ length: 100 }, (_, n) => ({ message: `${n}`, path: [n] })),
  }))
  const odd = schemaOf(() => ({ issues: [{ message: 3 as never, path: [Symbol('key'), Number.NaN] }] }))
  const { client } = await world.pair({
    many: method({ input: [many] }, () => 1),
    short: method({ input: [short] }, () => 1),
    odd: method({ input: [odd] }, () => 1),
  })
  const { details, message } = await refusal(client.many(1))
  assert.ok(details!.issues.length >= 1 && details!.issues.length < 10)
  assert.is(details!.omitted, 10_000 - details!.issues.length)
  assert.ok(message.length <= 1024)
  assert.is((await refusal(client.short(1))).details?.issues.length, 32)
  assert.is((await refusal(client.short(1))).details?.omitted, 68)
  assert.equal((await refusal(client.odd(1))).details?.issues, [
    { message: '3', path: [0, 'Symbol(key)', Number.NaN] },
  ])
})

test('where nothing is exposed, a caller learns that its arguments are wrong, and not why', async () => {
  const { client, server } = await world.pair(
    { take: method({ input: [z.number()] }, () => 1) },
    { server: { exposeErrors: 'none' } },
  )
  const told: unknown[] = []
  server.on('error', (error, about) => told.push(error, about.reference))
  const error = await refusal(client.take('x'))
  assert.equal([error.code, error.executed, error.details], ['INVALID_ARGUMENT', 'no', undefined])
  assert.is(error.message, 'the call was refused')
  assert.is(error.reference, told[1])
  assert.ok(didNotRun(told[0]))
})

test('a notify with wrong arguments is told at the receiver', async () => {
  let runs = 0
  const { client, server } = await world.pair({
    take: method({ input: [z.number()] }, () => {
      runs++
    }),
  })
  const told: unknown[] = []
  server.on('error', (error) => told.push(error))
  ;(client as Client).notify('take', ['x'])
  ;(client as Client).notify('take', [1])
  await until(() => runs === 1, 5000, 'the second')
  assert.is((told[0] as RpcError).code, 'INVALID_ARGUMENT')
})

for (const [what, options] of [
  ['an input that is no schema', { input: {} }],
  ['an input with something else than schemas', { input: [z.string(), 'string'] }],
  [
    'a schema of another version',
    { output: { '~standard': { version: 2, vendor: 'x', validate: () => ({}) } } },
  ],
  ['a schema without validate', { output: { '~standard': { version: 1, vendor: 'x' } } }],
  ['a doc that is no text', { doc: 3 }],
  ['params that are none', { params: [3] }],
] as const) {
  test(`${what} is refused at registration`, () => {
    const isBadOption = (error: { code?: string }): boolean => error.code === 'BAD_OPTION'
    assert.throws(() => registerRpc({ name: 'validation.bad', ...options } as never, () => 1), isBadOption)
    assert.throws(() => method(options as never, () => 1), isBadOption)
  })
}

test('schemas and descriptions are of one function, not of an object of them', () => {
  for (const options of [{ input: [z.string()] }, { output: z.string() }, { doc: 'x' }] as const) {
    assert.throws(
      () => registerRpc(options as never, { a: () => 1 }),
      (error: { code?: string }) => error.code === 'BAD_OPTION',
    )
  }
})

test.run()
