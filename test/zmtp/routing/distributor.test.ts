// A message to all chosen pipes: who gets it, who misses it whole, and that nobody gets a part of it, to few and to many.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Distributor } from '../../../src/zmtp/routing/distributor.ts'
import { Pipe } from '../../../src/zmtp/routing/pipe.ts'
import { connect, parts, type ScriptedDriver } from '../../support/scripted-driver.ts'

const distributor = suite('distributor')

function setUp(
  count: number,
  limit = 1000,
): { subject: Distributor; pipes: Pipe[]; drivers: ScriptedDriver[] } {
  const subject = new Distributor()
  const pipes = Array.from({ length: count }, () => new Pipe(limit, 1000))
  for (const pipe of pipes) subject.attach(pipe)
  return { subject, pipes, drivers: pipes.map(connect) }
}

function sendToAll(subject: Distributor, ...message: string[]): void {
  subject.begin()
  subject.chooseAll()
  if (message.length === 1) subject.sendOne(Buffer.from(message[0]!))
  else subject.send(parts(...message))
}

for (const count of [1, 2, 7, 8, 9, 100]) {
  distributor(`hands every message to all of ${count} pipes, in order`, () => {
    const { subject, drivers } = setUp(count)
    sendToAll(subject, 'one')
    sendToAll(subject, 'topic', 'two', '')
    sendToAll(subject, '')
    for (const driver of drivers) assert.equal(driver.texts, ['one', 'topic|two|', ''])
  })

  distributor(`of ${count} pipes, those that are congested queue what they get, each as it was sent`, () => {
    const { subject, drivers, pipes } = setUp(count)
    drivers.forEach((driver, i) => {
      driver.congested = i % 2 === 0
    })
    const body = Buffer.from('changed later')
    subject.begin()
    subject.chooseAll()
    subject.sendOne(body)
    body.fill(0x2e) // a small body is the caller's again
    sendToAll(subject, 'a', 'b')
    drivers.forEach((driver, i) => {
      assert.is(pipes[i]!.queued, i % 2 === 0 ? 2 : 0)
      driver.congested = false
      pipes[i]!.drain()
      assert.equal(driver.texts, ['changed later', 'a|b'])
      assert.is(pipes[i]!.sent, 2)
    })
  })

  distributor(`of ${count} pipes, one that is full misses whole messages, and counts them`, () => {
    const { subject, drivers, pipes } = setUp(count, 2)
    const slow = drivers[0]!
    slow.congested = true
    for (let i = 0; i < 5; i++) sendToAll(subject, 'n', `${i}`)
    assert.is(pipes[0]!.dropped, 3)
    slow.congested = false
    pipes[0]!.drain()
    assert.equal(slow.texts, ['n|0', 'n|1'])
    for (const driver of drivers.slice(1)) assert.equal(driver.texts, ['n|0', 'n|1', 'n|2', 'n|3', 'n|4'])
  })
}

distributor('hands a message to the chosen only, once each, or to all others', () => {
  const { subject, drivers, pipes } = setUp(12)
  subject.begin()
  for (const pipe of pipes.slice(0, 9)) subject.choose(pipe)
  subject.choose(pipes[0]!)
  subject.sendOne(Buffer.from('nine'))
  subject.begin()
  for (const pipe of pipes.slice(0, 2)) subject.choose(pipe)
  subject.invert()
  subject.sendOne(Buffer.from('ten'))
  subject.begin()
  subject.sendOne(Buffer.from('nobody'))
  drivers.forEach((driver, i) => {
    assert.equal(driver.texts, [...(i < 9 ? ['nine'] : []), ...(i >= 2 ? ['ten'] : [])])
  })
})

distributor('what many pipes queue is kept once', () => {
  const { subject, drivers, pipes } = setUp(10)
  for (const driver of drivers) driver.congested = true
  subject.begin()
  subject.chooseAll()
  subject.sendOne(Buffer.from('kept'))
  const seen: Buffer[] = []
  drivers.forEach((driver, i) => {
    driver.congested = false
    driver.sendPart = (body) => void seen.push(body)
    pipes[i]!.drain()
  })
  assert.is(seen.length, 10)
  for (const body of seen) assert.is(body, seen[0])
})

distributor.run()
