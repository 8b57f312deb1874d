/**
 * The rows of test/vectors/hostile-security.json against servers, P against PLAIN and C against CURVE: real ROUTERs, with the octets whole,
 * one at a time, split at random, and beside an honest peer at work; that peer is served in each of them. And the engine alone,
 * split at every place.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PlainServer } from '../../src/zmtp/engine/security/plain-server.ts'
import * as zmq from '../../src/zmtp/index.ts'
import { curveServer } from '../support/curve.ts'
import { deliver, nextTurn, seedOf, WAYS, type Way } from '../support/delivery.ts'
import { eventsOf, makeEngine, octets } from '../support/engine.ts'
import { feed } from '../support/feed.ts'
import { HostileWorld, openSockets, type SocketSettings } from '../support/hostile-world.ts'
import { CODES, SECURITY, type StepRow } from '../support/security-rows.ts'
import { until, within } from '../support/within.ts'

const test = suite('hostile peers of servers')
const rows = SECURITY.rows.filter(({ local }) => !local.startsWith('client:'))

const socketsBefore = openSockets()
const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))

const KEYS = zmq.curveKeyPair()
const PLAIN_CLIENT = { plainUsername: 'admin', plainPassword: 'password' }
const REFUSAL = { flags: 4, body: octets('05 "ERROR" 03 "400"') }

// Who judges the logins of a PLAIN server: its own authenticator, or a ZAP handler.
const SERVERS: Readonly<Record<string, readonly (() => Promise<HostileWorld>)[]>> = {
  'ROUTER/PLAIN': [
    () => HostileWorld.open({ plainServer: true, authenticator: plainJudge }, PLAIN_CLIENT),
    async () => {
      const context = new zmq.Context()
      await zapHandler(context)
      return HostileWorld.open({ plainServer: true }, PLAIN_CLIENT, context)
    },
  ],
  'ROUTER/CURVE': [
    () => HostileWorld.open({ curveServer: true, curveSecretKey: KEYS.secretKey }, curveClient()),
  ],
}
const opened: { close(): void }[] = []
const worlds = new Map<() => Promise<HostileWorld>, HostileWorld>()

test.after(() => {
  for (const one of opened.splice(0)) one.close()
})

for (const row of rows) {
  for (const [index, open] of SERVERS[row.local]!.entries()) {
    for (const way of WAYS) {
      const judge = ['', ', judged by a ZAP handler'][index]
      test(`${row.id}: ${row.what}: ${row.code ?? 'accepted'}, ${way}${judge}`, async () => {
        const world = worlds.get(open) ?? (await open())
        if (!worlds.has(open)) opened.push(world)
        worlds.set(open, world)
        await within(20_000, play(world, row, way), 'the end of the row').finally(() => world.dismiss())
      })
    }
  }
}

for (const row of rows) {
  test(`${row.id}: ${row.what}: ${row.code ?? 'accepted'}, by the engine, however the octets are cut`, () => {
    for (const [index, cut] of row.steps.entries()) {
      feed(octets(cut), (chunks) => {
        const before = row.steps.slice(0, index).map(octets)
        const after = row.steps.slice(index + 1).map(octets)
        const mechanism = row.local === 'ROUTER/PLAIN' ? new PlainServer() : curveServer()
        const engine = makeEngine('ROUTER', { mechanism, handshakeTimeoutMs: 10_000 })
        const parts: string[] = []
        for (const chunk of [...before, ...chunks, ...after]) {
          engine.handleBytes(chunk, 0)
          for (let events = eventsOf(engine); events.length > 0; events = eventsOf(engine)) {
            parts.push(...events.filter((event) => event.startsWith('part')))
            if (engine.question === undefined) break
            engine.handleVerdict(plainJudge({ credentials: engine.question }))
          }
        }
        assert.is(engine.error?.code, row.code)
        assert.equal(parts, row.code === undefined ? ['part 6869'] : [])
      })
    }
  })
}

test('each kind of fault has its code, and always the same', () => {
  for (const { id, theirs, code, conflict } of [...SECURITY.rows, ...SECURITY.dialogs]) {
    if (conflict === undefined) assert.ok(CODES[theirs]!.includes(code), `${id}: ${theirs}, ${code}`)
  }
})

test('the rows are there', () => {
  assert.equal([rows.length, SECURITY.rows.length, SECURITY.dialogs.length], [19, 35, 26])
})

test('after all of them, nothing is rejected unheard, and no connection is left', async () => {
  await nextTurn()
  assert.equal(rejections, [])
  for (const one of opened.splice(0)) one.close()
  await until(() => openSockets() === socketsBefore, 5000, 'the end of all sockets')
})

test.run()

/** One row: what comes of it, and what the honest peer notices of it, which is nothing. */
async function play(world: HostileWorld, row: StepRow, way: Way): Promise<void> {
  const { delivered, endings } = world
  delivered.length = 0
  endings.length = 0
  const served = world.serve(way === 'beside an honest peer at work' ? 200 : 5)
  const stranger = await (await world.stranger()).hears(64)
  for (const [index, step] of row.steps.entries()) {
    const heard = row.heard?.[index] ?? 0
    await until(() => stranger.frames.length >= heard || stranger.closed, 5000, `${heard} frames`)
    await deliver(stranger, octets(step), way, seedOf(`${row.id} ${index}`))
  }
  if (row.code === undefined) {
    await until(() => delivered.length === 1)
    assert.equal(delivered, ['hi'])
    assert.not(stranger.closed)
    stranger.destroy()
  } else {
    await stranger.over()
    await until(() => endings.length > 0)
    assert.equal(
      endings.map(({ code }) => code),
      [row.code],
    )
    assert.match(endings[0]!.event, /^handshake:error:/)
    // Only who was refused is told; nobody else learns what was wrong.
    assert.equal(stranger.frames, row.code === 'AUTHENTICATION_FAILED' ? [REFUSAL] : [])
  }
  await served
  await world.serve(1)
  await world.quiet()
  if (row.code !== undefined) assert.equal(delivered, [])
}

function plainJudge({ credentials }: Pick<zmq.AuthenticationRequest, 'credentials'>): zmq.Verdict {
  if (credentials.mechanism !== 'PLAIN') return { status: '500' }
  const good = String(credentials.username) === 'admin' && String(credentials.password) === 'password'
  return { status: good ? '200' : '400' }
}

async function zapHandler(context: zmq.Context): Promise<void> {
  const handler = new zmq.Reply({ context, linger: 0 })
  opened.push(handler)
  await handler.bind('inproc://zeromq.zap.01')
  ;(async () => {
    for await (const [version, id, , , , , username, password] of handler) {
      const good = String(username) === 'admin' && String(password) === 'password'
      await handler.send([version!, id!, good ? '200' : '400', '', '', ''])
    }
  })()
}

function curveClient(): SocketSettings {
  const { publicKey, secretKey } = zmq.curveKeyPair()
  return { curveServerKey: KEYS.publicKey, curvePublicKey: publicKey, curveSecretKey: secretKey }
}
