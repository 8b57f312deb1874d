// What a peer of the interop tests can be told to do, over any module with the API of the `zeromq` package: the child
// process runs it over libzmq, the test itself over pseud/zmtp, so both ends of a scenario are the same text.
// peer.py is its twin in Python. Knows no test and no expectation: it reports digests, the test compares.
import { createHash } from 'node:crypto'

const CLASSES = {
  PAIR: 'Pair',
  PUB: 'Publisher',
  SUB: 'Subscriber',
  XPUB: 'XPublisher',
  XSUB: 'XSubscriber',
  REQ: 'Request',
  REP: 'Reply',
  DEALER: 'Dealer',
  ROUTER: 'Router',
  PULL: 'Pull',
  PUSH: 'Push',
}

/** The parts of message `n` of a run: `shape` lists their sizes, and the octets follow from seed, n and position. */
export function partsOf(run, n) {
  const shape = run.shapes[n % run.shapes.length]
  return shape.map((size, i) =>
    size === 0
      ? Buffer.alloc(0)
      : createHash('shake256', { outputLength: size }).update(`${run.seed}/${n}/${i}`).digest(),
  )
}

/** `3+0+255:9f86d081884c7d65`: the sizes of the parts and the first half of the SHA-256 of what they hold. */
export function digestOf(parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return `${parts.map((part) => part.length).join('+')}:${hash.digest('hex').slice(0, 16)}`
}

export class Actor {
  #zmq
  #sockets = new Map()
  #events = new Map()

  constructor(zmq) {
    this.#zmq = zmq
  }

  /** Carries out one command, `{ do, name?, ... }`, and returns what it reports. */
  run(command) {
    return this[command.do](command)
  }

  version() {
    return this.#zmq.version
  }

  socket({ name, type, options = {} }) {
    const timeouts = { linger: 1000, sendTimeout: 20_000, receiveTimeout: 20_000 }
    const Class = this.#zmq[CLASSES[type]]
    const fitting = Object.entries(timeouts).filter(([option]) => option in Class.prototype)
    const socket = new Class({ ...Object.fromEntries(fitting), ...options })
    this.#sockets.set(name, socket)
  }

  async bind({ name, endpoint }) {
    const socket = this.#socket(name)
    await socket.bind(endpoint)
    return socket.lastEndpoint
  }

  connect({ name, endpoint }) {
    this.#socket(name).connect(endpoint)
  }

  /** Counts the events of the socket from now on: `events` reports them. */
  watch({ name }) {
    const counts = {}
    this.#events.set(name, counts)
    const observer = this.#socket(name).events
    const loop = async () => {
      for await (const event of observer) counts[event.type] = (counts[event.type] ?? 0) + 1
    }
    loop().catch(() => {})
  }

  events({ name }) {
    return { ...this.#events.get(name) }
  }

  /** Sends the whole run, each message behind the frames of `prefix`. */
  async send({ name, run, prefix = [] }) {
    const socket = this.#socket(name)
    for (let n = 0; n < run.count; n++) await socket.send([...prefix, ...partsOf(run, n)])
  }

  /** Sends one message of the given texts. */
  greet({ name, parts }) {
    return this.#sendWhenKnown(name, parts)
  }

  /** Sends one message of the given parts, in base64. */
  put({ name, parts }) {
    const frames = parts.map((part) => Buffer.from(part, 'base64'))
    return this.#sendWhenKnown(name, frames)
  }

  /** Receives one message and reports its parts in base64. */
  async take({ name }) {
    return (await this.#socket(name).receive()).map((part) => part.toString('base64'))
  }

  /** Subscribes a SUB or XSUB to topics, in base64; `cancel` takes that back. */
  async subscribe({ name, topics, cancel = false }) {
    const socket = this.#socket(name)
    for (const topic of topics.map((text) => Buffer.from(text, 'base64'))) {
      if (socket.subscribe === undefined)
        await socket.send(Buffer.concat([Buffer.from([cancel ? 0 : 1]), topic]))
      else if (cancel) socket.unsubscribe(topic)
      else socket.subscribe(topic)
    }
  }

  /** Receives whatever comes within `ms`, and reports whether the message `text` was among it; ends with it. */
  async hear({ name, text, ms }) {
    const socket = this.#socket(name)
    const before = socket.receiveTimeout
    socket.receiveTimeout = ms
    try {
      for (;;) if (String((await socket.receive())[0]) === text) return true
    } catch (error) {
      if (error.code === 'EAGAIN') return false
      throw error
    } finally {
      socket.receiveTimeout = before
    }
  }

  /** Receives `count` messages and reports their digests, without the first `strip` frames. */
  async receive({ name, count, strip = 0 }) {
    const socket = this.#socket(name)
    const digests = []
    while (digests.length < count) digests.push(digestOf((await socket.receive()).slice(strip)))
    return digests
  }

  /** Sends message n, receives its answer, and so on: reports the digests of the answers. */
  async request({ name, run, prefix = [], strip = 0 }) {
    const socket = this.#socket(name)
    const digests = []
    for (let n = 0; n < run.count; n++) {
      await socket.send([...prefix, ...partsOf(run, n)])
      digests.push(digestOf((await socket.receive()).slice(strip)))
    }
    return digests
  }

  /** Receives a message, answers with message n behind its first `route` frames: reports the digests. */
  async reply({ name, run, route = 0 }) {
    const socket = this.#socket(name)
    const digests = []
    for (let n = 0; n < run.count; n++) {
      const parts = await socket.receive()
      digests.push(digestOf(parts.slice(route)))
      await socket.send([...parts.slice(0, route), ...partsOf(run, n)])
    }
    return digests
  }

  close({ name }) {
    this.#socket(name).close()
    this.#sockets.delete(name)
  }

  /** A ROUTER with `mandatory` does not know its peer the moment that the peer knows it. */
  async #sendWhenKnown(name, parts) {
    const socket = this.#socket(name)
    for (const end = Date.now() + 10_000; ; ) {
      try {
        return await socket.send(parts)
      } catch (error) {
        if (error.code !== 'EHOSTUNREACH' || Date.now() > end) throw error
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
  }

  #socket(name) {
    const socket = this.#sockets.get(name)
    if (socket === undefined) throw new Error(`no socket is called ${name}`)
    return socket
  }
}
