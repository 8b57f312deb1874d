// PLAIN and CURVE against libzmq, with a ZAP handler on whichever side is the server: every legal pair of socket types, either role, either
// side binding, both libraries. Then what happens to those that may not come in, and that nobody tries again for ever.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { maybeDecodeZ85 } from '../../src/base/z85.ts'
import * as zmq from '../../src/zmtp/index.ts'
import { sleep, within } from '../support/within.ts'
import { Actor } from './support/actions.mjs'
import { acquaint, checkSame, close, eventsOf, link, open } from './support/links.ts'
import { LIBRARIES, type Library, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'
import { type End, exchange, expectedFrom, runOf, SPLITS, type Type } from './support/scenario.ts'

const python = pythonOr('PLAIN and CURVE with the libzmq of pyzmq')
const OURS = runOf('ours', 100)
const THEIRS = runOf('theirs', 100)

type Mechanism = 'PLAIN' | 'CURVE'
type Options = Record<string, unknown>

const SERVER = zmq.curveKeyPair()
const CLIENT = zmq.curveKeyPair()
const STRANGER = zmq.curveKeyPair()
const GOOD = {
  user: 'admin',
  password: 'secret',
  key: maybeDecodeZ85(CLIENT.publicKey)!.toString('base64'),
  domain: 'good',
}

const SERVERS: Record<Mechanism, Options> = {
  PLAIN: { plainServer: true },
  CURVE: { curveServer: true, curveSecretKey: SERVER.secretKey, curvePublicKey: SERVER.publicKey },
}
const CLIENTS: Record<Mechanism, Options> = {
  PLAIN: { plainUsername: GOOD.user, plainPassword: GOOD.password },
  CURVE: {
    curveServerKey: SERVER.publicKey,
    curvePublicKey: CLIENT.publicKey,
    curveSecretKey: CLIENT.secretKey,
  },
}
const REFUSED: Record<Mechanism, Options> = {
  PLAIN: { plainUsername: GOOD.user, plainPassword: 'wrong' },
  CURVE: {
    curveServerKey: SERVER.publicKey,
    curvePublicKey: STRANGER.publicKey,
    curveSecretKey: STRANGER.secretKey,
  },
}

interface Column {
  readonly library: Library
  readonly mechanism: Mechanism
  readonly weServe: boolean
  readonly weBind: boolean
}

interface Cell extends Column {
  readonly ours: Type
  readonly theirs: Type
}

const BOTH = [true, false] as const
const columns: Column[] = LIBRARIES.flatMap((library) =>
  (['PLAIN', 'CURVE'] as const).flatMap((mechanism) =>
    BOTH.flatMap((weServe) => BOTH.map((weBind) => ({ library, mechanism, weServe, weBind }))),
  ),
)
const rows = SPLITS.map(([ours, theirs]) => columns.map((column): Cell => ({ ...column, ours, theirs })))
const outcomes = new Map<Cell, Error | 'ok'>()

const actor = new Actor(zmq)
const peers = new Map<Library, Promise<Peer>>()

/** The peer of this library, in whose process there is a ZAP handler, as there is in ours. */
function peerOf(library: Library): Promise<Peer> {
  let peer = peers.get(library)
  if (peer === undefined) {
    peer = (async () => {
      const made = new Peer(library)
      await made.run({ do: 'zap', name: 'zap', ...GOOD })
      return made
    })()
    peers.set(library, peer)
  }
  return peer
}

function endsOf({ ours, theirs }: { ours: Type; theirs: Type }, peer: Peer): [End, End] {
  return [
    { doer: actor, type: ours, name: 'ours', run: OURS },
    { doer: peer, type: theirs, name: 'theirs', run: THEIRS },
  ]
}

async function play(cell: Cell): Promise<void> {
  const { library, mechanism, weServe, weBind } = cell
  const [us, them] = endsOf(cell, await peerOf(library))
  await open(us, (weServe ? SERVERS : CLIENTS)[mechanism])
  await open(them, (weServe ? CLIENTS : SERVERS)[mechanism])
  await (weBind ? link(us, them, 'tcp') : link(them, us, 'tcp'))
  if (isLame(cell)) {
    assert.is(await requestOf(them, us), 'hi')
  } else {
    await acquaint(us, them)
    const [weGot, theyGot] = await within(20_000, exchange(us, them), 'the exchange')
    checkSame(weGot, expectedFrom(them), 'what we got')
    checkSame(theyGot, expectedFrom(us), 'what they got')
  }
  await close(us, them)
}

/** A REQ of libzmq that is a server of PLAIN or CURVE ends the connection when the first reply comes, also one of libzmq's. */
function isLame({ weServe, theirs }: Cell): boolean {
  return !weServe && theirs === 'REQ'
}

/** The request that `asking` sends, as `asked` gets it. */
async function requestOf(asking: End, asked: End): Promise<string> {
  await asking.doer.run({ do: 'greet', name: asking.name, parts: ['hi'] })
  const parts = (await asked.doer.run({ do: 'take', name: asked.name, ms: 5000 })) as string[]
  return Buffer.from(parts.at(-1)!, 'base64').toString()
}

const tests = suite('PLAIN and CURVE with libzmq')

tests.before(async () => {
  await actor.run({ do: 'zap', name: 'zap', ...GOOD })
})
tests.after(async () => {
  printTable()
  actor.end()
  for (const peer of peers.values()) await (await peer).end()
})

for (const row of rows) {
  for (const cell of row) {
    const { library, mechanism, weServe, weBind, ours, theirs } = cell
    const test = library === 'zeromq' || python !== undefined ? tests : tests.skip
    const name = `${mechanism}: our ${ours} is the ${weServe ? 'server' : 'client'} and ${weBind ? 'binds' : 'connects'}, with a ${theirs} of ${library}`
    test(`U2, P9: ${name}`, async () => {
      try {
        await play(cell)
        outcomes.set(cell, 'ok')
      } catch (error) {
        outcomes.set(cell, error as Error)
        actor.run({ do: 'end', name: 'ours' })
        peers.get(library)?.then((peer) => peer.kill())
        peers.delete(library)
        throw error
      }
    })
  }
}

for (const library of LIBRARIES) {
  const test = library === 'zeromq' || python !== undefined ? tests : tests.skip
  test(`a REQ of ${library} that is a PLAIN server loses the reply of its own kind, too: those cells end with the request`, async () => {
    const other = new Peer(library)
    const req: End = { doer: await peerOf(library), type: 'REQ', name: 'req', run: OURS }
    const router: End = { doer: other, type: 'ROUTER', name: 'router', run: THEIRS }
    await open(req, SERVERS.PLAIN)
    await open(router, CLIENTS.PLAIN)
    await link(req, router, 'tcp')
    assert.is(await requestOf(req, router), 'hi')
    const answer = ['req', '', 'answer'].map((part) => Buffer.from(part).toString('base64'))
    await router.doer.run({ do: 'put', name: router.name, parts: answer })
    assert.is(await req.doer.run({ do: 'take', name: req.name, ms: 500 }), null)
    await req.doer.run({ do: 'end', name: req.name })
    await other.end()
  })
}

// ---- those that may not come in

for (const column of columns) {
  const { library, mechanism, weServe, weBind } = column
  const test = library === 'zeromq' || python !== undefined ? tests : tests.skip
  const server = weServe ? 'us' : library
  test(`Z4, P7: wrong credentials for ${mechanism} at ${server}, where ${weBind ? 'we bind' : 'we connect'}, get nothing through, and nobody loops`, async () => {
    const peer = await peerOf(library)
    const [us, them] = endsOf(
      weServe ? { ours: 'ROUTER', theirs: 'DEALER' } : { ours: 'DEALER', theirs: 'ROUTER' },
      peer,
    )
    await open(us, { ...(weServe ? SERVERS : REFUSED)[mechanism], reconnectInterval: 10, linger: 0 })
    await open(them, { ...(weServe ? REFUSED : SERVERS)[mechanism], reconnectInterval: 10, linger: 0 })
    const connecter = weBind ? them : us
    await connecter.doer.run({ do: 'watch', name: connecter.name })
    await (weBind ? link(us, them, 'tcp') : link(them, us, 'tcp'))
    const [serving, asking] = weServe ? [us, them] : [them, us]
    await asking.doer.run({ do: 'attempt', name: asking.name, parts: ['aGk='], ms: 200 })
    assert.is(await serving.doer.run({ do: 'take', name: serving.name, ms: 500 }), null)
    // Where the refused one has been dialled, it is the server that goes on dialling: it was refused nothing.
    if (connecter === asking) {
      const before = await eventsOf(connecter.doer, connecter.name, 'connect')
      await sleep(300)
      assert.is(before, 1)
      assert.is(await eventsOf(connecter.doer, connecter.name, 'connect'), 1)
    }
    assert.is(await eventsOf(connecter.doer, connecter.name, 'handshake'), 0)
    await close(us, them)
  })
}

for (const library of LIBRARIES) {
  const test = library === 'zeromq' || python !== undefined ? tests : tests.skip
  for (const weServe of BOTH) {
    const server = weServe ? 'us' : library
    test(`NULL with a domain at ${server}: the handler is asked for ${library === server ? 'us' : library}`, async () => {
      const peer = await peerOf(library)
      for (const [zapDomain, comesIn] of [
        ['good', true],
        ['bad', false],
      ] as const) {
        const [us, them] = endsOf({ ours: 'PAIR', theirs: 'PAIR' }, peer)
        await open(us, weServe ? { zapDomain } : {})
        await open(them, weServe ? {} : { zapDomain })
        await (weServe ? link(us, them, 'tcp') : link(them, us, 'tcp'))
        const [serving, asking] = weServe ? [us, them] : [them, us]
        await asking.doer.run({ do: 'attempt', name: asking.name, parts: ['aGk='], ms: 500 })
        const taken = await serving.doer.run({ do: 'take', name: serving.name, ms: comesIn ? 5000 : 400 })
        assert.equal(taken, comesIn ? ['aGk='] : null)
        for (const end of [us, them]) await end.doer.run({ do: 'end', name: end.name })
      }
    })
  }
}

for (const library of LIBRARIES) {
  const test = library === 'zeromq' || python !== undefined ? tests : tests.skip
  test(`Z3: told nothing by a 300, a client of ${library} comes back, and is let in by then`, async () => {
    const peer = await peerOf(library)
    const statuses = ['300', '300', '200']
    const pull = new zmq.Pull({ plainServer: true, linger: 0, receiveTimeout: 10_000 })
    pull.authenticator = () => ({ status: statuses.shift() ?? '200' })
    await pull.bind('tcp://127.0.0.1:0')
    const them: End = { doer: peer, type: 'PUSH', name: 'back', run: THEIRS }
    await open(them, { ...CLIENTS.PLAIN, reconnectInterval: 20 })
    await peer.run({ do: 'connect', name: 'back', endpoint: pull.lastEndpoint! })
    await peer.run({ do: 'greet', name: 'back', parts: ['hi'] })
    assert.is(String(await within(15_000, pull.receive())), 'hi')
    assert.equal(statuses, [])
    await peer.run({ do: 'end', name: 'back' })
    pull.close()
  })
}

function printTable(): void {
  const line = (head: string, texts: readonly string[]): void =>
    console.log(`REPORT: ${[head.padEnd(14), ...texts.map((text) => text.padStart(8))].join('')}`)
  for (const [head, text] of [
    ['libzmq of', ({ library }: Column) => library],
    ['mechanism', ({ mechanism }: Column) => mechanism],
    ['we are', ({ weServe }: Column) => (weServe ? 'server' : 'client')],
    ['and', ({ weBind }: Column) => (weBind ? 'bind' : 'connect')],
  ] as const) {
    line(head, columns.map(text))
  }
  for (const row of rows) {
    const texts = row.map((cell) => {
      const outcome = outcomes.get(cell)
      if (outcome === undefined) return 'not here'
      if (outcome !== 'ok') return 'FAILED'
      return isLame(cell) ? 'ok*' : 'ok'
    })
    line(`${row[0]!.ours} ${row[0]!.theirs}`, texts)
  }
  const green = [...outcomes.values()].filter((outcome) => outcome === 'ok').length
  console.log(`REPORT: ${outcomes.size} cells, ${green} green; *: as far as libzmq goes with itself`)
}

tests.run()
