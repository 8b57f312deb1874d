// Our sockets against libzmq where it is about more than messages that get through (matrix.test.ts): restarts, heartbeats, floods.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { sleep, within } from '../support/within.ts'
import { Actor, type Run } from './support/actions.mjs'
import { checkExchange, close, link, open, seen } from './support/links.ts'
import { type Doer, LIBRARIES, type Library, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'
import { type End, expected, runOf, type Type } from './support/scenario.ts'

const python = pythonOr('sockets against the libzmq of pyzmq')

type Register = (name: string, run: () => Promise<void>) => void

const OURS = runOf('ours', 20)
const THEIRS = runOf('theirs', 20)

for (const library of LIBRARIES) {
  const tests = suite(`sockets against ${library}`)
  const there = library === 'zeromq' || python !== undefined
  const test: Register = there ? tests : tests.skip // skipped ones count for the floor
  const actor = new Actor(zmq)
  let peer: Peer
  const ends = (ours: Type, theirs: Type, doer: Doer = peer): [End, End] => [
    { doer: actor, type: ours, name: 'ours', run: OURS },
    { doer, type: theirs, name: 'theirs', run: THEIRS },
  ]
  tests.before(() => {
    if (there) peer = new Peer(library)
  })
  tests.after(async () => {
    if (there) await peer.end()
  })

  test('the peer is a libzmq 4.3', async () => {
    assert.match(String(await peer.run({ do: 'version' })), /^4\.3\./)
  })

  restartTests(test, library, actor, ends)
  heartbeatTests(test, library, actor, ends)

  test('our DEALER with probeRouter shows itself to a ROUTER by an empty message', async () => {
    const [us, them] = ends('DEALER', 'ROUTER')
    await open(us, { probeRouter: true })
    await open(them)
    await link(them, us, 'tcp')
    const probes = (await peer.run({ do: 'receive', name: 'theirs', count: 1, strip: 1 })) as string[]
    assert.match(probes[0]!, /^0:/)
    await close(us, them)
  })

  test('our ROUTER takes the probe of a DEALER as an empty message', async () => {
    const [us, them] = ends('ROUTER', 'DEALER')
    await open(us)
    await open(them, { probeRouter: true })
    await link(us, them, 'tcp')
    const probes = (await within(
      10_000,
      actor.run({ do: 'receive', name: 'ours', count: 1, strip: 1 }) as Promise<string[]>,
    )) as string[]
    assert.match(probes[0]!, /^0:/)
    await close(us, them)
  })

  for (const [ours, theirs] of [
    ['REQ', 'REP'],
    ['REQ', 'ROUTER'],
  ] as const) {
    test(`our ${ours} with correlate and relaxed is answered by a ${theirs}`, async () => {
      const [us, them] = ends(ours, theirs)
      await open(us, { correlate: true, relaxed: true })
      await open(them)
      await link(them, us, 'tcp')
      const route = theirs === 'ROUTER' ? 3 : 0 // peer id, request id, delimiter
      const answered = peer.run({ do: 'reply', name: 'theirs', run: THEIRS, route })
      const digests = await within(
        10_000,
        actor.run({ do: 'request', name: 'ours', run: OURS }) as Promise<string[]>,
      )
      assert.equal(digests, expected(THEIRS))
      assert.equal(await answered, expected(OURS))
      await close(us, them)
    })
  }

  test('our REP and our ROUTER answer a REQ with correlate', async () => {
    for (const [type, route] of [
      ['REP', 0],
      ['ROUTER', 3],
    ] as const) {
      const [us, them] = ends(type, 'REQ')
      await open(us)
      await open(them, { correlate: true, relaxed: true })
      await link(us, them, 'tcp')
      const answered = actor.run({ do: 'reply', name: 'ours', run: OURS, route }) as Promise<string[]>
      const digests = await peer.run({ do: 'request', name: 'theirs', run: THEIRS })
      assert.equal(digests, expected(OURS))
      assert.equal(await within(10_000, answered), expected(THEIRS))
      await close(us, them)
    }
  })

  const flood: Run = { seed: 'flood', count: 5000, shapes: [[1024], [0, 4000]] } // far above all high-water marks
  for (const [ours, theirs] of [
    ['DEALER', 'ROUTER'],
    ['ROUTER', 'DEALER'],
    ['PAIR', 'PAIR'],
  ] as const) {
    for (const weSend of [true, false]) {
      const who = weSend ? `our ${ours} sends to` : `our ${ours} gets from`
      test(`nothing is lost when ${who} a ${theirs} faster than the receiver takes it`, async () => {
        const [us, them] = ends(ours, theirs)
        await open(us)
        await open(them)
        await link(us, them, 'tcp')
        const [sender, receiver] = weSend ? [us, them] : [them, us]
        // Each side has heard of the other before the flood begins.
        await us.doer.run({ do: 'greet', name: 'ours', parts: prefixed(us, ['hello']) })
        await them.doer.run({ do: 'receive', name: 'theirs', count: 1 })
        await them.doer.run({ do: 'greet', name: 'theirs', parts: prefixed(them, ['hello']) })
        await us.doer.run({ do: 'receive', name: 'ours', count: 1 })
        const sent = sender.doer.run({
          do: 'send',
          name: sender.name,
          run: flood,
          prefix: prefixed(sender, []),
        })
        await sleep(300)
        const strip = receiver.type === 'ROUTER' ? 1 : 0
        const received = receiver.doer.run({ do: 'receive', name: receiver.name, count: flood.count, strip })
        await within(30_000, Promise.all([sent, received]), 'the flood')
        assert.equal(await received, expected(flood))
        await close(us, them)
      })
    }
  }

  tests.run()
}

function prefixed(end: End, parts: string[]): string[] {
  return end.type === 'ROUTER' ? [end.name === 'ours' ? 'theirs' : 'ours', ...parts] : parts
}

type Ends = (ours: Type, theirs: Type, doer?: Doer) => [End, End]

function restartTests(test: Register, library: Library, actor: Actor, ends: Ends): void {
  for (const [ours, theirs] of [
    ['DEALER', 'ROUTER'],
    ['ROUTER', 'ROUTER'],
    ['REQ', 'REP'],
    ['DEALER', 'REP'],
    ['PUSH', 'PULL'],
    ['PULL', 'PUSH'],
    ['PAIR', 'PAIR'],
    ['PUB', 'SUB'],
    ['SUB', 'PUB'],
    ['XSUB', 'XPUB'],
  ] as const) {
    for (const transport of ['tcp', 'ipc'] as const) {
      test(`our ${ours} reconnects over ${transport} when the process of the ${theirs} was killed and started again`, async () => {
        let other = new Peer(library)
        try {
          const [us, them] = ends(ours, theirs, other)
          await open(us, { reconnectInterval: 20 })
          await open(them)
          const endpoint = await link(them, us, transport)
          await checkExchange(us, them)
          await other.kill()
          other = new Peer(library)
          const again: End = { ...them, doer: other }
          await open(again)
          await other.run({ do: 'bind', name: 'theirs', endpoint })
          await checkExchange(us, again)
          await actor.run({ do: 'close', name: 'ours' })
        } finally {
          await other.end()
        }
      })
    }
  }

  for (const [ours, theirs] of [
    ['ROUTER', 'DEALER'],
    ['REP', 'REQ'],
  ] as const) {
    test(`a ${theirs} reconnects when our ${ours} was closed and bound again`, async () => {
      const other = new Peer(library)
      try {
        const [us, them] = ends(ours, theirs, other)
        await open(us)
        await open(them, { reconnectInterval: 20 })
        const endpoint = await link(us, them, 'tcp')
        await checkExchange(us, them)
        await other.run({ do: 'watch', name: 'theirs' })
        await actor.run({ do: 'close', name: 'ours' })
        await seen(other, 'theirs', 'disconnect')
        await open(us)
        await actor.run({ do: 'bind', name: 'ours', endpoint })
        await checkExchange(us, them)
        await actor.run({ do: 'close', name: 'ours' })
      } finally {
        await other.end()
      }
    })
  }
}

function heartbeatTests(test: Register, library: Library, actor: Actor, ends: Ends): void {
  for (const [ours, theirs] of [
    ['ROUTER', 'DEALER'],
    ['DEALER', 'ROUTER'],
    ['REP', 'REQ'],
    ['REQ', 'REP'],
  ] as const) {
    test(`our ${ours} answers the PINGs of a silent ${theirs}, so that it stays connected`, async () => {
      const other = new Peer(library)
      try {
        const [us, them] = ends(ours, theirs, other)
        await open(us)
        await open(them, { heartbeatInterval: 50, heartbeatTimeout: 150 })
        await other.run({ do: 'watch', name: 'theirs' })
        await link(us, them, 'tcp')
        await seen(other, 'theirs', 'handshake')
        await sleep(600)
        const events = (await other.run({ do: 'events', name: 'theirs' })) as Record<string, number>
        assert.is(events.disconnect, undefined)
        assert.is(events.handshake, 1)
        await checkExchange(us, them)
        await actor.run({ do: 'close', name: 'ours' })
      } finally {
        await other.end()
      }
    })
  }

  test('our DEALER with heartbeats stays connected to a silent ROUTER and leaves one whose process stopped', async () => {
    const other = new Peer(library)
    try {
      const [us, them] = ends('DEALER', 'ROUTER', other)
      await open(us, { heartbeatInterval: 50, heartbeatTimeout: 200 })
      await open(them)
      await actor.run({ do: 'watch', name: 'ours' })
      await link(them, us, 'tcp')
      await seen(actor, 'ours', 'handshake')
      await sleep(600)
      assert.is((actor.run({ do: 'events', name: 'ours' }) as Record<string, number>).disconnect, undefined)
      other.child.signal('SIGSTOP')
      await seen(actor, 'ours', 'disconnect')
      other.child.signal('SIGCONT')
      await checkExchange(us, them)
      await actor.run({ do: 'close', name: 'ours' })
    } finally {
      other.child.signal('SIGCONT')
      await other.end()
    }
  })
}
