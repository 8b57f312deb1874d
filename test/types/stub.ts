// Compiled, never run: what the types of stubs promise. A line behind @ts-expect-error must be an error, or tsc fails.
import {
  type CallContext,
  Client,
  createLocalRegistry,
  method,
  type Peer,
  type RemoteStream,
  RpcError,
  registerRpc,
  Server,
  type Stub,
} from '../../src/rpc/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function expectType<Expected>(): <Actual>(value: Actual, same: Equal<Actual, Expected>) => void {
  return () => {}
}

const api = {
  lower: (text: string) => text.toLowerCase(),
  math: {
    add: (a: number, b: number) => a + b,
    divide: async (a: number, b: number) => ({ quotient: Math.trunc(a / b), rest: a % b }),
    deep: { er: (options?: { readonly exact: boolean }) => options?.exact },
  },
  version: 3,
  first: async <T>(list: readonly T[]): Promise<T | undefined> => list[0],
  either: (flag: boolean): 'yes' | { no: number } => (flag ? 'yes' : { no: 1 }),
  many: (...parts: string[]): string[] => parts,
  nothing: (): void => {},
  whoami: method((ctx, loud: boolean) => (loud ? `${ctx.user}!` : ctx.user)),
  later: method(async (ctx, n: number): Promise<number> => ctx.depth + n),
  close: () => 'closed',
  call: (n: number) => n,
}

class Service {
  readonly started = new Date()
  greet(name: string): string {
    return `hello ${name}`
  }
  async wait(ms: number): Promise<void> {
    void ms
  }
}

interface ClientApi {
  addition(a: number, b: number): number
  progress(done: number): void
}

export async function typedClient(): Promise<void> {
  const client = new Client<typeof api>('remote')
  expectType<string>()(await client.lower('A'), true)
  expectType<number>()(await client.math.add(1, 2), true)
  expectType<{ quotient: number; rest: number }>()(await client.math.divide(1, 2), true)
  expectType<boolean | undefined>()(await client.math.deep.er(), true)
  expectType<boolean | undefined>()(await client.math.deep.er({ exact: true }), true)
  expectType<number | undefined>()(await client.first([1, 2]), true)
  expectType<string | undefined>()(await client.first(['a']), true)
  expectType<'yes' | { no: number }>()(await client.either(true), true)
  expectType<string[]>()(await client.many('a', 'b'), true)
  expectType<undefined>()(await client.nothing().then(() => undefined), true)

  // The context is none of the caller's arguments.
  expectType<string | undefined>()(await client.whoami(true), true)
  expectType<number>()(await client.later(1), true)

  // Options come before, never among the arguments; the stub is the same.
  expectType<number>()(
    await client.with({ timeoutMs: 5, signal: new AbortController().signal }).math.add(1, 2),
    true,
  )
  expectType<number>()(await client.api.math.add(1, 2), true)
  expectType<string>()(await client.sendTo('other').lower('A'), true)
  expectType<unknown>()(await client.call('math.add', [1, 2], { failFast: true }), true)

  // Names of members are the members; the functions of that name stand in `api`.
  expectType<Promise<void>>()(client.close(), true)
  expectType<Promise<string>>()(client.api.close(), true)
  expectType<number>()(await client.api.call(1), true)

  // @ts-expect-error: no such function
  client.upper('A')
  // @ts-expect-error: no such function
  client.math.subtract(1, 2)
  // @ts-expect-error: a number is no string
  client.lower(1)
  // @ts-expect-error: an argument is missing
  client.math.add(1)
  // @ts-expect-error: one argument too many
  client.math.add(1, 2, 3)
  // @ts-expect-error: a promise is no string
  client.lower('A').length
  // @ts-expect-error: the result is a string
  const wrong: number = await client.lower('A')
  // @ts-expect-error: what is no function cannot be called
  client.version()
  // @ts-expect-error: nor read
  client.version
  // @ts-expect-error: the context is passed by the server
  client.whoami({} as CallContext, true)
  // @ts-expect-error: no such option
  client.with({ timeout: 5 })
  // @ts-expect-error: a stub cannot be changed
  client.api.lower = () => Promise.resolve('')
  // @ts-expect-error: nor its children
  client.math.add = () => Promise.resolve(1)
  void wrong

  // A client is what connect, ready and await give back.
  expectType<string>()(await (await client.connect('inproc://x').ready()).lower('A'), true)
  expectType<string>()(await (await client).lower('A'), true)
}

export async function typedInstance(): Promise<void> {
  const client = new Client<Service>('remote')
  expectType<string>()(await client.greet('you'), true)
  expectType<void>()(await client.wait(5), true)
  // @ts-expect-error: wrong argument
  client.greet(5)
}

export async function typedServer(): Promise<void> {
  const server = new Server<ClientApi>('remote')
  expectType<number>()(await server.sendTo('worker').addition(1, 2), true)
  // @ts-expect-error: no such function of the client
  server.sendTo('worker').subtraction(1, 2)
  for (const peer of server.peers.values()) {
    expectType<Peer<ClientApi>>()(peer, true)
    expectType<number>()(await peer.api.addition(1, 2), true)
    expectType<void>()(await peer.with({ timeoutMs: 1 }).progress(1), true)
  }
  server.on('peer', async (peer) => {
    expectType<number>()(await peer.api.addition(1, 2), true)
  })
  server.on('peergone', (peer, error) => {
    expectType<string>()(peer.id, true)
    expectType<Error | undefined>()(error, true)
  })
  // @ts-expect-error: no such event
  server.on('nothing', () => {})
  // A function that calls its caller back says whom it expects.
  server.registerRpc({
    work: method(async (ctx: CallContext<ClientApi>, n: number) => {
      expectType<number>()(await ctx.peer.api.addition(n, 1), true)
      const client = new Client<typeof api>('remote')
      expectType<string>()(await ctx.with(client).lower('A'), true)
      expectType<number>()(await ctx.with(ctx.peer, { timeoutMs: 5 }).addition(1, 2), true)
      // @ts-expect-error: no such function of the caller
      ctx.peer.api.lower('A')
      return n
    }),
  })
  const front = new Server('front', { proxyTo: server, registry: createLocalRegistry('x') })
  void front
}

export async function untyped(): Promise<void> {
  const client = new Client('remote')
  const result: string = await client.lower('ABC')
  await client.this.is.a.name()
  await client.math.add(1, 2)
  await client.with({ timeoutMs: 5 }).anything.at.all(result)
  await (await client).lower()
  const server = new Server('remote')
  await server.sendTo('client').addition(2, 4)
  for (const peer of server.peers.values()) await peer.api.whatever()
  const stub: Stub<unknown> = client.api
  await stub.name()
}

export function registration(): void {
  const registry = createLocalRegistry('x')
  const add = (a: number, b: number): number => a + b
  // What is registered is given back as it is.
  const byItself = registerRpc(add)
  const byName = registerRpc('add', add)
  const byOptions = registerRpc({ registry }, add)
  const byCurriedName = registerRpc('add')(add)
  const byCurriedOptions = registerRpc({ registry, domain: 'x' })(add)
  const object = registerRpc(api)
  const instance = registerRpc(new Service())
  expectType<typeof add>()(byItself, true)
  expectType<typeof add>()(byName, true)
  expectType<typeof add>()(byOptions, true)
  expectType<typeof add>()(byCurriedName, true)
  expectType<typeof add>()(byCurriedOptions, true)
  expectType<typeof api>()(object, true)
  expectType<Service>()(instance, true)
  // The context is typed by the option.
  registerRpc({ withContext: true, name: 'x' }, (ctx, n: number) => ctx.depth + n)
  class Api {
    @registerRpc plain(): number {
      return 1
    }
    @registerRpc('math.add') add(a: number, b: number): number {
      return a + b
    }
    @registry.registerRpc({ domain: 'x' }) other(): void {}
    @registerRpc('arrow') arrow = (): number => 1
  }
  void Api
  // @ts-expect-error: an unknown option
  registerRpc({ nmae: 'x' }, add)
  // @ts-expect-error: a number cannot be called
  registerRpc('x', 3)
}

export function errors(error: unknown): string | undefined {
  const NoStock = RpcError.define<{ wanted: number }>('NoStockTyped', 'FAILED_PRECONDITION')
  if (error instanceof NoStock) {
    expectType<number | undefined>()(error.details?.wanted, true)
    return error.code
  }
  if (error instanceof RpcError) {
    expectType<'no' | 'maybe' | 'yes'>()(error.executed, true)
    return error.code
  }
  const known: RpcError = new RpcError('X', 'x')
  if (known instanceof NoStock) expectType<number | undefined>()(known.details?.wanted, true)
  // @ts-expect-error: details are those of the declaration
  new NoStock('none left', { details: { wanted: 'three' } })
  return undefined
}

const streams = {
  ticks: async function* (n: number): AsyncGenerator<number> {
    for (let i = 0; i < n; i++) yield i
  },
  letters: function* (text: string): Generator<string, number, boolean> {
    yield* text
    return text.length
  },
  later: async (): Promise<AsyncIterable<{ id: number }>> => streams.records(),
  records: (): AsyncIterable<{ id: number }> => ({ [Symbol.asyncIterator]: () => never() }),
  withContext: method(async function* (ctx, n: number) {
    yield `${ctx.user} ${n}`
  }),
  sum: async (numbers: AsyncIterable<number>): Promise<number> => {
    let total = 0
    for await (const n of numbers) total += n
    return total
  },
  array: () => [1, 2],
  map: () => new Map<string, number>(),
}

function never(): never {
  throw new Error('not run')
}

export async function streaming(): Promise<void> {
  const client = new Client<typeof streams>('remote')
  for await (const n of client.ticks(5)) expectType<number>()(n, true)
  for await (const letter of client.api.letters('abc')) expectType<string>()(letter, true)
  for await (const record of client.later()) expectType<{ id: number }>()(record, true)
  for await (const record of client.with({ timeoutMs: 5 }).records())
    expectType<{ id: number }>()(record, true)
  for await (const text of client.withContext(1)) expectType<string>()(text, true)
  const stream = await client.ticks(5)
  expectType<RemoteStream<number>>()(stream, true)
  for await (const n of stream) expectType<number>()(n, true)
  expectType<number>()(await client.sum(client.ticks(5)), true)
  expectType<number[]>()(await client.array(), true)
  expectType<Map<string, number>>()(await client.map(), true)
  for await (const item of client.call('ticks', [5])) expectType<unknown>()(item, true)
  // @ts-expect-error: strings are no numbers
  await client.sum(client.letters('abc'))
  // @ts-expect-error: a result that is no stream has no items
  for await (const n of client.sum(client.ticks(5))) void n
  // @ts-expect-error: an argument is missing
  client.ticks()
  // @ts-expect-error: a stream is no number
  const wrong: number = await client.ticks(5)
  void wrong
}

const borders = {
  any: (): ReturnType<typeof JSON.parse> => JSON.parse('1'),
  anyLater: async (): Promise<ReturnType<typeof JSON.parse>> => JSON.parse('1'),
  unknown: (): unknown => 1,
  never: (): never => never(),
  neverLater: async (): Promise<never> => never(),
  perhaps: (now: boolean): number | Promise<number> => (now ? 1 : Promise.resolve(1)),
  thenable: (): PromiseLike<'done'> => Promise.resolve('done'),
  streamOrNot: (flag: boolean): number | Promise<string> => (flag ? 1 : Promise.resolve('')),
  // Overloads are kept where the function is kept: where it returns a promise.
  overloaded: overloaded,
  contextLater: method(async (_ctx, flag: boolean): Promise<'a' | { b: number }> => (flag ? 'a' : { b: 1 })),
}

function overloaded(value: string): Promise<'text'>
function overloaded(value: number): Promise<'number'>
async function overloaded(value: string | number): Promise<'text' | 'number'> {
  return typeof value === 'string' ? 'text' : 'number'
}

export async function atTheBorders(): Promise<void> {
  const client = new Client<typeof borders>('remote')
  const any: string = await client.any()
  const anyLater: string = await client.anyLater()
  expectType<Promise<unknown>>()(client.unknown(), true)
  expectType<Promise<never>>()(client.never(), true)
  expectType<Promise<never>>()(client.neverLater(), true)
  expectType<Promise<number>>()(client.perhaps(true), true)
  expectType<Promise<'done'>>()(client.thenable(), true)
  expectType<Promise<string | number>>()(client.streamOrNot(true), true)
  expectType<'text'>()(await client.overloaded('a'), true)
  expectType<'number'>()(await client.overloaded(1), true)
  expectType<'a' | { b: number }>()(await client.contextLater(true), true)
  // @ts-expect-error: none of the overloads
  client.overloaded(true)
  // @ts-expect-error: what is not known cannot be used as anything
  const unknown: string = await client.unknown()
  void [any, anyLater, unknown]
}
