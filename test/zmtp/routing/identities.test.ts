// Routing ids: those that peers bring, those that are made up, and what becomes of them.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Identities } from '../../../src/zmtp/routing/identities.ts'
import { Pipe } from '../../../src/zmtp/routing/pipe.ts'

const identities = suite('identities')
const id = (text: string): Buffer => Buffer.from(text)

identities('finds a pipe by any buffer with the same octets', () => {
  const subject = new Identities(Math.random)
  const pipe = new Pipe(1, 1)
  const given = Buffer.from([0xff, 0x00, 0x80])
  subject.assign(pipe, given)
  given[0] = 1
  assert.is(subject.find(Buffer.from([0xff, 0x00, 0x80])), pipe)
  assert.is(subject.find(pipe.routingId!), pipe)
  assert.is(subject.find(given), undefined)
  assert.is(subject.size, 1)
})

identities('R13: makes up ids of five octets, 00 and a counter with a random start', () => {
  const subject = new Identities(() => 0.5)
  const pipes = [new Pipe(1, 1), new Pipe(1, 1)]
  for (const pipe of pipes) subject.generate(pipe)
  assert.equal(
    pipes.map((pipe) => pipe.routingId!.toString('hex')),
    ['0080000000', '0080000001'],
  )
  assert.ok(pipes[0]!.generated)
})

identities('wraps the counter', () => {
  const subject = new Identities(() => (0x1_0000_0000 - 1) / 0x1_0000_0000)
  const pipes = [new Pipe(1, 1), new Pipe(1, 1)]
  for (const pipe of pipes) subject.generate(pipe)
  assert.equal(
    pipes.map((pipe) => pipe.routingId!.toString('hex')),
    ['00ffffffff', '0000000000'],
  )
})

identities('R13: never makes up an id that a peer has brought', () => {
  const subject = new Identities(() => 0)
  subject.assign(new Pipe(1, 1), Buffer.from([0, 0, 0, 0, 0]))
  subject.assign(new Pipe(1, 1), Buffer.from([0, 0, 0, 0, 1]))
  const pipe = new Pipe(1, 1)
  subject.generate(pipe)
  assert.equal(pipe.routingId, Buffer.from([0, 0, 0, 0, 2]))
})

identities('frees the old id of a pipe that gets another, or leaves', () => {
  const subject = new Identities(Math.random)
  const pipe = new Pipe(1, 1)
  subject.assign(pipe, id('first'))
  subject.assign(pipe, id('second'))
  assert.is(subject.find(id('first')), undefined)
  assert.is(subject.find(id('second')), pipe)
  subject.release(pipe)
  subject.release(pipe)
  assert.is(subject.find(id('second')), undefined)
  assert.is(pipe.routingId, undefined)
  assert.equal([...subject], [])
})

identities.run()
