// socket.events as an object: one at a time, its end, its two modes. Which events there are, and in which order, is compared in the interop tests.
import { attempt, settled, show, soon } from './tools.mjs'

const EVENT = ({ type }) => type

export const observer = [
  {
    name: 'events are received one by one, and the last one closes the observer',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const socket = sockets.use(new zmq.Router())
      const { events } = socket
      outcomes['always the same'] = show([
        events === socket.events,
        events instanceof zmq.Observer,
        events.closed,
      ])
      const waiting = events.receive()
      outcomes['nothing yet'] = await soon(waiting, 50)
      outcomes['a second receive'] = await attempt(() => events.receive())
      outcomes['a receive with an argument'] = await attempt(() => events.receive(1))
      await socket.bind('tcp://127.0.0.1:*')
      const bound = await waiting
      outcomes['the first'] = show([Object.keys(bound), bound.type, bound.address === socket.lastEndpoint])
      const next = events.receive()
      socket.close()
      const seen = [EVENT(await next)]
      while (!events.closed) seen.push(EVENT(await events.receive()))
      outcomes['until the end'] = show(seen)
      outcomes['after the end'] = await attempt(() => events.receive())
      outcomes['closing it then'] = await attempt(() => events.close())
      outcomes['iterating then'] = await attempt(async () => {
        for await (const _ of events);
      })
      return outcomes
    },
  },
  {
    name: 'events are emitted, from the first listener on for good',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const socket = sockets.use(new zmq.Router())
      const { events } = socket
      const seen = []
      const emitter = events.on('bind', (event) => seen.push(event.type))
      outcomes['what on returns'] = show([emitter.constructor.name, typeof emitter.once])
      outcomes['reading receive'] = await attempt(() => typeof events.receive)
      outcomes['calling receive'] = await attempt(() => events.receive())
      outcomes.iterating = await attempt(() => events[Symbol.asyncIterator]().next())
      const listener = () => seen.push('close')
      events.on('close', listener)
      events.off('close', listener)
      events.on('end', () => seen.push('end'))
      await socket.bind('tcp://127.0.0.1:*')
      socket.close()
      await settled(new Promise((resolve) => setTimeout(resolve, 100)))
      outcomes.emitted = show(seen)
      outcomes['closed with the socket'] = show(events.closed)
      return outcomes
    },
  },
  {
    name: 'an observer keeps what happened before it was asked, and an inproc socket only ends',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const socket = sockets.use(new zmq.Router())
      const { events } = socket
      await socket.bind('tcp://127.0.0.1:*')
      await socket.bind('tcp://127.0.0.1:*')
      const types = []
      for (let i = 0; i < 2; i++) types.push(EVENT(await events.receive()))
      outcomes['two binds'] = show(types)
      const inner = sockets.use(new zmq.Pair())
      const inside = inner.events
      await inner.bind('inproc://observed')
      const other = sockets.use(new zmq.Pair())
      other.connect('inproc://observed')
      await other.send('x')
      await inner.receive()
      inner.close()
      other.close()
      outcomes.inproc = show(EVENT(await inside.receive()))
      return outcomes
    },
  },
  {
    name: 'a bind that fails',
    run: async (zmq, sockets) => {
      const [one, two] = [1, 2].map(() => sockets.use(new zmq.Router()))
      await one.bind('tcp://127.0.0.1:*')
      const { events } = two
      await attempt(() => two.bind(one.lastEndpoint))
      const failed = await events.receive()
      const { error } = failed
      return show([
        failed.type,
        Object.keys(failed),
        failed.address === one.lastEndpoint.slice(6),
        error?.code,
        error?.errno,
        error?.message,
      ])
    },
  },
  // Last, as the native package loses the events of other sockets afterwards.
  {
    name: 'closing an observer',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const { events } = sockets.use(new zmq.Pair())
      outcomes['with an argument'] = await attempt(() => events.close(1))
      outcomes['still open'] = show(events.closed)
      outcomes.close = await attempt(() => events.close())
      outcomes.again = await attempt(() => events.close())
      outcomes.closed = show(events.closed)
      outcomes.receive = await attempt(() => events.receive())
      outcomes['an iterator of it'] = await attempt(() => events[Symbol.asyncIterator]().next())
      return outcomes
    },
  },
]
