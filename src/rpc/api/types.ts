/**
 * From the type of what a peer registers to the type of the stub that calls it. Types only; the one place where `any` is
 * needed, because a registered function may have any parameters.
 */
import type { SchemaInput, SchemaOutput, StandardSchema } from '../registry/standard-schema.ts'
import type { RemoteStream } from '../streams/remote-stream.ts'
import type { Tracked } from '../streams/tracked.ts'
import type { Delivery } from './presence.ts'

/** A function made by `method`: takes the call's context first, which its caller does not see. */
export interface Method<Args extends unknown[], R> {
  // biome-ignore lint/suspicious/noExplicitAny: a test may pass whatever it has in place of a context
  (ctx: any, ...args: Args): R
  readonly [METHOD]: (...args: Args) => Called<R>
}

declare const METHOD: unique symbol

/** A function registered with an `input`: `Args` is what its callers pass, `Checked` what it gets. */
export interface CheckedFunction<Args extends unknown[], Checked extends unknown[], R> {
  (...args: Checked): R
  readonly [METHOD]: (...args: Args) => Called<R>
}

/** One schema of all arguments as an array, or a list of schemas, one for each. */
export type ArgumentSchemas = StandardSchema<readonly unknown[]> | readonly StandardSchema[]

/** What callers pass where `input` is `I`. */
export type CallerArguments<I extends ArgumentSchemas> = I extends StandardSchema
  ? AsArguments<SchemaInput<I>>
  : OptionalTail<{
      -readonly [Place in keyof I]: I[Place] extends StandardSchema ? SchemaInput<I[Place]> : never
    }>

/** What a function gets where `input` is `I`: what the schemas make of what its callers pass. */
export type CheckedArguments<I extends ArgumentSchemas> = I extends StandardSchema
  ? AsArguments<SchemaOutput<I>>
  : AsArguments<{
      -readonly [Place in keyof I]: I[Place] extends StandardSchema ? SchemaOutput<I[Place]> : never
    }>

type AsArguments<T> = T extends readonly unknown[] ? [...T] : never

// Who may leave out an argument may leave out those behind it.
type OptionalTail<T> = T extends [...infer Head, infer Last]
  ? undefined extends Last
    ? [...OptionalTail<Head>, Last?]
    : T
  : AsArguments<T>

/** What a function may return whose `output` is `O`: a value, the items of a stream, or a promise of either. */
export type Gives<O extends StandardSchema> =
  unknown extends SchemaInput<O> ? unknown : Given<SchemaInput<O>> | PromiseLike<Given<SchemaInput<O>>>

type Given<T> = T | Streamed<T>

/** What the callers of a function get that returns `R` and whose `output` is `O`. */
export type Promised<R, O extends StandardSchema> =
  unknown extends SchemaOutput<O>
    ? R
    : IsStream<Awaited<R>> extends true
      ? AsyncIterable<SchemaOutput<O>>
      : Promise<SchemaOutput<O>>

/**
 * What can be called on a peer whose functions are not known: everything. The members are `any` and no callable type, because
 * `noUncheckedIndexedAccess` would make each of them possibly undefined.
 */
export interface AnyStub {
  /** Every name is a function, and the names below it are. */
  // biome-ignore lint/suspicious/noExplicitAny: an untyped call takes and gives anything
  readonly [name: string]: any
}

/** What a call of a function that streams returns: its items, and a promise of the stream that they come from. */
export interface StreamCall<T> extends Promise<RemoteStream<T>> {
  /** Its items, without waiting for the stream first. */
  [Symbol.asyncIterator](): RemoteStream<T>
}

/** What a call by name returns: a promise of the result, and the items if the function streams. */
export interface UntypedCall extends Promise<unknown> {
  /** Its items, if the function streams. If not, taking one rejects with `UsageError` NOT_A_STREAM. */
  [Symbol.asyncIterator](): RemoteStream
}

/** The stub for an object of functions, or an instance, of type `Api`; `unknown` when nothing is known of it. */
export type Stub<Api> = unknown extends Api
  ? AnyStub
  : { readonly [Name in keyof Api as Offered<Name, Api[Name]>]: StubMember<Api[Name]> }

/** The stub of `server.broadcast`: the same functions, called without an answer. */
export type BroadcastStub<Api> = [unknown] extends [Api]
  ? AnyStub
  : { readonly [Name in keyof Api as Offered<Name, Api[Name]>]: BroadcastMember<Api[Name]> }

type BroadcastMember<Member> =
  StubMember<Member> extends (...args: infer Args) => unknown
    ? (...args: Args) => Delivery
    : BroadcastStub<Member>

/** The members of `Client` hide functions of the same name: those are reached through `client.api`. */
export type StubBeside<Api, Members> = unknown extends Api
  ? AnyStub
  : {
      readonly [Name in keyof Api as Name extends keyof Members
        ? never
        : Offered<Name, Api[Name]>]: StubMember<Api[Name]>
    }

type Offered<Name, Member> = Name extends string ? (Member extends object ? Name : never) : never

// biome-ignore lint/suspicious/noExplicitAny: what they take is not the question
type Returning<R> = (...args: any) => R

interface Marked {
  readonly [METHOD]: unknown
}

// These types are made for each function that a program calls, so questions come in the order of what they cost the compiler
// (test/thousand-methods.test.ts counts): what is marked holds its type already; a function that returns a promise is kept whole,
// with generics and overloads; only what is left has its parameters and its result taken apart.
type StubMember<Member> = Member extends Marked
  ? Member[typeof METHOD]
  : Member extends Returning<Promise<unknown> | Streamed<unknown>>
    ? Later<Member>
    : Member extends (...args: infer Args) => infer R
      ? (...args: Args) => Promise<Awaited<R>>
      : Stub<Member>

type Later<Member> =
  Member extends Returning<Promise<unknown>>
    ? Member extends Returning<Promise<Streamed<unknown>>>
      ? Doubtful<Member>
      : Member
    : Member extends (...args: infer Args) => Streamed<infer T>
      ? (...args: Args) => StreamCall<T>
      : Doubtful<Member>

// `any` and `never` are everything, and a type parameter that is not bound yet may become a stream.
type Doubtful<Member> = Member extends (...args: infer Args) => infer R
  ? unknown extends R
    ? (...args: Args) => Promise<R>
    : [R] extends [never]
      ? (...args: Args) => Promise<never>
      : [R] extends [Promise<infer T>]
        ? IsStream<T> extends true
          ? (...args: Args) => Called<T>
          : Member
        : (...args: Args) => Called<R>
  : never

// What is streamed: async iterables, and iterators such as generators return; arrays and the like are values.
// biome-ignore lint/suspicious/noExplicitAny: what a generator takes and returns at last does not travel
type Streamed<T> = AsyncIterable<T> | Iterator<T, any, any>

type IsStream<R> = unknown extends R
  ? false
  : [R] extends [never]
    ? false
    : R extends Streamed<unknown>
      ? true
      : false

// A type parameter that is not bound yet has to stay as it is: only what is known to stream becomes a StreamCall.
type Called<R> =
  IsStream<Awaited<R>> extends true
    ? Awaited<R> extends Streamed<infer T>
      ? StreamCall<Untracked<T>>
      : never
    : Promise<Awaited<R>>

// What `tracked` adds does not reach the consumer.
type Untracked<T> = T extends Tracked<infer Item> ? Item : T
