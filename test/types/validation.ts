// Compiled, never run: what schemas do to the types of functions and stubs. A line behind @ts-expect-error must be an error.
import * as v from 'valibot'
import { z } from 'zod'
import { type CallContext, Client, method, registerRpc, type StandardSchema } from '../../src/rpc/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function expectType<Expected>(): <Actual>(value: Actual, same: Equal<Actual, Expected>) => void {
  return () => {}
}

const user = z.object({ name: z.string(), age: z.coerce.number<string>() })

interface Desk {
  ring(times: number): void
}

const api = {
  // A list: one schema for each argument. Callers pass what goes in, functions get what comes out.
  each: method({ input: [z.string(), user] }, (ctx, text, { name, age }) => {
    expectType<CallContext<unknown>>()(ctx, true)
    expectType<string>()(text, true)
    expectType<number>()(age, true)
    return `${text} ${name}`
  }),
  tuple: method({ input: z.tuple([z.string(), z.number()]) }, async (_ctx, text, n) => {
    expectType<string>()(text, true)
    expectType<number>()(n, true)
    return text.repeat(n)
  }),
  valibot: method(
    {
      input: v.tuple([
        v.pipe(
          v.string(),
          v.transform((text) => text.length),
        ),
        v.boolean(),
      ]),
      idempotent: true,
    },
    (_ctx, length, flag) => {
      expectType<number>()(length, true)
      expectType<boolean>()(flag, true)
      return length
    },
  ),
  optional: method(
    { input: [z.string(), z.number().optional(), z.boolean().default(true)] },
    (_ctx, a, b, c) => {
      expectType<string>()(a, true)
      expectType<number | undefined>()(b, true)
      expectType<boolean>()(c, true)
      return c
    },
  ),
  none: method({ input: [] }, () => 1),
  union: method({ input: [z.union([z.literal('a'), z.number()])] }, (_ctx, value) => value),
  output: method({ output: z.object({ id: z.number().transform(String) }) }, (_ctx, id: number) => ({ id })),
  both: method({ input: [z.string()], output: z.number() }, async (_ctx, text) => text.length),
  stream: method({ input: [z.number()], output: z.object({ at: z.number() }) }, async function* (_ctx, n) {
    for (let at = 0; at < n; at++) yield { at }
  }),
  rung: method({ input: [z.number()] }, async (ctx: CallContext<Desk>, times) => {
    expectType<number>()(times, true)
    expectType<void>()(await ctx.peer.api.ring(times), true)
  }),
  plain: registerRpc({ name: 'plain', input: [z.string(), z.coerce.number<string>()] }, (text, n) => {
    expectType<string>()(text, true)
    expectType<number>()(n, true)
    return n
  }),
  context: registerRpc({ name: 'context', withContext: true, input: [z.string()] }, (ctx, text) => {
    expectType<CallContext<unknown>>()(ctx, true)
    return text
  }),
}

export async function inferred(): Promise<void> {
  const client = new Client<typeof api>('remote')
  expectType<string>()(await client.each('a', { name: 'b', age: '3' }), true)
  expectType<string>()(await client.tuple('a', 2), true)
  expectType<number>()(await client.valibot('a', true), true)
  expectType<boolean>()(await client.optional('a'), true)
  expectType<boolean>()(await client.optional('a', 1), true)
  expectType<boolean>()(await client.optional('a', undefined, false), true)
  expectType<number>()(await client.none(), true)
  expectType<number | 'a'>()(await client.union('a'), true)
  expectType<{ id: string }>()(await client.output(1), true)
  expectType<number>()(await client.both('a'), true)
  for await (const item of client.stream(3)) expectType<{ at: number }>()(item, true)
  expectType<void>()(await client.rung(1), true)
  expectType<number>()(await client.plain('a', '3'), true)
  expectType<string>()(await client.context('a'), true)

  // @ts-expect-error: an age goes in as a text
  client.each('a', { name: 'b', age: 3 })
  // @ts-expect-error: an argument is missing
  client.each('a')
  // @ts-expect-error: a number is no string
  client.tuple(1, 2)
  // @ts-expect-error: a length goes in as the text
  client.valibot(1, true)
  // @ts-expect-error: the first is not optional
  client.optional()
  // @ts-expect-error: no arguments
  client.none(1)
  // @ts-expect-error: none of the union
  client.union('b')
  // @ts-expect-error: what comes out is a text
  const id: number = (await client.output(1)).id
  // @ts-expect-error: a stream is awaited item by item
  const item: { at: number } = await client.stream(3)
  // @ts-expect-error: a number goes in as a text
  client.plain('a', 3)
  // @ts-expect-error: the context is passed by the server
  client.context({} as CallContext, 'a')
  void [id, item]
}

export function refused(): void {
  // @ts-expect-error: an object is no list of arguments
  method({ input: z.object({ a: z.string() }) }, (_ctx, a: string) => a)
  // @ts-expect-error: the function takes what comes out of the schema
  method({ input: [z.string()] }, (_ctx, a: number) => a)
  // @ts-expect-error: the function gives what the schema takes
  method({ output: z.number() }, () => 'a')
  // @ts-expect-error: and so do its items
  method({ output: z.number() }, async function* () {
    yield 'a'
  })
  // @ts-expect-error: no schema
  method({ input: ['string'] }, (_ctx, a: string) => a)
  // @ts-expect-error: the function takes what comes out of the schema
  registerRpc({ name: 'x', input: [z.string()] }, (a: number) => a)
}

/** Any library's. */
export function generic<S extends StandardSchema<unknown, number>>(schema: S): void {
  method({ output: schema }, (_ctx, value: never) => value)
}
