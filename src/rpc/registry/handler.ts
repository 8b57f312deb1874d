// One registered function and how it is offered, and what a table of them must be able to do. No lookup, no names' rules.
import type { ArgumentSchemas } from '../api/types.ts'
import type { StandardSchema } from './standard-schema.ts'
import { validated } from './validation.ts'

/** A function with any parameters. */
// biome-ignore lint/suspicious/noExplicitAny: a registered function may have any parameters; who calls it is not compiled here
export type AnyFunction = (...args: any[]) => any

/** How a function is offered. */
export interface HandlerOptions {
  /** The dotted name; for an object of functions, what stands in front of theirs. Default: the function's own name. */
  readonly name?: string
  /** Who may call it is decided by the predicate of this name. Default `default`, which admits everybody. */
  readonly domain?: string
  /** The function gets the `CallContext` first. Default false. */
  readonly withContext?: boolean
  /** The function gets the authenticated user first: `undefined` where nobody is. Default false. */
  readonly withIdentity?: boolean
  /** Running it twice does the same as once, so a call may be repeated when its answer was lost. Default false. */
  readonly idempotent?: boolean
  /**
   * Checks what callers pass, by Standard Schema v1: one schema of all arguments as an array, or a list of schemas, one for each. The
   * function gets what the schemas make of them. What they do not admit is INVALID_ARGUMENT, and the function is not run. Default: nothing
   * is checked.
   */
  readonly input?: ArgumentSchemas
  /**
   * Checks what the function gives, or each item of it if it streams. Callers learn INTERNAL, `error` listeners the issues. Default:
   * nothing is checked.
   */
  readonly output?: StandardSchema
  /** What it does, in a sentence or a few: for `$rpc.describe`. Default: none. */
  readonly doc?: string
  /** Its parameters, for `$rpc.describe`. Default: their names as they stand in the source. */
  readonly params?: readonly (string | ParameterInfo)[]
  /** What it gives, in words or as a type: for `$rpc.describe`. Default: none. */
  readonly returns?: string
}

/** What is said of a parameter. */
export interface ParameterInfo {
  /** As it is called. */
  readonly name: string
  /** In words or as a type: `'string'`. */
  readonly type?: string
  /** What it means. */
  readonly doc?: string
  /** It may be left out. */
  readonly optional?: boolean
}

export const DEFAULT_DOMAIN = 'default'

/** What a registry keeps of one function. Programs do not make them: `registerRpc` does. */
export class Handler {
  /** The dotted name. */
  readonly name: string
  /** The domain, `default` where none was said. */
  readonly domain: string
  /** The function, with the checks of `input` and `output` around it. */
  readonly run: AnyFunction
  /** What `this` is. */
  readonly owner: unknown
  /** Called with the arguments alone: neither context nor identity. */
  readonly plain: boolean
  /** The function gets the `CallContext` first. */
  readonly withContext: boolean
  /** The function gets the authenticated user first. */
  readonly withIdentity: boolean
  /** A call of it may be repeated. */
  readonly idempotent: boolean
  /** The function as it was registered. */
  readonly registered: AnyFunction
  /** How it was offered. */
  readonly options: HandlerOptions

  /** @internal */
  constructor(name: string, run: AnyFunction, owner: unknown, options: HandlerOptions) {
    this.name = name
    this.domain = options.domain ?? DEFAULT_DOMAIN
    this.registered = run
    this.options = options
    this.owner = owner
    this.withContext = options.withContext === true
    this.withIdentity = options.withIdentity === true
    this.plain = !this.withContext && !this.withIdentity
    this.idempotent = options.idempotent === true
    const leading = (this.withContext ? 1 : 0) + (this.withIdentity ? 1 : 0)
    const checks = options.input !== undefined || options.output !== undefined
    this.run = checks ? validated(name, run, leading, options) : run
  }
}

/** Where functions are put: a `Registry`. */
export abstract class HandlerTable {
  /**
   * Adds one function.
   * @internal
   */
  abstract add(handler: Handler): void
}
