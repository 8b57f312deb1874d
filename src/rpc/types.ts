/**
 * From the type of what a peer registers to the type of the stub that calls it. Types only; the one place where `any` is
 * needed, because a registered function may have any parameters.
 */

/** A function made by `method`: its caller does not see the context. */
export interface Method<Args extends unknown[], R> {
  // biome-ignore lint/suspicious/noExplicitAny: a test may pass whatever it has in place of a context
  (ctx: any, ...args: Args): R
  readonly [METHOD]?: (...args: Args) => R
}

declare const METHOD: unique symbol

/**
 * What can be called on a peer whose functions are not known: everything. The members are `any` and no callable type, because
 * `noUncheckedIndexedAccess` would make each of them possibly undefined.
 */
export interface AnyStub {
  // biome-ignore lint/suspicious/noExplicitAny: an untyped call takes and gives anything
  readonly [name: string]: any
}

/** The stub for an object of functions, or an instance, of type `Api`; `unknown` when nothing is known of it. */
export type Stub<Api> = [unknown] extends [Api]
  ? AnyStub
  : { readonly [Name in keyof Api as Offered<Name, Api[Name]>]: StubMember<Api[Name]> }

/** The members of `Client` hide functions of the same name: those are reached through `client.api`. */
export type StubBeside<Api, Members> = [unknown] extends [Api]
  ? AnyStub
  : {
      readonly [Name in keyof Api as Name extends keyof Members
        ? never
        : Offered<Name, Api[Name]>]: StubMember<Api[Name]>
    }

type Offered<Name, Member> = Name extends string ? (Member extends object ? Name : never) : never

// biome-ignore lint/suspicious/noExplicitAny: any function at all
type AnyFunction = (...args: any[]) => any

type StubMember<Member> = Member extends { readonly [METHOD]?: infer F }
  ? Exclude<F, undefined> extends (...args: infer Args) => infer R
    ? unknown extends F
      ? Plain<Member>
      : (...args: Args) => Promise<Awaited<R>>
    : Plain<Member>
  : Plain<Member>

// A function that returns a promise already has the type of its stub: kept whole, with generics and overloads.
type Plain<Member> = Member extends AnyFunction
  ? ReturnType<Member> extends Promise<unknown>
    ? Member
    : Member extends (...args: infer Args) => infer R
      ? (...args: Args) => Promise<Awaited<R>>
      : never
  : Stub<Member>
