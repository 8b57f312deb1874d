// Differences that are meant, each shown as it is: a row of docs/zeromq-differences.md is true as long as its probe passes here. Rows about
// what a foreign peer sends, or about many connections, are shown by tests of their own.
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EINVAL, ROWS } from './differences.mjs'
import { attempt, inproc, settled, show, sleep, until } from './tools.mjs'

async function joined(zmq, sockets, bound, dialled, address = 'tcp://127.0.0.1:*') {
  const there = sockets.use(new zmq[bound[0]](bound[1]))
  const here = sockets.use(new zmq[dialled[0]](dialled[1]))
  await there.bind(address)
  here.connect(there.lastEndpoint)
  return [there, here]
}

const row = (name, text, here, run) => ({ name, run, differs: [{ at: 'outcome', here, row: text }] })

export const deliberate = [
  row('mandatory without any peer', ROWS.mandatoryAlone, /EHOSTUNREACH/, async (zmq, sockets) => {
    const router = sockets.use(new zmq.Router({ mandatory: true }))
    return settled(router.send(['nobody', 'x']), 50)
  }),
  row(
    'a second peer of the same identity at a ROUTER',
    ROWS.twins,
    "[ 'first', 'closed' ]",
    async (zmq, sockets) => {
      const router = sockets.use(new zmq.Router())
      await router.bind('tcp://127.0.0.1:*')
      const make = () => sockets.use(new zmq.Dealer({ routingId: 'twin', reconnectInterval: -1 }))
      const first = make()
      first.connect(router.lastEndpoint)
      await first.send('first')
      const [, text] = await router.receive()
      const second = make()
      let end = 'open'
      second.events.on('disconnect', () => {
        end = 'closed'
      })
      second.connect(router.lastEndpoint)
      await sleep(200)
      return show([String(text), end])
    },
  ),
  row(
    'two REQ of the same identity at a REP',
    ROWS.twinsOfReply,
    "[ 'one', 'two' ]",
    async (zmq, sockets) => {
      const reply = sockets.use(new zmq.Reply({ receiveTimeout: 300 }))
      await reply.bind('tcp://127.0.0.1:*')
      const heard = []
      for (const text of ['one', 'two']) {
        const request = sockets.use(new zmq.Request({ routingId: 'twin' }))
        request.connect(reply.lastEndpoint)
        await request.send(text)
        try {
          heard.push(String((await reply.receive())[0]))
          await reply.send('yes')
          await request.receive()
        } catch (error) {
          heard.push(error.code)
        }
      }
      return show(heard)
    },
  ),
  row('noDrop and writable', ROWS.noDropWritable, "[ 'EAGAIN', false ]", async (zmq, sockets) => {
    const [publisher, subscriber] = await joined(
      zmq,
      sockets,
      ['XPublisher', { noDrop: true, sendHighWaterMark: 2, sendTimeout: 0 }],
      ['Subscriber', { receiveHighWaterMark: 1 }],
    )
    subscriber.subscribe('')
    await publisher.receive()
    let outcome = 'sent'
    for (let i = 0; i < 2000 && outcome === 'sent'; i++) {
      outcome = await publisher.send(Buffer.alloc(100_000)).then(
        () => 'sent',
        (error) => error.code,
      )
    }
    return show([outcome, publisher.writable])
  }),
  row('conflate on a SUB', ROWS.conflateSubscriber, "[ 'a', 'b' ]", async (zmq, sockets) => {
    const publisher = sockets.use(new zmq.Publisher())
    const name = inproc()
    await publisher.bind(name)
    const subscriber = sockets.use(new zmq.Subscriber({ conflate: true }))
    subscriber.connect(name)
    subscriber.subscribe('a', 'b')
    await sleep(50)
    const got = []
    for (const topic of ['a', 'b']) {
      await publisher.send(topic)
      await sleep(30)
      if (subscriber.readable) got.push(String(await subscriber.receive()))
    }
    return show(got)
  }),
  row('inproc between types that do not fit', ROWS.inproc, 'pending', async (zmq, sockets) => {
    const [pull, dealer] = await joined(zmq, sockets, ['Pull'], ['Dealer'], inproc())
    dealer.send('x').catch(() => {})
    return settled(pull.receive(), 100)
  }),
  row('inproc: a name that is bound again', ROWS.inproc, /^resolves/, async (zmq, sockets) => {
    const name = inproc()
    const push = sockets.use(new zmq.Push({ reconnectInterval: 10 }))
    push.connect(name)
    for (let i = 0; i < 2; i++) {
      const pull = sockets.use(new zmq.Pull())
      await pull.bind(name)
      await settled(push.send('x'), 100)
      const outcome = await settled(pull.receive(), 300)
      if (i === 1) return outcome
      pull.close()
      await sleep(50)
    }
  }),
  row('a path that somebody listens on', ROWS.ipc, /EADDRINUSE/, async (zmq, sockets) => {
    const [one, two] = [1, 2].map(() => sockets.use(new zmq.Pull()))
    await one.bind('ipc://*')
    return (await attempt(() => two.bind(one.lastEndpoint))).replace(/, address.*/, '')
  }),
  row('a path where there is a file', ROWS.ipc, /EADDRINUSE/, async (zmq, sockets) => {
    const path = join(tmpdir(), `parity-${process.pid}-file`)
    writeFileSync(path, 'precious')
    const outcome = await attempt(() => sockets.use(new zmq.Pull()).bind(`ipc://${path}`))
    rmSync(path, { force: true })
    return outcome.replace(/, address.*/, '')
  }),
  row('the routing id part', ROWS.routingIdPart, 'true', async (zmq, sockets) => {
    const [router, dealer] = await joined(zmq, sockets, ['Router'], ['Dealer'])
    await dealer.send('a')
    await dealer.send('b')
    const [one] = await router.receive()
    const [two] = await router.receive()
    return show(one === two)
  }),
  row('a message of 65,537 parts', ROWS.manyParts, 'pending', async (zmq, sockets) => {
    const [pull, push] = await joined(zmq, sockets, ['Pull'], ['Push'])
    await push.send(new Array(65_537).fill(''))
    const outcome = settled(
      pull.receive().then((parts) => parts.length),
      1000,
    )
    return outcome
  }),
  row('unbindSync', ROWS.unbindSync, 'undefined', async (zmq, sockets) => {
    const pull = sockets.use(new zmq.Pull())
    pull.bindSync('tcp://127.0.0.1:*')
    return (await attempt(() => pull.unbindSync(pull.lastEndpoint))).replace(/, address.*/, '')
  }),
  row(
    'a Proxy of what is no socket',
    ROWS.proxyOfNothing,
    'throws TypeError "Front-end must be a socket object"',
    (zmq, sockets) => attempt(() => new zmq.Proxy({}, sockets.use(new zmq.Dealer()))),
  ),
  row(
    'messages sent by an XSUB in several parts',
    ROWS.severalPartsUp,
    /\[ '\\x01a', 'b' \]/,
    async (zmq, sockets) => {
      const [xpub, xsub] = await joined(zmq, sockets, ['XPublisher'], ['XSubscriber'])
      await until(() => xsub.writable)
      await sleep(50)
      await xsub.send(['\x01a', 'b'])
      return settled(
        xpub.receive().then((parts) => parts.map(String)),
        300,
      )
    },
  ),
  row(
    'a peer that a ROUTER with mandatory cannot reach, beside one that it can',
    ROWS.mandatoryFull,
    'pending',
    async (zmq, sockets) => {
      const router = sockets.use(new zmq.Router({ mandatory: true, sendHighWaterMark: 1, linger: 0 }))
      router.connect(inproc(), { routingId: 'full' })
      router.connect(inproc(), { routingId: 'free' })
      await router.send(['full', '1'])
      return settled(router.send(['full', '2']), 50)
    },
  ),
  {
    name: 'a routing id that another peer has',
    // The native package would end this process.
    run: (zmq, sockets) => {
      if (zmq.version === '4.3.5' && !('counters' in zmq.Socket.prototype)) return 'not asked'
      const router = sockets.use(new zmq.Router())
      router.connect(inproc(), { routingId: 'taken' })
      return attempt(() => router.connect('inproc://other', { routingId: 'taken' }))
    },
    differs: [{ at: 'outcome', here: `${EINVAL}, address 'inproc://other'`, row: ROWS.takenId }],
  },
]
