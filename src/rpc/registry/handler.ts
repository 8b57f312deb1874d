// One registered function and how it is offered, and what a table of them must be able to do. No lookup, no names' rules.
import type { ArgumentSchemas } from '../api/types.ts'
import type { StandardSchema } from './standard-schema.ts'
import { validated } from './validation.ts'

// biome-ignore lint/suspicious/noExplicitAny: a registered function may have any parameters; who calls it is not compiled here
export type AnyFunction = (...args: any[]) => any

/** How a function is offered. */
export interface HandlerOptions {
  /** The dotted name; for an object of functions, what stands in front of theirs. Default: the function's own name. */
  readonly name?: string
  /** Who may call it is decided by the predicate of this name; default `default`, which admits everybody. */
  readonly domain?: string
  /** The function gets the `CallContext` first. */
  readonly withContext?: boolean
  /** The function gets the authenticated user first: `undefined` where nobody is. */
  readonly withIdentity?: boolean
  /** Running it twice does the same as once, so a call may be repeated when its answer was lost. */
  readonly idempotent?: boolean
  /**
   * Checks what callers pass, by Standard Schema v1: one schema of all arguments as an array, or a list of schemas, one for each. The
   * function gets what the schemas make of them. What they do not admit is INVALID_ARGUMENT, and the function is not run.
   */
  readonly input?: ArgumentSchemas
  /** Checks what the function gives, or each item of it if it streams. Callers learn INTERNAL, `error` listeners the issues. */
  readonly output?: StandardSchema
  /** What it does, in a sentence or a few: for `$rpc.describe`. */
  readonly doc?: string
  /** Its parameters, for `$rpc.describe`. Default: their names as they stand in the source. */
  readonly params?: readonly (string | ParameterInfo)[]
  /** What it gives, in words or as a type: for `$rpc.describe`. */
  readonly returns?: string
}

/** What is said of a parameter. */
export interface ParameterInfo {
  readonly name: string
  /** In words or as a type: `'string'`. */
  readonly type?: string
  readonly doc?: string
  readonly optional?: boolean
}

export const DEFAULT_DOMAIN = 'default'

export class Handler {
  readonly name: string
  readonly domain: string
  readonly run: AnyFunction
  /** What `this` is. */
  readonly owner: unknown
  /** Called with the arguments alone: neither context nor identity. */
  readonly plain: boolean
  readonly withContext: boolean
  readonly withIdentity: boolean
  readonly idempotent: boolean
  /** The function as it was registered, and the options, for those who describe it. */
  readonly registered: AnyFunction
  readonly options: HandlerOptions

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

/** Where handlers are put. A class, so that options that name one can be told from an object of functions. */
export abstract class HandlerTable {
  abstract add(handler: Handler): void
}
