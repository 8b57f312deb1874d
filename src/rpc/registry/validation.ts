/**
 * Functions whose arguments and results are checked by schemas: wraps the function when it is registered, so that one without schemas
 * pays nothing. Arguments are checked in front of the function, which gets what the schema makes of them; a result, or each item of a
 * stream, behind it. A schema that answers at once costs no promise. Knows schemas, and not how an error travels.
 */
import { UsageError } from '../../base/errors.ts'
import type { ArgumentSchemas } from '../api/types.ts'
import { RpcError } from '../errors/errors.ts'
import { markNotRun } from '../errors/not-run.ts'
import { isSource, type Source } from '../streams/outflow.ts'
import { isSchema, type SchemaIssue, type SchemaResult, type StandardSchema } from './standard-schema.ts'

/** What is wrong with an argument: `path` begins with its place, `[0, 'name']`. */
export interface ValidationIssue {
  /** In words. */
  readonly message: string
  /** Where: the place of the argument, then keys and indexes in it. */
  readonly path: readonly (string | number)[]
}

/** The `details` of an INVALID_ARGUMENT that validation is the reason of. */
export interface ValidationDetails {
  /** At most as many as fit into the details of an error. */
  readonly issues: readonly ValidationIssue[]
  /** How many further issues there are no room for. */
  readonly omitted?: number
}

/** A result was not what the `output` of its function says. Told to `error` listeners; callers learn no more than the message. */
export class OutputError extends Error {
  /** `OutputError`. */
  override readonly name: string = 'OutputError'
  /** What is wrong with the result. */
  readonly issues: readonly ValidationIssue[]

  /** Made by the library alone. */
  constructor(message: string, issues: readonly ValidationIssue[]) {
    super(message)
    this.issues = issues
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a registered function may have any parameters
type AnyFunction = (...args: any[]) => any

export interface Schemas {
  readonly input?: ArgumentSchemas | undefined
  readonly output?: StandardSchema | undefined
}

export function areArgumentSchemas(value: unknown): value is ArgumentSchemas {
  return Array.isArray(value) ? value.every(isSchema) : isSchema(value)
}

/** `run` between its schemas. The first `leading` arguments are ours (context, identity), and are not checked. */
export function validated(name: string, run: AnyFunction, leading: number, schemas: Schemas): AnyFunction {
  const { input, output } = schemas
  const finish = output === undefined ? pass : checkerOfResults(name, output)
  if (input === undefined) {
    return function (this: unknown, ...given: unknown[]): unknown {
      return finish(Reflect.apply(run, this, given))
    }
  }
  const check = checkerOfArguments(input)
  return function (this: unknown, ...given: unknown[]): unknown {
    const go = (outcome: SchemaResult<unknown>): unknown => {
      const args = acceptedArguments(name, outcome)
      return finish(Reflect.apply(run, this, leading === 0 ? args : [...given.slice(0, leading), ...args]))
    }
    let outcome: Checked
    try {
      outcome = check(leading === 0 ? given : given.slice(leading))
    } catch (error) {
      throw notRun(error)
    }
    if (!isPromise(outcome)) return go(outcome)
    return outcome.then(go, (error: unknown) => {
      throw notRun(error)
    })
  }
}

// -- arguments --------------------------------------------------------------------------------------------------------

type Checked = SchemaResult<unknown> | Promise<SchemaResult<unknown>>

function checkerOfArguments(input: ArgumentSchemas): (args: unknown[]) => Checked {
  if (!isList(input)) return (args) => input['~standard'].validate(args)
  const schemas = [...input]
  return (args) => {
    if (args.length > schemas.length) {
      const path = [schemas.length]
      const most = `there are at most ${schemas.length} arguments, not ${args.length}`
      return { issues: [{ message: most, path }] }
    }
    return checkEach(schemas, args, 0, [], [])
  }
}

/** Checks the arguments from `place` on; becomes a promise at the first schema that wants to think. */
function checkEach(
  schemas: readonly StandardSchema[],
  args: readonly unknown[],
  place: number,
  values: unknown[],
  issues: SchemaIssue[],
): Checked {
  const note = (at: number, outcome: SchemaResult<unknown>): void => {
    if (outcome.issues === undefined) values.push(outcome.value)
    else for (const issue of outcome.issues) issues.push({ ...issue, ...placed(issue, at) })
  }
  for (let at = place; at < schemas.length; at++) {
    const outcome = schemas[at]!['~standard'].validate(args[at])
    if (isPromise(outcome)) {
      return outcome.then((settled) => {
        note(at, settled)
        return checkEach(schemas, args, at + 1, values, issues)
      })
    }
    note(at, outcome)
  }
  return issues.length > 0 ? { issues } : { value: values }
}

function placed({ message, path = [] }: SchemaIssue, at: number): SchemaIssue {
  return { message, path: [at, ...path] }
}

function acceptedArguments(name: string, outcome: SchemaResult<unknown>): unknown[] {
  if (outcome.issues !== undefined) {
    const details = detailsOf(outcome.issues)
    const message = `the arguments of ${name} are not what it takes: ${textOf(details.issues[0])}`
    throw markNotRun(new RpcError('INVALID_ARGUMENT', message, { details, executed: 'no' }))
  }
  if (Array.isArray(outcome.value)) return outcome.value
  // The schema admits what no arguments can be, or turns them into something else: whoever registered it is told.
  throw notRun(new UsageError('BAD_OPTION', `the input schema of ${name} gives no array of arguments`))
}

/** The schema itself has failed. */
function notRun(error: unknown): unknown {
  return markNotRun(error instanceof Error ? error : new Error('a schema failed', { cause: error }))
}

// -- results ----------------------------------------------------------------------------------------------------------

function pass(result: unknown): unknown {
  return result
}

function checkerOfResults(name: string, schema: StandardSchema): (result: unknown) => unknown {
  const accept = (outcome: SchemaResult<unknown>): unknown => {
    if (outcome.issues === undefined) return outcome.value
    const { issues } = detailsOf(outcome.issues)
    throw new OutputError(`what ${name} gave is not what it promises`, issues)
  }
  const checkValue = (value: unknown): unknown => {
    const outcome = schema['~standard'].validate(value)
    return isPromise(outcome) ? outcome.then(accept) : accept(outcome)
  }
  const check = (result: unknown): unknown => {
    if (isPromise(result)) return result.then(check)
    return isSource(result) ? new CheckedItems(result, checkValue) : checkValue(result)
  }
  return check
}

/** A stream whose items are checked on their way. Ends the source when one is not what it should be. */
class CheckedItems implements AsyncIterable<unknown> {
  readonly #source: Source
  readonly #check: (item: unknown) => unknown

  constructor(source: Source, check: (item: unknown) => unknown) {
    this.#source = source
    this.#check = check
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    const source = this.#source
    const items: AsyncIterator<unknown> | Iterator<unknown> =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
    const leave = async (): Promise<IteratorResult<unknown>> => {
      await items.return?.()
      return { done: true, value: undefined }
    }
    return {
      next: async () => {
        const step = await items.next()
        if (step.done === true) return step
        try {
          return { done: false, value: await this.#check(await step.value) }
        } catch (error) {
          await leave()
          throw error
        }
      },
      return: leave,
    }
  }
}

// -- issues: what leaves is small, whatever a schema has to say ------------------------------------------------------

// Together they stay below the 8 KiB that the details of an error may have.
const ISSUES_MAX = 32
const TEXT_MAX = 256
const KEY_MAX = 64
const PATH_MAX = 16
const OCTETS_MAX = 6000

function detailsOf(found: readonly SchemaIssue[]): ValidationDetails {
  const issues: ValidationIssue[] = []
  let left = OCTETS_MAX
  for (const { message, path = [] } of found) {
    const issue = { message: short(message, TEXT_MAX), path: path.slice(0, PATH_MAX).map(keyOf) }
    left -= Buffer.byteLength(issue.message) + 32
    for (const key of issue.path) left -= typeof key === 'string' ? Buffer.byteLength(key) + 4 : 12
    if (issues.length === ISSUES_MAX || left < 0) break
    issues.push(issue)
  }
  const omitted = found.length - issues.length
  return omitted > 0 ? { issues, omitted } : { issues }
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof segment === 'object' && segment !== null ? segment.key : segment
  return typeof key === 'number' ? key : short(key, KEY_MAX)
}

function short(text: unknown, max: number): string {
  const whole = String(text)
  // By code point: half a character would not be UTF-8.
  return whole.length <= max ? whole : [...whole.slice(0, max)].slice(0, -1).join('')
}

function textOf(issue: ValidationIssue | undefined): string {
  if (issue === undefined) return 'the schema does not say why'
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`
}

function isList(input: ArgumentSchemas): input is readonly StandardSchema[] {
  return Array.isArray(input)
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
