// bind, unbind, connect, disconnect: which addresses are taken, what lastEndpoint reads, what is refused with which words, and
// how a socket is blocked meanwhile.
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EINVAL, EINVAL_AT, ROWS } from './differences.mjs'
import { attempt, inproc, settled, show, soon } from './tools.mjs'

const BLOCKED = ['send', 'receive', 'bind', 'bindSync', 'unbind', 'unbindSync', 'connect', 'disconnect']
const path = (name) => join(tmpdir(), `parity-${process.pid}-${name}`)

/** What differs from run to run: ports, temporary paths, counters. */
const still = (text) =>
  String(text)
    .replaceAll(new RegExp(`parity-${process.pid}-`, 'g'), 'parity-')
    .replace(/ipc:\/\/\S*(tmp|pseud-)\w*\/socket/g, 'ipc://TMP/socket')
    .replace(/:[1-9]\d{3,4}(?=\D|$)/g, ':PORT')
    .replace(/inproc:\/\/parity-\d+/g, 'inproc://NAME')

const BINDS = [
  ...[
    'tcp://127.0.0.1:*',
    'tcp://127.0.0.1:0',
    'tcp://*:*',
    'tcp://*:0',
    'tcp://0.0.0.0:*',
    'tcp://localhost:*',
    'tcp://lo:*',
  ],
  ...[
    'tcp://[127.0.0.1]:*',
    'tcp://[::1]:*',
    'tcp://[::]:*',
    'tcp://::1:*',
    'tcp://1.2.3.4:*',
    'tcp://256.1.1.1:*',
  ],
  ...[
    'tcp://no-such-host.invalid:*',
    'tcp://nosuchif0:*',
    'tcp://127.0.0.1',
    'tcp://127.0.0.1:',
    'tcp://127.0.0.1:x',
  ],
  ...[
    'tcp://127.0.0.1:-1',
    'tcp://127.0.0.1:99999',
    'tcp://127.0.0.1:5x',
    'tcp://:*',
    'tcp://',
    'tcp:',
    'tcp',
    '',
    ' ',
  ],
  ...[
    '://',
    '://x',
    'x://y',
    'http://127.0.0.1:80',
    ' tcp://127.0.0.1:*',
    'tcp://127.0.0.1:* ',
    'TCP://127.0.0.1:*',
  ],
  ...[
    'tcp:/127.0.0.1:*',
    'tcp//127.0.0.1:*',
    'tcp://127.0.0.1:*;127.0.0.1:*',
    'tcp://127.0.0.1:*/x',
    'inproc://',
  ],
  ...[
    'inproc://a b',
    'inproc://a/b:c',
    `inproc://${'n'.repeat(300)}`,
    'inproc:///',
    'INPROC://x',
    'ipc://',
    'ipc://*',
  ],
  ...[
    `ipc://${path('plain')}`,
    `ipc://${path('with space x')}`,
    `ipc://${path('å')}`,
    'ipc:///no/such/folder/x',
  ],
  ...[
    `ipc://${tmpdir()}`,
    'ipc:///proc/none/x',
    `ipc://${'x'.repeat(200)}`,
    'ipc://@parity-abstract',
    'udp://127.0.0.1:5555',
  ],
  ...[
    'ws://127.0.0.1:*',
    'wss://127.0.0.1:*',
    'tipc://{1,2,3}',
    'pgm://127.0.0.1;239.0.0.1:5555',
    'vmci://*:*',
    'norm://x',
  ],
]
const CONNECTS = [
  ...[
    'tcp://127.0.0.1:1',
    'tcp://localhost:1',
    'tcp://lo:1',
    'tcp://[::1]:1',
    'tcp://::1:1',
    'tcp://0.0.0.0:1',
    'tcp://*:1',
  ],
  ...[
    'tcp://127.0.0.1:0',
    'tcp://127.0.0.1:*',
    'tcp://127.0.0.1:',
    'tcp://127.0.0.1',
    'tcp://127.0.0.1:x',
    'tcp://:1',
  ],
  ...[
    'tcp://127.0.0.1:65536',
    'tcp://127.0.0.1:99999',
    'tcp://127.0.0.1:-1',
    'tcp://127.0.0.1:1x',
    'tcp://256.1.1.1:1',
  ],
  ...[
    'tcp://no-such-host.invalid:1',
    'tcp://no such host:1',
    'tcp://host_name:1',
    'tcp://-x:1',
    'tcp://a:b:1',
    'tcp://',
  ],
  ...[
    'tcp://127.0.0.1:0;127.0.0.1:1',
    'tcp://*:0;127.0.0.1:1',
    'tcp://lo:0;127.0.0.1:1',
    'tcp://127.0.0.1;127.0.0.1:1',
  ],
  ...[
    'tcp://x:y;127.0.0.1:1',
    'tcp://;127.0.0.1:1',
    ' tcp://127.0.0.1:1',
    'tcp://127.0.0.1:1 ',
    'TCP://127.0.0.1:1',
  ],
  ...[
    '',
    ' ',
    'tcp',
    '://',
    'x://y',
    'http://x',
    'inproc://',
    'inproc://nobody',
    'inproc:///',
    'ipc://',
    'ipc://*',
  ],
  ...[
    `ipc://${path('nobody')}`,
    'ipc:///no/such/folder/x',
    `ipc://${'x'.repeat(200)}`,
    'ipc://@parity-nobody',
  ],
  ...[
    'udp://127.0.0.1:5555',
    'ws://127.0.0.1:1',
    'wss://127.0.0.1:1',
    'tipc://{1,2}',
    'pgm://127.0.0.1;239.0.0.1:1',
    'norm://x',
  ],
]
const NO_ADDRESSES = [
  undefined,
  null,
  5,
  true,
  {},
  [],
  ['tcp://127.0.0.1:*'],
  Buffer.from('tcp://127.0.0.1:*'),
  new String('inproc://x'),
  Symbol('x'),
  new URL('tcp://127.0.0.1:1'),
]

const LENIENT = /^'tcp:\/\/(\[127.0.0.1\]|::1|:[*1]|127.0.0.1:(PORT|[15]x)'|127.0.0.1:\*;|127.0.0.1;|a:b|x:y)/
const FOREIGN = [
  // Later versions of Node can say abstract names.
  { at: /^'ipc:\/\/@/, here: EINVAL_AT, row: ROWS.abstract, sometimes: true },
  { at: /^'(ws|tipc):/, here: /EPROTONOSUPPORT/, row: ROWS.transports },
]

/** Runs it again for a while as long as the address is in use. */
async function patiently(run) {
  for (const end = Date.now() + 3000; ; ) {
    try {
      return await run()
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

export const endpoints = [
  {
    name: 'what can be bound',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const address of BINDS) {
        const socket = sockets.use(new zmq.Dealer({ linger: 0 }))
        const outcome = await attempt(() => socket.bind(address), 5000)
        outcomes[still(show(address))] = still(`${outcome}, ${socket.lastEndpoint}`)
        socket.close()
      }
      for (const name of ['plain', 'with space x', 'å']) rmSync(path(name), { force: true })
      return outcomes
    },
    differs: [
      { at: /^'tcp:\/\/\[::1?\]/, here: /^resolves/, row: ROWS.ipv6 },
      { at: LENIENT, here: EINVAL_AT, row: ROWS.lenient },
      { at: "'tcp://127.0.0.1:-1'", here: EINVAL_AT, row: ROWS.lenient },
      ...FOREIGN,
    ],
  },
  {
    name: 'what can be bound with ipv6',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const address of BINDS.slice(0, 13)) {
        const socket = sockets.use(new zmq.Dealer({ linger: 0, ipv6: true }))
        const outcome = await attempt(() => socket.bind(address), 5000)
        outcomes[address] = still(`${outcome}, ${socket.lastEndpoint}`)
        socket.close()
      }
      return outcomes
    },
    differs: [
      {
        at: /^tcp:\/\/(127.0.0.1|localhost|0.0.0.0):/,
        here: /tcp:\/\/\d[\d.]+:PORT$/,
        row: ROWS.ipv4OverIpv6,
      },
      { at: /^tcp:\/\/(\[127|::1)/, here: EINVAL_AT, row: ROWS.lenient },
    ],
  },
  {
    name: 'what can be connected to',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const address of CONNECTS) {
        const socket = sockets.use(new zmq.Dealer({ linger: 0 }))
        const outcome = await attempt(() => socket.connect(address))
        outcomes[still(show(address))] = still(`${outcome}, ${socket.lastEndpoint}`)
        socket.close()
      }
      return outcomes
    },
    differs: [
      { at: LENIENT, here: EINVAL_AT, row: ROWS.lenient },
      { at: "'ipc://*'", here: EINVAL_AT, row: ROWS.lenient },
      ...FOREIGN,
    ],
  },
  {
    name: 'what is no address, and arguments too many',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const [state, socket] of [
        ['open', sockets.use(new zmq.Dealer())],
        ['closed', new zmq.Dealer()],
      ]) {
        if (state === 'closed') socket.close()
        for (const method of ['bind', 'bindSync', 'unbind', 'connect', 'disconnect']) {
          for (const address of NO_ADDRESSES) {
            outcomes[`${state}: ${method} ${show(address)}`] = await attempt(() => socket[method](address))
          }
          outcomes[`${state}: ${method} nothing`] = await attempt(() => socket[method]())
          outcomes[`${state}: ${method} with 2 arguments`] = await attempt(() =>
            socket[method]('inproc://x', 1),
          )
          outcomes[`${state}: ${method} with 2 wrong arguments`] = await attempt(() => socket[method](1, 1))
        }
        outcomes[`${state}: close with an argument`] = await attempt(() => socket.close(1))
      }
      const router = sockets.use(new zmq.Router())
      for (const options of [
        undefined,
        null,
        {},
        { routingId: '' },
        { routingId: 5 },
        { routingId: 'x'.repeat(256) },
        { unknown: 1 },
        5,
        'x',
      ]) {
        outcomes[`Router.connect with ${show(options)}`.slice(0, 60)] = await attempt(() =>
          router.connect(inproc(), options),
        )
      }
      outcomes['Router.connect with 3 arguments'] = await attempt(() => router.connect(inproc(), {}, 1))
      return outcomes
    },
    differs: [{ at: /routingId: 'xxx/, here: EINVAL, row: ROWS.longId }],
  },
  {
    name: 'bound twice, unbound, and bound again',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const wanted of ['tcp://127.0.0.1:*', inproc(), 'ipc://*']) {
        const kind = wanted.slice(0, wanted.indexOf(':'))
        const one = sockets.use(new zmq.Dealer())
        const two = sockets.use(new zmq.Dealer())
        const note = async (what, run) => {
          outcomes[`${kind}: ${what}`] = still(
            `${await attempt(run, 5000)}; ${one.lastEndpoint}; ${two.lastEndpoint}`,
          )
        }
        await note('bound', () => one.bind(wanted))
        const address = one.lastEndpoint
        if (kind !== 'ipc') {
          await note('bound by another', () => two.bind(address))
          await note('bound once more', () => one.bind(address))
          await note('bound once more, within the call', () => one.bindSync(address))
        }
        await note('unbound by another', () => two.unbind(address))
        await note('disconnected by another', () => two.disconnect(address))
        await note('unbound', () => one.unbind(address))
        await note('unbound again', () => one.unbind(address))
        // The native unbind is over a moment before its port is free.
        await note('bound by another now', () => patiently(() => two.bind(address)))
        await note('bound in two places', () => one.bind(wanted.replace(/parity/, 'second')))
        await note('and in a third', () => one.bind('inproc://third'))
        await note('unbound by disconnect', () => one.disconnect('inproc://third'))
        await note('disconnected by unbind', async () => {
          one.connect('inproc://fourth')
          await one.unbind('inproc://fourth')
        })
        one.close()
        two.close()
      }
      return outcomes
    },
  },
  {
    name: 'by which name an endpoint is ended',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const socket = sockets.use(new zmq.Dealer())
      for (const [address, others] of [
        [
          'tcp://127.0.0.1:1',
          ['tcp://localhost:1', 'tcp://127.0.0.1:01', 'tcp://127.0.0.1:1 ', 'tcp://127.0.0.1:2'],
        ],
        ['tcp://localhost:1', ['tcp://127.0.0.1:1']],
        ['inproc://there', ['inproc://Ther', 'inproc://there ']],
        [`ipc://${path('there')}`, ['ipc://there']],
      ]) {
        for (const other of others) {
          socket.connect(address)
          outcomes[`${still(address)} by ${other}`] = still(await attempt(() => socket.disconnect(other)))
        }
        socket.connect(address)
        outcomes[`${still(address)} by its name`] = await attempt(() => socket.disconnect(address))
        outcomes[`${still(address)} again`] = still(await attempt(() => socket.disconnect(address)))
        outcomes[`lastEndpoint after ${still(address)}`] = still(socket.lastEndpoint)
      }
      for (const wildcard of ['tcp://*:*', 'tcp://127.0.0.1:*', 'tcp://lo:*', 'ipc://*']) {
        await socket.bind(wildcard)
        const real = socket.lastEndpoint
        outcomes[`${wildcard} as it was given`] = still(await attempt(() => socket.unbind(wildcard)))
        outcomes[`${wildcard} as it is`] = still(await attempt(() => socket.unbind(real)))
      }
      for (const wrong of [
        '',
        'nonsense',
        'x://y',
        'tcp://',
        'tcp://127.0.0.1:x',
        'inproc://',
        'udp://x:1',
      ]) {
        outcomes[`disconnect ${wrong}`] = await attempt(() => socket.disconnect(wrong))
        outcomes[`unbind ${wrong}`] = await attempt(() => socket.unbind(wrong))
      }
      return outcomes
    },
    differs: [{ at: /by tcp:\/\/127.0.0.1:1 $/, here: /ENOENT/, row: ROWS.lenient }],
  },
  {
    name: 'connected more than once to one address',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const [bound, dialled, times] of [
        ['Pull', 'Push', 3],
        ['Dealer', 'Dealer', 3],
        ['Subscriber', 'Publisher', 3],
        ['Reply', 'Request', 3],
      ]) {
        const there = sockets.use(new zmq[bound]())
        const here = sockets.use(new zmq[dialled]())
        await there.bind('tcp://127.0.0.1:*')
        const outcome = []
        for (let i = 0; i < times; i++) outcome.push(await attempt(() => here.connect(there.lastEndpoint)))
        for (let i = 0; i < times + 1; i++)
          outcome.push(still(await attempt(() => here.disconnect(there.lastEndpoint))))
        outcomes[`${dialled} to ${bound}`] = show(outcome)
      }
      return outcomes
    },
  },
  {
    name: 'while a bind or unbind is under way the socket is blocked, and close is put off',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const address of ['tcp://127.0.0.1:*', inproc(), 'ipc://*', 'tcp://127.0.0.1:nonsense']) {
        const kind = still(address)
        const socket = sockets.use(new zmq.Dealer())
        const binding = socket.bind(address)
        for (const method of BLOCKED)
          outcomes[`${kind}: ${method}`] = await attempt(() => socket[method]('x'))
        outcomes[`${kind}: state`] = show([
          socket.closed,
          socket.readable,
          socket.writable,
          socket.context === zmq.context,
        ])
        outcomes[`${kind}: still, after some microtasks`] = await soon(binding, 100)
        outcomes[`${kind}: blocked after them`] = await attempt(() => socket.connect(inproc()))
        outcomes[`${kind}: ends`] = still(await settled(binding))
        outcomes[`${kind}: open again`] = still(await attempt(() => socket.connect(inproc())))
        if (!socket.lastEndpoint.startsWith('inproc')) continue
        outcomes[`${kind}: an option, while it binds`] = await attempt(async () => {
          const again = socket.bind(inproc())
          socket.linger = 5
          await again
          return socket.linger
        })
      }
      for (const what of ['bind', 'unbind', 'a bind that fails', 'an unbind that fails']) {
        const socket = sockets.use(new zmq.Dealer())
        const address = 'tcp://127.0.0.1:*'
        if (what === 'unbind') await socket.bind(address)
        const working = {
          bind: () => socket.bind(address),
          unbind: () => socket.unbind(socket.lastEndpoint),
          'a bind that fails': () => socket.bind('tcp://nonsense'),
          'an unbind that fails': () => socket.unbind('tcp://127.0.0.1:1'),
        }[what]()
        socket.close()
        socket.close()
        outcomes[`closed during ${what}`] = show([socket.closed, socket.context === zmq.context])
        outcomes[`${what}, closed meanwhile`] = await settled(working)
        outcomes[`closed after ${what}`] = show([socket.closed, socket.context])
      }
      return outcomes
    },
  },
  {
    name: 'bindSync',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const address of [
        'tcp://127.0.0.1:*',
        'tcp://*:*',
        'tcp://localhost:*',
        inproc(),
        'ipc://*',
        'tcp://nonsense',
        'x://y',
        '',
        'tcp://1.2.3.4:*',
      ]) {
        const socket = sockets.use(new zmq.Router())
        outcomes[still(address)] = still(
          `${await attempt(() => socket.bindSync(address))}, ${socket.lastEndpoint}`,
        )
        if (socket.lastEndpoint === null) continue
        const other = sockets.use(new zmq.Router())
        if (!address.startsWith('ipc'))
          outcomes[`${still(address)}, taken`] = still(
            await attempt(() => other.bindSync(socket.lastEndpoint)),
          )
        const dealer = sockets.use(new zmq.Dealer())
        dealer.connect(socket.lastEndpoint.replace('0.0.0.0', '127.0.0.1'))
        await dealer.send('hello')
        outcomes[`${still(address)}, a message arrives`] = show((await socket.receive())[1])
      }
      return outcomes
    },
  },
  {
    name: 'lastEndpoint is the one of the last bind or connect that worked',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const socket = sockets.use(new zmq.Dealer())
      const note = (what) => {
        outcomes[what] = still(show(socket.lastEndpoint))
      }
      note('at first')
      await socket.bind('inproc://last-1')
      note('bound')
      socket.connect('inproc://last-2')
      note('connected')
      await attempt(() => socket.bind('tcp://nonsense'))
      note('after a bind that failed')
      await attempt(() => socket.connect('x://y'))
      note('after a connect that failed')
      socket.disconnect('inproc://last-2')
      note('disconnected')
      await socket.unbind('inproc://last-1')
      note('unbound')
      socket.connect('tcp://localhost:1')
      note('connected by name')
      socket.connect('tcp://127.0.0.1:0;127.0.0.1:1')
      note('connected from an address')
      return outcomes
    },
  },
]
