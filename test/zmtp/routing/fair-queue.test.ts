// Whose message comes next, while peers send at different speeds, and leave.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FairQueue } from '../../../src/zmtp/routing/fair-queue.ts'
import { Pipe } from '../../../src/zmtp/routing/pipe.ts'
import { connect, parts } from '../../support/scripted-driver.ts'

const queue = suite('fair queue')

function drain(subject: FairQueue): string[] {
  const all: string[] = []
  for (let message = subject.shift(); message !== undefined; message = subject.shift())
    all.push(message.join('|'))
  return all
}

queue('is empty at first', () => {
  const subject = new FairQueue()
  assert.not(subject.readable)
  assert.is(subject.shift(), undefined)
  assert.is(subject.queued, 0)
})

queue('R11, H1: takes one message of each pipe in turn, whole and in order', () => {
  const subject = new FairQueue()
  const a = new Pipe(10, 10)
  const b = new Pipe(10, 10)
  for (const text of ['a1', 'a2', 'a3', 'a4']) subject.push(a, parts(text, 'x'))
  for (const text of ['b1', 'b2']) subject.push(b, parts(text))
  assert.is(subject.queued, 6)
  assert.equal(drain(subject), ['a1|x', 'b1', 'a2|x', 'b2', 'a3|x', 'a4|x'])
  assert.not(subject.readable)
})

queue('R11, H1: gives many in the order in which it gives one after the other', () => {
  const subject = new FairQueue()
  const a = new Pipe(10, 10)
  const b = new Pipe(10, 10)
  for (const text of ['a1', 'a2', 'a3', 'a4', 'a5']) subject.push(a, parts(text))
  for (const text of ['b1', 'b2']) subject.push(b, parts(text))
  const batch: Buffer[][] = []
  subject.shiftInto(batch, 5)
  assert.equal(batch.map(String), ['a1', 'b1', 'a2', 'b2', 'a3'])
  assert.is(subject.lastPipe, a)
  subject.shiftInto(batch, 6)
  assert.is(subject.queued, 1)
  subject.shiftInto(batch, 100)
  assert.equal(batch.map(String).slice(5), ['a4', 'a5'])
  assert.not(subject.readable)
  subject.push(a, parts('a6'))
  assert.equal(drain(subject), ['a6'])
})

queue('takes many of a full pipe, which reads on, and what that brings at once', () => {
  const subject = new FairQueue()
  const pipe = new Pipe(10, 4)
  const driver = connect(pipe)
  for (const text of ['1', '2', '3', '4']) subject.push(pipe, parts(text))
  assert.ok(driver.paused)
  driver.onResume = () => {
    driver.onResume = () => {}
    subject.push(pipe, parts('5'))
  }
  const batch: Buffer[][] = []
  subject.shiftInto(batch, 100)
  assert.equal(batch.map(String), ['1', '2', '3', '4', '5'])
  assert.not(driver.paused)
  assert.not(subject.readable)
})

queue('says which pipe the last message came from', () => {
  const subject = new FairQueue()
  const a = new Pipe(10, 10)
  subject.push(a, parts('x'))
  subject.shift()
  assert.is(subject.lastPipe, a)
})

queue('drops what a removed pipe brought, and keeps the turn of the others', () => {
  const subject = new FairQueue()
  const pipes = ['a', 'b', 'c'].map(() => new Pipe(10, 10))
  for (const [index, pipe] of pipes.entries()) {
    subject.push(pipe, parts(`${index}.1`))
    subject.push(pipe, parts(`${index}.2`))
  }
  subject.shift()
  subject.remove(pipes[1]!)
  assert.equal(drain(subject), ['2.1', '0.2', '2.2'])
  subject.push(pipes[1]!, parts('again'))
  assert.equal(drain(subject), ['again'])
})

queue('lets a pipe inherit what is unread of another, before its own, within its own bound', () => {
  const subject = new FairQueue()
  const [left, heir, other] = ['left', 'heir', 'other'].map(() => new Pipe(10, 3)) as [Pipe, Pipe, Pipe]
  const driver = connect(heir)
  for (const text of ['1', '2', '3']) subject.push(left, parts(text))
  subject.push(other, parts('x'))
  subject.inherit(heir, left)
  assert.ok(driver.paused)
  subject.push(heir, parts('4'))
  assert.is(subject.queued, 5)
  assert.equal(drain(subject), ['x', '1', '2', '3', '4'])
  subject.inherit(heir, left)
  assert.not(subject.readable)
})

queue('loses nothing when taking a message brings more from the same peer', () => {
  const subject = new FairQueue()
  const pipe = new Pipe(10, 1)
  const driver = connect(pipe)
  let brought = 1
  driver.onResume = () => {
    if (brought < 5) subject.push(pipe, parts(String(++brought)))
  }
  subject.push(pipe, parts('1'))
  assert.equal(drain(subject), ['1', '2', '3', '4', '5'])
})

queue.run()
