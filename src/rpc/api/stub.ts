/**
 * Stubs: objects that look like the peer's functions. Reading a name gives a deeper stub, calling one makes a call; nothing else
 * that JavaScript does to objects in passing (await, printing, JSON, conversion to text) reaches the wire. Immutable, and each
 * name's stub is made once. Knows nothing of how a call is made.
 */
import { inspect } from 'node:util'

/** Who makes the calls of a stub. */
export interface Caller {
  /** What the call of the stub returns: a promise, but for who blocks. */
  call(method: string, args: unknown[]): unknown
}

/** Makes the stub of everything that `caller` can call. `shown` is how it prints. */
export function createStub(caller: Caller, shown: string): object {
  return new Proxy({}, new StubHandler(caller, shown, ''))
}

/**
 * The prototype that makes a class's unknown members stubs: those of what `stubOf` gives for the instance. Members that
 * the class or every object has are found as ever. A stub that was read once is a hidden property of the instance from then on: the next time
 * no proxy is asked for it (decision 0033).
 */
export function stubPrototype<T extends object>(stubOf: (instance: T) => object | undefined): object {
  return new Proxy(Object.prototype, {
    get: (target, name, receiver) =>
      typeof name === 'symbol' || Object.hasOwn(target, name)
        ? Reflect.get(target, name, receiver)
        : stubMember(receiver as T, stubOf(receiver as T), name),
  })
}

/** How the objects of a class print: by what `shownOf` says, and never by their insides. */
export function setInspect<T extends object>(prototype: T, shownOf: (instance: T) => string): void {
  const value = function (this: T): string {
    return shownOf(this)
  }
  Object.defineProperty(prototype, inspect.custom, { value, configurable: true, writable: true })
}

function stubMember(instance: object, stub: object | undefined, name: string): unknown {
  if (stub === undefined) return undefined
  const value: unknown = Reflect.get(stub, name)
  // Not the names that JavaScript asks for, nor those beyond what a stub keeps.
  if (typeof value === 'function' && Reflect.get(stub, name) === value) {
    Reflect.defineProperty(instance, name, { value, configurable: true, writable: true })
  }
  return value
}

// Names that JavaScript itself asks for: never sent. `then` and `toJSON` must be absent; the rest is what objects and
// functions are expected to have, and no peer of ours can register.
const LOCAL: ReadonlySet<string> = new Set([
  'then',
  'toJSON',
  'toString',
  'toLocaleString',
  'valueOf',
  'prototype',
  'apply',
  'call',
  'bind',
])

// A program that makes up names as it goes must not fill the memory with stubs.
const CACHED_MAX = 1024

class StubHandler implements ProxyHandler<object> {
  // Says that there is no such trap where V8 looks first: it costs each call 50 ns to look further (decision 0033).
  readonly apply = undefined as never
  readonly #children = new Map<string, object>()
  readonly #caller: Caller
  readonly #shown: string
  readonly #prefix: string

  constructor(caller: Caller, shown: string, prefix: string) {
    this.#caller = caller
    this.#shown = shown
    this.#prefix = prefix
  }

  get(target: object, name: string | symbol): unknown {
    if (typeof name === 'symbol') return this.#symbol(name)
    const child = this.#children.get(name)
    if (child !== undefined) return child
    if (!LOCAL.has(name)) return this.#grow(name)
    if (name === 'toString' || name === 'toLocaleString') return () => this.#shown
    if (name === 'then' || name === 'toJSON' || name === 'prototype') return undefined
    return Reflect.get(target, name)
  }

  has(): boolean {
    return false
  }

  ownKeys(): string[] {
    return []
  }

  getOwnPropertyDescriptor(): undefined {
    return undefined
  }

  set(): boolean {
    return false
  }

  defineProperty(): boolean {
    return false
  }

  deleteProperty(): boolean {
    return false
  }

  setPrototypeOf(): boolean {
    return false
  }

  preventExtensions(): boolean {
    return false
  }

  #symbol(name: symbol): unknown {
    if (name === Symbol.toPrimitive || name === inspect.custom) return () => this.#shown
    return undefined
  }

  #grow(name: string): object {
    const caller = this.#caller
    const method = this.#prefix + name
    const child = new Proxy(
      (...args: unknown[]): unknown => caller.call(method, args),
      new StubHandler(caller, `${this.#shown}.${name}`, `${method}.`),
    )
    if (this.#children.size < CACHED_MAX) this.#children.set(name, child)
    return child
  }
}
