// Scenarios of STREAM that any module with the API of the `zeromq` package can play: stream_peer.mjs plays them over libzmq, the test over
// pseud/zmtp, and what they return is compared, line by line. Knows no expectation.
import { createHash } from 'node:crypto'
import { connect, createServer } from 'node:net'

const MEGA = 1 << 20

/** 2 MiB that follow from `seed`. */
export function octetsOf(seed) {
  return createHash('shake256', { outputLength: 2 * MEGA })
    .update(seed)
    .digest()
}

export function digestOf(octets) {
  return createHash('sha256').update(octets).digest('hex')
}

/** Sends everything back to where it came from, until the socket is closed. */
export async function echo(stream) {
  for await (const [id, octets] of stream) if (octets.length > 0) await stream.send([id, octets])
}

/** Sends `octetsOf(seed/name)` over three connections to an echo at once, in pieces of all sizes; returns the digests of what comes back. */
export async function pour(stream, endpoint, seed) {
  const names = ['one', 'two', 'three']
  const back = new Map(names.map((name) => [name, []]))
  for (const name of names) stream.connect(endpoint, { routingId: name })
  const gather = async () => {
    let missing = names.length * 2 * MEGA
    for await (const [id, octets] of stream) {
      back.get(String(id)).push(octets)
      missing -= octets.length
      if (missing === 0) break
    }
  }
  const gathered = gather()
  for (const name of names) {
    const octets = octetsOf(`${seed}/${name}`)
    for (let at = 0, size = 1; at < octets.length; at += size, size = ((size * 7) % 30_011) + 1) {
      await stream.send([name, octets.subarray(at, at + size)])
    }
  }
  await gathered
  return names.map((name) => digestOf(Buffer.concat(back.get(name))))
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function codeOf(run) {
  try {
    await run()
    return 'done'
  } catch (error) {
    return error.code ?? error.message
  }
}

/** A plain TCP client and server, closed at the end of a scenario. */
class Plain {
  #ends = []

  async client(stream) {
    const socket = connect(Number(stream.lastEndpoint.split(':').pop()), '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    return this.#keep(socket)
  }

  async server() {
    const peers = []
    const server = createServer((socket) => peers.push(this.#keep(socket)))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#ends.push(() => server.close())
    return { endpoint: `tcp://127.0.0.1:${server.address().port}`, peers }
  }

  end() {
    for (const end of this.#ends) end()
  }

  #keep(socket) {
    const peer = { socket, text: '', ended: false }
    socket.on('data', (chunk) => {
      peer.text += chunk
    })
    socket.on('end', () => {
      peer.ended = true
    })
    socket.on('error', () => {})
    this.#ends.push(() => socket.destroy())
    return peer
  }
}

/** Names ids in the order in which they are seen: generated ones differ from run to run. */
class Ids {
  #names = new Map()

  name(id) {
    if (id[0] !== 0) return String(id)
    const key = id.toString('hex')
    if (!this.#names.has(key)) this.#names.set(key, `id${this.#names.size}(${id.length})`)
    return this.#names.get(key)
  }
}

async function received(stream, ids, count) {
  const lines = []
  for (let n = 0; n < count; n++) {
    const code = await codeOf(async () => {
      const [id, octets] = await stream.receive()
      lines.push(
        `${ids.name(id)} ${octets.length > 40 ? `(${octets.length})` : JSON.stringify(String(octets))}`,
      )
    })
    if (code !== 'done') lines.push(code)
  }
  return lines
}

async function ready(condition) {
  for (const end = Date.now() + 5000; !condition(); ) {
    if (Date.now() > end) throw new Error('it did not happen within 5 s')
    await sleep(2)
  }
}

/** The events of a socket, with the codes of their errors, as they come. */
function watch(socket) {
  const seen = []
  const loop = async () => {
    for await (const { type, error } of socket.events) {
      seen.push(type.startsWith('handshake:error') ? `${type} ${error.code}` : type)
    }
  }
  loop().catch((error) => seen.push(String(error)))
  return seen
}

/** Waits until `peer` hears that the connection has ended: libzmq does that when `stream` is next used. */
async function endOf(peer, stream) {
  await codeOf(() => stream.receive())
  await ready(() => peer.ended)
}

const OPTIONS = { linger: 0, receiveTimeout: 300 }

/** Each takes the module and returns lines. Where the two are known to differ (docs/zeromq-differences.md) nothing is looked at. */
export const scenarios = {
  async 'a client comes, talks, and goes'(zmq, plain) {
    const ids = new Ids()
    const stream = new zmq.Stream(OPTIONS)
    const lines = [stream.type, stream.notify, stream.writable, stream.readable].map(String)
    await stream.bind('tcp://127.0.0.1:0')
    const peer = await plain.client(stream)
    lines.push(...(await received(stream, ids, 1)))
    peer.socket.write('hello')
    const [id, octets] = await stream.receive()
    lines.push(`${ids.name(id)} ${octets}`, await codeOf(() => stream.send([id, 'back'])))
    await ready(() => peer.text === 'back')
    peer.socket.end('bye')
    lines.push(...(await received(stream, ids, 3)), await codeOf(() => stream.send([id, 'late'])))
    stream.close()
    return lines
  },

  async 'without notify'(zmq, plain) {
    const stream = new zmq.Stream({ ...OPTIONS, notify: false })
    await stream.bind('tcp://127.0.0.1:0')
    ;(await plain.client(stream)).socket.end('x')
    const lines = await received(stream, new Ids(), 2)
    stream.close()
    return lines
  },

  async 'what was left behind is read in order'(zmq, plain) {
    const stream = new zmq.Stream({ ...OPTIONS, receiveHighWaterMark: 3 })
    await stream.bind('tcp://127.0.0.1:0')
    const peer = await plain.client(stream)
    peer.socket.end(Buffer.alloc(8192 * 5, 'x'))
    await sleep(100)
    const lines = await received(stream, new Ids(), 8)
    stream.close()
    return lines
  },

  async 'who can be sent what'(zmq, plain) {
    const stream = new zmq.Stream(OPTIONS)
    await stream.bind('tcp://127.0.0.1:0')
    const one = await plain.client(stream)
    const [a] = await stream.receive()
    const two = await plain.client(stream)
    const [b] = await stream.receive()
    const lines = []
    for (const message of [
      ['nobody', 'x'],
      [a, 'A'],
      [b, 'B', a, 'C'],
      [a, Buffer.alloc(0), b, 'D'],
      [a, 'E'],
    ]) {
      lines.push(await codeOf(() => stream.send(message)))
      await sleep(50)
    }
    await endOf(one, stream)
    lines.push(one.text, two.text, await codeOf(() => stream.send([a, 'F'])), String(two.ended))
    stream.close()
    return lines
  },

  async 'octets before an end arrive'(zmq, plain) {
    const stream = new zmq.Stream(OPTIONS)
    await stream.bind('tcp://127.0.0.1:0')
    const peer = await plain.client(stream)
    const [id] = await stream.receive()
    await stream.send([id, Buffer.alloc(3 * MEGA, 'x'), id, ''])
    await endOf(peer, stream)
    stream.close()
    return [String(peer.text.length)]
  },

  async 'a full queue'(zmq, plain) {
    const lines = []
    for (const sendTimeout of [-1, 500, 0]) {
      const stream = new zmq.Stream({ ...OPTIONS, sendTimeout, sendHighWaterMark: 4 })
      const { endpoint } = await plain.server()
      stream.connect(`${endpoint.slice(0, endpoint.lastIndexOf(':'))}:1`, { routingId: 'away' })
      const start = Date.now()
      for (let n = 0; n < 6; n++) lines.push(await codeOf(() => stream.send(['away', 'x'])))
      lines.push(String(stream.writable), Date.now() - start < 400 ? 'at once' : 'waited')
      stream.close()
    }
    return lines
  },

  async 'dialling by name'(zmq, plain) {
    const ids = new Ids()
    const server = await plain.server()
    const stream = new zmq.Stream({ ...OPTIONS, reconnectInterval: 30 })
    stream.connect(server.endpoint, { routingId: 'server' })
    const lines = [
      await codeOf(() => stream.send(['server', 'early'])),
      stream.lastEndpoint === server.endpoint,
    ]
    await ready(() => server.peers[0]?.text === 'early')
    lines.push(...(await received(stream, ids, 1)))
    server.peers[0].socket.destroy()
    await ready(() => server.peers.length === 2)
    lines.push(...(await received(stream, ids, 2)), await codeOf(() => stream.send(['server', 'again'])))
    await ready(() => server.peers[1].text === 'again')
    lines.push(await codeOf(() => stream.send(['server', ''])))
    lines.push(...(await received(stream, ids, 1)), await codeOf(() => stream.send(['server', 'x'])))
    await ready(() => server.peers[1].ended)
    await sleep(100)
    lines.push(String(server.peers.length))
    lines.push(await codeOf(() => stream.disconnect(server.endpoint)))
    lines.push(await codeOf(() => stream.disconnect(server.endpoint)))
    stream.close()
    return lines.map(String)
  },

  async 'dialling without a name'(zmq, plain) {
    const ids = new Ids()
    const server = await plain.server()
    const stream = new zmq.Stream({ ...OPTIONS, reconnectInterval: 30 })
    stream.connect(server.endpoint)
    stream.connect(server.endpoint)
    const lines = await received(stream, ids, 2)
    await ready(() => server.peers.length === 2)
    server.peers[0].socket.end()
    lines.push(...(await received(stream, ids, 2)))
    stream.disconnect(server.endpoint)
    for (const peer of server.peers) await endOf(peer, stream)
    stream.close()
    return lines
  },

  async 'what connect refuses'(zmq, plain) {
    const { endpoint } = await plain.server()
    const stream = new zmq.Stream(OPTIONS)
    const lines = []
    for (const options of [undefined, {}, { routingId: '' }, { routingId: 5 }, null]) {
      lines.push(await codeOf(() => stream.connect(endpoint, options)))
    }
    lines.push(
      await codeOf(() => stream.connect('tcp://nothing')),
      await codeOf(() => stream.bind('tcp://x:y:z')),
    )
    stream.close()
    return lines
  },

  async 'unbind ends what was accepted'(zmq, plain) {
    const stream = new zmq.Stream(OPTIONS)
    await stream.bind('tcp://127.0.0.1:0')
    const peer = await plain.client(stream)
    const [id] = await stream.receive()
    await stream.unbind(stream.lastEndpoint)
    await endOf(peer, stream)
    const lines = [await codeOf(() => stream.send([id, 'x']))]
    stream.close()
    return lines
  },

  async 'events of connections that end in every way'(zmq, plain) {
    const lines = []
    for (const way of ['end', 'destroy', 'resetAndDestroy', 'an empty part', 'unbind', 'disconnect']) {
      for (const dials of way === 'unbind' ? [false] : way === 'disconnect' ? [true] : [true, false]) {
        const stream = new zmq.Stream({ ...OPTIONS, reconnectInterval: -1 })
        const seen = watch(stream)
        const server = await plain.server()
        if (dials) stream.connect(server.endpoint)
        else await stream.bind('tcp://127.0.0.1:0')
        const dialled = dials ? undefined : await plain.client(stream)
        const [id] = await stream.receive()
        await ready(() => dialled ?? server.peers[0])
        const peer = dialled ?? server.peers[0]
        if (way === 'an empty part') await stream.send([id, ''])
        else if (way === 'unbind') await stream.unbind(stream.lastEndpoint)
        else if (way === 'disconnect') stream.disconnect(stream.lastEndpoint)
        else peer.socket[way]()
        await codeOf(() => stream.receive())
        await ready(() => peer.socket.readableEnded || peer.socket.destroyed)
        await sleep(50)
        stream.close()
        await ready(() => seen.at(-1) === 'end')
        lines.push(`${way}: ${seen.join()}`)
      }
    }
    return lines
  },

  async 'limits that are not for octets'(zmq, plain) {
    const limits = { maxMessageSize: 3, handshakeInterval: 30, heartbeatInterval: 30, heartbeatTimeout: 30 }
    const stream = new zmq.Stream({ ...OPTIONS, ...limits })
    await stream.bind('tcp://127.0.0.1:0')
    const peer = await plain.client(stream)
    const ids = new Ids()
    const lines = await received(stream, ids, 1)
    await sleep(150)
    peer.socket.write('0123456789')
    lines.push(...(await received(stream, ids, 1)), JSON.stringify(peer.text))
    stream.close()
    return lines
  },
}

export async function play(name, zmq) {
  const plain = new Plain()
  try {
    return await scenarios[name](zmq, plain)
  } finally {
    plain.end()
  }
}
