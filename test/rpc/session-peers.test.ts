// Who is at the other end of a session: HELLO and the names that are claimed, PING, peers of other kinds, peers that are gone.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Peer } from '../../src/rpc/api/peer.ts'
import { closeCores, failure, newServer } from '../support/cores.ts'

const test = suite('RPC sessions: peers')

test.after.each(closeCores)

test('PING is answered with its token, except to who does not read', () => {
  const { connect } = newServer()
  const wire = connect()
  wire.feed([11])
  wire.feed([11, 'token'])
  wire.feed([11, { a: [1] }])
  assert.equal(wire.take(), [[12], [12, 'token'], [12, { a: [1] }]])
  wire.congested = true
  wire.feed([11])
  assert.equal(wire.take(), [])
})

test('HELLO is answered with WELCOME and makes a peer of a Client; a second one is ignored', () => {
  const { core, connect } = newServer()
  const peers: unknown[] = []
  core.emitter.on('peer', (peer) => peers.push(peer.claimedName))
  const wire = connect({ pseud: true })
  assert.is(core.peers.size, 0)
  wire.feed([8, { v: 2, id: 'c1', name: 'client', later: true }])
  const [[kind, info]] = wire.take() as [[number, Record<string, unknown>]]
  assert.equal(
    [kind, info.v, info.name, typeof info.id, info.maxMessageSize],
    [9, 2, 'remote', 'string', 16 * 1024 * 1024],
  )
  wire.feed([8, { v: 2, name: 'other' }])
  assert.equal([peers, wire.take(), core.stats().ignored], [['client'], [], 1])
})

test('the first live claimant of a name keeps it; then the next has it', () => {
  const { core, connect } = newServer()
  const first = connect({ identity: 'worker' })
  const second = connect({ identity: 'worker' })
  assert.is(core.sessionOf('worker'), first.session)
  assert.is(core.peersOf('worker').length, 2)
  first.lose()
  assert.is(core.sessionOf('worker'), second.session)
  second.lose()
  assert.is(core.sessionOf('worker'), undefined)
})

test('an Identity that is no text claims nothing', () => {
  const { core, connect } = newServer()
  connect({ identity: '' })
  connect({ identity: '\u0000k\u0001' })
  assert.equal(
    core
      .peersOf('')
      .concat([...core.peers.values()])
      .map((peer) => peer.claimedName),
    [undefined, undefined],
  )
})

test('a REQ is answered behind its delimiter, and cannot be called', async () => {
  const { core, connect } = newServer()
  core.registry.registerRpc({ get: () => 1 })
  const wire = connect({ socketType: 'REQ', identity: 'asker' })
  wire.feed([0, 1, 'get', []], [Buffer.alloc(0)])
  assert.equal(
    wire.sent.map((frames) => frames.map((frame) => frame.toString('hex'))),
    [['', '930101' + '01']],
  )
  const peer = core.sessionOf('asker')!
  assert.equal(await failure(peer.lane.call('x', [], core.settings)), ['UNAVAILABLE', 'no'])
})

test('row 27: who is gone cannot be called any more', async () => {
  const { core, connect } = newServer()
  const wire = connect({ identity: 'worker' })
  const peer = new Peer(wire.session.lane, core.settings)
  wire.lose()
  assert.equal(await failure(peer.call('x')), ['UNAVAILABLE', 'no'])
  assert.is(peer.notify('x'), false)
})

test.run()
