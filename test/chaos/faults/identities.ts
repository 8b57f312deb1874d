/**
 * Faults 46 to 49: who comes, comes again, comes too early, or comes as somebody else. Heartbeats are shortened to 0.1 and 0.4 s; a bind that
 * is 30 s late on the list is late by some tenths here.
 */

import * as assert from 'uvu/assert'
import * as native from 'zeromq'
import { plain } from '../../../src/rpc/index.ts'
import * as ours from '../../../src/zmtp/index.ts'
import { type Fault, fault } from '../fault.ts'
import { isBusy, statusOf, until, type World, within } from '../world.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A server restarts, and all of its clients come back, with what they had queued; not all at once. */
async function storm(world: World): Promise<void> {
  const count = world.size(60, 1000)
  const first = await world.serverProcess()
  const proxy = await world.proxy(first.endpoint)
  const reconnect = { reconnect: { minMs: 100, maxMs: world.size(1000, 10_000) } }
  const children = await Promise.all(
    [0, 1].map(() => world.clientProcess(proxy.endpoint, reconnect, count / 2)),
  )
  await Promise.all(children.map((child) => child.run('ready', { timeoutMs: 20_000 }, 30_000)))
  await first.kill()
  await sleep(world.size(200, 1000))
  // Calls that wait for the server to come back.
  const answers = Promise.all(
    children.map((child) => child.run<Record<string, number>>('calls', { each: 3 }, 60_000)),
  )
  await sleep(100)
  const from = performance.now()
  const second = await world.serverProcess(first.endpoint)
  for (const outcome of await answers) assert.equal(outcome, { result: (count / 2) * 3 })
  world.note(`${count} clients back in ${Math.round(performance.now() - from)} ms`)
  // The list says 15 s; a machine with other work is given more.
  assert.ok(performance.now() - from < (isBusy() ? 45_000 : 15_000), 'they took too long')
  assert.is(await second.run('accepted'), count)
  // After the first second the dice have spread them.
  const late = proxy.accepted.filter((at) => at > from + 1000)
  let most = 0
  for (const at of late)
    most = Math.max(most, late.filter((other) => other >= at && other < at + 1000).length)
  assert.ok(most <= Math.max(200, count), `${most} connections within a second`)
  world.forgetLogs()
}

/** Two live peers of one identity: the second is closed, the first unaffected. */
async function duplicate(world: World): Promise<void> {
  const router = world.socket(new ours.Router({ mandatory: true, receiveTimeout: 10_000 }))
  const refused: unknown[] = []
  router.events.on('disconnect', ({ error }) => refused.push(error?.code))
  await router.bind('tcp://127.0.0.1:0')
  for (const theirs of [false, true]) {
    const Dealer = (theirs ? native : ours).Dealer as typeof ours.Dealer
    const options = { routingId: `twin-${theirs}`, reconnectInterval: -1, receiveTimeout: 10_000 }
    const first = world.socket(new Dealer(options))
    const flow = world.ledger.flow(`the first of two, ${theirs ? 'libzmq' : 'ours'}`)
    first.connect(router.lastEndpoint!)
    const round = async (): Promise<void> => {
      await flow.send((body) => first.send(body))
      const [from, body] = await within(10_000, router.receive(), 'a message of the first')
      assert.is(String(from), options.routingId)
      flow.got(body!)
      await router.send([from!, body!])
      assert.equal((await within(10_000, first.receive(), 'the answer'))[0], body)
    }
    await round()
    const second = world.socket(new Dealer(options))
    const before = refused.length
    second.connect(router.lastEndpoint!)
    second.send('as the first').catch(() => {})
    await until(() => refused.length > before, 10_000, 'the refusal')
    for (let n = 0; n < 10; n++) await round()
    assert.is(router.peers.filter(({ identity }) => String(identity) === options.routingId).length, 1)
    second.linger = 0
    second.close()
    first.close()
    await until(() => router.counters.peers === 0, 10_000, 'both gone')
  }
  assert.ok(refused.includes('IDENTITY_IN_USE'), String(refused))
}

/** An identity comes back before its dead link is noticed: refused until heartbeats free it, then in. With the same user and handover: at once. */
async function comesBack(world: World): Promise<void> {
  const router = world.socket(
    new ours.Router({
      heartbeatInterval: 100,
      heartbeatTimeout: 400,
      mandatory: true,
      receiveTimeout: 10_000,
    }),
  )
  let refused = 0
  router.events.on('disconnect', ({ error }) => {
    if (error?.code === 'IDENTITY_IN_USE') refused++
  })
  await router.bind('tcp://127.0.0.1:0')
  const proxy = await world.proxy(router.lastEndpoint!)
  const first = world.socket(new ours.Dealer({ routingId: 'comes back', reconnectInterval: -1 }))
  const flow = world.ledger.flow('before the hole')
  first.connect(proxy.endpoint)
  await flow.send((body) => first.send(body))
  flow.got((await router.receive())[1]!)
  proxy.hold('up')
  proxy.hold('down')
  const heir = world.socket(new ours.Dealer({ routingId: 'comes back', reconnectInterval: 20 }))
  const after = world.ledger.flow('after the hole')
  heir.connect(router.lastEndpoint!)
  await until(() => refused > 0, 5000, 'a refusal')
  after.breaks = 1000 // each refusal
  await until(
    () => router.peers.some((peer) => peer.address !== undefined && peer.received === 0),
    10_000,
    'the heir',
  )
  await after.send((body) => heir.send(body))
  const [from, body] = await within(10_000, router.receive(), 'a message of the heir')
  assert.is(String(from), 'comes back')
  after.got(body!)
  await handover(world)
}

/** RPC: a user who is authenticated comes again while the old link is dead: with `replace` at once, and what the old one was asked is explicit. */
async function handover(world: World): Promise<void> {
  const security = plain({ users: { ann: 'secret' } })
  const server = world.server({ security, sameUser: 'replace', heartbeat: false })
  const endpoint = await server.bind('tcp://127.0.0.1:0')
  const proxy = await world.proxy(endpoint)
  const login = { security: plain({ user: 'ann', password: 'secret' }), heartbeat: false } as const
  const old = world.client(login).connect(proxy.endpoint)
  old.registerRpc({ who: () => 'old' })
  await old.ready({ timeoutMs: 10_000 })
  await until(() => server.peersOf('ann').length === 1)
  assert.is(await server.sendTo('ann').who(), 'old')
  proxy.hold('up')
  proxy.hold('down')
  const caught = world.ledger.call(() => server.sendTo('ann').who(), { untold: true })
  const heir = world.client(login).connect(endpoint)
  heir.registerRpc({ who: () => 'new' })
  await heir.ready({ timeoutMs: 10_000 })
  const { error } = await within(10_000, caught, 'the end of the call to the old one')
  assert.is(error?.code, 'UNAVAILABLE')
  assert.is(await server.sendTo('ann').who(), 'new')
  proxy.hold('up', false)
  proxy.hold('down', false)
  await sleep(20)
  assert.is(await server.sendTo('ann').who(), 'new')
}

/** Connect first, bind later: calls and messages wait within bounds, then flow, in order. */
async function bindsLate(world: World): Promise<void> {
  const taken = world.server()
  const endpoint = await taken.bind('tcp://127.0.0.1:0')
  await taken.close()
  const client = world.client({ limits: { maxQueuedCalls: 100 } }).connect(endpoint)
  const calls = world.calls(client, 150)
  await until(() => client.stats().queued === 100)
  assert.equal(world.ledger.endings, { pending: 100, 'RESOURCE_EXHAUSTED no': 50 })
  const probe = world.socket(new ours.Pull())
  await probe.bind('tcp://127.0.0.1:0')
  const late = probe.lastEndpoint!
  probe.close()
  const push = world.socket(new ours.Push({ sendHighWaterMark: 50, reconnectInterval: 20, sendTimeout: 0 }))
  push.connect(late)
  const flow = world.ledger.flow('PUSH before bind', { sender: push })
  for (let n = 0; n < 80; n++) await flow.send((body) => push.send(body))
  assert.is(flow.rejected.size, 30)
  await sleep(world.size(200, 500))
  const ready = statusOf(client, 'ready')
  const server = world.server()
  await server.bind(endpoint)
  await ready
  await calls
  const Pull = (world.dice.random(2) === 0 ? native : ours).Pull as typeof ours.Pull
  const pull = world.socket(new Pull({ receiveTimeout: 10_000 }))
  await pull.bind(late)
  while (flow.delivered.length < 50) flow.got((await pull.receive())[0]!)
}

export const IDENTITIES: readonly Fault[] = [
  fault(46, 'reconnect storm after a server restart', storm, { deadlineMs: 90_000 }),
  fault(47, 'duplicate identity, two live peers', duplicate),
  fault(48, 'the same identity returns before the dead link is detected', comesBack),
  fault(49, 'connect before bind', bindsLate),
]
