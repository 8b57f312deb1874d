/**
 * `$rpc.list`, `$rpc.describe` and `$rpc.ping`: what a participant tells of its functions to those who may call them, where it was told
 * to (`introspection: true`). Shows a caller what its predicates admit, and nothing else; every answer is bounded. `$rpc.stats` tells of
 * the participant and its peers, to whom that was allowed as well. Where something is off there is no such function, and callers hear what
 * they hear of any other that is not there.
 */
import type { Codec } from '../../codec/messages.ts'
import { type CallContext, contextAs } from '../api/context.ts'
import type { IntrospectionOptions } from '../api/introspection-options.ts'
import { RpcError } from '../errors/errors.ts'
import { markNotRun } from '../errors/not-run.ts'
import { type Reporting, reportStats, type StatsReport } from '../participants/stats-report.ts'
import { Handler, type ParameterInfo } from './handler.ts'
import { INTROSPECTION, quote } from './names.ts'
import { sourceParameters } from './parameter-names.ts'
import type { Asking } from './registry.ts'
import { isSchema, jsonSchemaOf, type StandardSchema } from './standard-schema.ts'

/** What `$rpc.describe` tells of a function. */
export interface FunctionDescription {
  /** The dotted name. */
  readonly name: string
  /** `stream`: it is a generator. A `function` may return a stream all the same. */
  readonly kind: 'function' | 'stream'
  /** Whose predicate decides who may call it. */
  readonly domain: string
  /** A call of it may be repeated. */
  readonly idempotent: boolean
  /** What it does, as it was said at registration. */
  readonly doc?: string
  /** As they were described at registration, or by their names in the source. */
  readonly params: readonly ParameterDescription[]
  /** What it gives, as it was said at registration. */
  readonly returns?: string
  /** The JSON Schema (draft 2020-12) of all arguments as an array, where `input` is one schema whose library can tell. */
  readonly input?: unknown
  /** The JSON Schema of the result, or of each item of a stream, where the library of `output` can tell. */
  readonly output?: unknown
}

/** What `$rpc.describe` tells of a parameter. */
export interface ParameterDescription extends ParameterInfo {
  /** The JSON Schema of this argument, where `input` is a list of schemas. */
  readonly schema?: unknown
}

/**
 * The functions of a participant with the option `introspection`, as a type for stubs: `new Client<typeof api &
 * IntrospectionApi>('remote')`.
 */
export interface IntrospectionApi {
  /** What it tells of itself to those who call it. */
  readonly $rpc: {
    /** The names that this caller may call and that begin with `prefix`, in order: at most 1,000, those behind `after`. */
    list(prefix?: string, after?: string): Promise<string[]>
    /** What there is to tell of a function. Rejects with NOT_FOUND when there is no such function for this caller. */
    describe(name: string): Promise<FunctionDescription>
    /** Gives `token` back, and the time there. */
    ping<T = undefined>(token?: T): Promise<{ token: T; time: Date }>
    /** What is going on, and who is connected: at most `peersMax` of them, and 256. Only where `introspection` has `stats`. */
    stats(peersMax?: number): Promise<StatsReport>
  }
}

/** Whose functions and figures are shown. */
export interface Introspected extends Reporting {
  readonly codec: Codec
  names(): Iterable<string>
  find(name: string, asking: Asking): Handler | undefined
  report(error: unknown, about: { readonly method: string }): void
}

const STATS = `${INTROSPECTION}.stats`
// A page of `$rpc.list`.
const NAMES_MAX = 1000
// In characters: what stands in a description is written by who registers, but may have come from anywhere.
const TEXT_MAX = 8192
const PARAMETERS_MAX = 64
// In octets, for each schema.
const SCHEMA_MAX = 32_768

export class Introspection {
  readonly #of: Introspected
  readonly #handlers: ReadonlyMap<string, Handler>
  readonly #stats: IntrospectionOptions['stats']
  readonly #descriptions = new WeakMap<Handler, FunctionDescription>()

  constructor(of: Introspected, options: IntrospectionOptions) {
    this.#of = of
    this.#stats = options.stats
    const handlers: [name: string, run: (ctx: CallContext, ...args: unknown[]) => unknown][] = [
      ['list', (ctx, prefix, after) => this.#list(ctx, textOr(prefix), textOr(after))],
      ['describe', (ctx, name) => this.#describe(ctx, textOr(name))],
      ['ping', (_ctx, token) => ({ token, time: of.date() })],
      ['stats', (_ctx, peersMax) => reportStats(of, countOr(peersMax))],
    ]
    this.#handlers = new Map(
      handlers.map(([name, run]) => {
        const whole = `${INTROSPECTION}.${name}`
        return [whole, new Handler(whole, run, undefined, { withContext: true, idempotent: true })]
      }),
    )
  }

  find(name: string, asking: Asking): Handler | undefined {
    if (name === STATS && !this.#showsStats(asking)) return undefined
    return this.#handlers.get(name)
  }

  /** As the predicate of a domain is asked. */
  #showsStats(asking: Asking): boolean {
    if (typeof this.#stats !== 'function') return this.#stats === true
    try {
      return this.#stats(asking.context()) === true
    } catch (error) {
      asking.onPredicateFailure(error)
      return false
    }
  }

  #list(ctx: CallContext, prefix: string, after: string): string[] {
    const names = new Set<string>()
    for (const name of this.#of.names()) if (name.startsWith(prefix) && name > after) names.add(name)
    const admitted: string[] = []
    for (const name of [...names].sort()) {
      if (this.#admitted(ctx, name) !== undefined) admitted.push(name)
      if (admitted.length === NAMES_MAX) break
    }
    return admitted
  }

  #describe(ctx: CallContext, name: string): FunctionDescription {
    const handler = this.#admitted(ctx, name)
    if (handler === undefined) refuse('NOT_FOUND', `there is no function ${quote(name)}`)
    let description = this.#descriptions.get(handler)
    if (description === undefined) {
      description = describe(handler, this.#of.codec)
      this.#descriptions.set(handler, description)
    }
    return description
  }

  /** The function that this caller would reach: predicates are asked as if it called it. */
  #admitted(ctx: CallContext, name: string): Handler | undefined {
    return this.#of.find(name, {
      context: () => contextAs(ctx, name),
      onPredicateFailure: (error) => {
        // A predicate that denies has answered; anything else that it throws is a defect.
        const denied = error instanceof RpcError && error.code === 'PERMISSION_DENIED'
        if (!denied) this.#of.report(error, { method: name })
      },
    })
  }
}

function describe(handler: Handler, codec: Codec): FunctionDescription {
  const { doc, returns, input, output } = handler.options
  const whole = isSchema(input) ? schemaOf(input, 'input', codec) : undefined
  const given = output === undefined ? undefined : schemaOf(output, 'output', codec)
  return {
    name: handler.name,
    kind: isGenerator(handler.registered) ? 'stream' : 'function',
    domain: handler.domain,
    idempotent: handler.idempotent,
    ...(doc !== undefined && { doc: doc.slice(0, TEXT_MAX) }),
    params: parametersOf(handler, codec),
    ...(returns !== undefined && { returns: returns.slice(0, TEXT_MAX) }),
    ...(whole !== undefined && { input: whole }),
    ...(given !== undefined && { output: given }),
  }
}

function parametersOf(handler: Handler, codec: Codec): ParameterDescription[] {
  const { params, input } = handler.options
  const leading = (handler.withContext ? 1 : 0) + (handler.withIdentity ? 1 : 0)
  const named: readonly ParameterInfo[] =
    params?.map((param) => (typeof param === 'string' ? { name: param } : param)) ??
    sourceParameters(handler.registered).slice(leading)
  const schemas = Array.isArray(input) ? (input as readonly StandardSchema[]) : []
  const count = Math.min(PARAMETERS_MAX, Math.max(named.length, schemas.length))
  return Array.from({ length: count }, (_, place) => {
    const { name, type, doc, optional } = named[place] ?? { name: `arg${place}` }
    const schema = schemas[place] === undefined ? undefined : schemaOf(schemas[place], 'input', codec)
    return {
      name: name.slice(0, TEXT_MAX / PARAMETERS_MAX),
      ...(type !== undefined && { type: type.slice(0, TEXT_MAX / PARAMETERS_MAX) }),
      ...(doc !== undefined && { doc: doc.slice(0, TEXT_MAX) }),
      ...(optional === true && { optional }),
      ...(schema !== undefined && { schema }),
    }
  })
}

/** As its octets say, so that it can be sent; `undefined`: it cannot, or is too long. */
function schemaOf(schema: StandardSchema, side: 'input' | 'output', codec: Codec): unknown {
  const described = jsonSchemaOf(schema, side)
  if (typeof described !== 'object' || described === null) return undefined
  try {
    const encoded = codec.encode(described)
    return encoded.length > SCHEMA_MAX ? undefined : codec.decode(encoded)
  } catch {
    return undefined
  }
}

function isGenerator(fn: object): boolean {
  return Object.prototype.toString.call(fn).endsWith('GeneratorFunction]')
}

function textOr(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : refuse('INVALID_ARGUMENT', 'names are strings')
}

function countOr(value: unknown): number {
  if (value === undefined || value === null) return Number.POSITIVE_INFINITY
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
  return refuse('INVALID_ARGUMENT', 'the number of peers is an integer from 0 on')
}

function refuse(code: 'NOT_FOUND' | 'INVALID_ARGUMENT', message: string): never {
  throw markNotRun(new RpcError(code, message, { executed: 'no' }))
}
