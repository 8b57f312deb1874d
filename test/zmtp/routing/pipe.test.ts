// The two queues of a pipe: bounds in messages, the low-water mark, what is copied, what is lost.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keep, Losses, Pipe } from '../../../src/zmtp/routing/pipe.ts'
import { connect, parts, texts } from '../../support/scripted-driver.ts'

const NONE = Number.POSITIVE_INFINITY
const pipe = suite('pipe')

pipe('sends straight into a connection that has room, and queues nothing', () => {
  const subject = new Pipe(1000, 1000)
  const driver = connect(subject)
  subject.sendOne(Buffer.from('a'))
  subject.send(parts('b', 'c'))
  assert.equal(driver.sent, [['a'], ['b', 'c']])
  assert.is(subject.queued, 0)
  assert.is(subject.sent, 2)
})

pipe('sends a head in front and leaves out what comes before `from`', () => {
  const subject = new Pipe(1000, 1000)
  const driver = connect(subject)
  subject.send(parts('id', 'b', 'c'), 1)
  subject.send(parts('d'), 0, parts('h1', 'h2'))
  subject.setOutlet(undefined)
  subject.send(parts('id', 'e', 'f'), 1)
  subject.send(parts('g'), 0, parts('h3'))
  const next = connect(subject)
  subject.drain()
  assert.equal(driver.sent, [
    ['b', 'c'],
    ['h1', 'h2', 'd'],
  ])
  assert.equal(next.sent, [
    ['e', 'f'],
    ['h3', 'g'],
  ])
})

pipe('F19: keeps the order: while something is queued nothing overtakes it', () => {
  const subject = new Pipe(1000, 1000)
  const driver = connect(subject)
  driver.congested = true
  subject.sendOne(Buffer.from('1'))
  driver.congested = false
  subject.sendOne(Buffer.from('2'))
  subject.send(parts('3', 'x'))
  assert.equal(driver.sent, [])
  subject.drain()
  assert.equal(driver.texts, ['1', '2', '3|x'])
})

for (const [limit, left] of [
  [1, 0],
  [2, 1],
  [3, 1],
  [10, 5],
  [1000, 500],
] as const) {
  pipe(`H2, H3: is full at ${limit} messages and takes more when ${left} are left`, () => {
    const subject = new Pipe(limit, NONE)
    for (let i = 0; i < limit; i++) {
      assert.not(subject.full)
      subject.send(parts('two', 'parts'))
    }
    assert.ok(subject.full)
    const driver = connect(subject)
    driver.congested = true
    assert.not(subject.drain())
    assert.ok(subject.full)
    let rearmedAt = -1
    while (rearmedAt < 0) {
      driver.congested = false
      const send = driver.sendPart
      driver.sendPart = (body, more) => {
        send.call(driver, body, more)
        if (!more) driver.congested = true
      }
      if (subject.drain()) rearmedAt = subject.queued
      driver.sendPart = send
    }
    assert.is(rearmedAt, left)
    assert.not(subject.full)
  })
}

pipe('has no bound when the limit is infinite', () => {
  const subject = new Pipe(NONE, NONE)
  for (let i = 0; i < 5000; i++) subject.sendOne(Buffer.from('x'))
  assert.not(subject.full)
  assert.is(subject.queued, 5000)
})

pipe('takes new limits at once', () => {
  const subject = new Pipe(2, 2)
  subject.sendOne(Buffer.from('x'))
  subject.sendOne(Buffer.from('x'))
  assert.ok(subject.full)
  subject.setLimits(3, 3)
  assert.not(subject.full)
  subject.setLimits(1, 3)
  assert.ok(subject.full)
})

pipe('copies small parts that have to wait, and borrows large ones', () => {
  const subject = new Pipe(10, 10)
  const small = Buffer.from('before')
  const large = Buffer.alloc(129, 'a')
  subject.sendOne(small)
  subject.send([small, large])
  small.write('after!')
  large.write('b')
  const driver = connect(subject)
  subject.drain()
  assert.equal(driver.sent, [['before'], ['before', `b${'a'.repeat(128)}`]])
  assert.is(keep(large), large)
  assert.is.not(keep(small), small)
})

pipe('assembles parts into a message, with the routing id in front', () => {
  const subject = new Pipe(10, 10)
  assert.equal(texts(subject.assemble(Buffer.from('one'), false)), ['one'])
  assert.is(subject.assemble(Buffer.from('a'), true), undefined)
  assert.is(subject.assemble(Buffer.from('b'), true), undefined)
  assert.equal(texts(subject.assemble(Buffer.from('c'), false)), ['a', 'b', 'c'])
  subject.routingId = Buffer.from('id')
  assert.equal(texts(subject.assemble(Buffer.from('one'), false)), ['id', 'one'])
  assert.is(subject.assemble(Buffer.from('a'), true), undefined)
  assert.equal(texts(subject.assemble(Buffer.from('b'), false)), ['id', 'a', 'b'])
})

pipe('forgets a message that breaks off', () => {
  const subject = new Pipe(10, 10)
  subject.assemble(Buffer.from('half'), true)
  subject.discardPartial()
  assert.equal(texts(subject.assemble(Buffer.from('next'), false)), ['next'])
  assert.is(subject.dropped, 1)
})

pipe('H4: stops reading at the receive limit and reads on at half of it', () => {
  const subject = new Pipe(10, 4)
  const driver = connect(subject)
  for (let i = 0; i < 4; i++) subject.arrive(parts(String(i)))
  assert.equal(driver.calls, ['pause'])
  subject.take()
  assert.equal(driver.calls, ['pause'])
  subject.take()
  assert.equal(driver.calls, ['pause', 'resume'])
})

pipe('delivers what a resume brings behind what is there', () => {
  const subject = new Pipe(10, 2)
  const driver = connect(subject)
  driver.onResume = () => subject.arrive(parts('3'))
  subject.arrive(parts('1'))
  subject.arrive(parts('2'))
  assert.equal([subject.take(), subject.take(), subject.take()].map(texts), [['1'], ['2'], ['3']])
})

pipe('pauses a new connection as well while the application has not read', () => {
  const subject = new Pipe(10, 1)
  connect(subject)
  subject.arrive(parts('unread'))
  subject.setOutlet(undefined)
  const next = connect(subject)
  assert.ok(next.paused)
  subject.take()
  assert.not(next.paused)
})

pipe('keeps only the newest message, either way, when it conflates', () => {
  const subject = new Pipe(1, 1)
  subject.conflate = true
  for (const text of ['1', '2', '3']) {
    assert.not(subject.full)
    subject.sendOne(Buffer.from(text))
    subject.arrive(parts(text))
  }
  const driver = connect(subject)
  subject.drain()
  assert.equal(driver.texts, ['3'])
  assert.equal(texts(subject.take()), ['3'])
  assert.is(subject.take(), undefined)
  assert.is(subject.dropped, 4)
})

pipe('counts what it throws away', () => {
  const losses = new Losses()
  const subject = new Pipe(2, 10, losses)
  subject.sendOne(Buffer.from('x'))
  subject.sendOne(Buffer.from('x'))
  subject.arrive(parts('y'))
  subject.discardOutbound()
  subject.discardInbound()
  assert.is(subject.dropped, 3)
  assert.is(losses.count, 3)
  assert.not(subject.full)
  assert.is(subject.queued, 0)
  new Pipe(2, 10, losses).drop(2)
  assert.equal([subject.dropped, losses.count], [3, 5])
})

pipe('counts what arrives, also what nobody is to have, but not what another pipe has counted', () => {
  const subject = new Pipe(10, 2)
  const driver = connect(subject)
  subject.arrive(parts('a'))
  subject.refuse()
  assert.equal([subject.received, subject.dropped, subject.inbound.length], [2, 1, 1])
  subject.adopt(parts('b'))
  assert.equal([subject.received, subject.dropped, subject.inbound.length], [2, 1, 2])
  assert.ok(driver.paused)
})

pipe.run()
