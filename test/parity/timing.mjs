// When a promise is settled, seen from the microtask queue and the event loop, and what has its turn meanwhile.
import { inproc, settled, show, sleep, soon, until } from './tools.mjs'

async function joined(zmq, sockets, bound, dialled) {
  const there = sockets.use(new zmq[bound]())
  const here = sockets.use(new zmq[dialled]())
  await there.bind(inproc())
  here.connect(there.lastEndpoint)
  await until(() => here.writable)
  return [there, here]
}

export const timing = [
  {
    name: 'what can be done at once is settled at once',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [pull, push] = await joined(zmq, sockets, 'Pull', 'Push')
      outcomes['a send'] = await soon(push.send('x'), 1)
      outcomes['a send of no parts'] = await soon(push.send([]), 1)
      outcomes['a send of several parts'] = await soon(push.send(['a', 'b']), 1)
      await until(() => pull.readable)
      outcomes['a receive'] = await soon(pull.receive(), 1)
      outcomes['an iteration'] = (await soon(pull[Symbol.asyncIterator]().next(), 6)).slice(0, 17)
      const waiting = pull.receive()
      outcomes['a receive of nothing'] = await soon(waiting, 50)
      const late = sockets.use(new zmq.Push({ sendTimeout: 0 }))
      outcomes['a send that may not wait'] = await soon(late.send('x'), 1)
      const early = sockets.use(new zmq.Pull({ receiveTimeout: 0 }))
      outcomes['a receive that may not wait'] = await soon(early.receive(), 1)
      outcomes['events.receive'] = await soon(sockets.use(new zmq.Pair()).events.receive(), 50)
      await push.send('x')
      outcomes['the receive, later'] = await settled(waiting)
      return outcomes
    },
  },
  {
    name: 'the promise of a bind or unbind is not settled in the turn of its call',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const address of [inproc(), 'tcp://127.0.0.1:*', 'ipc://*', 'nonsense']) {
        const socket = sockets.use(new zmq.Pair())
        const label = address.slice(0, 6)
        const binding = socket.bind(address)
        outcomes[`bind ${label}`] = (await soon(binding, 100)).slice(0, 8)
        await settled(binding)
        const unbinding = socket.unbind(socket.lastEndpoint ?? 'inproc://x')
        outcomes[`unbind ${label}`] = (await soon(unbinding, 100)).slice(0, 8)
        await settled(unbinding)
      }
      return outcomes
    },
  },
  {
    name: 'operations that end at once do not keep timers and the network from their turn',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const ticks = async (work) => {
        let count = 0
        const tick = () => {
          count++
          timer = setImmediate(tick)
        }
        let timer = setImmediate(tick)
        await work()
        clearImmediate(timer)
        return count
      }
      const publisher = sockets.use(new zmq.Publisher())
      const sends = (number) => async () => {
        for (let i = 0; i < number; i++) await publisher.send('x')
      }
      outcomes['400 sends see a turn'] = show((await ticks(sends(400))) > 0)
      outcomes['2,500 sends see 3 turns'] = show((await ticks(sends(2500))) >= 3)
      outcomes['10,000 sends see 15 turns'] = show((await ticks(sends(10_000))) >= 15)
      const [pull, push] = await joined(zmq, sockets, 'Pull', 'Push')
      pull.receiveHighWaterMark = 0
      push.sendHighWaterMark = 0
      for (let i = 0; i < 3000; i++) await push.send('x')
      await sleep(100)
      outcomes['2,500 receives see 3 turns'] = show(
        (await ticks(async () => {
          for (let i = 0; i < 2500; i++) await pull.receive()
        })) >= 3,
      )
      const iterated = await ticks(async () => {
        let count = 0
        for await (const _ of pull) if (++count === 400) break
      })
      outcomes['iteration yields too'] = show(iterated <= 400)
      const impatient = sockets.use(new zmq.Publisher({ sendTimeout: 0 }))
      outcomes['with a time limit of 0 nothing waits for a turn'] = show(
        await ticks(async () => {
          for (let i = 0; i < 2500; i++) await impatient.send('x')
        }),
      )
      return outcomes
    },
  },
  {
    name: 'order: a receive that waits gets the message before a later one, and settles after the send',
    run: async (zmq, sockets) => {
      const [pull, push] = await joined(zmq, sockets, 'Pull', 'Push')
      const order = []
      const receiving = pull.receive().then(() => order.push('received'))
      const sending = push.send('x').then(() => order.push('sent'))
      queueMicrotask(() => order.push('microtask'))
      await Promise.all([receiving, sending])
      return show(order)
    },
  },
  {
    // How much before is not asked: the native package counts from when the event loop last looked, on a busy machine a while ago.
    name: 'time limits: not much later',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const ms of [1, 50, 120]) {
        const socket = sockets.use(new zmq.Dealer({ sendTimeout: ms, receiveTimeout: ms }))
        for (const [what, run] of [
          ['send', () => socket.send('x')],
          ['receive', () => socket.receive()],
        ]) {
          const start = performance.now()
          const outcome = await settled(run(), 5000)
          const took = performance.now() - start
          outcomes[`${what} within ${ms} ms`] = show([outcome, took < ms + 4000])
        }
      }
      return outcomes
    },
  },
]
