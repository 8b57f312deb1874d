/**
 * Every form of `registerRpc`, turned into handlers for a table:
 *
 *     registerRpc(fn)    registerRpc('name', fn)    registerRpc({ options }, fn)      a function
 *     registerRpc({ add, sub: { … } })              registerRpc('prefix', { … })      an object of functions
 *     registerRpc(new Api())                                                          an instance
 *     registerRpc('name')    registerRpc({ options })    @registerRpc                 a decorator or a wrapper
 *
 * Whatever was registered is returned. Nothing is registered when anything of it is refused.
 */
import { UsageError } from '../../base/errors.ts'
import type { CallContext } from '../api/context.ts'
import type {
  ArgumentSchemas,
  CallerArguments,
  CheckedArguments,
  CheckedFunction,
  Gives,
  Method,
  Promised,
} from '../api/types.ts'
import { type AnyFunction, Handler, type HandlerOptions, HandlerTable } from './handler.ts'
import { checkName, faultInName, quote } from './names.ts'
import { isSchema, type StandardSchema } from './standard-schema.ts'
import { areArgumentSchemas } from './validation.ts'

/** The options of `registerRpc`: how functions are offered, and where. */
export interface RpcOptions extends HandlerOptions {
  /** Where to register. Default: the global registry, or that of the server, client or registry it is called on. */
  readonly registry?: HandlerTable
}

/** The options of `method`: how the function is offered, but for its name, which is its key. */
export type MethodOptions = Omit<HandlerOptions, 'name' | 'withIdentity' | 'withContext' | 'input' | 'output'>

/** Options with schemas of arguments, and maybe of the result. */
interface WithInput<I extends ArgumentSchemas, O extends StandardSchema> {
  /** See `HandlerOptions`. */
  readonly input: I
  /** See `HandlerOptions`. */
  readonly output?: O
}

/** Options without schemas; or with an identity in front of what is checked, where the compiler is left out of it. */
type Unchecked =
  | (RpcOptions & { readonly input?: undefined })
  | (RpcOptions & { readonly withIdentity: true })

type MethodContext = ClassMethodDecoratorContext | ClassFieldDecoratorContext

/** What the curried forms return: wraps a function, or decorates a method. */
export interface CurriedRegistrar {
  <F extends AnyFunction>(value: F, context: ClassMethodDecoratorContext): void
  (value: undefined, context: ClassFieldDecoratorContext): void
  <F extends AnyFunction>(fn: F): F
}

/**
 * `registerRpc`, in all its forms: a function, an object of functions or an instance, with a name or options before it; with those alone it
 * is a decorator or a wrapper; and `@registerRpc` as it is. Gives back what it was given. Throws `UsageError`: BAD_NAME, NOT_CALLABLE,
 * BAD_OPTION; nothing is registered then.
 */
export interface Registrar {
  <F extends AnyFunction>(value: F, context: ClassMethodDecoratorContext): void
  (value: undefined, context: ClassFieldDecoratorContext): void
  <F extends AnyFunction>(target: F): F
  <
    const I extends ArgumentSchemas,
    R extends Gives<O>,
    PeerApi = unknown,
    O extends StandardSchema = StandardSchema,
  >(
    options: RpcOptions & WithInput<I, O> & { readonly withContext: true },
    fn: (ctx: CallContext<PeerApi>, ...args: CheckedArguments<I>) => R,
  ): Method<CallerArguments<I>, Promised<R, O>>
  <const I extends ArgumentSchemas, R extends Gives<O>, O extends StandardSchema = StandardSchema>(
    options: RpcOptions & WithInput<I, O> & { readonly withContext?: false; readonly withIdentity?: false },
    fn: (...args: CheckedArguments<I>) => R,
  ): CheckedFunction<CallerArguments<I>, CheckedArguments<I>, Promised<R, O>>
  <Args extends unknown[], R>(
    options: RpcOptions & { readonly withContext: true },
    fn: (ctx: CallContext, ...args: Args) => R,
  ): Method<Args, R>
  <F extends AnyFunction | object>(nameOrOptions: string | Unchecked, target: F): F
  (nameOrOptions: string | RpcOptions): CurriedRegistrar
  <T extends object>(target: T): T
}

/**
 * Marks a function as one that takes the call's context first, and keeps that parameter out of the caller's types: `{ whoami: method((ctx)
 * => ctx.user) }`. With options before it, it is offered so. Throws `UsageError`: NOT_CALLABLE, BAD_OPTION.
 */
export function method<Args extends unknown[], R, PeerApi = unknown>(
  fn: (ctx: CallContext<PeerApi>, ...args: Args) => R,
): Method<Args, R>
export function method<
  const I extends ArgumentSchemas,
  R extends Gives<O>,
  PeerApi = unknown,
  O extends StandardSchema = StandardSchema,
>(
  options: MethodOptions & WithInput<I, O>,
  fn: (ctx: CallContext<PeerApi>, ...args: CheckedArguments<I>) => R,
): Method<CallerArguments<I>, Promised<R, O>>
export function method<
  Args extends unknown[],
  R extends Gives<O>,
  PeerApi = unknown,
  O extends StandardSchema = StandardSchema,
>(
  options: MethodOptions & { readonly input?: undefined; readonly output?: O },
  fn: (ctx: CallContext<PeerApi>, ...args: Args) => R,
): Method<Args, Promised<R, O>>
export function method(first: AnyFunction | { readonly input?: unknown }, second?: AnyFunction): unknown {
  const fn = typeof first === 'function' ? first : second
  if (typeof fn !== 'function') failTarget(fn)
  const options = typeof first === 'function' ? {} : checkOptions(first)
  // Offered twice, with other options: each needs a function of its own to be marked.
  const own = functionMarks.has(fn) ? again(fn) : fn
  functionMarks.set(own, { ...options, withContext: true })
  return own
}

function again(fn: AnyFunction): AnyFunction {
  const other = function (this: unknown, ...args: unknown[]): unknown {
    return Reflect.apply(fn, this, args)
  }
  return Object.defineProperty(other, 'name', { value: fn.name })
}

/** Makes a `registerRpc` that puts into what `tableOf` says. `explicit`: instances with decorators register themselves there. */
export function registrar(table: HandlerTable, explicit: boolean): Registrar {
  const registerRpc = (...args: unknown[]): unknown => {
    const [first, second] = args
    if (args.length > 2 || typeof second === 'string' || typeof second === 'symbol') {
      throw new UsageError(
        'NOT_CALLABLE',
        'registerRpc is a standard decorator: compile without experimentalDecorators',
      )
    }
    if (isDecoratorContext(second)) return decorate(first, second, {}, table, explicit)
    if (typeof first === 'string' || (args.length === 2 && typeof first === 'object')) {
      const options = typeof first === 'string' ? { name: first } : checkOptions(first)
      return args.length === 2 ? enrol(second, options, table) : curried(options, table, explicit)
    }
    if (args.length === 1 && isOptions(first)) return curried(first, table, explicit)
    return enrol(first, {}, table)
  }
  return registerRpc as Registrar
}

function curried(options: RpcOptions, table: HandlerTable, explicit: boolean): CurriedRegistrar {
  const wrap = (value: unknown, context?: unknown): unknown =>
    isDecoratorContext(context)
      ? decorate(value, context, options, table, explicit)
      : enrol(value, options, table)
  return wrap as CurriedRegistrar
}

function enrol(target: unknown, options: RpcOptions, table: HandlerTable): unknown {
  const handlers: Handler[] = []
  if (typeof target === 'function') handlers.push(handlerOf(target as AnyFunction, undefined, options))
  else if (isObject(target)) {
    checkOfOne(options)
    collect(target, options, handlers, 0)
  }
  if (handlers.length === 0) failTarget(target)
  for (const handler of handlers) checkName(handler.name)
  const into = options.registry ?? table
  for (const handler of handlers) into.add(handler)
  return target
}

function handlerOf(fn: AnyFunction, owner: unknown, options: HandlerOptions): Handler {
  if (isClass(fn)) {
    throw new UsageError('NOT_CALLABLE', `${quote(fn.name)} is a class: register an instance of it`)
  }
  if (options.name === undefined && fn.name === '') {
    throw new UsageError('BAD_NAME', 'the function has no name: registerRpc(name, function) gives it one')
  }
  return new Handler(options.name ?? fn.name, fn, owner, { ...functionMarks.get(fn), ...defined(options) })
}

// Deeper than any API, shallower than an object that contains itself.
const DEPTH_MAX = 16

/** Adds the functions that `object` offers to `into`, with `options.name` in front of their names. */
function collect(object: object, options: RpcOptions, into: Handler[], depth: number): void {
  if (depth > DEPTH_MAX)
    throw new UsageError('NOT_CALLABLE', `the object is nested deeper than ${DEPTH_MAX} levels`)
  const prefix = options.name === undefined ? '' : `${options.name}.`
  const marks = instanceMarks.get(object)
  if (marks !== undefined) {
    for (const mark of marks) {
      const name = prefix + mark.name
      into.push(handlerOf(mark.read(object), object, { ...defined(options), ...defined(mark.options), name }))
    }
  } else if (isPlain(object)) {
    for (const key of Object.keys(object)) {
      // A value, not a getter: registration runs no code of the object.
      const value: unknown = Object.getOwnPropertyDescriptor(object, key)!.value
      const named = { ...options, name: prefix + key }
      if (typeof value === 'function') into.push(handlerOf(value as AnyFunction, object, named))
      else if (isObject(value)) collect(value, named, into, depth + 1)
    }
  } else {
    for (const [key, fn] of prototypeMethods(object)) {
      into.push(handlerOf(fn, object, { ...options, name: prefix + key }))
    }
  }
}

/** Methods of the object's class and its ancestors, as far as they are written in JavaScript; the nearest of a name. */
function prototypeMethods(object: object): Map<string, AnyFunction> {
  const methods = new Map<string, AnyFunction>()
  for (
    let prototype: object | null = Object.getPrototypeOf(object);
    prototype !== null && !isNative(prototype);
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const key of Object.getOwnPropertyNames(prototype)) {
      const value: unknown = Object.getOwnPropertyDescriptor(prototype, key)!.value
      // Private by convention, or something that every object has (a class may well have its own toString).
      if (typeof value !== 'function' || methods.has(key) || key.startsWith('_') || key in Object.prototype)
        continue
      methods.set(key, value as AnyFunction)
    }
  }
  return methods
}

// -- decorators -------------------------------------------------------------------------------------------------------

interface InstanceMark {
  readonly name: string
  readonly options: HandlerOptions
  readonly read: (object: unknown) => AnyFunction
}

// By instance and not by function: another decorator may put a function of its own over the marked one.
const instanceMarks = new WeakMap<object, InstanceMark[]>()
const functionMarks = new WeakMap<AnyFunction, HandlerOptions>()

function decorate(
  _value: unknown,
  context: MethodContext,
  options: RpcOptions,
  table: HandlerTable,
  explicit: boolean,
): void {
  if (context.kind !== 'method' && context.kind !== 'field') {
    throw new UsageError(
      'NOT_CALLABLE',
      `registerRpc decorates methods, not a ${String((context as { kind: unknown }).kind)}`,
    )
  }
  const name = options.name ?? (typeof context.name === 'string' ? context.name : undefined)
  const fault = name === undefined ? 'a symbol is no name' : faultInName(name)
  if (fault !== undefined)
    throw new UsageError('BAD_NAME', `no function can be named ${quote(String(name))}: ${fault}`)
  const read = context.access.get as (object: unknown) => AnyFunction
  const mark: InstanceMark = { name: name!, options, read }
  const { static: isStatic } = context
  context.addInitializer(function (this: unknown) {
    if (isStatic || explicit || options.registry !== undefined) {
      ;(options.registry ?? table).add(handlerOf(read(this), this, { ...options, name: mark.name }))
      return
    }
    const marks = instanceMarks.get(this as object)
    if (marks === undefined) instanceMarks.set(this as object, [mark])
    else marks.push(mark)
  })
}

function isDecoratorContext(value: unknown): value is MethodContext {
  return (
    isObject(value) &&
    'kind' in value &&
    'addInitializer' in value &&
    typeof value.addInitializer === 'function'
  )
}

// -- telling the forms apart ------------------------------------------------------------------------------------------

const OPTION_KINDS: ReadonlyMap<string, (value: unknown) => boolean> = new Map<
  string,
  (value: unknown) => boolean
>([
  ['name', (value) => typeof value === 'string'],
  ['domain', (value) => typeof value === 'string'],
  ['withContext', (value) => typeof value === 'boolean'],
  ['withIdentity', (value) => typeof value === 'boolean'],
  ['idempotent', (value) => typeof value === 'boolean'],
  ['input', areArgumentSchemas],
  ['output', isSchema],
  ['doc', (value) => typeof value === 'string'],
  ['params', (value) => Array.isArray(value) && value.every(isParameter)],
  ['returns', (value) => typeof value === 'string'],
  ['registry', (value) => value instanceof HandlerTable],
])

function isParameter(value: unknown): boolean {
  if (typeof value === 'string') return true
  if (!isObject(value)) return false
  const { name, type = '', doc = '', optional = false } = value as Record<string, unknown>
  return [name, type, doc].every((text) => typeof text === 'string') && typeof optional === 'boolean'
}

// What is said of one function: said of several at once, it would be wrong for most of them.
const OF_ONE: readonly (keyof HandlerOptions)[] = ['input', 'output', 'doc', 'params', 'returns']

function checkOfOne(options: HandlerOptions): void {
  for (const key of OF_ONE) {
    if (options[key] === undefined) continue
    throw new UsageError('BAD_OPTION', `${quote(key)} is for one function: method({ ${key} }, function)`)
  }
}

/** Whether an object alone means options: all its keys do. An object of functions has another, or a function under one. */
function isOptions(value: unknown): value is RpcOptions {
  if (!isObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return false
  const keys = Object.keys(value)
  // Names first: what is no option is not looked at, it may be a getter.
  return (
    keys.every((key) => OPTION_KINDS.has(key)) && keys.every((key) => isOption(key, Reflect.get(value, key)))
  )
}

function isOption(key: string, value: unknown): boolean {
  return OPTION_KINDS.get(key)?.(value) === true || (OPTION_KINDS.has(key) && value === undefined)
}

function checkOptions(value: unknown): RpcOptions {
  if (!isObject(value)) failTarget(value)
  for (const [key, item] of Object.entries(value)) {
    if (!isOption(key, item))
      throw new UsageError('BAD_OPTION', `${quote(key)} is no option of registerRpc, or not so`)
  }
  return value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** No instance of a class: what it inherits is none of its functions. */
function isPlain(object: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(object)
  return prototype === null || prototype === Object.prototype || !Object.hasOwn(prototype, 'constructor')
}

/** Prototypes of the language itself, such as Map's: storage that an object of functions holds is not offered by accident. */
function isNative(prototype: object): boolean {
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  return typeof owner === 'function' && Function.prototype.toString.call(owner).endsWith('{ [native code] }')
}

function isClass(fn: AnyFunction): boolean {
  return Function.prototype.toString.call(fn).startsWith('class')
}

function defined(options: HandlerOptions): HandlerOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function failTarget(target: unknown): never {
  const shown = isObject(target) ? 'an object without functions to offer' : typeof target
  throw new UsageError(
    'NOT_CALLABLE',
    `registerRpc takes a function, an object of functions or an instance, not ${shown}`,
  )
}
