import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CallContext } from '../../src/rpc/api/context.ts'
import { method } from '../../src/rpc/registry/registration.ts'
import {
  createLocalRegistry,
  findHandler,
  globalRegistry,
  Registry,
  registerPredicate,
  registerRpc,
} from '../../src/rpc/registry/registry.ts'

const test = suite('registerRpc')

const asking = {
  context: () => ({ user: 'alice' }) as CallContext,
  onPredicateFailure: () => {},
}

/** Runs what is registered under `name`, as a call would. */
function run(registry: Registry, name: string, ...args: unknown[]): unknown {
  const handler = findHandler(registry, name, asking)
  if (handler === undefined) return 'NOT_FOUND'
  return Reflect.apply(handler.run, handler.owner, args)
}

const refuses = (code: string) => (error: { code?: string; name?: string }) =>
  error.code === code && error.name === 'UsageError'

test('takes a function by its own name, and returns it', () => {
  const registry = new Registry()
  const lower = (text: string) => text.toLowerCase()
  assert.is(registry.registerRpc(lower), lower)
  assert.is(run(registry, 'lower', 'ABC'), 'abc')
})

test('takes a name and a function', () => {
  const registry = new Registry()
  const done = () => 'Done'
  assert.is(registry.registerRpc('this.is.a.name', done), done)
  assert.is(run(registry, 'this.is.a.name'), 'Done')
  assert.equal(registry.names(), ['this.is.a.name'])
})

test('takes options and a function', () => {
  const registry = createLocalRegistry('worker')
  registerRpc({ registry }, function callMe() {
    return 'Done'
  })
  registerRpc({ registry, name: 'other.name' }, () => 'Other')
  assert.is(run(registry, 'callMe'), 'Done')
  assert.is(run(registry, 'other.name'), 'Other')
  assert.is(globalRegistry.handlers('callMe'), undefined)
})

test('takes an object of functions, nested ones joined by dots, `this` being the object that holds each', () => {
  const registry = new Registry()
  const api = {
    lower: (text: string) => text.toLowerCase(),
    math: {
      offset: 1,
      add(a: number, b: number) {
        return a + b + this.offset
      },
      deep: { er: () => 'deep' },
    },
    version: 3,
    started: new Date(),
    cache: new Map(),
    list: [() => 1],
    nothing: null,
  }
  assert.is(registry.registerRpc(api), api)
  assert.equal(registry.names().sort(), ['lower', 'math.add', 'math.deep.er'])
  assert.is(run(registry, 'math.add', 2, 4), 7)
})

test('takes an object behind a name, which stands in front of its names', () => {
  const registry = new Registry()
  registry.registerRpc('math', { add: (a: number, b: number) => a + b })
  registry.registerRpc({ name: 'text', registry }, { lower: () => 'l' })
  assert.equal(registry.names(), ['math.add', 'text.lower'])
})

test('runs no getter of an object, and offers nothing that it inherits or that is not enumerable', () => {
  const registry = new Registry()
  let asked = 0
  const api = Object.defineProperties(
    { add: () => 1 },
    {
      trap: {
        enumerable: true,
        get: () => {
          asked++
          return () => 'secret'
        },
      },
      hidden: { enumerable: false, value: () => 'hidden' },
    },
  )
  registry.registerRpc(api)
  assert.equal(registry.names(), ['add'])
  assert.is(asked, 0)
  assert.throws(() => registry.registerRpc(Object.create({ inherited: () => 1 })), refuses('NOT_CALLABLE'))
})

class Base {
  inherited(): string {
    return 'inherited'
  }
}

class Service extends Base {
  readonly #greeting = 'hello'
  field = (): string => 'a field'
  greet(name: string): string {
    return `${this.#greeting} ${name}`
  }
  _internal(): string {
    return 'private'
  }
  get value(): string {
    throw new Error('a getter was run')
  }
  override toString(): string {
    return 'Service'
  }
  static make(): Service {
    return new Service()
  }
}

test('takes an instance: the methods of its class and of those above it, but nothing private, static or inherited by all', () => {
  const registry = new Registry()
  registry.registerRpc(new Service())
  assert.equal(registry.names().sort(), ['greet', 'inherited'])
  assert.is(run(registry, 'greet', 'you'), 'hello you')
  assert.is(run(registry, 'constructor'), 'NOT_FOUND')
})

test('offers nothing of the language itself: an instance of a class over Map has the methods written for it alone', () => {
  const registry = new Registry()
  class Store extends Map<string, string> {
    find(key: string): string | undefined {
      return this.get(key)
    }
  }
  registry.registerRpc(new Store([['a', '1']]))
  assert.equal(registry.names(), ['find'])
  assert.is(run(registry, 'find', 'a'), '1')
})

test('takes an instance inside an object', () => {
  const registry = new Registry()
  registry.registerRpc({ service: new Service() })
  assert.equal(registry.names().sort(), ['service.greet', 'service.inherited'])
})

class Decorated {
  factor = 2
  @registerRpc('math.add') add(a: number, b: number): number {
    return (a + b) * this.factor
  }
  @registerRpc plain(): string {
    return 'plain'
  }
  @registerRpc({ name: 'with.options', domain: 'default' }) third(): string {
    return 'third'
  }
  @registerRpc('private.made.public') #secret(): string {
    return 'told'
  }
  @registerRpc('arrow') arrow = (): number => this.factor
  notOffered(): string {
    return this.#secret()
  }
}

test('a decorated method is offered when its instance is registered, and only decorated ones are', () => {
  const registry = new Registry()
  assert.is(run(registry, 'math.add', 2, 4), 'NOT_FOUND')
  const instance = new Decorated()
  registry.registerRpc(instance)
  assert.equal(registry.names().sort(), ['arrow', 'math.add', 'plain', 'private.made.public', 'with.options'])
  assert.is(run(registry, 'math.add', 2, 4), 12)
  assert.is(run(registry, 'private.made.public'), 'told')
  assert.is(run(registry, 'arrow'), 2)
})

test('a subclass has the decorated methods of its base, in its own version', () => {
  const registry = new Registry()
  class Child extends Decorated {
    override plain(): string {
      return 'child'
    }
  }
  registry.registerRpc(new Child())
  assert.is(run(registry, 'plain'), 'child')
})

test('a decorator of a given registry registers each instance when it is made', () => {
  const registry = createLocalRegistry('given')
  class Api {
    @registerRpc({ registry }) one(): number {
      return 1
    }
    @registry.registerRpc('two') second(): number {
      return 2
    }
    @registry.registerRpc third(): number {
      return 3
    }
    @registry.registerRpc static fourth(): number {
      return 4
    }
  }
  assert.equal(registry.names(), ['fourth'])
  new Api()
  assert.equal(
    registry.names().sort(),
    ['fourth', 'one', 'second', 'third', 'two'].filter((name) => name !== 'second'),
  )
  assert.is(run(registry, 'two'), 2)
})

test('survives another decorator over it', () => {
  const registry = new Registry()
  const twice = <This, Args extends unknown[]>(
    fn: (this: This, ...args: Args) => number,
    _context: unknown,
  ) =>
    function (this: This, ...args: Args): number {
      return fn.apply(this, args) * 2
    }
  class Api {
    @twice @registerRpc('n') n(): number {
      return 21
    }
  }
  registry.registerRpc(new Api())
  assert.is(run(registry, 'n'), 42)
})

test('curried with a name or options it wraps a function', () => {
  const registry = new Registry()
  const add = registry.registerRpc('math.add')((a: number, b: number) => a + b)
  const lower = registerRpc({ registry })(function shout(text: string) {
    return text.toUpperCase()
  })
  assert.is(add(1, 2), 3)
  assert.is(lower('a'), 'A')
  assert.equal(registry.names(), ['math.add', 'shout'])
})

test('on the module it registers for the whole process', () => {
  const name = 'registration test on the module'
  registerRpc(name, () => 'global')
  assert.is(run(new Registry(), name), 'global')
  assert.is(globalRegistry.unregister(name), true)
  assert.is(run(new Registry(), name), 'NOT_FOUND')
})

test('the nearest registry wins: own, then parents, then global', () => {
  const name = 'nearest'
  const parent = createLocalRegistry('parent')
  const given = new Registry({ parent })
  const own = new Registry({ parent: given })
  for (const [registry, value] of [
    [globalRegistry, 'global'],
    [parent, 'parent'],
    [given, 'given'],
    [own, 'own'],
  ] as const) {
    registry.registerRpc(name, () => value)
    assert.is(run(own, name), value)
  }
  assert.is(run(parent, name), 'parent')
  globalRegistry.unregister(name)
})

test('of one name and domain the newest stays', () => {
  const registry = new Registry()
  registry.registerRpc('n', () => 1)
  registry.registerRpc('n', () => 2)
  assert.is(run(registry, 'n'), 2)
  assert.is(registry.handlers('n')?.length, 1)
})

test('functions of one name in different domains: the newest that its predicate admits, then the default', () => {
  const registry = new Registry()
  const admitted = new Set(['a', 'b'])
  for (const domain of ['a', 'b'])
    registry.registerPredicate(domain, (ctx) => ctx.user === 'alice' && admitted.has(domain))
  registry.registerRpc('n', () => 'default')
  registry.registerRpc({ name: 'n', domain: 'a' }, () => 'a')
  registry.registerRpc({ name: 'n', domain: 'b' }, () => 'b')
  assert.is(run(registry, 'n'), 'b')
  admitted.delete('b')
  assert.is(run(registry, 'n'), 'a')
  admitted.delete('a')
  assert.is(run(registry, 'n'), 'default')
})

test('a domain without predicate admits nobody, nor does a predicate that is async, throws, or gives but a true value', () => {
  const registry = new Registry()
  registry.registerRpc({ name: 'n', domain: 'closed' }, () => 'open')
  assert.is(run(registry, 'n'), 'NOT_FOUND')
  const failures: unknown[] = []
  for (const predicate of [
    async () => true,
    () => 1,
    () => {
      throw new Error('broken')
    },
  ]) {
    registry.registerPredicate('closed', predicate as unknown as () => boolean)
    const handler = findHandler(registry, 'n', {
      ...asking,
      onPredicateFailure: (error) => failures.push(error),
    })
    assert.is(handler, undefined)
  }
  assert.is(failures.length, 1)
})

test('a predicate may be given for the whole process, for a parent, and for the default domain', () => {
  const parent = createLocalRegistry('parent')
  const registry = new Registry({ parent })
  registry.registerRpc({ name: 'n', domain: 'registration test' }, () => 'n')
  registerPredicate('registration test', () => true)
  assert.is(run(registry, 'n'), 'n')
  parent.registerPredicate('registration test', () => false)
  assert.is(run(registry, 'n'), 'NOT_FOUND')
  registry.registerRpc('m', () => 'm')
  registry.registerPredicate('default', () => false)
  assert.is(run(registry, 'm'), 'NOT_FOUND')
})

test('`method` marks a function as one that takes the context, wherever it is registered', () => {
  const registry = new Registry()
  registry.registerRpc({ whoami: method((ctx) => ctx.user) })
  registry.registerRpc(
    'direct',
    method((ctx, n: number) => [ctx.user, n]),
  )
  registry.registerRpc(
    'idempotent',
    method({ idempotent: true }, (ctx) => ctx.user),
  )
  assert.is(registry.handlers('whoami')?.[0]?.withContext, true)
  assert.is(registry.handlers('direct')?.[0]?.withContext, true)
  assert.is(registry.handlers('direct')?.[0]?.plain, false)
  assert.is(registry.handlers('idempotent')?.[0]?.idempotent, true)
})

const nonsense: [string, () => unknown, string][] = [
  ['a number', () => registerRpc(3 as never), 'NOT_CALLABLE'],
  ['undefined', () => registerRpc(undefined as never), 'NOT_CALLABLE'],
  ['a name and nothing', () => registerRpc('name', undefined as never), 'NOT_CALLABLE'],
  ['a name and a number', () => registerRpc('name', 3 as never), 'NOT_CALLABLE'],
  ['an object without functions', () => registerRpc({ a: 1 }), 'NOT_CALLABLE'],
  ['an array', () => registerRpc([() => 1]), 'NOT_CALLABLE'],
  ['a class', () => registerRpc(Service), 'NOT_CALLABLE'],
  ['an anonymous function', () => registerRpc(() => 1), 'BAD_NAME'],
  ['an unknown option', () => registerRpc({ nmae: 'x' } as never, () => 1), 'BAD_OPTION'],
  ['an option of the wrong type', () => registerRpc({ name: 3 } as never, () => 1), 'BAD_OPTION'],
  ['an object that contains itself', () => registerRpc(circular()), 'NOT_CALLABLE'],
  ['an own function called toString', () => registerRpc({ toString: () => 'x' }), 'BAD_NAME'],
  ['a name of all objects', () => registerRpc('math.constructor', () => 1), 'BAD_NAME'],
  [
    'the old decorators',
    () => (registerRpc as never as (...args: unknown[]) => void)({}, 'add', {}),
    'NOT_CALLABLE',
  ],
]

for (const [what, register, code] of nonsense) {
  test(`refuses ${what}: ${code}`, () => assert.throws(register, refuses(code)))
}

test('registers nothing of an object of which one name is refused', () => {
  const registry = new Registry()
  assert.throws(() => registry.registerRpc({ good: () => 1, _bad: () => 2 }), refuses('BAD_NAME'))
  assert.is(registry.size, 0)
})

function circular(): object {
  const object: Record<string, unknown> = { f: () => 1 }
  object.self = object
  return object
}

test.run()
