// What `socket.events` tells in one situation after the other, over any module with the API of the `zeromq` package: a child process
// (events.mjs) runs this over libzmq, the test itself over pseud/zmtp, so both reports come of the same text. Knows no expectation.
// Long, because it is a list.
import { rmSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { authenticationScenarios, failureScenarios } from './event-failures.mjs'
import { errorText, ONCE, RETRY_MS, Stage } from './event-stage.mjs'

/** In the native package this stops the end of all sockets of the process from being reported: it needs a process of its own. */
export const CLOSED_EARLY = 'an observer that is closed early'

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
  'a server on all interfaces, with IPv6': async (stage) => {
    const server = await stage.bind('server', 'Router', { ipv6: true }, 'tcp://*:*')
    const port = server.lastEndpoint.split(':').pop()
    for (const host of ['[::1]', '127.0.0.1']) {
      const name = `client of ${host}`
      stage.connect(name, stage.name(host, `tcp://${host}:${port}`), 'Dealer', { ipv6: true })
      await stage.seen(name, 'handshake')
    }
    await stage.seen('server', 'handshake', 2)
    stage.name('from IPv4', `tcp://[::ffff:127.0.0.1]:${port}`)
    await stage.close('client of 127.0.0.1')
    await stage.seen('server', 'disconnect')
    await stage.close('client of [::1]')
    await stage.seen('server', 'disconnect', 2)
  },
  'a server that admits only others': async (stage) => {
    const server = await stage.bind('server', 'Router', { tcpAcceptFilter: '10.0.0.0/8' })
    stage.connect('client', server.lastEndpoint, 'Dealer', ONCE)
    await stage.seen('client', 'connect:retry')
    await stage.seen('server', 'accept:error')
  },
  'a connection that is not made in time': async (stage) => {
    const address = stage.name('nobody', await stage.fullListener())
    stage.connect('client', address, 'Dealer', { ...ONCE, connectTimeout: 100 })
    await stage.seen('client', 'connect:retry')
  },
  ...failureScenarios(),
  ...authenticationScenarios(),

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
