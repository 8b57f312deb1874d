// The front in Fastify: a route calls the service, and what it throws becomes an answer by the error's code.
// Not to be run: `node scripts/run-example.mjs http-front` runs the whole.
import { type FastifyInstance, fastify } from 'fastify'
import type { Client } from 'pseud'
import { problem, streamed, untilGone } from './front.ts'
import type { Shop } from './shop.ts'

interface Article {
  Params: { article: string }
}

export function fastifyFront(shop: Client<Shop>): FastifyInstance {
  const app = fastify({ forceCloseConnections: true })

  app.get<Article>('/price/:article', (request, reply) =>
    shop.with(untilGone(request.raw, reply.raw)).price(request.params.article),
  )

  app.get<Article>('/prices/:article', async (request, reply) => {
    const options = { ...untilGone(request.raw, reply.raw), timeoutMs: Number.POSITIVE_INFINITY }
    const stream = shop.with(options).prices(request.params.article)
    // Waits for the first item: an error before it still has a status of its own.
    const { type, body } = streamed(request.raw, await stream)
    return reply.type(type).send(body)
  })

  app.post<Article>('/roast/:article', (request, reply) =>
    shop.with(untilGone(request.raw, reply.raw)).roast(request.params.article),
  )

  app.setErrorHandler((error, _request, reply) => {
    const { status, headers, body } = problem(error)
    return reply.code(status).headers(headers).send(body)
  })
  return app
}
