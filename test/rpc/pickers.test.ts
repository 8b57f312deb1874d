// Which of several servers takes a call, on candidates made by hand; what an own picker can do wrong, on whole clients.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, type RpcError, Server } from '../../src/rpc/index.ts'
import {
  type Candidate,
  type Choose,
  chooserOf,
  type Picker,
  type ReadyServer,
} from '../../src/rpc/participants/pickers.ts'
import { within } from '../support/within.ts'

const test = suite('RPC pickers')

interface Fake extends Candidate {
  inFlight: number
  readonly lane: { takes: boolean }
}

function candidate(identity: string, inFlight = 0): Fake {
  return {
    identity,
    inFlight,
    since: new Date(0),
    connection: { endpoint: `inproc://${identity}` },
    lane: { takes: true },
  }
}

const call = { method: 'x', settings: { headers: undefined } }
const names = (choose: Choose, ready: readonly Fake[], times: number): (string | undefined)[] =>
  Array.from({ length: times }, () => choose(ready, call)?.identity)

test('least-inflight takes the server with the fewest calls open, and passes over those that take none', () => {
  const choose = chooserOf('least-inflight')
  const [a, b, c] = [candidate('a', 2), candidate('b', 1), candidate('c', 3)]
  assert.is(choose([a, b, c], call), b)
  b.lane.takes = false
  assert.is(choose([a, b, c], call), a)
  assert.is(choose([b], call), undefined)
  assert.is(choose([], call), undefined)
})

test('round-robin takes each in turn, passes over those that take none, and bears that some go', () => {
  const choose = chooserOf('round-robin')
  const all = [candidate('a'), candidate('b'), candidate('c')]
  assert.equal(names(choose, all, 6).sort(), ['a', 'a', 'b', 'b', 'c', 'c'])
  all[1]!.lane.takes = false
  assert.equal(names(choose, all, 4).sort(), ['a', 'a', 'c', 'c'])
  assert.equal(names(choose, all.slice(0, 1), 2), ['a', 'a'])
  assert.is(choose([], call), undefined)
})

test('an own picker is given the servers that take calls, and what the call is', () => {
  const seen: unknown[] = []
  const choose = chooserOf({
    pick: (servers, { method, headers }) => {
      seen.push([servers.map(({ name, endpoint, inFlight, since }) => [name, endpoint, inFlight, +since])])
      seen.push([method, headers.shard])
      return servers.at(-1)!
    },
  })
  const [a, b, c] = [candidate('a'), candidate('b', 2), candidate('c')]
  c.lane.takes = false
  assert.is(choose([a, b, c], { method: 'x', settings: { headers: { shard: '7' } } }), b)
  assert.equal(seen, [
    [
      [
        ['a', 'inproc://a', 0, 0],
        ['b', 'inproc://b', 2, 0],
      ],
    ],
    ['x', '7'],
  ])
})

test('a server is the same object to a picker as long as its connection lives', () => {
  const seen: ReadyServer[] = []
  const choose = chooserOf((servers) => {
    seen.push(...servers)
    return servers[0]!
  })
  const one = candidate('a')
  choose([one], call)
  choose([one], call)
  assert.is(seen[0], seen[1])
})

test('a picker that is none is refused when the client is made', () => {
  for (const picker of ['fastest', 7, {}, { pick: 'me' }]) {
    assert.throws(
      () => new Client('', { picker: picker as Picker }),
      (error: { code?: string }) => error.code === 'BAD_OPTION',
    )
  }
})

test('a picker that throws or chooses nonsense fails that call and no other', async () => {
  const server = new Server('remote')
  server.registerRpc('lower', (text: string) => text.toLowerCase())
  const at = await server.bind('tcp://127.0.0.1:0')
  const wrong: ((servers: readonly ReadyServer[]) => unknown)[] = [
    () => {
      throw new Error('no idea')
    },
    () => undefined,
    ([first]) => ({ ...first }),
    () => 'remote',
  ]
  let pick: (servers: readonly ReadyServer[]) => unknown = ([first]) => first
  const client = new Client('remote', { picker: (servers) => pick(servers) as ReadyServer })
  const failed: unknown[] = []
  client.on('error', (error) => failed.push((error as RpcError).code))
  // One that waits in the queue when the picker is asked, too.
  pick = wrong[0]!
  const queued = client.lower('ABC') as Promise<unknown>
  const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
    within(
      5000,
      promise.then(
        () => 'a result',
        (error) => error.code,
      ),
    )
  client.connect(at)
  assert.is(await codeOf(queued), 'BAD_PICK')
  for (pick of wrong) assert.is(await codeOf(client.lower('ABC') as Promise<unknown>), 'BAD_PICK')
  assert.equal([client.notify('lower', ['ABC']), failed], [false, ['BAD_PICK']])
  pick = ([first]) => first
  assert.is(await client.lower('ABC'), 'abc')
  assert.equal([client.stats().inFlight, client.stats().queued], [0, 0])
  await client.close()
  await server.close()
})

test.run()
