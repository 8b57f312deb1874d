// What a peer of the interop tests can be told to do, over any module with the API of the `zeromq` package: the child
// process runs it over libzmq, the test itself over pseud/zmtp, so both ends of a scenario are the same text.
// peer.py is its twin in Python. Knows no test and no expectation: it reports digests, the test compares.
import { createHash } from 'node:crypto'

const SUBSCRIBE = 6
const UNSUBSCRIBE = 7
const XSUB = 10

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

// What bodies are cut out of: as many octets as the largest body has, and 1 MiB more to begin at.
const POOL = createHash('shake256', { outputLength: 9 * 1024 * 1024 })
  .update('pseud')
  .digest()

/** The parts of message `n` of a run: octets that follow from seed, n and position, in the sizes that `shapes` or `special` says. */
export function partsOf(run, n) {
  const shape = run.special?.[n] ?? run.shapes[n % run.shapes.length]
  const from = seedNumber(run.seed) + n * 8191 // a prime, so that no two messages begin alike
  return shape.map((size, i) => {
    const at = (from + i * 127) % (POOL.length - size + 1)
    return POOL.subarray(at, at + size)
  })
}

function seedNumber(seed) {
  let number = 0
  for (const octet of Buffer.from(seed)) number = (number * 31 + octet) % 1_000_003
  return number
}

const runs = new Map()

/** All messages of a run, made once. */
function messagesOf(run) {
  const key = JSON.stringify(run)
  let messages = runs.get(key)
  if (messages === undefined) {
    messages = Array.from({ length: run.count }, (_, n) => partsOf(run, n))
    runs.set(key, messages)
  }
  return messages
}

/** `3+0+255:9f86d081884c7d65`: the sizes of the parts and the first half of the SHA-256 of what they hold. */
export function digestOf(parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return `${sizesOf(parts)}:${hash.digest('hex').slice(0, 16)}`
}

/** Digests of messages in their order, each over `per` of them: their sizes and what they hold. With 1, as `digestOf`. */
export class Tally {
  #digests = []
  #per
  #hash = createHash('sha256')
  #open = 0

  constructor(per = 1) {
    this.#per = per
  }

  add(parts) {
    if (this.#per === 1) {
      this.#digests.push(digestOf(parts))
      return
    }
    this.#hash.update(`${sizesOf(parts)}:`)
    for (const part of parts) this.#hash.update(part)
    if (++this.#open === this.#per) this.#cut()
  }

  /** All digests; the last one may be over fewer messages. */
  end() {
    if (this.#open > 0) this.#cut()
    return this.#digests
  }

  #cut() {
    this.#digests.push(this.#hash.digest('hex').slice(0, 16))
    this.#hash = createHash('sha256')
    this.#open = 0
  }
}

function sizesOf(parts) {
  return parts.map((part) => part.length).join('+')
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

  /**
   * Judges peers from now on, at inproc://zeromq.zap.01: those with this user name and password, this key (base64) or this domain come in as
   * `alice`, all others get `status`.
   */
  async zap({ name, user, password, key, domain, status = '400' }) {
    const handler = new this.#zmq.Router({ linger: 0 })
    this.#sockets.set(name, handler)
    await handler.bind('inproc://zeromq.zap.01')
    const isGood = (mechanism, shown, asked) => {
      if (mechanism === 'PLAIN') return shown[0] === user && shown[1] === password
      return mechanism === 'CURVE' ? shown[2] === key : asked === domain
    }
    const loop = async () => {
      for await (const [peer, delimiter, version, id, asked, , , mechanism, ...shown] of handler) {
        const texts = [String(shown[0]), String(shown[1]), shown[0]?.toString('base64')]
        const good = isGood(String(mechanism), texts, String(asked))
        await handler.send([peer, delimiter, version, id, good ? '200' : status, '', good ? 'alice' : '', ''])
      }
    }
    loop().catch(() => {})
  }

  async bind({ name, endpoint }) {
    const socket = this.#socket(name)
    await socket.bind(endpoint)
    return socket.lastEndpoint
  }

  /** Where it was bound or connected last. */
  endpoint({ name }) {
    return this.#socket(name).lastEndpoint
  }

  /** A ROUTER may name its peer, as `routingId`. */
  connect({ name, endpoint, routingId }) {
    if (routingId === undefined) this.#socket(name).connect(endpoint)
    else this.#socket(name).connect(endpoint, { routingId })
  }

  disconnect({ name, endpoint }) {
    this.#socket(name).disconnect(endpoint)
  }

  async unbind({ name, endpoint }) {
    await this.#socket(name).unbind(endpoint)
  }

  set({ name, option, value }) {
    this.#socket(name)[option] = value
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

  /** An integer option, by libzmq's number. */
  number({ name, number, value }) {
    this.#socket(name).setInt32Option(number, value)
  }

  /** Sends the whole run, each message behind the frames of `prefix`. */
  async send({ name, run, prefix = [] }) {
    const socket = this.#socket(name)
    for (const parts of messagesOf(run)) await socket.send([...prefix, ...parts])
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

  /** Sends one message of the given parts, in base64, within `ms`: reports the code of the error it fails with, or 'sent'. */
  async attempt({ name, parts, ms }) {
    const socket = this.#socket(name)
    const before = socket.sendTimeout
    socket.sendTimeout = ms
    try {
      await socket.send(parts.map((part) => Buffer.from(part, 'base64')))
      return 'sent'
    } catch (error) {
      return error.code
    } finally {
      socket.sendTimeout = before
    }
  }

  /** Receives one message and reports its parts in base64; null when none comes within `ms`. */
  async take({ name, ms }) {
    const parts = await this.#within(name, ms, (socket) => socket.receive())
    return parts === undefined ? null : parts.map((part) => part.toString('base64'))
  }

  /** Subscribes a SUB, XSUB or XPUB to topics, in base64; `cancel` takes that back. */
  async subscribe({ name, topics, cancel = false }) {
    const socket = this.#socket(name)
    for (const topic of topics.map((text) => Buffer.from(text, 'base64'))) {
      if (socket.type === XSUB) await socket.send(Buffer.concat([Buffer.from([cancel ? 0 : 1]), topic]))
      else if (socket.subscribe === undefined) socket.setStringOption(cancel ? UNSUBSCRIBE : SUBSCRIBE, topic)
      else if (cancel) socket.unsubscribe(topic)
      else socket.subscribe(topic)
    }
  }

  /** Receives whatever comes within `ms`, and reports whether the message `text` was among it; ends with it. */
  async hear({ name, text, ms }) {
    const heard = await this.#within(name, ms, async (socket) => {
      while (String((await socket.receive())[0]) !== text) {}
      return true
    })
    return heard ?? false
  }

  /** Receives until nothing comes for `ms`: reports the digests. */
  async drain({ name, ms }) {
    const tally = new Tally()
    for (;;) {
      const parts = await this.#within(name, ms, (socket) => socket.receive())
      if (parts === undefined) return tally.end()
      tally.add(parts)
    }
  }

  /** Receives `count` messages and reports their digests, each of `per` messages, without the first `strip` frames. */
  async receive({ name, count, strip = 0, per }) {
    const socket = this.#socket(name)
    const tally = new Tally(per)
    for (let n = 0; n < count; n++) tally.add((await socket.receive()).slice(strip))
    return tally.end()
  }

  /** `send` and `receive` at once. */
  async exchange(command) {
    return (await Promise.all([this.receive(command), this.send(command)]))[0]
  }

  /** Sends message n, receives its answer, and so on: reports the digests of the answers. */
  async request({ name, run, prefix = [], strip = 0, per }) {
    const socket = this.#socket(name)
    const tally = new Tally(per)
    for (const parts of messagesOf(run)) {
      await socket.send([...prefix, ...parts])
      tally.add((await socket.receive()).slice(strip))
    }
    return tally.end()
  }

  /** Receives a message, answers with message n behind its first `route` frames: reports the digests. */
  async reply({ name, run, route = 0, per }) {
    const socket = this.#socket(name)
    const tally = new Tally(per)
    for (const answer of messagesOf(run)) {
      const parts = await socket.receive()
      tally.add(parts.slice(route))
      await socket.send([...parts.slice(0, route), ...answer])
    }
    return tally.end()
  }

  close({ name }) {
    this.#socket(name).close()
    this.#sockets.delete(name)
  }

  /** Closes the socket of this name, or all, without linger. */
  end({ name } = {}) {
    for (const [key, socket] of this.#sockets) {
      if (name !== undefined && key !== name) continue
      socket.linger = 0
      socket.close()
      this.#sockets.delete(key)
    }
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

  /** What `receive` resolves to; undefined when a message that it waits for does not come within `ms`. */
  async #within(name, ms, receive) {
    const socket = this.#socket(name)
    const before = socket.receiveTimeout
    socket.receiveTimeout = ms ?? before
    try {
      return await receive(socket)
    } catch (error) {
      if (error.code === 'EAGAIN' && ms !== undefined) return undefined
      throw error
    } finally {
      if (!socket.closed) socket.receiveTimeout = before
    }
  }

  #socket(name) {
    const socket = this.#sockets.get(name)
    if (socket === undefined) throw new Error(`no socket is called ${name}`)
    return socket
  }
}
