// Validation: schemas of zod or valibot check what callers pass, give types to both sides, and tell who asks what a function takes.
// Run `node scripts/run-example.mjs validation`.
import assert from 'node:assert/strict'
import { Client, type IntrospectionApi, method, RpcError, Server, type ValidationDetails } from 'pseud'
import * as v from 'valibot'
import { z } from 'zod'

const Order = z.object({
  article: z.string().min(1),
  count: z.coerce.number<number | string>().int().positive(),
})

const api = {
  // A list of schemas, one for each argument. The function gets what comes out of them: `count` is a number.
  order: method(
    {
      doc: 'Takes an order.',
      input: [Order, z.string().default('nobody')],
      output: z.object({ total: z.number() }),
    },
    (_ctx, { article, count }, by) => ({ total: count * article.length, by }),
  ),
  // One schema of all arguments, of another library.
  shout: method(
    { input: v.tuple([v.pipe(v.string(), v.trim(), v.maxLength(10))]) },
    (_ctx, text) => `${text}!`,
  ),
  // A stream: `output` checks each item.
  count: method({ input: [z.number().max(1000)], output: z.number() }, async function* (_ctx, to) {
    for (let n = 1; n <= to; n++) yield n
  }),
}

const server = new Server('shop', { introspection: true })
server.registerRpc(api)
const client = new Client<typeof api & IntrospectionApi>('shop')
client.connect(await server.bind('tcp://127.0.0.1:0'))

// What a schema does not name is not sent: `by` stays inside.
assert.deepEqual(await client.order({ article: 'nail', count: '12' }), { total: 48 })
assert.equal(await client.shout('  hello '), 'hello!')
const numbers: number[] = []
for await (const n of client.count(3)) numbers.push(n)
assert.deepEqual(numbers, [1, 2, 3])

// Wrong types do not compile; wrong values come back with what is wrong, and no function has run.
try {
  await client.order({ article: '', count: -1 })
  assert.fail('it was taken')
} catch (error) {
  assert.ok(error instanceof RpcError && error.code === 'INVALID_ARGUMENT' && error.executed === 'no')
  const { issues } = error.details as ValidationDetails
  for (const { path, message } of issues) console.log(`${path.join('.')}: ${message}`)
  assert.deepEqual(
    issues.map(({ path }) => path.join('.')),
    ['0.article', '0.count'],
  )
}
// @ts-expect-error: an argument is missing
await assert.rejects(client.shout(), { code: 'INVALID_ARGUMENT' })

// Who may call a function may ask what it takes.
assert.deepEqual(await client.$rpc.list(), ['count', 'order', 'shout'])
const { doc, params } = await client.$rpc.describe('order')
console.log(doc, JSON.stringify(params[0]?.schema))

await client.close()
await server.close()
