// What the module is before anything is done with it: names, kinds, constructors, prototypes, sealed objects.
import { inspect } from 'node:util'
import { ADDED, EINVAL, ROWS } from './differences.mjs'
import { attempt, CLASSES, show } from './tools.mjs'

// Classes of ours between Socket and the types, which the native package does not have.
const BETWEEN = new Set(['ReadableSocket', 'WritableSocket', 'DuplexSocket'])

const make = (zmq, name, ...args) => new zmq[name](...args)

/** Every property of `object` and of its prototypes below Object, with how it can be used. */
function members(object) {
  const found = {}
  for (let at = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) {
      const descriptor = Object.getOwnPropertyDescriptor(at, key)
      const kind =
        'value' in descriptor
          ? typeof descriptor.value
          : [descriptor.get && 'get', descriptor.set && 'set'].filter(Boolean).join(' ')
      found[String(key)] ??= `${kind}${descriptor.enumerable ? ', enumerable' : ''}`
    }
  }
  return found
}

/** What is there to see of an object without knowing it. */
function looks(object) {
  const keys = []
  for (const key in object) keys.push(key)
  return show({
    keys: Object.keys(object),
    own: Reflect.ownKeys(object),
    enumerable: keys,
    json: JSON.stringify(object),
    text: String(object),
    tag: Object.prototype.toString.call(object),
    inspected: inspect(object),
    withHidden: inspect(object, { showHidden: true, getters: true }).length > 0,
    sealed: Object.isSealed(object),
    prototypes: (() => {
      const names = []
      for (let at = object; at !== null; at = Object.getPrototypeOf(at)) {
        if (!BETWEEN.has(at.constructor.name)) names.push(at.constructor.name)
      }
      return names
    })(),
  })
}

/** Runs each of `attempts`, a function by label, and says what it did. */
async function each(attempts) {
  const outcomes = {}
  for (const [label, run] of Object.entries(attempts)) outcomes[label] = await attempt(run)
  return outcomes
}

// A made socket as an outcome: its class and its type, and it is closed.
const made = (socket) => {
  const text = `${socket.constructor.name} of type ${socket.type}`
  socket.linger = 0
  socket.close()
  return text
}

const memberDifferences = (name) => [
  { at: /^(receiveMany|sendMany|batches|messages)$/, here: 'function', row: ADDED.many },
  { at: /^maxPending(Sends|Receives)$/, here: 'get set', row: ADDED.pending },
  { at: 'authenticator', here: 'get set', row: ADDED.authenticator },
  { at: 'senderOf', here: 'function', row: ADDED.sender },
  { at: 'counters', here: 'get', row: ADDED.counters },
  { at: 'peers', here: 'get', row: ADDED.peers },
  { at: 'Symbol(nodejs.asyncDispose)', here: 'function', row: ADDED.dispose },
  { at: 'Symbol(Symbol.asyncIterator)', here: 'function', row: ROWS.members },
  { at: /^(join|leave)$/, here: 'undefined', row: ROWS.draft },
  ...(/^(Pull|Subscriber)$/.test(name)
    ? []
    : [{ at: 'countUnconfirmed', here: 'get set', row: ADDED.unconfirmed }]),
  ...(name === 'XPublisher' ? [{ at: /^(un)?subscribe$/, here: 'function', row: ADDED.subscribe }] : []),
]

export const surface = [
  {
    name: 'the module exports these names, of these kinds',
    run: (zmq) =>
      Object.fromEntries(
        Object.keys(zmq)
          .sort()
          .map((name) => [name, typeof zmq[name]]),
      ),
  },
  {
    name: 'version and capability',
    run: (zmq) => ({
      version: zmq.version,
      ...Object.fromEntries(
        Object.entries(zmq.capability).map(([key, value]) => [`capability.${key}`, show(value)]),
      ),
    }),
    differs: [
      { at: 'capability.tipc', here: 'false', row: ROWS.transports },
      { at: 'capability.draft', here: 'false', row: ROWS.draft },
    ],
  },
  {
    name: 'every class has the name it is exported under, and descends from Socket',
    run: (zmq) =>
      Object.fromEntries(
        ['Context', 'Socket', 'Observer', 'Proxy', ...CLASSES].map((name) => [
          name,
          `${zmq[name]?.name}, ${zmq[name]?.prototype instanceof zmq.Socket}`,
        ]),
      ),
  },
  ...CLASSES.map((name) => ({
    name: `${name} has these members`,
    run: (zmq, sockets) => (zmq[name] === undefined ? {} : members(sockets.use(make(zmq, name)))),
    differs: memberDifferences(name),
  })),
  {
    name: 'Context and Observer have these members',
    run: (zmq, sockets) => {
      const of = (name, object) =>
        Object.fromEntries(Object.entries(members(object)).map(([key, kind]) => [`${name}.${key}`, kind]))
      return {
        ...of('Context', new zmq.Context()),
        ...of('Observer', sockets.use(new zmq.Pair()).events),
      }
    },
    differs: [
      { at: /^Observer\.(on|off|Symbol\(Symbol.asyncIterator\))$/, here: 'function', row: ROWS.members },
      { at: 'Observer.emitter', here: 'undefined', row: ROWS.members },
      { at: 'Context.maxBufferedBytes', here: 'get set', row: ADDED.maxBuffered },
    ],
  },
  {
    name: 'objects have nothing of their own to enumerate, and can be printed',
    run: (zmq, sockets) => {
      const outcomes = { Context: looks(new zmq.Context()), 'the default context': looks(zmq.context) }
      outcomes.Observer = looks(sockets.use(new zmq.Pair()).events)
      for (const name of CLASSES) if (zmq[name]) outcomes[name] = looks(sockets.use(make(zmq, name)))
      return outcomes
    },
    differs: [{ at: 'Observer', here: /enumerable: \[\]/, row: ROWS.members }],
  },
  {
    name: 'what Socket refuses to be made of',
    run: (zmq) => {
      const attempts = {}
      const socket = (label, ...args) => {
        attempts[label] = () => made(new zmq.Socket(...args))
      }
      socket('no argument')
      for (const type of ['5', null, undefined, true, {}, 5n, new Number(5)])
        socket(`type ${show(type)}`, type)
      for (const type of [0, 1.7, -0.5, NaN, Infinity, -1, 11, 12, 18, 19, 37, 2 ** 32 + 5, 1e300]) {
        socket(`type ${show(type)}`, type)
      }
      for (const options of [null, undefined, 1, 'x', true, [], () => {}, {}, Symbol('x'), 5n]) {
        socket(`options ${show(options)}`, 5, options)
      }
      socket('3 arguments', 5, {}, 1)
      socket('3 arguments, the last undefined', 5, {}, undefined)
      socket('4 arguments', 5, {}, 1, 2)
      socket('wrong type and wrong options', 'x', 1)
      return each(attempts)
    },
    differs: [{ at: /^type 1[289]$/, here: EINVAL, row: ROWS.draft }],
  },
  {
    name: 'what a socket class refuses to be made of',
    run: async (zmq) => {
      const outcomes = {}
      for (const name of CLASSES) {
        if (!zmq[name]) continue
        const socket = async (label, ...args) => {
          outcomes[`${name}: ${label}`] = await attempt(() => made(make(zmq, name, ...args)))
        }
        for (const options of [null, undefined, 1, 'x', [], [1], () => {}, new Map()]) {
          await socket(`options ${show(options)}`, options)
        }
        await socket('two arguments', {}, 1)
        for (const [label, options] of Object.entries({
          'an unknown option': { unknown: 1 },
          'a symbol': { [Symbol('x')]: 1 },
          'an option that is undefined': { linger: undefined },
          'an option of the wrong type': { linger: '1' },
          'an option out of range': { linger: -2 },
          'an inherited option': Object.create({ linger: -2 }),
          'an option that is not enumerable': Object.defineProperty({}, 'linger', { value: -2 }),
          'a read-only option': { type: 5 },
          'another read-only option': { lastEndpoint: 'x' },
          'a mechanism': { securityMechanism: 'plain' },
          'a state': { closed: true },
          events: { events: {} },
          'a constructor': { constructor: 1 },
          'a method of its prototype': { toString: 1 },
          correlate: { correlate: true },
          mandatory: { mandatory: true },
          conflate: { conflate: true },
          noDrop: { noDrop: true },
          verbosity: { verbosity: 'allSubs' },
          sendTimeout: { sendTimeout: 0 },
          receiveTimeout: { receiveTimeout: 0 },
          'two options, the second wrong': { linger: 5, backlog: 'x' },
        })) {
          await socket(label, options)
        }
      }
      return outcomes
    },
  },
  {
    // Not asked: a socket as a context, a context as a socket. The native package takes the one's memory for the other's.
    name: 'what is taken for a context',
    run: (zmq, sockets) => {
      const mine = new zmq.Context()
      const attempts = {}
      for (const [label, context] of Object.entries({
        'a context': mine,
        'the default context': zmq.context,
        'an empty object': {},
        'a prototype': zmq.Context.prototype,
        'an object made of a context': Object.create(mine),
        undefined: undefined,
        null: null,
        'a number': 1,
        'a text': 'x',
        'a function': () => {},
      })) {
        attempts[label] = () => made(new zmq.Dealer({ context }))
      }
      attempts['an inherited context'] = () => {
        const socket = sockets.use(new zmq.Dealer(Object.create({ context: mine })))
        return socket.context === mine
      }
      attempts['the one given is the one read'] = () =>
        sockets.use(new zmq.Dealer({ context: mine })).context === mine
      attempts['without any it is the default one'] = () =>
        sockets.use(new zmq.Dealer()).context === zmq.context
      attempts['a context itself, as an option without a type'] = () => made(new zmq.Socket(5, mine))
      attempts['the options object afterwards'] = () => {
        const options = { context: mine, linger: 0 }
        sockets.use(new zmq.Dealer(options))
        return Object.keys(options)
      }
      attempts['a frozen options object'] = () => made(new zmq.Dealer(Object.freeze({ context: mine })))
      return each(attempts)
    },
    differs: [
      { at: 'undefined', here: "'Dealer of type 5'", row: ROWS.noContext },
      { at: 'the options object afterwards', here: "[ 'context', 'linger' ]", row: ROWS.optionsObject },
      { at: 'a frozen options object', here: "'Dealer of type 5'", row: ROWS.optionsObject },
      {
        at: /^(null|an empty object|a (prototype|number|text|function)|an object made .*)$/,
        here: EINVAL,
        row: ROWS.context,
      },
    ],
  },
  {
    name: 'what Context refuses to be made of',
    run: (zmq) => {
      const attempts = {}
      for (const options of [
        null,
        undefined,
        1,
        'x',
        [],
        [1],
        () => {},
        {},
        { unknown: 1 },
        { maxSockets: 'x' },
        { maxSockets: 0 },
        { maxSockets: undefined },
        { maxSocketsLimit: 5 },
        { ioThreads: -1 },
        { blocky: 1 },
        { ipv6: null },
        { getBoolOption: 1 },
      ]) {
        attempts[show(options)] = () => show(new zmq.Context(options))
      }
      attempts['2 arguments'] = () => new zmq.Context({}, 1)
      attempts['2 arguments, both wrong'] = () => new zmq.Context(1, 1)
      return each(attempts)
    },
    differs: [
      { at: '{ getBoolOption: 1 }', here: /^throws TypeError "Cannot add property/, row: ROWS.members },
    ],
  },
  {
    name: 'what Observer refuses to be made of',
    run: (zmq, sockets) => {
      const attempts = { 'a prototype': () => show(new zmq.Observer(zmq.Socket.prototype)) }
      for (const socket of [undefined, null, 1, 'x', {}, [], () => {}]) {
        attempts[show(socket)] = () => show(new zmq.Observer(socket))
      }
      attempts['no argument'] = () => new zmq.Observer()
      attempts['2 arguments'] = () => new zmq.Observer(sockets.use(new zmq.Pair()), 1)
      attempts['a socket'] = () => show(new zmq.Observer(sockets.use(new zmq.Pair())))
      attempts['a closed socket'] = () => {
        const socket = new zmq.Pair()
        socket.close()
        return new zmq.Observer(socket)
      }
      return each(attempts)
    },
    differs: [
      {
        at: /^(\{\}|\[\]|\[Function.*|a prototype)$/,
        here: 'throws TypeError "Socket must be a socket object"',
        row: ROWS.context,
      },
    ],
  },
  {
    name: 'what Proxy refuses to be made of, and to do before it runs',
    run: (zmq, sockets) => {
      const fresh = () => sockets.use(new zmq.Dealer())
      const attempts = {
        'no argument': () => new zmq.Proxy(),
        '3 arguments': () => new zmq.Proxy(fresh(), fresh(), 1),
        'run without endpoints': () => new zmq.Proxy(fresh(), fresh()).run(),
        'run with an argument': () => new zmq.Proxy(fresh(), fresh()).run(1),
        'run with one endpoint': () => {
          const front = fresh()
          front.connect('inproc://nobody')
          return new zmq.Proxy(front, fresh()).run()
        },
        'its ends': () => {
          const [front, back] = [fresh(), fresh()]
          const proxy = new zmq.Proxy(front, back)
          return [proxy.frontEnd === front, proxy.backEnd === back, Object.keys(proxy), inspect(proxy)]
        },
      }
      for (const wrong of [undefined, null, 1, 'x']) {
        attempts[`front end ${show(wrong)}`] = () => new zmq.Proxy(wrong, fresh())
        attempts[`back end ${show(wrong)}`] = () => new zmq.Proxy(fresh(), wrong)
      }
      for (const method of ['pause', 'resume', 'terminate']) {
        attempts[`${method} before run`] = () => new zmq.Proxy(fresh(), fresh())[method]()
        attempts[`${method} with an argument`] = () => new zmq.Proxy(fresh(), fresh())[method](1)
      }
      return each(attempts)
    },
  },
  {
    name: 'curveKeyPair',
    run: (zmq) =>
      each({
        'what it makes': () => {
          const pair = zmq.curveKeyPair()
          return Object.entries(pair).map(([key, value]) => [
            key,
            typeof value,
            value.length,
            /^[\x21-\x7e]+$/.test(value),
          ])
        },
        'never the same': () => new Set([1, 2].map(() => zmq.curveKeyPair().secretKey)).size,
        'with arguments': () => Object.keys(zmq.curveKeyPair(1, 2)),
        'good for a socket': () => {
          const { publicKey, secretKey } = zmq.curveKeyPair()
          return made(new zmq.Dealer({ curvePublicKey: publicKey, curveSecretKey: secretKey }))
        },
      }),
  },
  {
    name: 'classes called without new',
    run: (zmq) =>
      each(
        Object.fromEntries(
          ['Context', 'Socket', 'Observer', 'Dealer'].map((name) => [
            name,
            () => {
              try {
                zmq[name](5)
              } catch (error) {
                return error.name
              }
            },
          ]),
        ),
      ),
  },
  {
    name: 'a socket is sealed',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const name of [...CLASSES]) {
        if (!zmq[name]) continue
        const socket = sockets.use(make(zmq, name))
        const write = async (key, value) => {
          outcomes[`${name}.${key}`] = await attempt(() => {
            socket[key] = value
            return 'written'
          })
        }
        for (const key of [
          'unknown',
          'routingid',
          'closed',
          'readable',
          'writable',
          'events',
          'context',
          'type',
          'lastEndpoint',
          'threadSafe',
          'securityMechanism',
        ]) {
          await write(key, 1)
        }
        outcomes[`${name}: a defined property`] = await attempt(() =>
          Object.defineProperty(socket, 'x', { value: 1 }),
        )
        outcomes[`${name}: a deleted method`] = await attempt(() => delete socket.bind)
        outcomes[`${name}: an unknown property is undefined`] = show(socket.unknown)
        outcomes[`${name}: another prototype`] = await attempt(() => Object.setPrototypeOf(socket, null))
      }
      return outcomes
    },
  },
  {
    name: 'a context is sealed, an observer is not',
    run: (zmq, sockets) => {
      const context = new zmq.Context()
      const observer = sockets.use(new zmq.Pair()).events
      return each({
        'context.unknown': () => {
          context.unknown = 1
        },
        'context.maxSocketsLimit': () => {
          context.maxSocketsLimit = 1
        },
        'observer.unknown': () => {
          observer.unknown = 1
          return observer.unknown
        },
        'observer.closed': () => {
          observer.closed = 1
        },
      })
    },
  },
  {
    name: 'what users may add by subclassing',
    run: (zmq, sockets) => {
      class WithField extends zmq.Dealer {
        field = 1
      }
      class WithPrivateField extends zmq.Dealer {
        #field = 1
        get field() {
          return this.#field
        }
      }
      class WithAssignment extends zmq.Dealer {
        constructor() {
          super()
          this.assigned = 1
        }
      }
      class WithOption extends zmq.Dealer {
        constructor(options) {
          super(options)
          this.linger = 7
        }
      }
      class WithMethod extends zmq.Pair {
        twice() {
          return 2
        }
        get closed() {
          return 'overridden'
        }
      }
      class OfSocket extends zmq.Socket {
        constructor() {
          super(8)
        }
      }
      class WithSetter extends zmq.Dealer {
        set mine(value) {
          this.linger = value
        }
      }
      class MyContext extends zmq.Context {
        field = 1
      }
      class MyObserver extends zmq.Observer {
        field = 1
      }
      return each({
        'a public field': () => new WithField(),
        'a private field': () => sockets.use(new WithPrivateField()).field,
        'an assignment': () => new WithAssignment(),
        'an option': () => sockets.use(new WithOption()).linger,
        'a method and an accessor': () => {
          const socket = new WithMethod()
          const seen = [socket.twice(), socket.closed]
          socket.close()
          return seen
        },
        'Socket itself': () => show(sockets.use(new OfSocket())),
        'an option of its own': () => sockets.use(new WithSetter({ mine: 9 })).linger,
        instanceof: () => sockets.use(new WithOption()) instanceof zmq.Socket,
        'a context with a field': () => new MyContext(),
        'an observer with a field': () => show(new MyObserver(sockets.use(new zmq.Pair()))),
      })
    },
  },
  {
    name: 'what subclasses override is what iteration and connect use',
    run: (zmq, sockets) => {
      class Counting extends zmq.Pair {
        static calls = 0
        receive() {
          Counting.calls++
          return super.receive()
        }
      }
      class Named extends zmq.Router {
        static ids = []
        setStringOption(id, value) {
          Named.ids.push([id, value])
          return super.setStringOption(id, value)
        }
      }
      class Topics extends zmq.Subscriber {
        static ids = []
        setStringOption(id, value) {
          Topics.ids.push([id, value])
          return super.setStringOption(id, value)
        }
      }
      class Loose extends zmq.Dealer {
        static ids = []
        setInt32Option(id, value) {
          Loose.ids.push([id, value])
          return super.setInt32Option(id, value)
        }
        getInt32Option(id) {
          return super.getInt32Option(id) + 1000
        }
      }
      return each({
        receive: async () => {
          const there = sockets.use(new zmq.Pair())
          const here = sockets.use(new Counting())
          await there.bind('inproc://override')
          here.connect('inproc://override')
          for (let i = 0; i < 3; i++) await there.send(`${i}`)
          const got = []
          for await (const [part] of here) {
            got.push(String(part))
            if (got.length === 3) break
          }
          return [got, Counting.calls]
        },
        'connect by routing id': () => {
          sockets.use(new Named()).connect('inproc://nobody', { routingId: 'me' })
          return Named.ids
        },
        subscribe: () => {
          sockets.use(new Topics()).subscribe('a', 'b')
          return Topics.ids
        },
        options: () => {
          const socket = sockets.use(new Loose({ linger: 5 }))
          socket.backlog = 7
          return [Loose.ids, socket.linger, socket.getInt32Option(19)]
        },
      })
    },
  },
]
