// send, receive, iteration and close of every class in its states: what throws, what rejects, with which words, and what
// stays open.
import { ADDED, ROWS } from './differences.mjs'
import { attempt, CLASSES, inproc, settled, show, sleep, soon, until } from './tools.mjs'

const SEND_TIMEOUT = 28
const RECEIVE_TIMEOUT = 27

/** Sockets that may talk: [bound, connected]. */
const PAIRS = [
  ['Pair', 'Pair'],
  ['Publisher', 'Subscriber'],
  ['Publisher', 'XSubscriber'],
  ['XPublisher', 'Subscriber'],
  ['XPublisher', 'XSubscriber'],
  ['Reply', 'Request'],
  ['Router', 'Request'],
  ['Router', 'Dealer'],
  ['Dealer', 'Dealer'],
  ['Dealer', 'Reply'],
  ['Router', 'Router'],
  ['Pull', 'Push'],
]

const states = (socket) => `${socket.readable ? 'readable' : '-'} ${socket.writable ? 'writable' : '-'}`

async function connected(zmq, sockets, [bound, dialled], address = inproc()) {
  const there = sockets.use(new zmq[bound]())
  const here = sockets.use(new zmq[dialled]())
  await there.bind(address)
  here.connect(there.lastEndpoint)
  return [there, here]
}

export const operations = [
  ...CLASSES.map((name) => ({
    name: `${name} without a peer`,
    run: async (zmq, sockets) => {
      const outcomes = {}
      if (!zmq[name]) return outcomes
      for (const [what, prepare] of Object.entries({
        fresh: () => {},
        bound: (socket) => socket.bind('tcp://127.0.0.1:*'),
        connected: (socket) => socket.connect('tcp://127.0.0.1:1'),
      })) {
        const make = async () => {
          const socket = sockets.use(new zmq[name]({ linger: 0 }))
          await prepare(socket)
          return socket
        }
        let socket = await make()
        outcomes[`${what}: state`] = states(socket)
        for (const ms of [0, 20]) {
          socket = await make()
          socket.setInt32Option(SEND_TIMEOUT, ms)
          socket.setInt32Option(RECEIVE_TIMEOUT, ms)
          outcomes[`${what}: receive within ${ms} ms`] = await attempt(() => socket.receive())
          outcomes[`${what}: send within ${ms} ms`] = await attempt(() => socket.send(['a', 'b']))
          outcomes[`${what}: state after that, ${ms} ms`] = states(socket)
          outcomes[`${what}: receive again within ${ms} ms`] = await attempt(() => socket.receive())
          outcomes[`${what}: send again within ${ms} ms`] = await attempt(() => socket.send('c'))
        }
        socket = await make()
        const receiving = attempt(() => socket.receive())
        outcomes[`${what}: second receive`] = await attempt(() => socket.receive())
        outcomes[`${what}: receive is pending`] = await soon(receiving)
        const sending = attempt(() => socket.send(['a', 'b']))
        outcomes[`${what}: send beside it`] = await soon(sending)
        outcomes[`${what}: second send`] = await soon(attempt(() => socket.send('b')))
        outcomes[`${what}: state while they are pending`] = states(socket)
        socket.close()
        outcomes[`${what}: receive ends with close`] = await receiving
        outcomes[`${what}: send ends with close`] = await sending
      }
      return outcomes
    },
    differs: withoutPeer(name),
  })),
  {
    name: 'after close',
    run: async (zmq) => {
      const outcomes = {}
      for (const name of CLASSES) {
        if (!zmq[name]) continue
        const socket = new zmq[name]()
        const { events } = socket
        socket.close()
        socket.close()
        for (const [what, run] of Object.entries({
          send: () => socket.send('x'),
          'send undefined': () => socket.send(),
          receive: () => socket.receive(),
          bind: () => socket.bind('tcp://127.0.0.1:*'),
          bindSync: () => socket.bindSync('tcp://127.0.0.1:*'),
          'bind a number': () => socket.bind(5),
          unbind: () => socket.unbind('tcp://127.0.0.1:1'),
          connect: () => socket.connect('tcp://127.0.0.1:1'),
          disconnect: () => socket.disconnect('tcp://127.0.0.1:1'),
          'close with an argument': () => socket.close(1),
          closed: () => socket.closed,
          readable: () => socket.readable,
          writable: () => socket.writable,
          context: () => socket.context,
          events: () => socket.events,
          'the observer it had': () => typeof events.closed,
          type: () => socket.type,
          lastEndpoint: () => socket.lastEndpoint,
          securityMechanism: () => socket.securityMechanism,
          iteration: async () => {
            const got = []
            for await (const message of socket) got.push(message)
            return got
          },
          'one more of an iterator': () => socket[Symbol.asyncIterator]().next(),
          subscribe: () => socket.subscribe?.('x'),
        })) {
          outcomes[`${name}: ${what}`] = await attempt(run)
        }
      }
      return outcomes
    },
    differs: [{ at: 'XPublisher: subscribe', here: /ENOTSOCK/, row: ADDED.subscribe }],
  },
  {
    name: 'a message passes, and who is ready for what before and after',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const pair of PAIRS) {
        for (const address of [inproc(), 'tcp://127.0.0.1:*']) {
          const label = `${pair} over ${address.slice(0, 3)}`
          const [there, here] = await connected(zmq, sockets, pair, address)
          here.subscribe?.('')
          if (pair[1] === 'XSubscriber') await here.send('\x01')
          if (pair[0] === 'XPublisher') outcomes[`${label}: hears`] = show(await there.receive())
          if (pair[0] === 'Publisher') {
            // Until the subscription has come, messages are dropped.
            while (!here.readable) {
              await there.send('first')
              await sleep(5)
            }
            while (here.readable) await here.receive()
          }
          const [from, to] =
            ['Publisher', 'XPublisher'].includes(pair[0]) || pair[1] === 'Reply'
              ? [there, here]
              : [here, there]
          await until(() => from.writable || pair[0] === 'Router')
          if (['Pair', 'Dealer'].includes(pair[1])) await until(() => to.writable || pair[0] === 'Router')
          outcomes[`${label}: before`] = `${states(from)}, ${states(to)}`
          const message = pair[1] === 'Reply' ? ['', 'x'] : 'x'
          if (pair[1] === 'Router') continue
          outcomes[`${label}: sent`] = await attempt(() => from.send(message))
          await until(() => to.readable)
          outcomes[`${label}: sent, state`] = `${states(from)}, ${states(to)}`
          outcomes[`${label}: received`] = show((await to.receive()).slice(pair[0] === 'Router' ? 1 : 0))
          outcomes[`${label}: received, state`] = `${states(from)}, ${states(to)}`
          there.close()
          here.close()
        }
      }
      return outcomes
    },
  },
  {
    name: 'REQ and REP take turns',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [reply, request] = await connected(zmq, sockets, ['Reply', 'Request'])
      const note = (what) => {
        outcomes[what] = `REQ ${states(request)}, REP ${states(reply)}`
      }
      for (const socket of [reply, request]) {
        socket.sendTimeout = 0
        socket.receiveTimeout = 0
      }
      note('at the beginning')
      outcomes['REQ receives out of turn'] = await attempt(() => request.receive())
      outcomes['REP sends out of turn'] = await attempt(() => reply.send('x'))
      outcomes['REP receives too early'] = await attempt(() => reply.receive())
      outcomes['REQ sends'] = await attempt(() => request.send('question'))
      await until(() => reply.readable)
      note('asked')
      outcomes['REQ sends again'] = await attempt(() => request.send('another'))
      outcomes['REQ receives too early'] = await attempt(() => request.receive())
      outcomes['REP receives'] = await attempt(() => reply.receive())
      note('heard')
      outcomes['REP receives again'] = await attempt(() => reply.receive())
      outcomes['REP sends'] = await attempt(() => reply.send('answer'))
      await until(() => request.readable)
      note('the answer is there')
      outcomes['REP sends again'] = await attempt(() => reply.send('more'))
      outcomes['REQ sends before it has received'] = await attempt(() => request.send('too early'))
      outcomes['REQ receives'] = await attempt(() => request.receive())
      note('at the end')
      for (const socket of [reply, request]) {
        socket.sendTimeout = 30
        socket.receiveTimeout = 30
      }
      outcomes['REQ receives out of turn, 30 ms'] = await attempt(() => request.receive())
      outcomes['REP sends out of turn, 30 ms'] = await attempt(() => reply.send('x'))
      await request.send('question')
      outcomes['REQ sends out of turn, 30 ms'] = await attempt(() => request.send('x'))
      outcomes['REQ waits 30 ms'] = await attempt(() => request.receive())
      await reply.receive()
      outcomes['REP receives out of turn, 30 ms'] = await attempt(() => reply.receive())
      return outcomes
    },
  },
  {
    name: 'out of turn without a time limit waits for the turn',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [reply, request] = await connected(zmq, sockets, ['Reply', 'Request'])
      const early = request.receive()
      outcomes['a receive before the request'] = await settled(early, 30)
      await request.send('1')
      await reply.receive()
      const second = request.send('2')
      outcomes['a second request'] = await settled(second, 30)
      await reply.send('one')
      outcomes['the receive gets the answer'] = await settled(early)
      outcomes['the second request goes out'] = await settled(second)
      outcomes['and arrives'] = await settled(reply.receive())
      const next = reply.receive()
      outcomes['a receive before the reply'] = await settled(next, 30)
      request.close()
      outcomes['closed with a reply owed'] = await attempt(() => reply.send('nobody'))
      reply.close()
      outcomes['the receive ends'] = await settled(next)
      const lonely = sockets.use(new zmq.Request())
      const sending = lonely.send('x')
      const receiving = lonely.receive()
      lonely.close()
      outcomes['send of a REQ without a peer ends'] = await settled(sending)
      outcomes['receive of a REQ without a peer ends'] = await settled(receiving)
      return outcomes
    },
  },
  {
    name: 'full queues: the high-water mark, time limits, and when there is room again',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const name of ['Pair', 'Dealer', 'Push', 'Request', 'Router', 'Publisher', 'XSubscriber']) {
        const socket = sockets.use(new zmq[name]({ sendHighWaterMark: 2, sendTimeout: 0, linger: 0 }))
        socket.connect(inproc())
        for (let i = 1; i <= 4; i++) {
          outcomes[`${name}: message ${i} of 2`] =
            `${await attempt(() => socket.send(['a', `${i}`]))}, ${states(socket)}`
        }
      }
      const here = sockets.use(new zmq.Push({ sendHighWaterMark: 1 }))
      const name = inproc()
      here.connect(name)
      await here.send('1')
      const second = here.send('2')
      outcomes['the second waits'] = await settled(second, 20)
      const there = sockets.use(new zmq.Pull({ receiveHighWaterMark: 1 }))
      await there.bind(name)
      outcomes['the first arrives'] = await settled(there.receive())
      outcomes['the second goes out'] = await settled(second)
      outcomes['the second arrives'] = await settled(there.receive())
      return outcomes
    },
  },
  {
    name: 'time limits are those at the moment of the call',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const socket = sockets.use(new zmq.Dealer({ receiveTimeout: 30 }))
      const receiving = socket.receive()
      socket.receiveTimeout = 5000
      outcomes['changed afterwards'] = await settled(receiving, 3000)
      socket.receiveTimeout = -1
      const forever = socket.receive()
      socket.receiveTimeout = 0
      outcomes['without limit, and 0 afterwards'] = await settled(forever, 50)
      return outcomes
    },
  },
  {
    name: 'iteration ends with the socket, and leaving the loop does not end the socket',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [there, here] = await connected(zmq, sockets, ['Pull', 'Push'])
      for (let i = 0; i < 5; i++) await here.send(`${i}`)
      const got = []
      for await (const [part] of there) {
        got.push(String(part))
        if (got.length === 2) break
      }
      outcomes['left after two'] = show([got, there.closed])
      for await (const [part] of there) {
        got.push(String(part))
        if (got.length === 5) setImmediate(() => there.close())
      }
      outcomes['the rest, until it is closed'] = show([got, there.closed])
      const other = sockets.use(new zmq.Pull({ receiveTimeout: 20 }))
      outcomes['a time limit ends it with an error'] = await attempt(async () => {
        for await (const _ of other);
      })
      const iterator = other[Symbol.asyncIterator]()
      outcomes.iterator = show([
        Object.keys(iterator),
        typeof iterator.return,
        typeof iterator[Symbol.asyncIterator],
      ])
      const pending = iterator.next()
      outcomes['next while next is pending'] = await attempt(() => iterator.next())
      outcomes['receive while next is pending'] = await attempt(() => other.receive())
      other.close()
      outcomes['next when the socket closes'] = await settled(pending)
      outcomes['next afterwards'] = await settled(iterator.next())
      const blocked = sockets.use(new zmq.Pull())
      const binding = blocked.bind('tcp://127.0.0.1:*')
      outcomes['next while it binds'] = await attempt(() => blocked[Symbol.asyncIterator]().next())
      await binding
      outcomes['over a PUSH'] = await settled(
        (async () => {
          const push = sockets.use(new zmq.Push())
          push.setInt32Option(RECEIVE_TIMEOUT, 10)
          for await (const _ of push);
        })(),
      )
      return outcomes
    },
  },
  {
    name: 'close while something is pending, with messages unread or unsent',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [there, here] = await connected(zmq, sockets, ['Dealer', 'Dealer'])
      await here.send('unread')
      await until(() => there.readable)
      there.close()
      outcomes['unread messages are gone'] = await attempt(() => there.receive())
      const lonely = sockets.use(new zmq.Dealer({ linger: 0 }))
      const sending = lonely.send('x')
      const receiving = lonely.receive()
      lonely.close()
      outcomes['pending send, in the same turn'] = await soon(sending)
      outcomes['pending receive, in the same turn'] = await soon(receiving)
      return outcomes
    },
  },
]

function withoutPeer(name) {
  const notThere = (at) => [{ at, here: /ENOTSUP/, row: ROWS.wrongWay }]
  if (name === 'Stream') {
    return [{ at: /: (send again within \d+ ms|second send)$/, here: /EINVAL/, row: ROWS.oddParts }]
  }
  if (name === 'Publisher' || name === 'Push') return notThere(/: (second receive|receive is pending)$/)
  if (name === 'Subscriber' || name === 'Pull') return notThere(/: (send beside it|second send)$/)
  return []
}
