// Who wants what at a publisher, and who of them gets a message.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Distributor } from '../../../src/zmtp/routing/distributor.ts'
import { Pipe } from '../../../src/zmtp/routing/pipe.ts'
import {
  FIRST,
  LAST,
  REMAINING,
  REPEATED,
  Subscriptions,
  UNKNOWN,
} from '../../../src/zmtp/routing/subscriptions.ts'
import { connect, parts } from '../../support/scripted-driver.ts'

const test = suite('subscriptions and distributor')

const topic = (text: string): Buffer => Buffer.from(text)
const pipes = (count: number, limit = 1000): Pipe[] =>
  Array.from({ length: count }, () => new Pipe(limit, 1000))

test('tell the first wish for a topic and the end of the last from all others (S8)', () => {
  const subject = new Subscriptions()
  const [a, b] = pipes(2) as [Pipe, Pipe]
  assert.is(subject.add(a, topic('t')), FIRST)
  assert.is(subject.add(a, topic('t')), REPEATED)
  assert.is(subject.add(b, topic('t')), REPEATED)
  assert.is(subject.remove(a, topic('t')), REMAINING)
  assert.is(subject.remove(a, topic('t')), UNKNOWN)
  assert.is(subject.remove(b, topic('t')), LAST)
  assert.is(subject.remove(b, topic('t')), UNKNOWN)
  assert.is(subject.remove(b, topic('never')), UNKNOWN)
  assert.is(subject.size, 0)
})

test('forget a pipe with all it wanted (S9)', () => {
  const subject = new Subscriptions()
  const [a, b] = pipes(2) as [Pipe, Pipe]
  for (const text of ['1', '2', '3']) subject.add(a, topic(text))
  subject.add(b, topic('2'))
  const heard: [string, number][] = []
  subject.removeAll(a, (removed, found) => heard.push([String(removed), found]))
  assert.equal(heard, [
    ['1', LAST],
    ['2', REMAINING],
    ['3', LAST],
  ])
  assert.is(subject.size, 1)
  subject.removeAll(a, () => assert.unreachable())
})

test('bound the topics of a peer: 10,000 of them, 4,096 octets each, 1 MiB in all', () => {
  const subject = new Subscriptions()
  const [many, large] = pipes(2) as [Pipe, Pipe]
  for (let i = 0; i < 10_000; i++) {
    assert.is(subject.excess(many, topic(String(i))), undefined)
    subject.add(many, topic(String(i)))
  }
  assert.is(subject.excess(many, topic('one more'))?.code, 'TOO_MANY_TOPICS')
  assert.is(subject.excess(many, topic('17')), undefined, 'a topic that it has')
  subject.remove(many, topic('17'))
  assert.is(subject.excess(many, topic('one more')), undefined)

  subject.add(large, Buffer.alloc(0x10_0000 - 10, 'l'))
  assert.is(subject.excess(large, Buffer.alloc(10)), undefined)
  assert.is(subject.excess(large, Buffer.alloc(11))?.code, 'TOPICS_TOO_LARGE')
  subject.remove(large, Buffer.alloc(0x10_0000 - 10, 'l'))
  assert.is(subject.excess(large, Buffer.alloc(4096)), undefined)
  assert.is(subject.excess(large, Buffer.alloc(4097))?.code, 'TOPICS_TOO_LARGE')
})

function publish(subject: Subscriptions, out: Distributor, ...message: string[]): void {
  out.begin()
  subject.choose(Buffer.from(message[0]!), out)
  if (message.length === 1) out.sendOne(Buffer.from(message[0]!))
  else out.send(parts(...message))
}

test('a message goes once to each pipe that wants it, however many of its topics fit (S3)', () => {
  const subject = new Subscriptions()
  const out = new Distributor()
  const three = pipes(3) as [Pipe, Pipe, Pipe]
  const drivers = three.map(connect)
  for (const pipe of three) out.attach(pipe)
  subject.add(three[0], topic('a'))
  subject.add(three[0], topic('ab'))
  subject.add(three[1], topic(''))
  publish(subject, out, 'abc')
  publish(subject, out, 'abc', 'more')
  publish(subject, out, 'x')
  assert.equal(drivers[0]!.texts, ['abc', 'abc|more'])
  assert.equal(drivers[1]!.texts, ['abc', 'abc|more', 'x'])
  assert.equal(drivers[2]!.texts, [])
})

test('a full pipe misses whole messages, counted, until half of its queue has gone (S6)', () => {
  const subject = new Subscriptions()
  const out = new Distributor()
  const [slow, fast] = pipes(2, 4) as [Pipe, Pipe]
  const [slowDriver, fastDriver] = [connect(slow), connect(fast)]
  for (const pipe of [slow, fast]) {
    out.attach(pipe)
    subject.add(pipe, topic(''))
  }
  slowDriver.congested = true
  for (let i = 0; i < 6; i++) publish(subject, out, String(i), 'second')
  assert.ok(out.anyFull)
  assert.is(slow.dropped, 2)
  assert.is(fastDriver.sent.length, 6)
  slowDriver.congested = false
  slow.drain()
  assert.not(out.anyFull)
  publish(subject, out, '6', 'second')
  assert.equal(slowDriver.texts, ['0|second', '1|second', '2|second', '3|second', '6|second'])
  assert.is(fast.dropped, 0)
})

test('knows the others, and who of the chosen is full', () => {
  const out = new Distributor()
  const [a, b] = pipes(2, 1) as [Pipe, Pipe]
  const drivers = [a, b].map(connect)
  for (const pipe of [a, b]) out.attach(pipe)
  out.begin()
  out.choose(a)
  out.choose(a)
  out.invert()
  out.sendOne(topic('for the others'))
  assert.equal(drivers[0]!.texts, [])
  assert.equal(drivers[1]!.texts, ['for the others'])
  drivers[0]!.congested = true
  a.sendOne(topic('fills it'))
  out.begin()
  out.choose(b)
  assert.not(out.blocked)
  out.chooseAll()
  assert.ok(out.blocked)
  out.detach(a)
  assert.not(out.has(a))
  assert.equal([...out], [b])
})

test('C21: a subscription is a command since ZMTP 3.1, before that a message; never queued', () => {
  const pipe = new Pipe(1, 1)
  pipe.sendSubscription(topic('lost'), true)
  const driver = connect(pipe)
  driver.congested = true
  pipe.sendOne(topic('queued'))
  pipe.sendSubscription(topic('A'), true)
  pipe.sendSubscription(topic('A'), false)
  assert.equal(driver.calls, ['SUBSCRIBE A', 'CANCEL A'])
  driver.peer = { major: 3, minor: 0 }
  pipe.sendSubscription(topic('A'), true)
  pipe.sendSubscription(topic(''), false)
  assert.equal(driver.texts, ['\x01A', '\x00'])
  driver.peer = { major: 4, minor: 0 }
  pipe.sendSubscription(topic(''), true)
  assert.equal(driver.calls.slice(2), ['SUBSCRIBE '])
})

test.run()
