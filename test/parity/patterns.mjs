// What the options of single socket types do, seen from outside: ROUTER, REQ, publishers and subscribers, conflation. Each over inproc,
// where the native package is as quick as ours; what is said of tcp is in the interop tests.
import { ROWS } from './differences.mjs'
import { attempt, inproc, PATIENCE, settled, show, sleep, until } from './tools.mjs'

const text = (parts) => show(parts.map((part) => part.toString('latin1')))

/** All messages that are there, or come within `ms`. */
async function all(socket, ms = 50) {
  const messages = []
  const end = performance.now() + ms * PATIENCE
  while (performance.now() < end) {
    if (socket.readable) messages.push((await socket.receive()).map((part) => part.toString('latin1')))
    else await sleep(2)
  }
  return show(messages)
}

async function joined(zmq, sockets, bound, dialled, address = inproc()) {
  const there = sockets.use(new zmq[bound[0]](bound[1]))
  const here = sockets.use(new zmq[dialled[0]](dialled[1]))
  await there.bind(address)
  here.connect(there.lastEndpoint)
  return [there, here]
}

/** Passes a message through until it arrives: then subscriptions are in force. */
async function warm(publisher, subscriber, topic) {
  await until(() => {
    publisher.send(topic)
    return subscriber.readable
  })
  await sleep(20)
  while (subscriber.readable) await subscriber.receive()
}

export const patterns = [
  {
    name: 'ROUTER sends to nobody: dropped, or refused when it is mandatory',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const mandatory of [false, true]) {
        const [router, dealer] = await joined(
          zmq,
          sockets,
          ['Router', { mandatory, sendTimeout: 0 }],
          ['Dealer', { routingId: 'd' }],
        )
        await dealer.send('hello')
        await router.receive()
        for (const message of [['nobody', 'x'], ['d', 'x'], ['d'], 'd', ['', 'x'], ['d', ''], []]) {
          outcomes[`mandatory ${mandatory}: ${show(message)}`] = await attempt(() => router.send(message))
        }
        outcomes[`mandatory ${mandatory}: arrives`] = await all(dealer)
        dealer.close()
        await until(() => true)
        await sleep(30)
        outcomes[`mandatory ${mandatory}: gone`] = await attempt(() => router.send(['d', 'x']))
      }
      return outcomes
    },
  },
  {
    name: 'ROUTER full: drops, or waits when it is mandatory',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const mandatory of [false, true]) {
        const router = sockets.use(
          new zmq.Router({ mandatory, sendHighWaterMark: 2, sendTimeout: 20, linger: 0 }),
        )
        router.connect(inproc(), { routingId: 'late' })
        for (let i = 1; i <= 4; i++) {
          outcomes[`mandatory ${mandatory}: message ${i} of 2`] =
            `${await attempt(() => router.send(['late', `${i}`]))}, ${router.writable}`
        }
      }
      return outcomes
    },
  },
  {
    name: 'ROUTER addresses a peer by the id given to connect, before there is one',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const name = inproc()
      const router = sockets.use(new zmq.Router({ mandatory: true }))
      router.connect(name, { routingId: 'chosen' })
      outcomes['before the bind'] = await attempt(() => router.send(['chosen', 'early']))
      outcomes['by another id'] = await attempt(() => router.send(['other', 'x']))
      const there = sockets.use(new zmq.Router({ routingId: 'own' }))
      await there.bind(name)
      outcomes.arrives = text((await there.receive()).slice(1))
      return outcomes
    },
  },
  {
    name: 'identities: what a ROUTER calls its peers',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const router = sockets.use(new zmq.Router())
      const name = inproc()
      await router.bind(name)
      for (const [label, routingId] of [
        ['a text', 'me'],
        ['UTF-8', 'åbçdéfghïjk'],
        ['octets', Buffer.from([1, 0, 255])],
        ['none', undefined],
      ]) {
        const dealer = sockets.use(new zmq.Dealer(routingId === undefined ? {} : { routingId }))
        dealer.connect(name)
        await dealer.send('x')
        const [id] = await router.receive()
        outcomes[label] = routingId === undefined ? show([id.length, id[0]]) : show(id)
        await router.send([id, 'back'])
        outcomes[`${label}: and back`] = text(await dealer.receive())
        dealer.close()
      }
      return outcomes
    },
  },
  {
    name: 'handover: a new peer takes the identity over',
    run: async (zmq, sockets) => {
      const router = sockets.use(new zmq.Router({ handover: true }))
      await router.bind('tcp://127.0.0.1:*')
      const got = []
      for (const text of ['one', 'two']) {
        const dealer = sockets.use(new zmq.Dealer({ routingId: 'twin', reconnectInterval: -1 }))
        dealer.connect(router.lastEndpoint)
        await dealer.send(text)
        const [id, part] = await router.receive()
        await router.send([id, `to ${part}`])
        got.push(String(await dealer.receive()))
      }
      return show(got)
    },
  },
  {
    name: 'probeRouter sends an empty message on each new connection',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const type of ['Dealer', 'Router', 'Request']) {
        const [router] = await joined(
          zmq,
          sockets,
          ['Router'],
          [type, { probeRouter: true, routingId: 'prober' }],
        )
        outcomes[type] = await all(router)
      }
      return outcomes
    },
  },
  {
    name: 'REQ with correlate and relaxed',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const options of [
        {},
        { correlate: true },
        { relaxed: true },
        { relaxed: true, correlate: true },
      ]) {
        const [router, request] = await joined(
          zmq,
          sockets,
          ['Router'],
          ['Request', { ...options, sendTimeout: 0 }],
        )
        const label = show(options)
        await request.send('first')
        const first = await router.receive()
        outcomes[`${label}: envelope`] = show(first.slice(1).map((part) => part.length))
        outcomes[`${label}: a second request`] = await attempt(() => request.send('second'))
        if (!options.relaxed) continue
        const second = await router.receive()
        await router.send([...first.slice(0, -1), 'to the first'])
        await router.send([...second.slice(0, -1), 'to the second'])
        outcomes[`${label}: the answer`] = text(await request.receive())
        request.receiveTimeout = 30
        outcomes[`${label}: and no more`] = await attempt(() => request.receive())
      }
      return outcomes
    },
  },
  {
    name: 'REQ takes no answer without its envelope',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [router, request] = await joined(zmq, sockets, ['Router'], ['Request', { receiveTimeout: 50 }])
      await request.send('x')
      const [id, empty] = await router.receive()
      outcomes['several parts'] = await attempt(async () => {
        await router.send([id, empty, 'a', '', 'b'])
        return text(await request.receive())
      })
      return outcomes
    },
  },
  {
    name: 'REP keeps the envelope to itself, however many hops',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [reply, dealer] = await joined(zmq, sockets, ['Reply'], ['Dealer'])
      for (const envelope of [[''], ['hop', ''], ['hop', 'hop2', ''], ['', '']]) {
        await dealer.send([...envelope, 'body', 'more'])
        outcomes[show(envelope)] = text(await reply.receive())
        await reply.send(['answer', ''])
        outcomes[`${show(envelope)} and back`] = text(await dealer.receive())
      }
      await dealer.send('no delimiter')
      await dealer.send(['', 'good'])
      outcomes['a message without a delimiter is passed over'] = text(await reply.receive())
      return outcomes
    },
  },
  {
    name: 'subscriptions: what matches, how often, and what ends it',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [publisher, subscriber] = await joined(zmq, sockets, ['Publisher'], ['Subscriber'])
      const hears = async (what) => {
        await sleep(20)
        for (const topic of ['', 'a', 'ab', 'abc', 'b', '\x00', 'ä']) await publisher.send([topic, '.'])
        outcomes[what] = await all(subscriber, 40)
      }
      await hears('nothing subscribed')
      subscriber.subscribe('ab')
      await hears('ab')
      subscriber.subscribe('ab', 'b')
      await hears('ab twice, b')
      subscriber.unsubscribe('ab')
      await hears('ab once, b')
      subscriber.unsubscribe('ab')
      await hears('b')
      subscriber.unsubscribe('b', 'never asked')
      await hears('nothing any more')
      subscriber.subscribe()
      await hears('everything')
      subscriber.unsubscribe()
      await hears('nothing again')
      subscriber.subscribe(Buffer.from([0]), 'ä')
      await hears('octets and UTF-8')
      for (const wrong of [5, undefined, {}, true])
        outcomes[`subscribe ${show(wrong)}`] = await attempt(() => subscriber.subscribe(wrong))
      outcomes['subscribe null'] = await attempt(() => subscriber.subscribe(null))
      await hears('null is everything')
      return outcomes
    },
  },
  {
    name: 'XPUB tells what is subscribed, as verbosely as it is asked to',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const verbosity of [undefined, null, 'allSubs', 'allSubsUnsubs']) {
        const options = verbosity === undefined ? {} : { verbosity }
        const [xpub, one] = await joined(zmq, sockets, ['XPublisher', options], ['XSubscriber'])
        const two = sockets.use(new zmq.Subscriber())
        two.connect(xpub.lastEndpoint)
        const steps = [
          () => one.send('\x01a'),
          () => one.send('\x01a'),
          () => two.subscribe('a'),
          () => one.send('\x00a'),
          () => one.send('\x00a'),
          () => two.unsubscribe('a'),
        ]
        // Received step by step: until then the native package has not looked.
        for (const [at, step] of steps.entries()) {
          await step()
          outcomes[`${verbosity}, step ${at}`] = await all(xpub, 30)
        }
      }
      return outcomes
    },
  },
  {
    name: 'XPUB hears what is no subscription, too',
    run: async (zmq, sockets) => {
      const [xpub, xsub] = await joined(zmq, sockets, ['XPublisher'], ['XSubscriber'])
      await sleep(20)
      for (const message of ['plain', '', '\x02x', ['two', 'parts']]) await xsub.send(message)
      return all(xpub)
    },
  },
  {
    name: 'manual leaves subscriptions to the application, welcomeMessage greets',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [xpub, subscriber] = await joined(zmq, sockets, ['XPublisher', { manual: true }], ['Subscriber'])
      subscriber.subscribe('asked')
      outcomes.request = text(await xpub.receive())
      xpub.setStringOption(6, Buffer.from('as'))
      await sleep(10)
      for (const topic of ['asked', 'asset', 'other']) await xpub.send(topic)
      outcomes['a wider subscription, filtered again by SUB'] = await all(subscriber)
      xpub.manual = false

      const greeter = sockets.use(new zmq.XPublisher({ welcomeMessage: 'hello' }))
      const greeted = sockets.use(new zmq.Subscriber())
      await greeter.bind(inproc())
      greeted.subscribe('hello')
      greeted.connect(greeter.lastEndpoint)
      outcomes['the greeter hears'] = text(await greeter.receive())
      outcomes.welcome = await all(greeted)
      greeter.welcomeMessage = null
      const later = sockets.use(new zmq.Subscriber())
      later.subscribe('')
      later.connect(greeter.lastEndpoint)
      outcomes['no welcome'] = await all(later)
      return outcomes
    },
  },
  {
    name: 'invertMatching delivers what does not match',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const [publisher, subscriber] = await joined(
        zmq,
        sockets,
        ['Publisher', { invertMatching: true }],
        ['Subscriber', { invertMatching: true }],
      )
      subscriber.subscribe('a')
      await sleep(50)
      for (const topic of ['a', 'ab', 'b', '']) await publisher.send(topic)
      outcomes.inverted = await all(subscriber)
      return outcomes
    },
  },
  {
    name: 'noDrop makes a publisher wait for a full subscriber',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const noDrop of [false, true]) {
        const publisher = sockets.use(new zmq.Publisher({ noDrop, sendHighWaterMark: 2, sendTimeout: 0 }))
        const subscriber = sockets.use(new zmq.Subscriber({ receiveHighWaterMark: 1 }))
        const name = inproc()
        await publisher.bind(name)
        subscriber.subscribe('')
        subscriber.connect(name)
        await warm(publisher, subscriber, 'w')
        const outcome = new Set()
        for (let i = 0; i < 500; i++) outcome.add(await attempt(() => publisher.send(Buffer.alloc(10_000))))
        outcomes[`noDrop ${noDrop}`] = show([...outcome])
      }
      return outcomes
    },
  },
  {
    name: 'conflate keeps the newest message',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const [from, to] of [
        ['Push', 'Pull'],
        ['Dealer', 'Dealer'],
        ['Publisher', 'Subscriber'],
      ]) {
        const receiver = sockets.use(new zmq[to](to === 'Subscriber' ? {} : { conflate: true }))
        const sender = sockets.use(new zmq[from]())
        const name = inproc()
        if (to === 'Subscriber') {
          receiver.subscribe('')
          receiver.conflate = true
        }
        await sender.bind(name)
        receiver.connect(name)
        await sleep(50)
        for (let i = 0; i < 10; i++) await sender.send(`${i}`)
        await sleep(50)
        outcomes[`${from} to ${to}`] = await all(receiver)
      }
      return outcomes
    },
  },
  {
    name: 'round robin and fair queueing',
    run: async (zmq, sockets) => {
      const outcomes = {}
      const push = sockets.use(new zmq.Push())
      const name = inproc()
      await push.bind(name)
      const pulls = [1, 2, 3].map(() => sockets.use(new zmq.Pull()))
      for (const pull of pulls) {
        pull.connect(name)
        await sleep(10)
      }
      for (let i = 0; i < 9; i++) await push.send(`${i}`)
      for (const [at, pull] of pulls.entries()) outcomes[`pull ${at}`] = await all(pull)
      const pull = sockets.use(new zmq.Pull())
      const many = inproc()
      await pull.bind(many)
      for (const letter of ['a', 'b', 'c']) {
        const sender = sockets.use(new zmq.Push())
        sender.connect(many)
        for (let i = 0; i < 3; i++) await sender.send(`${letter}${i}`)
      }
      await sleep(50)
      outcomes['fair queueing'] = await all(pull)
      return outcomes
    },
  },
  {
    name: 'immediate queues only for peers that are there',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const immediate of [false, true]) {
        const push = sockets.use(new zmq.Push({ immediate, sendTimeout: 20, linger: 0 }))
        push.connect('tcp://127.0.0.1:1')
        outcomes[`immediate ${immediate}`] = `${push.writable}, ${await attempt(() => push.send('x'))}`
      }
      return outcomes
    },
  },
  {
    name: 'incompatible sockets exchange nothing over tcp',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const [bound, dialled] of [
        ['Pull', 'Publisher'],
        ['Reply', 'Push'],
        ['Pair', 'Dealer'],
        ['Subscriber', 'Dealer'],
      ]) {
        const [there, here] = await joined(
          zmq,
          sockets,
          [bound],
          [dialled, { linger: 0 }],
          'tcp://127.0.0.1:*',
        )
        const sent = settled(here.send('x'), 30)
        outcomes[`${dialled} to ${bound}`] = `${await settled(there.receive(), 60)}`
        await sent
      }
      return outcomes
    },
    differs: [{ at: 'Dealer to Subscriber', here: 'pending', row: ROWS.wrongWay, sometimes: true }],
  },
]
