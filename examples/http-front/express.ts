// The front in Express: a route calls the service, and what Express is told of an error is made of the error's code.
// Not to be run: `node scripts/run-example.mjs http-front` runs the whole.
import { pipeline } from 'node:stream'
import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Client } from 'pseud'
import { problem, streamed, untilGone } from './front.ts'
import type { Shop } from './shop.ts'

export function expressFront(shop: Client<Shop>): Express {
  const app = express()

  app.get('/price/:article', async (request, response) => {
    response.json(await shop.with(untilGone(request, response)).price(request.params.article))
  })

  app.get('/prices/:article', async (request, response) => {
    const options = { ...untilGone(request, response), timeoutMs: Number.POSITIVE_INFINITY }
    const stream = shop.with(options).prices(request.params.article)
    // Waits for the first item: an error before it still has a status of its own.
    const { type, body } = streamed(request, await stream)
    response.type(type)
    pipeline(body, response, () => {}) // when the browser is gone both end
  })

  app.post('/roast/:article', async (request, response) => {
    response.json(await shop.with(untilGone(request, response)).roast(request.params.article))
  })

  const answer: ErrorRequestHandler = (error, _request, response, next) => {
    if (response.closed) return // nobody is there to be told
    if (response.headersSent) return next(error)
    const { status, headers, body } = problem(error)
    response.status(status).set(headers).json(body)
  }
  app.use(answer)
  return app
}
