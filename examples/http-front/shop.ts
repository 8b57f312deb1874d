// The service behind the HTTP fronts: an RPC server with a function that answers, one that streams, and one that takes too long.
// Not to be run: `node scripts/run-example.mjs http-front` runs the whole.
import { setTimeout as sleep } from 'node:timers/promises'
import { type CallContext, method, RpcError, Server } from 'pseud'

const prices = new Map([
  ['tea', 3],
  ['coffee', 4],
])

/** Functions that have ended because nobody wanted them any more. */
export const givenUp: string[] = []

function priceOf(article: string): number {
  const price = prices.get(article)
  if (price === undefined) throw new RpcError('NOT_FOUND', `there is no ${article}`)
  return price
}

const api = {
  price: (article: string) => ({ article, price: priceOf(article) }),

  /** The price, again and again. */
  async *prices(article: string) {
    let price = priceOf(article)
    try {
      for (;;) {
        yield { article, price: price++ }
        await sleep(10)
      }
    } finally {
      givenUp.push('prices')
    }
  },

  roast: method(async (ctx: CallContext, article: string) => {
    try {
      await sleep(60_000, undefined, { signal: ctx.signal })
      return { article }
    } finally {
      givenUp.push('roast')
    }
  }),
}
export type Shop = typeof api

export const server: Server = new Server('shop')
server.registerRpc(api)
