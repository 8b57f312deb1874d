// HTTP in front of an RPC service, in Express and in Fastify: errors become statuses, a browser that leaves ends its call, streams are SSE or NDJSON.
// Run `node scripts/run-example.mjs http-front`; the first time it installs both frameworks into examples/http-front.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pseud'
import { expressFront } from './express.ts'
import { fastifyFront } from './fastify.ts'
import { givenUp, type Shop, server } from './shop.ts'

const shop = new Client<Shop>('shop')
shop.connect(await server.bind('tcp://127.0.0.1:0'))

const inExpress = createServer(expressFront(shop)).listen(0, '127.0.0.1')
await once(inExpress, 'listening')
await visit('Express', `http://127.0.0.1:${(inExpress.address() as AddressInfo).port}`)
inExpress.close()
inExpress.closeAllConnections() // fetch keeps some open

const inFastify = fastifyFront(shop)
await visit('Fastify', await inFastify.listen({ port: 0, host: '127.0.0.1' }))
await inFastify.close()

await shop.close()
await server.close()

/** What a browser asks of a front, and what it must get. */
async function visit(name: string, url: string): Promise<void> {
  const tell = (text: string) => console.log(`${name}: ${text}`)

  const price = await fetch(`${url}/price/tea`)
  assert.deepEqual([price.status, await price.json()], [200, { article: 'tea', price: 3 }])
  tell('GET /price/tea → 200')

  const none = await fetch(`${url}/price/sand`)
  assert.deepEqual(
    [none.status, await none.json()],
    [404, { code: 'NOT_FOUND', message: 'there is no sand', executed: 'yes' }],
  )
  assert.equal((await fetch(`${url}/prices/sand`)).status, 404)
  tell('GET /price/sand → 404, there is no sand')

  const late = await fetch(`${url}/roast/coffee`, { method: 'POST', headers: { 'x-timeout-ms': '50' } })
  assert.deepEqual([late.status, await ends('roast')], [504, true])
  tell('POST /roast/coffee → 504 after 50 ms, and the function has ended')

  const impatient = fetch(`${url}/roast/coffee`, { method: 'POST', signal: AbortSignal.timeout(100) })
  await assert.rejects(impatient, { name: 'TimeoutError' })
  assert.ok(await ends('roast'))
  tell('the browser left, and the function has ended')

  for (const accept of ['text/event-stream', 'application/x-ndjson']) {
    const stream = await fetch(`${url}/prices/tea`, { headers: { accept } })
    const text = new TextDecoder()
    let read = ''
    for await (const chunk of stream.body!) {
      read += text.decode(chunk, { stream: true })
      if (read.includes('"price":5}')) break // leaving the loop ends the response, the stream and the function
    }
    assert.match(
      read,
      /^(?:data: )?\{"article":"tea","price":3\}\n+(?:data: )?\{"article":"tea","price":4\}\n/,
    )
    assert.equal(read.startsWith('data: '), accept === 'text/event-stream')
    assert.ok(stream.headers.get('content-type')!.startsWith(accept))
    assert.ok(await ends('prices'))
    tell(`GET /prices/tea → ${accept}, until the browser left`)
  }
}

async function ends(name: string): Promise<boolean> {
  while (!givenUp.includes(name)) await sleep(5)
  return givenUp.splice(0).every((other) => other === name)
}
