// Processes that are killed and started again, on the other side of each pair of types: whoever dialled comes back by itself, and messages go
// both ways as before.
import { checkExchange, link, open, seen } from './support/links.ts'
import type { Doer } from './support/peer.ts'
import { type End, runOf, type Type } from './support/scenario.ts'
import { against } from './support/stage.ts'

const OURS = runOf('ours', 20)
const THEIRS = runOf('theirs', 20)

function ends(ours: Type, theirs: Type, actor: Doer, peer: Doer): [End, End] {
  return [
    { doer: actor, type: ours, name: 'ours', run: OURS },
    { doer: peer, type: theirs, name: 'theirs', run: THEIRS },
  ]
}

against('restarts', (test) => {
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
      test(`our ${ours} reconnects over ${transport} when the process of the ${theirs} was killed and started again`, async (stage) => {
        const [first, second] = [stage.peer(), stage.peer()]
        const [us, them] = ends(ours, theirs, stage.actor, first)
        await open(us, { reconnectInterval: 20 })
        await open(them)
        const endpoint = await link(them, us, transport)
        await checkExchange(us, them)
        await first.kill()
        const again: End = { ...them, doer: second }
        await open(again)
        await second.run({ do: 'bind', name: 'theirs', endpoint })
        await checkExchange(us, again)
      })
    }
  }

  for (const [ours, theirs] of [
    ['ROUTER', 'DEALER'],
    ['REP', 'REQ'],
  ] as const) {
    test(`a ${theirs} reconnects when our ${ours} was closed and bound again`, async (stage) => {
      const peer = stage.peer()
      const [us, them] = ends(ours, theirs, stage.actor, peer)
      await open(us)
      await open(them, { reconnectInterval: 20 })
      const endpoint = await link(us, them, 'tcp')
      await checkExchange(us, them)
      await peer.run({ do: 'watch', name: 'theirs' })
      await stage.actor.run({ do: 'close', name: 'ours' })
      await seen(peer, 'theirs', 'disconnect')
      await open(us)
      await stage.actor.run({ do: 'bind', name: 'ours', endpoint })
      await checkExchange(us, them)
    })
  }
})
