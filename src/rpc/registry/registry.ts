/**
 * Which functions may be called, under which names: tables filled at registration, never objects that are walked when a call
 * comes in. Registries form a chain (own, given, its parents, the global one); the nearest that admits the caller wins.
 * Knows how to find a handler, not how to run it.
 */
import { UsageError } from '../../base/errors.ts'
import type { CallContext } from '../api/context.ts'
import { DEFAULT_DOMAIN, Handler, type HandlerOptions, HandlerTable } from './handler.ts'
import { checkName } from './names.ts'
import { type Registrar, registrar } from './registration.ts'

/** Whether the caller may use the functions of a domain. Anything but `true` is no, and so is what it throws. */
export type Predicate = (ctx: CallContext) => boolean

/** What a `Registry` is made with. */
export interface RegistryOptions {
  /** For messages and logs. Default: empty. */
  readonly name?: string
  /** Where names are looked up that are not here; in the end, always in the global registry. Default: only there. */
  readonly parent?: Registry
}

/** Functions that may be called, by name, and who may: for the servers and clients whose `registry` it is. */
export class Registry extends HandlerTable {
  /** For messages and logs. */
  readonly name: string
  /** Where names are looked up that are not here. */
  readonly parent: Registry | undefined
  /** Registers here; see `Registrar` for the forms. */
  readonly registerRpc: Registrar
  // By name; in each list the order in which they are tried: named domains newest first, then `default`.
  readonly #handlers = new Map<string, Handler[]>()
  readonly #predicates = new Map<string, Predicate>()

  /** A registry without functions. */
  constructor(options: RegistryOptions = {}) {
    super()
    this.name = options.name ?? ''
    this.parent = options.parent
    this.registerRpc = registrar(this, true)
  }

  /** How many names have functions here. */
  get size(): number {
    return this.#handlers.size
  }

  /** The names that have functions here. */
  names(): string[] {
    return [...this.#handlers.keys()]
  }

  /** Decides who may call the functions of `domain`, also where this registry is a parent. Throws `UsageError` BAD_OPTION. */
  registerPredicate(domain: string, predicate: Predicate): void {
    if (typeof predicate !== 'function')
      throw new UsageError('BAD_OPTION', 'a predicate is a function of the context')
    this.#predicates.set(domain, predicate)
  }

  /** Takes the functions named `name` (of one domain, or of all) out again; whether there were any. */
  unregister(name: string, domain?: string): boolean {
    const list = this.#handlers.get(name)
    if (list === undefined) return false
    const rest = domain === undefined ? [] : list.filter((handler) => handler.domain !== domain)
    if (rest.length === 0) this.#handlers.delete(name)
    else this.#handlers.set(name, rest)
    return rest.length < list.length
  }

  /** Adds one function. Of the same name and domain, the newest stays. Throws `UsageError` BAD_NAME. @internal */
  add(handler: Handler): void {
    checkName(handler.name)
    const others = (this.#handlers.get(handler.name) ?? []).filter((other) => other.domain !== handler.domain)
    if (handler.domain === DEFAULT_DOMAIN) others.push(handler)
    else others.unshift(handler)
    this.#handlers.set(handler.name, others)
  }

  /**
   * Tells of the functions named `name` what their registration has not said, for `$rpc.describe`: for who knows it from elsewhere, such as their
   * comments. Whether there are any.
   */
  describe(name: string, told: Pick<HandlerOptions, 'doc' | 'params' | 'returns'>): boolean {
    const list = this.#handlers.get(name)
    if (list === undefined) return false
    const described = list.map(
      ({ registered, owner, options }) => new Handler(name, registered, owner, { ...told, ...options }),
    )
    this.#handlers.set(name, described)
    return true
  }

  /**
   * What is registered here under `name`, in the order of trying.
   * @internal
   */
  handlers(name: string): readonly Handler[] | undefined {
    return this.#handlers.get(name)
  }

  /** @internal */
  predicate(domain: string): Predicate | undefined {
    return this.#predicates.get(domain)
  }
}

/** The registry of the whole process. */
export const globalRegistry: Registry = /* @__PURE__ */ new Registry({ name: 'global' })

/** Registers for every server and client of this process; see `Registrar` for the forms. */
export const registerRpc: Registrar = /* @__PURE__ */ registrar(globalRegistry, false)

/** Decides for every server and client of this process who may call the functions of `domain`. Throws `UsageError` BAD_OPTION. */
export function registerPredicate(domain: string, predicate: Predicate): void {
  globalRegistry.registerPredicate(domain, predicate)
}

/** A registry of its own: its functions exist only where it is given as `registry`. `name`: for messages and logs. */
export function createLocalRegistry(name: string, options: Omit<RegistryOptions, 'name'> = {}): Registry {
  return new Registry({ ...options, name })
}

/** What is asked about one call while its handler is looked for. */
export interface Asking {
  /** Made only when a predicate has to be asked. */
  context(): CallContext
  /** A predicate threw: it counts as no. PERMISSION_DENIED is what the caller is told then; anything else is a defect to report. */
  onPredicateFailure(error: unknown): void
}

/** The handler for `name` that admits this caller, from `nearest` outwards to the global registry; `undefined`: none. */
export function findHandler(nearest: Registry, name: string, asking: Asking): Handler | undefined {
  let last: Registry | undefined
  for (let registry: Registry | undefined = nearest; registry !== undefined; registry = registry.parent) {
    const handlers = registry.handlers(name)
    const handler = handlers === undefined ? undefined : firstAdmitted(handlers, nearest, asking)
    if (handler !== undefined) return handler
    last = registry
  }
  if (last === globalRegistry) return undefined
  const handlers = globalRegistry.handlers(name)
  return handlers === undefined ? undefined : firstAdmitted(handlers, nearest, asking)
}

/** Every name that `findHandler` could find, some of them more than once. */
export function* namesFrom(nearest: Registry): Generator<string> {
  let last: Registry | undefined
  for (let registry: Registry | undefined = nearest; registry !== undefined; registry = registry.parent) {
    yield* registry.names()
    last = registry
  }
  if (last !== globalRegistry) yield* globalRegistry.names()
}

function firstAdmitted(handlers: readonly Handler[], nearest: Registry, asking: Asking): Handler | undefined {
  for (const handler of handlers) {
    const predicate = findPredicate(nearest, handler.domain)
    if (predicate === undefined) {
      // A domain that nobody has a rule for admits nobody: a forgotten rule must not open the door.
      if (handler.domain === DEFAULT_DOMAIN) return handler
      continue
    }
    try {
      // Exactly true: a predicate that is async by mistake would otherwise admit everybody.
      if (predicate(asking.context()) === true) return handler
    } catch (error) {
      asking.onPredicateFailure(error)
    }
  }
  return undefined
}

function findPredicate(nearest: Registry, domain: string): Predicate | undefined {
  for (let registry: Registry | undefined = nearest; registry !== undefined; registry = registry.parent) {
    const predicate = registry.predicate(domain)
    if (predicate !== undefined) return predicate
  }
  return globalRegistry.predicate(domain)
}
