// What a server or client tells of its functions, and to whom.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { z } from 'zod'
import {
  type Client,
  createLocalRegistry,
  type FunctionDescription,
  globalRegistry,
  type IntrospectionApi,
  method,
  RpcError,
  registerRpc,
  ServiceNotFoundError,
} from '../../src/rpc/index.ts'
import { sourceParameters } from '../../src/rpc/registry/parameter-names.ts'
import { failure, World } from './semantics/world.ts'

const test = suite('introspection')
const world = new World('inproc')
test.after.each(() => world.clear())
test.after(() => world.remove())

const ON = { server: { introspection: true } } as const

async function describe(client: Client, name: string): Promise<FunctionDescription> {
  return client.call('$rpc.describe', [name]) as Promise<FunctionDescription>
}

test('off, there is nothing: the same answer as for any function that is not there', async () => {
  const { client } = await world.pair({ a: () => 1 })
  for (const name of ['$rpc.list', '$rpc.describe', '$rpc.ping', '$rpc', '$rpc.other']) {
    const error = await failure(client.call(name, ['a']))
    assert.instance(error, ServiceNotFoundError)
    assert.equal([error.message, error.executed], [`there is no function "${name}"`, 'no'])
  }
})

test('list gives the names of all registries in order, each once, and none of its own', async () => {
  registerRpc('intro.global', () => 1)
  registerRpc('b', () => 1)
  const parent = createLocalRegistry('parent')
  parent.registerRpc({ parents: () => 1, a: () => 2 })
  const { client } = await world.pair(
    { b: () => 1, a: () => 1, deep: { er: () => 1 } },
    { server: { introspection: true, registry: parent } },
  )
  const typed = client as unknown as Client<IntrospectionApi>
  assert.equal(
    (await typed.$rpc.list()).filter((name) => !name.startsWith('validation.')),
    ['a', 'b', 'deep.er', 'intro.global', 'parents'],
  )
  assert.equal(await typed.$rpc.list('deep.'), ['deep.er'])
  assert.equal(await typed.$rpc.list('', 'intro.global'), ['parents'])
  globalRegistry.unregister('intro.global')
  globalRegistry.unregister('b')
})

test('list and describe show a caller what it may call, by predicates that are asked as if it called', async () => {
  const { server, client } = await world.pair({ open: () => 1 }, ON)
  server.registerRpc({ domain: 'some' }, { allowed: () => 1, denied: () => 1 })
  server.registerRpc({ name: 'both', domain: 'some', doc: 'the better one' }, () => 1)
  server.registerRpc({ name: 'both', doc: 'the other one' }, () => 1)
  server.registerRpc({ name: 'forgotten', domain: 'nobody has a rule for' }, () => 1)
  server.registerRpc({ name: 'failing', domain: 'failing' }, () => 1)
  const asked: string[] = []
  server.registerPredicate('some', (ctx) => {
    asked.push(ctx.method)
    return ctx.method === 'allowed' && ctx.peer.claimedName === undefined && ctx.depth === 0
  })
  server.registerRpc({ name: 'forbidden', domain: 'forbidden' }, () => 1)
  server.registerPredicate('forbidden', () => {
    throw new RpcError('PERMISSION_DENIED', 'not you')
  })
  const failures: unknown[] = []
  server.registerPredicate('failing', () => {
    throw new Error('predicate')
  })
  server.on('error', (_error, about) => failures.push(about.method))
  assert.equal(await client.$rpc.list(), ['allowed', 'both', 'open'])
  assert.equal(asked.sort(), ['allowed', 'both', 'denied'])
  assert.equal(failures, ['failing'])
  assert.is((await describe(client, 'both')).doc, 'the other one')
  for (const name of ['denied', 'forbidden', 'forgotten', 'missing', '$rpc.list', 'constructor', '']) {
    const error = await failure(describe(client, name))
    const plain = await failure(client.call('$rpc.none'))
    assert.equal([error.code, error.executed], ['NOT_FOUND', 'no'])
    assert.equal(error.message.replace(/".*/, ''), plain.message.replace(/".*/, ''))
  }
})

test('list shows what is looked up at another server', async () => {
  const behind = world.server('behind')
  behind.registerRpc({ far: (distance: number) => distance })
  const { client } = await world.pair({ near: () => 1 }, { server: { introspection: true, proxyTo: behind } })
  assert.equal(await client.$rpc.list(), ['far', 'near'])
  assert.equal((await describe(client, 'far')).params, [{ name: 'distance' }])
})

test('describe tells what was said at registration', async () => {
  const { client } = await world.pair(
    {
      add: method(
        {
          doc: 'Adds two numbers.',
          params: ['a', { name: 'b', type: 'number', doc: 'the second', optional: true }],
          returns: 'number',
          idempotent: true,
        },
        (_ctx, a: number, b: number = 1) => a + b,
      ),
      async *ticks(_count: number) {},
      nothing() {},
    },
    ON,
  )
  assert.equal(await describe(client, 'add'), {
    name: 'add',
    kind: 'function',
    domain: 'default',
    idempotent: true,
    doc: 'Adds two numbers.',
    params: [{ name: 'a' }, { name: 'b', type: 'number', doc: 'the second', optional: true }],
    returns: 'number',
  })
  assert.equal(await describe(client, 'ticks'), {
    name: 'ticks',
    kind: 'stream',
    domain: 'default',
    idempotent: false,
    params: [{ name: '_count' }],
  })
  assert.equal((await describe(client, 'nothing')).params, [])
})

test('describe gives the JSON Schema of schemas that can tell, and is silent of others', async () => {
  const { server, client } = await world.pair(
    {
      tuple: method({ input: z.tuple([z.string()]), output: z.number() }, (_ctx, text) => text.length),
      list: method({ input: [z.string(), v.string(), z.number()] }, (_ctx, first, second) => first + second),
      cannot: method({ input: z.tuple([z.date()]) }, (_ctx, date) => date),
      valibot: method({ input: v.tuple([v.string()]) }, (_ctx, text) => text),
      huge: method({ input: [z.enum(Array.from({ length: 10_000 }, (_, n) => `value ${n}`))] }, () => 1),
    },
    ON,
  )
  const { input, output, params } = await describe(client, 'tuple')
  assert.is((input as { type: string }).type, 'array')
  assert.equal((input as { prefixItems: unknown }).prefixItems, [{ type: 'string' }])
  assert.is((output as { type: string }).type, 'number')
  assert.equal(params, [{ name: 'text' }])
  const list = (await describe(client, 'list')).params
  assert.equal(
    list.map(({ name }) => name),
    ['first', 'second', 'arg2'],
  )
  assert.equal(
    list.map(({ schema }) => (schema as { type?: string } | undefined)?.type),
    ['string', undefined, 'number'],
  )
  for (const name of ['cannot', 'valibot']) assert.is((await describe(client, name)).input, undefined)
  assert.equal(Object.keys((await describe(client, 'huge')).params[0]!), ['name'])
  assert.is(server.stats().threw, 0)
})

test('ping gives the token back, and the time there', async () => {
  const { client } = await world.pair({}, ON)
  const before = Date.now()
  const { token, time } = (await client.$rpc.ping({ a: [1, 'b'] })) as { token: unknown; time: Date }
  assert.equal(token, { a: [1, 'b'] })
  assert.ok(time instanceof Date && Math.abs(time.getTime() - before) < 60_000)
  assert.is((await client.$rpc.ping()).token, undefined)
})

test('a client tells of its functions too', async () => {
  const { server } = await world.pair({}, { client: { introspection: true, userId: 'worker' } })
  const client = world.client('remote', { introspection: true, userId: 'other' })
  client.registerRpc({ work: (n: number) => n })
  const at = await server.bind(world.endpoint())
  client.connect(at)
  await client.ready({ timeoutMs: 10_000 })
  assert.equal(await server.sendTo('other').$rpc.list(), ['work'])
  assert.equal(await server.sendTo('worker').$rpc.list(), [])
})

test('answers are bounded: a page of names, the length of texts, the number of parameters', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 2500 }, (_, n) => [`f${String(n).padStart(4, '0')}`, () => n]),
  )
  const { server, client } = await world.pair(many, ON)
  const pages = [await client.$rpc.list()]
  for (let last = pages[0].at(-1); last !== undefined; last = pages.at(-1)?.at(-1)) {
    pages.push(await client.$rpc.list('', last))
  }
  assert.equal(
    pages.map((page) => page.length),
    [1000, 1000, 500, 0],
  )
  server.registerRpc(
    { name: 'long', doc: 'x'.repeat(100_000), params: Array.from({ length: 500 }, () => 'y'.repeat(10_000)) },
    () => 1,
  )
  const { doc, params } = await describe(client, 'long')
  assert.equal([doc?.length, params.length, params[0]?.name.length], [8192, 64, 128])
})

test('names that are none are INVALID_ARGUMENT', async () => {
  const { client } = await world.pair({}, ON)
  for (const [name, args] of [
    ['$rpc.list', [1]],
    ['$rpc.list', ['', {}]],
    ['$rpc.describe', [[]]],
  ] as const) {
    const error = await failure(client.call(name, args))
    assert.equal([error.code, error.executed], ['INVALID_ARGUMENT', 'no'])
  }
})

test('where nothing is exposed, describe still says that there is no such function', async () => {
  const { client } = await world.pair({}, { server: { introspection: true, exposeErrors: 'none' } })
  assert.is((await failure(describe(client, 'x'))).code, 'NOT_FOUND')
})

test('what begins with $rpc cannot be registered, whether introspection is on or off', () => {
  for (const name of ['$rpc', '$rpc.list', '$rpc.mine']) {
    assert.throws(
      () => registerRpc(name, () => 1),
      (error: { code?: string }) => error.code === 'BAD_NAME',
    )
  }
})

test('middleware may keep it to some: a refusal of its own is one that the function did not run', async () => {
  const { server, client } = await world.pair({ a: () => 1 }, ON)
  server.use((call, next) => {
    if (call.method.startsWith('$rpc.')) throw new RpcError('PERMISSION_DENIED', 'ask the administrator')
    return next()
  })
  const error = await failure(client.$rpc.list())
  assert.equal(
    [error.code, error.message, error.executed],
    ['PERMISSION_DENIED', 'ask the administrator', 'no'],
  )
  assert.is(await client.a(), 1)
})

for (const [source, expected] of [
  [(a: unknown, b: unknown) => [a, b], ['a', 'b']],
  [(_only: unknown) => 1, ['_only']],
  [() => 1, []],
  [
    (a = '),', b = [1, 2], { c } = { c: 1 }, [d] = [1], ...rest: unknown[]) => [a, b, c, d, rest],
    ['a?', 'b?', 'arg2?', 'arg3?', '...rest'],
  ],
  [(_a = () => ({ x: 1 }), { b }: { b: number }) => b, ['_a?', 'arg1']],
  [
    async function named(x: unknown, y: unknown) {
      return [x, y]
    },
    ['x', 'y'],
  ],
  [
    {
      async *method(x: unknown) {
        yield x
      },
    }.method,
    ['x'],
  ],
  [Math.max, []],
  [new Function('a /* the, first */', 'b // second (', 'return a') as () => void, ['a', 'b']],
  [
    new Function(...Array.from({ length: 100 }, (_, n) => `a${n}`), '') as () => void,
    Array.from({ length: 32 }, (_, n) => `a${n}`),
  ],
] as const) {
  test(`the parameters of ${String(source).replace(/\s+/g, ' ').slice(0, 60)} are read`, () => {
    const names = sourceParameters(source as () => void).map(({ name, optional }) =>
      optional ? `${name}?` : name,
    )
    assert.equal(names, expected)
  })
}

test('a registry can be told more of a function than its registration has said, and not otherwise', async () => {
  const registry = createLocalRegistry('told')
  const owner = { factor: 3, times: (n: number) => n * 3 }
  registry.registerRpc(owner)
  registry.registerRpc({ doc: 'As registered.', idempotent: true }, function said() {})
  assert.ok(
    registry.describe('times', {
      doc: 'Three times.',
      params: [{ name: 'n', type: 'number' }],
      returns: 'number',
    }),
  )
  assert.ok(registry.describe('said', { doc: 'From elsewhere.', returns: 'nothing' }))
  assert.not.ok(registry.describe('none', { doc: 'Of nothing.' }))
  const { client } = await world.pair({}, { server: { introspection: true, registry } })
  const times = await describe(client, 'times')
  assert.equal(
    [times.doc, times.params, times.returns],
    ['Three times.', [{ name: 'n', type: 'number' }], 'number'],
  )
  assert.is(await client.call('times', [2]), 6)
  const other = await describe(client, 'said')
  assert.equal([other.doc, other.returns, other.idempotent], ['As registered.', 'nothing', true])
})

test.run()
