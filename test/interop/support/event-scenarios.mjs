// What `socket.events` tells in one situation after the other, over any module with the API of the `zeromq` package: a child process
// (events.mjs) runs this over libzmq, the test itself over pseud/zmtp, so both reports come of the same text. Knows no expectation.
//
// A report has a list of lines for each watched socket: the type, then every field that a program can see. What differs from run to run is
// taken out: ports and paths become `<name>`, an interval says only whether it lies within its bounds, and a row of events that repeats
// itself, as when dialling nobody, stands once.
import { once } from 'node:events'
import { mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { createServer, connect as netConnect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** In the native package this stops the end of all sockets of the process from being reported: it needs a process of its own. */
export const CLOSED_EARLY = 'an observer that is closed early'

const RETRY_MS = 60
const ONCE_MS = 10_000

/** One run of one scenario: makes sockets that are watched from the start, and waits for events instead of for time. */
class Stage {
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
    for (const close of this.#raw) close()
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

function errorText(error) {
  const fields = Object.entries(error).map(([key, value]) => `${key}=${value}`)
  return `{${[error.message, ...fields.sort()].join('; ')}}`
}

function sleep(ms) {
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

// -- what a peer made of octets says -----------------------------------------------------------------------------------

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

function greeting({ major = 3, minor = 1, mechanism = 'NULL' } = {}) {
  const bytes = Buffer.alloc(64)
  bytes[0] = 0xff
  bytes[9] = 0x7f
  bytes[10] = major
  bytes[11] = minor
  bytes.write(mechanism, 12, 'latin1')
  return bytes
}

function command(name, data = '') {
  const body = Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from(data, 'latin1')])
  return Buffer.concat([Buffer.from([4, body.length]), body])
}

function property(name, value) {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(value.length)
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), size, Buffer.from(value)])
}

function ready(socketType, rest = '') {
  return command(
    'READY',
    Buffer.concat([property('Socket-Type', socketType), Buffer.from(rest, 'latin1')]).toString('latin1'),
  )
}

function octets(hex) {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

/** Ways not to come to a handshake. Each runs twice: the peer dials us, and we dial it. */
const FAILURES = {
  'sends HTTP': (peer) =>
    peer.say(Buffer.from(`GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: ${'x'.repeat(80)}\r\n\r\n`)),
  'sends only ff': (peer) => peer.say(Buffer.alloc(200, 0xff)),
  'has another mechanism': (peer) => peer.say(greeting({ mechanism: 'PLAIN' })),
  'has a mechanism that nobody knows': (peer) => peer.say(greeting({ mechanism: 'FOO' })),
  'has the wrong socket type': (peer) => peer.say(greeting(), ready('PUB')),
  'has a socket type that nobody knows': (peer) => peer.say(greeting(), ready('NONSENSE')),
  'speaks ZMTP 2.0': (peer) => peer.say(octets('ff 00000000 00000000 7f 01 05 00 00')),
  'hangs up at once': (peer) => peer.hangUp(),
  'hangs up in its greeting': (peer) => peer.say(greeting().subarray(0, 10)).hangUp(),
  'hangs up after its greeting': (peer) => peer.say(greeting()).hangUp(),
  'resets the connection': async (peer) => (await peer.say(greeting()).hears()).reset(),
  'says nothing': () => {},
  'says nothing after its greeting': (peer) => peer.say(greeting()),
  'cuts READY short': (peer) => peer.say(greeting(), command('READY', '\x0bSocket')),
  'sends metadata that end too early': (peer) => peer.say(greeting(), ready('DEALER', '\x05A')),
  'sends HELLO': (peer) => peer.say(greeting(), command('HELLO', '\0\0')),
  'sends a command that nobody knows': (peer) => peer.say(greeting(), command('WHATEVER')),
  'sends a command whose name does not fit': (peer) => peer.say(greeting(), octets('04 01 09')),
  'sends a command of no octets': (peer) => peer.say(greeting(), octets('04 00')),
  'sends a message before READY': (peer) => peer.say(greeting(), octets('00 02 6869')),
  'announces a READY of 4 KiB where 1 KB is the limit': (peer) =>
    peer.say(greeting(), octets('06 00 00 00 00 00 00 10 00')),
  'says ERROR 300': async (peer) => (await peer.say(greeting()).hears()).say(command('ERROR', '\x03300')),
  'says ERROR 400': async (peer) => (await peer.say(greeting()).hears()).say(command('ERROR', '\x03400')),
  'says ERROR 500': async (peer) => (await peer.say(greeting()).hears()).say(command('ERROR', '\x03500')),
  'says ERROR with a text': async (peer) =>
    (await peer.say(greeting()).hears()).say(command('ERROR', '\x05hello')),
  'says ERROR with nothing': async (peer) =>
    (await peer.say(greeting()).hears()).say(command('ERROR', '\x00')),
  'says ERROR with a broken reason': async (peer) =>
    (await peer.say(greeting()).hears()).say(command('ERROR', '\x0940')),
}

/** Ways for a connection to end after its handshake. */
const ENDS = {
  'closes the connection': (peer) => peer.hangUp(),
  'resets the connection in traffic': (peer) => peer.reset(),
  'hangs up inside a message': (peer) => peer.say(octets('01 05 41')).hangUp(),
  'announces a frame that is too large': (peer) => peer.say(octets('02 00 00 00 00 00 00 10 00')),
  'sends reserved flags': (peer) => peer.say(octets('f8 00')),
  'sends a command without a name': (peer) => peer.say(octets('04 01 09')),
  'says READY again': (peer) => peer.say(ready('DEALER')),
  'falls silent': () => {},
}

// One attempt: whether another follows is told at once, and it need not be seen.
const ONCE = { reconnectInterval: ONCE_MS }
const PEER_OPTIONS = { handshakeInterval: 150, maxMessageSize: 1000, ...ONCE }

/** What the native package lets pass, or waits on: nothing that it reports says when to look. */
const PASSES_THERE = [
  ...['sends HTTP', 'speaks ZMTP 2.0'],
  ...['sends reserved flags', 'sends a command without a name', 'says READY again'],
]

/** Waits until all has been reported that will be. */
async function reported(stage, name, what) {
  if (PASSES_THERE.includes(what)) await stage.pause(400)
  else await stage.seen(name, 'disconnect')
  await stage.pause(40)
}

function failureScenarios() {
  const scenarios = {}
  for (const [what, talk] of Object.entries(FAILURES)) {
    scenarios[`a peer that dials ${what}`] = async (stage) => {
      const server = await stage.bind('server', 'Router', PEER_OPTIONS)
      await stage.rawClient(server.lastEndpoint, talk)
      await reported(stage, 'server', what)
    }
    scenarios[`a peer that is dialled ${what}`] = async (stage) => {
      const address = await stage.rawListener(talk)
      stage.connect('client', address, 'Dealer', PEER_OPTIONS)
      await reported(stage, 'client', what)
    }
  }
  for (const [what, talk] of Object.entries(ENDS)) {
    const options = { ...PEER_OPTIONS, ...(what === 'falls silent' && { heartbeatInterval: 60 }) }
    scenarios[`a peer that dialled ${what}`] = async (stage) => {
      const server = await stage.bind('server', 'Router', options)
      let peer
      await stage.rawClient(server.lastEndpoint, (raw) => {
        peer = raw.say(greeting(), ready('DEALER'))
      })
      await stage.seen('server', 'handshake')
      talk(peer)
      await reported(stage, 'server', what)
    }
    scenarios[`a peer that was dialled ${what}`] = async (stage) => {
      let peer
      const address = await stage.rawListener((raw) => {
        peer = raw.say(greeting(), ready('DEALER'))
      })
      stage.connect('client', address, 'Dealer', options)
      await stage.seen('client', 'handshake')
      talk(peer)
      await reported(stage, 'client', what)
    }
  }
  return scenarios
}

// -- sockets among themselves --------------------------------------------------------------------------------------------

/** Both watched, both ready. */
async function pair(stage, options = {}) {
  const { address, server: type = 'Router', client = 'Dealer', clientOptions = {} } = options
  const server = await stage.bind('server', type, {}, address)
  stage.connect('client', server.lastEndpoint, client, clientOptions)
  await stage.seen('client', 'handshake')
  await stage.seen('server', 'handshake')
  return [server, server.lastEndpoint]
}

/** Every scenario by its name. */
export const SCENARIOS = {
  'a socket that does nothing': async (stage) => {
    stage.open('client', 'Dealer')
  },
  'a server whose client leaves': async (stage) => {
    await pair(stage)
    await stage.close('client')
    await stage.seen('server', 'disconnect')
  },
  'a client whose server leaves and comes back': async (stage) => {
    const [, address] = await pair(stage)
    await stage.close('server')
    await stage.seen('client', 'connect:retry', 2)
    await stage.bind('server again', 'Router', {}, address)
    await stage.seen('client', 'handshake', 2)
    await stage.seen('server again', 'handshake')
    await stage.close('client')
    await stage.seen('server again', 'disconnect')
  },
  'a client whose server leaves, and that may not dial again': async (stage) => {
    await pair(stage, { clientOptions: { reconnectInterval: -1 } })
    await stage.close('server')
    await stage.seen('client', 'disconnect')
    await stage.pause(40)
  },
  'connect to nobody': async (stage) => {
    stage.connect('client', await stage.freePort())
    await stage.seen('client', 'connect:retry', 3)
  },
  'connect to nobody, once': async (stage) => {
    stage.connect('client', await stage.freePort(), 'Dealer', { reconnectInterval: -1 })
    await stage.seen('client', 'close')
    await stage.pause(40)
  },
  'connect to a path that is not there': async (stage) => {
    stage.connect('client', stage.name('nobody', `ipc://${stage.folder}/none`))
    await stage.seen('client', 'connect:retry', 3)
  },
  'connect to a name that nobody knows': async (stage) => {
    stage.connect('client', 'tcp://no.such.host.invalid:5555')
    await stage.seen('client', 'connect:retry', 2)
  },
  'connect by name': async (stage) => {
    const server = await stage.bind('server')
    stage.connect('client', stage.name('by name', server.lastEndpoint.replace('127.0.0.1', 'localhost')))
    await stage.seen('client', 'handshake')
    await stage.seen('server', 'handshake')
    await stage.close('client')
    await stage.seen('server', 'disconnect')
  },
  'connect from an address': async (stage) => {
    const server = await stage.bind('server')
    stage.connect('client', server.lastEndpoint.replace('//', '//127.0.0.1:0;'))
    await stage.seen('client', 'handshake')
    await stage.seen('server', 'handshake')
    await stage.close('client')
    await stage.seen('server', 'disconnect')
  },
  'a server on all interfaces': async (stage) => {
    const server = await stage.bind('server', 'Router', {}, 'tcp://*:*')
    const address = server.lastEndpoint.replace('0.0.0.0', '127.0.0.1')
    stage.name('one of them', address)
    stage.connect('client', address)
    await stage.seen('client', 'handshake')
    await stage.seen('server', 'handshake')
    await stage.close('client')
    await stage.seen('server', 'disconnect')
  },
  'a bind to an address that is taken': async (stage) => {
    const server = await stage.bind('server')
    await stage
      .open('second', 'Router')
      .bind(server.lastEndpoint)
      .catch((error) => stage.note('thrown', errorText(error)))
    await stage.seen('second', 'bind:error')
  },
  'a bind to an address of another machine': async (stage) => {
    const server = stage.open('server', 'Router')
    await server.bind('tcp://192.0.2.1:5555').catch((error) => stage.note('thrown', errorText(error)))
    await stage.seen('server', 'bind:error')
  },
  'a bind to a name that nobody knows': async (stage) => {
    const server = stage.open('server', 'Router')
    await server.bind('tcp://no.such.host.invalid:5555').catch(() => {})
    await stage.seen('server', 'bind:error')
  },
  'a bind in a folder that is not there': async (stage) => {
    const server = stage.open('server', 'Router')
    const address = stage.name('none', `ipc://${stage.folder}/none/socket`)
    await server.bind(address).catch(() => {})
    await stage.seen('server', 'bind:error')
  },
  'a bind that is refused for its text': async (stage) => {
    const server = stage.open('server', 'Router')
    for (const address of ['tcp://127.0.0.1', 'foo://bar', 'ipc://'])
      await server.bind(address).catch(() => {})
    for (const address of ['tcp://*:5555', 'foo://bar']) {
      try {
        server.connect(address)
      } catch {}
    }
  },
  'two binds of one socket': async (stage) => {
    const server = await stage.bind('server')
    await server.bind('tcp://127.0.0.1:0')
    stage.name('second', server.lastEndpoint)
  },
  'unbind without a peer': async (stage) => {
    const server = await stage.bind('server')
    await server.unbind(server.lastEndpoint)
  },
  'unbind with a peer': async (stage) => {
    const [server, address] = await pair(stage, { clientOptions: ONCE })
    await server.unbind(address)
    await stage.seen('client', 'connect:retry')
  },
  'disconnect from a peer': async (stage) => {
    const [, address] = await pair(stage)
    stage.socket('client').disconnect(address)
    await stage.seen('server', 'disconnect')
    await stage.pause(40)
  },
  'disconnect from nobody': async (stage) => {
    const address = await stage.freePort()
    const client = stage.connect('client', address)
    await stage.seen('client', 'connect:retry')
    client.disconnect(address)
    await stage.pause(3 * RETRY_MS)
  },
  'disconnect, and connect again': async (stage) => {
    const [, address] = await pair(stage)
    stage.socket('client').disconnect(address)
    await stage.seen('server', 'disconnect')
    stage.socket('client').connect(address)
    await stage.seen('client', 'handshake', 2)
    await stage.seen('server', 'handshake', 2)
    await stage.close('client')
    await stage.seen('server', 'disconnect', 2)
  },
  'close with connections open': async (stage) => {
    const [, address] = await pair(stage, { clientOptions: ONCE })
    stage.connect('client 2', address, 'Dealer', ONCE)
    await stage.seen('client 2', 'handshake')
    await stage.seen('server', 'handshake', 2)
    await stage.close('server')
    await stage.seen('client', 'disconnect')
    await stage.seen('client', 'connect:retry')
    await stage.seen('client 2', 'connect:retry')
  },
  'close with messages that linger': async (stage) => {
    const address = await stage.freePort()
    const client = stage.connect('client', address, 'Dealer', { linger: -1 })
    await client.send('unsent')
    await stage.seen('client', 'connect:retry')
    client.close()
    stage.note('client', '(closed)')
    await stage.seen('client', 'connect:retry', 3)
    const server = await stage.bind('server', 'Router', {}, address)
    await server.receive()
    await stage.seen('client', '(over)')
    await stage.seen('server', 'disconnect')
  },
  ipc: async (stage) => {
    await pair(stage, { address: `ipc://${stage.folder}/socket` })
    await stage.close('client')
    await stage.seen('server', 'disconnect')
  },
  'ipc at a fresh path': async (stage) => {
    await pair(stage, { address: 'ipc://*' })
    await stage.close('client')
    await stage.seen('server', 'disconnect')
  },
  'ipc whose fresh path somebody has removed': async (stage) => {
    const server = await stage.bind('server', 'Router', {}, 'ipc://*')
    const file = server.lastEndpoint.slice('ipc://'.length)
    unlinkSync(file)
    await server.unbind(server.lastEndpoint).catch((error) => stage.note('thrown', errorText(error)))
    await stage.seen('server', 'close:error')
    rmSync(path.dirname(file), { recursive: true, force: true }) // the native package leaves it
  },
  inproc: async (stage) => {
    const server = await stage.bind('server', 'Router', {}, 'inproc://events')
    const client = stage.connect('client', 'inproc://events')
    await client.send('x')
    await server.receive()
  },
  'socket types that do not fit': async (stage) => {
    const server = await stage.bind('server', 'Publisher')
    stage.connect('client', server.lastEndpoint, 'Pull', ONCE)
    await stage.seen('server', 'disconnect')
    await stage.seen('client', 'disconnect')
    await stage.pause(10)
  },
  'two peers of one identity': async (stage) => {
    await pair(stage, { clientOptions: { routingId: 'A' } })
    stage.connect('client 2', stage.socket('server').lastEndpoint, 'Dealer', {
      routingId: 'A',
      reconnectInterval: -1,
    })
    await stage.seen('client 2', 'handshake')
    await stage.seen('server', 'handshake', 2)
    await stage.pause(60)
  },
  'a reply without a delimiter': async (stage) => {
    const [server] = await pair(stage, { client: 'Request', clientOptions: ONCE })
    const client = stage.socket('client')
    await client.send('x')
    const [id] = await server.receive()
    client.receive().catch(() => {})
    await server.send([id, 'no delimiter'])
    await stage.seen('client', 'disconnect')
    await stage.pause(20)
  },
  'one connection after the other': async (stage) => {
    const [, address] = await pair(stage)
    for (let i = 2; i < 5; i++) {
      stage.connect(`client ${i}`, address)
      await stage.seen(`client ${i}`, 'handshake')
      await stage.seen('server', 'handshake', i)
      await stage.close(`client ${i}`)
      await stage.seen('server', 'disconnect', i - 1)
    }
    await stage.close('client')
    await stage.seen('server', 'disconnect', 4)
  },
  ...failureScenarios(),

  // -- the observer itself
  'an observer: what it has, and what it throws': async (stage) => {
    const { Observer } = stage.zmq
    const socket = new stage.zmq.Dealer()
    const { events } = socket
    const note = (line) => stage.note('observer', line)
    note(
      `same: ${socket.events === events}, an Observer: ${events instanceof Observer}, closed: ${events.closed}`,
    )
    for (const method of ['receive', 'on', 'off', 'close', 'once', 'removeListener', 'emit']) {
      note(`${method}: ${typeof events[method]}`)
    }
    const pending = events.receive()
    note(`a second receive: ${thrown(() => events.receive())}`)
    const iterator = events[Symbol.asyncIterator]()
    note(`next meanwhile: ${await rejected(iterator.next())}`)
    socket.close()
    note(`received: ${JSON.stringify(await pending)}, closed: ${events.closed}`)
    note(`receive after the end: ${thrown(() => events.receive())}`)
    note(`next after the end: ${JSON.stringify(await iterator.next())}`)
    note(`events of a closed socket: ${thrown(() => socket.events)}`)
    note(`another observer of it: ${thrown(() => new Observer(socket))}`)
    note(`close, twice: ${thrown(() => events.close())}, ${thrown(() => events.close())}`)
    note(`of no socket: ${thrown(() => new Observer())}, ${thrown(() => new Observer(5))}`)
  },
  'an observer whose socket was closed before anybody read': async (stage) => {
    const socket = new stage.zmq.Dealer()
    const { events } = socket
    await socket.bind('tcp://127.0.0.1:0')
    socket.close()
    stage.note('observer', `closed: ${events.closed}`)
    const types = []
    for await (const { type } of events) types.push(type)
    stage.note('observer', `${types.join()}, closed: ${events.closed}`)
  },
  'an observer that comes late': async (stage) => {
    const socket = new stage.zmq.Dealer()
    await socket.bind('tcp://127.0.0.1:0')
    stage.watch('late', socket.events)
    stage.name('address', socket.lastEndpoint)
    socket.close()
    await stage.seen('late', '(over)')
  },
  'an observer after another': async (stage) => {
    const socket = stage.open('server', 'Dealer')
    stage.watch('second', new stage.zmq.Observer(socket))
    await stage.seen('server', '(over)')
    await socket.bind('tcp://127.0.0.1:0')
    stage.name('address', socket.lastEndpoint)
    socket.close()
    await stage.seen('second', '(over)')
  },
  'an observer as an emitter': async (stage) => {
    const socket = new stage.zmq.Dealer()
    const { events } = socket
    const note = (line) => stage.note('observer', line)
    const heard = []
    const never = () => heard.push('never')
    const emitter = events.on('bind', ({ type }) => heard.push(type))
    note(
      `on gives ${emitter.constructor.name}, every time the same: ${emitter === events.on('close', never)}`,
    )
    note(`off gives the same: ${emitter === events.off('close', never)}`)
    const ended = new Promise((resolve) => {
      events.on('end', resolve)
    })
    note(`receive: ${thrown(() => events.receive())}`)
    note(`next: ${await rejected(events[Symbol.asyncIterator]().next())}`)
    await socket.bind('tcp://127.0.0.1:0')
    socket.close()
    note(`end: ${JSON.stringify(await ended)}, closed: ${events.closed}, heard: ${heard}`)
    note(`receive after the end: ${thrown(() => events.receive())}`)
  },
  [CLOSED_EARLY]: async (stage) => {
    const socket = new stage.zmq.Dealer()
    const { events } = socket
    const pending = events.receive()
    stage.note('observer', `close: ${thrown(() => events.close())}, closed: ${events.closed}`)
    stage.note('observer', `the pending receive: ${await rejected(pending)}`)
    stage.note('observer', `receive: ${thrown(() => events.receive())}`)
    stage.note('observer', `the same object: ${socket.events === events}`)
    for await (const { type } of events) stage.note('observer', `looped: ${type}`)
  },
}

function thrown(run) {
  try {
    return String(run())
  } catch (error) {
    return `${error.name} ${errorText(error)}`
  }
}

async function rejected(promise) {
  try {
    return JSON.stringify(await promise)
  } catch (error) {
    return `${error.name} ${errorText(error)}`
  }
}

export async function play(zmq, name) {
  const stage = new Stage(zmq)
  try {
    await SCENARIOS[name](stage)
  } finally {
    await stage.end()
  }
  return stage.report
}
