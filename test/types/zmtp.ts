// Compiled, never run: which socket type has which methods and options. A line behind @ts-expect-error must be an error, or tsc fails.
import { Pair, Publisher, Pull, Push, Subscriber, XPublisher, XSubscriber } from '../../src/zmtp/index.ts'

export async function oneWay(
  push: Push,
  pull: Pull,
  publisher: Publisher,
  subscriber: Subscriber,
): Promise<void> {
  await push.send(['a', null, 1, new Uint8Array(1)])
  await publisher.send('a')
  const parts: Buffer[] = await pull.receive()
  for await (const [part] of subscriber) parts.push(part!)
  subscriber.subscribe('a', Buffer.from('b'))
  subscriber.unsubscribe()
  // @ts-expect-error
  push.receive()
  // @ts-expect-error
  publisher.receive()
  // @ts-expect-error
  pull.send('a')
  // @ts-expect-error
  subscriber.send('a')
  // @ts-expect-error
  push.receiveTimeout = 1
  // @ts-expect-error
  subscriber.sendTimeout = 1
}

export async function bothWays(pair: Pair, xpub: XPublisher, xsub: XSubscriber): Promise<void> {
  for (const socket of [pair, xpub, xsub]) {
    await socket.send('a')
    await socket.receive()
  }
  xpub.verbosity = 'allSubsUnsubs'
  xpub.verbosity = null
  // @ts-expect-error
  xpub.verbosity = 'loud'
  // @ts-expect-error
  xsub.subscribe('a')
}

export const options: unknown[] = [
  new Push({ conflate: true, sendTimeout: 1, immediate: true }),
  new Pull({ conflate: true, receiveTimeout: 1 }),
  new Publisher({ noDrop: true, invertMatching: true }),
  new Subscriber({ invertMatching: true, linger: 0 }),
  new XPublisher({ manual: true, welcomeMessage: null, verbosity: 'allSubs' }),
  // @ts-expect-error
  new Push({ receiveTimeout: 1 }),
  // @ts-expect-error
  new Pair({ conflate: true }),
  // @ts-expect-error
  new Publisher({ manual: true }),
  // @ts-expect-error
  new XSubscriber({ verbosity: 'allSubs' }),
]
