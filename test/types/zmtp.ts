// Compiled, never run: which socket type has which methods and options. A line behind @ts-expect-error must be an error, or tsc fails.
import {
  type Message,
  type MessageLike,
  Pair,
  Publisher,
  Pull,
  Push,
  type Readable,
  Stream,
  type StreamConnectOptions,
  Subscriber,
  type Writable,
  XPublisher,
  XSubscriber,
} from '../../src/zmtp/index.ts'

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

export async function octets(stream: Stream, connectOptions: StreamConnectOptions): Promise<void> {
  stream.connect('tcp://127.0.0.1:80', connectOptions)
  stream.connect('tcp://127.0.0.1:80', { routingId: 'a' })
  const [id, data] = await stream.receive()
  const size: number = id.length + data.length
  await stream.send([id, data])
  await stream.send(['a', `${size}`, 'a', null])
  for await (const [from, piece] of stream) from.equals(piece)
  const [first] = await stream.receiveMany()
  first?.[1].toString()
  const readable: Readable<[Message, Message]> = stream
  const writable: Writable<[MessageLike, MessageLike]> = stream
  await writable.send([(await readable.receive())[0], 'x'])
  // @ts-expect-error
  stream.send('a')
  // @ts-expect-error
  stream.send(['a'])
  // @ts-expect-error
  stream.connect('tcp://127.0.0.1:80', { routingId: 1 })
  // @ts-expect-error
  stream.routingId = 'a'
}

export const options: unknown[] = [
  new Stream({ notify: false, linger: 0 }),
  // @ts-expect-error
  new Stream({ mandatory: true }),
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
