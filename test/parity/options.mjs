// Options by name: which class has which, defaults, what is taken, what is refused and how, when a change comes too late.
import { EINVAL, ROWS } from './differences.mjs'
import { attempt, CLASSES, inproc, show, warned } from './tools.mjs'

/** Names of all options of any class, and some that look like one. */
const OPTIONS = `
  affinity backlog conflate connectTimeout correlate curvePublicKey curveSecretKey curveServer
  curveServerKey gssapiPlainText gssapiPrincipal gssapiPrincipalNameType gssapiServer
  gssapiServicePrincipal gssapiServicePrincipalNameType handover handshakeInterval heartbeatInterval
  heartbeatTimeToLive heartbeatTimeout immediate interface invertMatching ipv6 lastEndpoint linger
  loopbackFastPath mandatory manual maxMessageSize multicastHops multicastMaxTransportDataUnit noDrop
  notify plainPassword plainServer plainUsername probeRouter rate receiveBufferSize receiveHighWaterMark
  receiveTimeout reconnectInterval reconnectMaxInterval recoveryInterval relaxed routingId
  securityMechanism sendBufferSize sendHighWaterMark sendTimeout socksProxy tcpAcceptFilter tcpKeepalive
  tcpKeepaliveCount tcpKeepaliveIdle tcpKeepaliveInterval tcpMaxRetransmitTimeout threadSafe type
  typeOfService verbosity vmciBufferMaxSize vmciBufferMinSize vmciBufferSize vmciConnectTimeout
  welcomeMessage zapDomain zapEnforceDomain
`
  .trim()
  .split(/\s+/)

const KEY = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'
const BAD_KEY = `${'~'.repeat(40)}`

const INTEGERS = '0 1 2 3 5 -1 -2 -99 -100 99 100 101 250 254 255 256 1000 65535 65536 6553599 6553600'
const POWERS = [31, 32, 53, 62, 63, 64].flatMap((bits) => [
  2 ** bits - 1,
  2 ** bits,
  2 ** bits + 5,
  -(2 ** bits),
])
const NUMBERS = [
  ...INTEGERS.split(' ').map(Number),
  ...new Set(POWERS),
  ...[-0, 1.7, -0.5, -1.5, 1e300, -1e300, Number.NaN, Infinity, -Infinity],
]
const TEXTS = [
  ...['', ' ', 'nul\0inside', '\0', '\0begin', '\u{1f600}', '\ud800', KEY, BAD_KEY],
  ...'a me 0 åbçdéfghïjk 127.0.0.1 10.0.0.0/8 127.0.0.1:1080 allSubs allSubsUnsubs plain null'.split(' '),
  ...[15, 16, 17, 32, 41, 255, 256].map((size) => 'x'.repeat(size)),
  ...[127, 128].map((size) => 'å'.repeat(size)),
]
const OCTETS = [
  ...[0, 1, 4, 8, 32, 40, 41, 255, 256].map((size) => Buffer.alloc(size, 'b')),
  ...[Buffer.from([0]), Buffer.from([0, 1, 2]), Buffer.from([0xff, 0xfe]), Buffer.from(`${KEY}\0`)],
  ...[new Uint8Array([65, 66]), new Uint16Array([0x4142]), new Uint8Array([1, 2, 65, 66]).subarray(2)],
]
const OTHERS = [
  ...[true, false, null, undefined, {}, [], [1], 5n, Symbol('x'), () => {}, new Date(0), new String('me')],
  ...[new Number(5), new Boolean(true), new ArrayBuffer(2), new SharedArrayBuffer(2)],
  new DataView(new ArrayBuffer(2)),
]
const FEW = [5, -5, true, 'me', '', null, undefined]
const SPECIAL =
  /^(conflate|correlate|handover|invertM|mandatory|manual|noDrop|notify|probe|relaxed|routingId|verb|welcome)/
const VALUES = [...NUMBERS, ...TEXTS, ...OCTETS, ...OTHERS]

const label = (value) => {
  if (value instanceof Uint8Array && value.length > 8)
    return `Buffer(${value.length}) ${show(value.toString())}`.slice(0, 40)
  const text = Object.is(value, -0) ? '-0' : show(value)
  return text.length > 60 ? `${text.slice(0, 50)}… (${text.length})` : text
}

const write = (socket, option, value) => () => {
  socket[option] = value
  return socket[option]
}

const KEY_VALUES = /^curve\w+Key = ('rq:|'x{32}'|Buffer\((32|40)\)|Buffer\(41\) 'rq)/

function valueDifferences(name) {
  const accepted = { at: 'tcpAcceptFilter = null', here: 'null', row: ROWS.mandatory }
  if (name === 'Dealer') {
    const texts = /^(interface|plainUsername|plainPassword|routingId|socksProxy|zapDomain) = DataView/
    return [
      { at: KEY_VALUES, here: /^'[^']{40}'$/, row: ROWS.curveKeys },
      { at: /^(curve\w+Key|tcpAcceptFilter) = DataView/, here: EINVAL, row: ROWS.dataViewOption },
      { at: texts, here: "''", row: ROWS.dataViewOption },
      {
        at: /^tcpAcceptFilter = ('(127.0.0.1|10.0.0.0\/8)'|<Buffer >)$/,
        here: /^('.*'|null)$/,
        row: ROWS.mandatory,
      },
      accepted,
    ]
  }
  const special = {
    XPublisher: 'welcomeMessage',
    Request: 'routingId',
    Reply: 'routingId',
    Router: 'routingId',
  }[name]
  return [
    accepted,
    ...(special
      ? [{ at: new RegExp(`^${special} = DataView`), here: /^(''|undefined)$/, row: ROWS.dataViewOption }]
      : []),
    ...(name === 'Router'
      ? [{ at: /^mandatory = (true|false)$/, here: /^(true|false)$/, row: ROWS.mandatory }]
      : []),
  ]
}

export const options = [
  {
    name: 'which class has which option, and its default',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const name of CLASSES) {
        if (!zmq[name]) continue
        const socket = sockets.use(new zmq[name]())
        for (const option of OPTIONS) {
          outcomes[`${name}.${option}`] = `${option in socket}, ${await attempt(() => socket[option])}`
        }
      }
      return outcomes
    },
    differs: [
      { at: /\.curve(Public|Secret|Server)Key$/, here: 'true, null', row: ROWS.curveKeys },
      { at: 'Router.mandatory', here: 'true, false', row: ROWS.mandatory },
      { at: /\.tcpAcceptFilter$/, here: 'true, null', row: ROWS.mandatory },
    ],
  },
  ...CLASSES.map((name) => ({
    name: `what each option of ${name} takes, and reads afterwards`,
    run: async (zmq) => {
      const outcomes = {}
      if (!zmq[name]) return outcomes
      for (const option of OPTIONS) {
        const socket = new zmq[name]()
        // What all sockets have is one table: its whole range once is enough.
        const values = name === 'Dealer' || SPECIAL.test(option) ? VALUES : FEW
        for (const value of values) {
          outcomes[`${option} = ${label(value)}`] = await warned(write(socket, option, value))
        }
        socket.close()
      }
      return outcomes
    },
    differs: valueDifferences(name),
  })),
  {
    name: 'the mechanism is the one named last',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const steps = [
        ['plainServer', true],
        ['plainUsername', 'me'],
        ['plainServer', true],
        ['plainServer', false],
        ['plainPassword', 'secret'],
        ['plainUsername', null],
        ['plainServer', true],
        ['curveServer', true],
        ['plainUsername', 'you'],
        ['curveSecretKey', KEY],
        ['curveServer', true],
        ['curveServerKey', KEY],
        ['curvePublicKey', KEY],
        ['curveServer', true],
        ['curvePublicKey', 'wrong'],
        ['plainPassword', null],
        ['curveServer', false],
        ['zapDomain', 'global'],
      ]
      const socket = sockets.use(new zmq.Dealer())
      for (const [at, [option, value]] of steps.entries()) {
        const outcome = await attempt(() => {
          socket[option] = value
        })
        outcomes[`${at}: ${option} = ${show(value)}`] = `${outcome}; ${show({
          mechanism: socket.securityMechanism,
          plainServer: socket.plainServer,
          username: socket.plainUsername,
          password: socket.plainPassword,
          curveServer: socket.curveServer,
          zapDomain: socket.zapDomain,
        })}`
      }
      return outcomes
    },
  },
  {
    name: 'a default that comes from the context',
    run: (zmq, sockets) => {
      const outcomes = {}
      for (const options of [
        {},
        { ipv6: true },
        { blocky: false },
        { ipv6: true, blocky: false },
        { maxMessageSize: 10 },
      ]) {
        const context = new zmq.Context(options)
        for (const name of CLASSES) {
          if (!zmq[name]) continue
          const socket = sockets.use(new zmq[name]({ context }))
          outcomes[`${name} of ${show(options)}`] = show([socket.ipv6, socket.linger, socket.maxMessageSize])
        }
      }
      const context = new zmq.Context()
      const socket = sockets.use(new zmq.Dealer({ context }))
      context.blocky = false
      outcomes['changed after the socket was made'] = show([
        socket.linger,
        sockets.use(new zmq.Dealer({ context })).linger,
      ])
      return outcomes
    },
  },
  {
    name: 'a change that comes too late brings a warning',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const name of CLASSES) {
        if (!zmq[name]) continue
        const socket = sockets.use(new zmq[name]())
        if (name === 'Stream') await socket.bind('tcp://127.0.0.1:*')
        else socket.connect(inproc())
        for (const option of OPTIONS) {
          if (!(option in socket)) continue
          for (const value of [5, true, 'me', null, undefined]) {
            outcomes[`${name}.${option} = ${show(value)}`] = await warned(() => {
              socket[option] = value
            })
          }
        }
      }
      return outcomes
    },
  },
  {
    name: 'what is too late: from the first bind or connect on',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const late = async (what, socket) => {
        outcomes[what] = `${await warned(() => {
          socket.backlog = 7
        })}; ${await warned(() => {
          socket.linger = 7
        })}`
      }
      const fresh = () => sockets.use(new zmq.Dealer())
      const failing = (run) => attempt(run)
      let socket = fresh()
      await late('at the beginning', socket)
      const bound = socket.bind('tcp://127.0.0.1:*')
      await late('while it binds', socket)
      await bound
      await late('bound', socket)
      const unbound = socket.unbind(socket.lastEndpoint)
      await late('while it unbinds', socket)
      await unbound
      await late('unbound', socket)
      await failing(() => socket.unbind('tcp://127.0.0.1:1'))
      await late('after an unbind that failed', socket)
      await socket.bind(inproc())
      await late('bound once more', socket)

      socket = fresh()
      await failing(() => socket.bind('tcp://127.0.0.1:nonsense'))
      await late('after a bind that failed', socket)
      socket = fresh()
      await failing(() => socket.bind(5))
      await late('after a bind that was refused', socket)
      socket = fresh()
      await failing(() => socket.connect('tcp://nonsense'))
      await late('after a connect that failed', socket)
      socket = fresh()
      const name = inproc()
      socket.connect(name)
      await late('connected', socket)
      socket.disconnect(name)
      await late('disconnected', socket)
      await failing(() => socket.disconnect(name))
      await late('after a disconnect that failed', socket)
      socket = fresh()
      socket.connect(name)
      socket.connect(name)
      socket.disconnect(name)
      await late('connected twice, disconnected once', socket)
      socket = fresh()
      socket.close()
      await late('closed', socket)
      return outcomes
    },
  },
  {
    name: 'after close no option can be read or written',
    run: async (zmq) => {
      const outcomes = {}
      for (const name of ['Dealer', 'Router', 'XPublisher']) {
        const socket = new zmq[name]()
        socket.close()
        for (const option of OPTIONS) {
          outcomes[`${name}.${option} read`] = await attempt(() => socket[option])
          for (const value of [5, true, 'me', null, undefined, 'allSubs']) {
            outcomes[`${name}.${option} = ${show(value)}`] = await warned(() => {
              socket[option] = value
            })
          }
        }
      }
      return outcomes
    },
  },
]
