// How a peer may fail us, or we it, each a scenario of `socket.events`: what a peer made of octets says instead of a handshake or after
// it, twice, dialling and dialled; and what a judge may answer (ZAP).
import { ONCE } from './event-stage.mjs'

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

export function failureScenarios() {
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

const NO_METADATA = Buffer.alloc(0)

/** What a ZAP handler may answer, and libzmq's word for it. */
const ZAP_REPLIES = {
  200: (version, request) => [version, request, '200', 'OK', 'somebody', NO_METADATA],
  300: (version, request) => [version, request, '300', 'later', '', NO_METADATA],
  400: (version, request) => [version, request, '400', 'no', '', NO_METADATA],
  500: (version, request) => [version, request, '500', 'help', '', NO_METADATA],
  'in another version': (_version, request) => ['2.0', request, '200', 'OK', '', NO_METADATA],
  'to another question': (version) => [version, 'another', '200', 'OK', '', NO_METADATA],
  'with a status that is none': (version, request) => [version, request, '201', 'OK', '', NO_METADATA],
  'with metadata that cannot be read': (version, request) => [version, request, '200', 'OK', '', 'x'],
  'in too few parts': (version, request) => [version, request, '200'],
}

export function authenticationScenarios() {
  const scenarios = {}
  const meet = async (stage, context = new stage.zmq.Context()) => {
    const guarded = { plainServer: true, zapDomain: 'test', handshakeInterval: 300, context }
    const server = await stage.bind('server', 'Router', guarded)
    const account = { plainUsername: 'somebody', plainPassword: 'x', ...ONCE }
    stage.connect('client', server.lastEndpoint, 'Dealer', account)
  }
  for (const [what, reply] of Object.entries(ZAP_REPLIES)) {
    scenarios[`a judge that answers ${what}`] = async (stage) => {
      // The name of the handler is free in a context of its own; in the native package it stays taken for a while after a close.
      const context = new stage.zmq.Context()
      await stage.zapHandler(context, reply)
      await meet(stage, context)
      for (const name of ['server', 'client'])
        await stage.seen(name, what === '200' ? 'handshake' : 'disconnect')
      await stage.pause(40)
      if (what !== '200') return
      await stage.close('client')
      await stage.seen('server', 'disconnect')
    }
  }
  scenarios['a judge that is not there'] = async (stage) => {
    await meet(stage)
    for (const name of ['server', 'client']) await stage.seen(name, 'disconnect')
    await stage.pause(40)
  }
  return scenarios
}
