// Where the scenarios of `socket.events` play: makes sockets that are watched from the start, waits for events instead of for time, and
// writes the report. What differs from run to run is taken out of it: ports and paths become `<name>`, an interval says only whether it
// lies within its bounds, and a row of events that repeats itself, as when dialling nobody, stands once.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, connect as netConnect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'

/** Between two attempts of a client; and where there is to be but one. */
export const RETRY_MS = 60
const ONCE_MS = 10_000
export const ONCE = { reconnectInterval: ONCE_MS }

/** One run of one scenario: makes sockets that are watched from the start, and waits for events instead of for time. */
export class Stage {
  #zmq
  #reports = {}
  #sockets = new Map()
  #names = new Map()
  #raw = []
  folder = mkdtempSync(path.join(tmpdir(), 'pseud-events-'))

  constructor(zmq) {
    this.#zmq = zmq
  }

  get zmq() {
    return this.#zmq
  }

  get report() {
    const named = (lines) => withoutCycles(lines.map((line) => this.#named(line)))
    return Object.fromEntries(Object.entries(this.#reports).map(([name, lines]) => [name, named(lines)]))
  }

  open(name, type, options = {}) {
    const fits = name.startsWith('client') ? { reconnectInterval: RETRY_MS } : {}
    const socket = new this.#zmq[type]({ linger: 0, ...fits, ...options })
    this.#sockets.set(name, socket)
    this.watch(name, socket.events)
    return socket
  }

  watch(name, observer) {
    const lines = []
    this.#reports[name] = lines
    const read = async () => {
      for await (const event of observer) lines.push(lineOf(event))
      lines.push('(over)')
    }
    read().catch((error) => lines.push(`(${error.code} ${error.message})`))
  }

  note(name, line) {
    this.#reports[name] ??= []
    this.#reports[name].push(line)
  }

  socket(name) {
    return this.#sockets.get(name)
  }

  /** In reports, `<name>` stands for this host and port, or path. */
  name(name, address) {
    const value = address.replace(/^\w+:\/\//, '')
    // Two names of one place would make reports depend on their order.
    if (![...this.#names.values()].includes(value)) this.#names.set(name, value)
    return address
  }

  async bind(name, type = 'Router', options = {}, address = 'tcp://127.0.0.1:0') {
    const socket = this.open(name, type, options)
    await socket.bind(address)
    this.name(name, socket.lastEndpoint)
    return socket
  }

  connect(name, address, type = 'Dealer', options = {}) {
    const socket = this.open(name, type, options)
    socket.connect(address)
    return socket
  }

  /** Waits until the socket has reported events of this type `count` times in all. */
  async seen(name, type, count = 1) {
    const lines = this.#reports[name]
    const end = Date.now() + 10_000
    while (lines.filter((line) => line === type || line.startsWith(`${type} `)).length < count) {
      if (Date.now() > end) throw new Error(`${name} saw no ${count} ${type}: ${lines.join(', ')}`)
      await this.pause(2)
    }
  }

  /** Lets time pass. The native package goes on with an unbind or a disconnect only when its socket is used: so it is. */
  async pause(ms) {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(2)) {
      for (const socket of this.#sockets.values()) if (!socket.closed) socket.readable
    }
  }

  async close(name) {
    const socket = this.#sockets.get(name)
    if (socket.closed) return
    socket.close()
    await this.seen(name, '(over)')
  }

  /** A listener that is no socket; `talk` is what it does with each connection. */
  async rawListener(talk) {
    const server = createServer((socket) => this.#talk(socket, talk))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#raw.push(() => server.close())
    return this.name('raw', `tcp://127.0.0.1:${server.address().port}`)
  }

  async rawClient(address, talk) {
    const socket = netConnect(Number(address.split(':').pop()), '127.0.0.1')
    await once(socket, 'connect')
    this.#talk(socket, talk)
  }

  /** Where connections wait to be accepted, and no more may. */
  async fullListener() {
    const worker = new Worker(FULL_LISTENER, { eval: true })
    this.#raw.push(() => worker.terminate())
    const [port] = await once(worker, 'message')
    for (let i = 0; i < 4; i++) {
      const socket = netConnect(port, '127.0.0.1')
      socket.on('error', () => {})
      this.#raw.push(() => socket.destroy())
      // The first ones are taken by the system; the last one waits as long as ours will.
      await Promise.race([once(socket, 'connect'), sleep(100)])
    }
    return `tcp://127.0.0.1:${port}`
  }

  /** Answers the questions of all servers by `reply`, in the place of an authenticator. */
  async zapHandler(context, reply) {
    const handler = new this.#zmq.Router({ linger: 0, context })
    await handler.bind('inproc://zeromq.zap.01')
    this.#raw.push(() => handler.close())
    const answer = async () => {
      for await (const [id, delimiter, version, request] of handler) {
        await handler.send([id, delimiter, ...reply(version, request)])
      }
    }
    answer().catch(() => {})
  }

  async freePort() {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = this.name('nobody', `tcp://127.0.0.1:${server.address().port}`)
    server.close()
    await once(server, 'close')
    return address
  }

  async end() {
    for (const name of [...this.#sockets.keys()].reverse()) await this.close(name)
    for (const close of this.#raw) await close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #talk(socket, talk) {
    const peer = new RawPeer(socket)
    this.#raw.push(() => socket.destroy())
    talk(peer)
  }

  #named(line) {
    let text = line
    for (const [name, value] of this.#names) text = text.replace(value, `<${name}>`)
    return text
  }
}

const FULL_LISTENER = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:worker_threads').parentPort.postMessage(server.address().port)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20000)
  })
`

/** What a program sees of an event that lists its fields. */
function lineOf(event) {
  const { type, address, interval, error, ...rest } = Object.fromEntries(Object.entries(event))
  const words = [type]
  if (address !== undefined) words.push(address)
  if (interval !== undefined) {
    const inTime = [RETRY_MS, ONCE_MS].some((ms) => interval >= ms && interval < 2 * ms)
    words.push(inTime ? 'in time' : `${interval} ms`)
  }
  if (error !== undefined) words.push(errorText(error))
  for (const [key, value] of Object.entries(rest)) words.push(`${key}=${JSON.stringify(value)}`)
  return words.join(' ')
}

export function errorText(error) {
  const fields = Object.entries(error).map(([key, value]) => `${key}=${value}`)
  return `{${[error.message, ...fields.sort()].join('; ')}}`
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** `a b c b c d`: without the second `b c`. */
export function withoutCycles(lines) {
  const kept = [...lines]
  for (let size = 1; size <= 6; size++) {
    for (let at = 0; at + 2 * size <= kept.length; ) {
      const same = kept.slice(at, at + size).every((line, i) => line === kept[at + size + i])
      if (same) kept.splice(at, size)
      else at++
    }
  }
  return kept
}

class RawPeer {
  #socket
  #heard = 0

  constructor(socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      this.#heard += chunk.length
    })
  }

  say(...pieces) {
    this.#socket.write(Buffer.concat(pieces))
    return this
  }

  hangUp() {
    this.#socket.end()
  }

  reset() {
    this.#socket.resetAndDestroy()
  }

  /** Waits for our whole greeting and the first octets of READY. */
  async hears(octets = 70) {
    while (this.#heard < octets && !this.#socket.destroyed) await sleep(1)
    return this
  }
}
