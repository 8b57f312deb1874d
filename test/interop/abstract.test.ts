// Abstract names of Unix sockets: met by libzmq where this version of Node can say them, refused where it cannot.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { code } from '../support/sockets.ts'
import { within } from '../support/within.ts'
import { Actor } from './support/actions.mjs'
import { LIBRARIES, Peer } from './support/peer.ts'
import { pythonOr } from './support/python.ts'

const python = pythonOr('abstract names against the libzmq of pyzmq')
const canSay = Number(process.versions.node.split('.')[0]) >= 21 && process.platform === 'linux'

for (const library of LIBRARIES) {
  const tests = suite(`abstract names against ${library}`)
  const there = library === 'zeromq' || python !== undefined
  const test = there ? tests : tests.skip // skipped ones count for the floor

  test('M14: an abstract name meets libzmq, whoever binds, or is refused with a reason', async () => {
    const peer = new Peer(library)
    const actor = new Actor(zmq)
    try {
      for (const [binder, connecter, name] of [
        [peer, actor, 'theirs'],
        [actor, peer, 'ours'],
      ] as const) {
        const endpoint = `ipc://@pseud-test-${process.pid}-${name}`
        for (const end of [peer, actor]) await end.run({ do: 'socket', name, type: 'DEALER' })
        if (!canSay) {
          const refusal = await code(() => actor.run({ do: 'bind', name, endpoint }))
          assert.is(refusal, 'EINVAL')
          continue
        }
        assert.is(await binder.run({ do: 'bind', name, endpoint }), endpoint)
        await connecter.run({ do: 'connect', name, endpoint })
        const run = { seed: name, count: 20, shapes: [[0], [5, 300], [70_000]] }
        const command = { do: 'exchange', name, run, count: run.count }
        const [ours, theirs] = await within(
          20_000,
          Promise.all([actor.run(command), peer.run(command)]),
          'the exchange',
        )
        assert.equal(ours, theirs)
      }
    } finally {
      actor.end()
      await peer.end()
    }
  })

  tests.run()
}
