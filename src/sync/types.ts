/**
 * The types of stubs that block: those of `Client`, without the promises. Types only. A generic function loses its type parameters here:
 * TypeScript cannot rewrite what they return.
 */
import type { StubBeside } from '../rpc/faces.ts'
import type { AnyStub, CallOptions, StreamCall, Stub } from '../rpc/index.ts'
import type { SyncStream } from './stream.ts'

/** As for a Client, without `signal`: while a call blocks, nothing of this thread can abort it. */
export type SyncCallOptions = Omit<CallOptions, 'signal'>

/** The stub for an object of functions, or an instance, of type `Api`: calling returns what the function returned there. */
export type SyncStub<Api> = [unknown] extends [Api] ? AnyStub : Blocking<Stub<Api>>

/** The members of `SyncClient` hide functions of the same name: those are reached through `client.api`. */
export type SyncStubBeside<Api, Members> = [unknown] extends [Api]
  ? AnyStub
  : Blocking<StubBeside<Api, Members>>

type Blocking<S> = {
  readonly [Name in keyof S]: S[Name] extends (...args: infer Args) => infer R
    ? (...args: Args) => R extends StreamCall<infer T> ? SyncStream<T> : Awaited<R>
    : Blocking<S[Name]>
}
