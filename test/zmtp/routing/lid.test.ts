// What all pipes of a context hold together, each way: counted by message, back to nothing at every end, and who takes no more over it.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Broadcast } from '../../../src/base/broadcast.ts'
import { Lid, PART_COST } from '../../../src/base/lid.ts'
import { Losses, type Outlet, Pipe } from '../../../src/zmtp/routing/pipe.ts'

const test = suite('lid')
const MAX = 10_000
const body = (size: number): Buffer => Buffer.alloc(size)
const sizeOf = (...parts: number[]): number => parts.reduce((sum, size) => sum + size + PART_COST, 0)

function bench(sendLimit = 1000, receiveLimit = 1000) {
  const lid = new Lid(MAX)
  return { lid, pipe: () => new Pipe(sendLimit, receiveLimit, new Losses(), lid) }
}

class Link implements Outlet {
  congested = false
  paused = false
  sent = 0
  readonly peer = { major: 3, minor: 1 }
  sendPart(_body: Buffer, more: boolean): void {
    if (!more) this.sent++
  }
  broadcast(): void {
    this.sent++
  }
  sendCommand(): void {}
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
  }
}

test('what is queued to be sent counts until it was handed to a connection, or dropped', () => {
  const { lid, pipe } = bench()
  const one = pipe()
  one.sendOne(body(10))
  one.send([body(20), body(30)])
  assert.is(lid.outgoing, sizeOf(10) + sizeOf(20, 30))
  const link = new Link()
  one.setOutlet(link)
  one.drain()
  assert.equal([link.sent, lid.outgoing], [2, 0])
  link.congested = true
  one.sendOne(body(40))
  assert.is(lid.outgoing, sizeOf(40))
  one.discardOutbound()
  assert.equal([one.dropped, lid.outgoing], [1, 0])
})

test('what is published counts once for all who hold it', () => {
  const { lid, pipe } = bench()
  const pipes = [pipe(), pipe(), pipe()]
  const message = new Broadcast()
  message.begin([body(1000), body(1)])
  for (const each of pipes) each.broadcast(message)
  message.finish()
  assert.is(lid.outgoing, sizeOf(1000, 1) + 2 * PART_COST)
  for (const each of pipes) each.discardOutbound()
  assert.is(lid.outgoing, 0)
})

test('over it a peer for which something waits is full, and one for which nothing does still takes one', () => {
  const { lid, pipe } = bench()
  const [absent, other] = [pipe(), pipe()]
  for (let i = 0; !absent.full; i++) {
    assert.ok(i < 20)
    assert.is(lid.crowdedOut, false)
    absent.sendOne(body(1000))
  }
  assert.is(absent.queued, 8)
  other.sendOne(body(1))
  assert.ok(other.full)
  // Not by its own number, but by the drain of its own: a peer that reads goes on.
  const link = new Link()
  other.setOutlet(link)
  assert.ok(other.drain())
  assert.equal([other.full, link.sent], [false, 1])
})

test('at it nobody is full, an octet above it is', () => {
  for (const [more, full] of [
    [-1, false],
    [0, false],
    [1, true],
  ] as const) {
    const { pipe } = bench()
    const one = pipe()
    one.sendOne(body(MAX - PART_COST + more))
    assert.is(one.full, full, `${more}`)
  }
})

test('those that were full are told when there is room, not at once but soon, and only those below their own mark', async () => {
  const { lid, pipe } = bench(2)
  const [large, waiting, gone, full] = [pipe(), pipe(), pipe(), pipe()]
  const told: string[] = []
  for (const [name, each] of Object.entries({ waiting, gone, full })) {
    each.owner = { onRoom: () => told.push(name) }
  }
  large.sendOne(body(MAX))
  for (const each of [waiting, gone, full]) each.sendOne(body(1))
  assert.equal([waiting.full, gone.full, full.full], [true, true, true])
  full.sendOne(body(1)) // two are its own mark
  gone.discardOutbound()
  large.discardOutbound()
  assert.equal(told, [])
  await Promise.resolve()
  assert.equal(told, ['waiting'])
  assert.equal([waiting.full, full.full, lid.crowdedOut], [false, true, false])
})

test('what has come counts until it is read or dropped, and over it nobody is read from who has brought some', () => {
  const { lid, pipe } = bench()
  const [one, other] = [pipe(), pipe()]
  const links = [new Link(), new Link()]
  one.setOutlet(links[0])
  other.setOutlet(links[1])
  one.arrive([body(4000), body(MAX - 4000 - 2 * PART_COST)])
  assert.equal([lid.incoming, links[0]!.paused], [MAX, false])
  other.arrive([body(1)])
  assert.equal([lid.incoming, links[0]!.paused, links[1]!.paused], [MAX + sizeOf(1), false, true])
  one.arrive([body(1)])
  assert.ok(links[0]!.paused)
  assert.is(other.take()!.length, 1)
  assert.equal([links[0]!.paused, links[1]!.paused], [true, false])
  const batch: Buffer[][] = []
  one.takeInto(batch, 2)
  assert.equal([batch.length, lid.incoming, links[0]!.paused], [2, 0, false])
  assert.is(one.take(), undefined)
  one.arrive([body(9)])
  const heir = pipe()
  heir.adopt(one.inbound.shift()!)
  assert.is(lid.incoming, sizeOf(9))
  heir.discardInbound()
  assert.is(lid.incoming, 0)
})

test('with conflate only the newest counts, and nobody is full', () => {
  const { lid, pipe } = bench()
  const one = pipe()
  one.conflate = true
  for (const size of [MAX, MAX + 1]) {
    one.sendOne(body(size))
    one.arrive([body(size)])
  }
  assert.equal([lid.outgoing, lid.incoming], [sizeOf(MAX + 1), sizeOf(MAX + 1)])
  assert.is(one.full, false)
})

test.run()
