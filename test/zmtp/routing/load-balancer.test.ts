// Whose turn it is to get a message, while peers fill up, drain, come and go.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LoadBalancer } from '../../../src/zmtp/routing/load-balancer.ts'
import { Pipe } from '../../../src/zmtp/routing/pipe.ts'

const balancer = suite('load balancer')

function setUp(count: number, limit = 1000): { subject: LoadBalancer; pipes: Pipe[] } {
  const subject = new LoadBalancer()
  const pipes = Array.from({ length: count }, () => new Pipe(limit, 1000))
  for (const pipe of pipes) subject.attach(pipe)
  return { subject, pipes }
}

/** Sends one message, and tells to which pipe. */
function send(subject: LoadBalancer, pipes: Pipe[]): number {
  const pipe = subject.choose()
  if (pipe === undefined) return -1
  pipe.sendOne(Buffer.from('x'))
  subject.sent(pipe)
  return pipes.indexOf(pipe)
}

balancer('has nobody to send to at first', () => {
  const subject = new LoadBalancer()
  assert.is(subject.choose(), undefined)
  assert.not(subject.writable)
})

balancer('R11, H1: takes pipes in turn, in the order they came', () => {
  const { subject, pipes } = setUp(3)
  assert.equal(
    [1, 2, 3, 4, 5, 6].map(() => send(subject, pipes)),
    [0, 1, 2, 0, 1, 2],
  )
})

balancer('sets full pipes aside until they take messages again', () => {
  const { subject, pipes } = setUp(2, 2)
  assert.equal(
    [1, 2, 3, 4, 5].map(() => send(subject, pipes)),
    [0, 1, 0, 1, -1],
  )
  assert.not(subject.writable)
  pipes[1]!.discardOutbound()
  subject.rearm(pipes[1]!)
  assert.equal(
    [1, 2, 3].map(() => send(subject, pipes)),
    [1, 1, -1],
  )
})

balancer('notices by rearm that a pipe has become full', () => {
  const { subject, pipes } = setUp(2, 5)
  pipes[0]!.sendOne(Buffer.from('x'))
  pipes[0]!.setLimits(1, 1)
  subject.rearm(pipes[0]!)
  assert.equal(
    [1, 2].map(() => send(subject, pipes)),
    [1, 1],
  )
})

balancer('attaches a pipe once and forgets one that has gone, whatever its place', () => {
  for (let gone = 0; gone < 4; gone++) {
    const { subject, pipes } = setUp(4)
    subject.attach(pipes[1]!)
    send(subject, pipes)
    subject.detach(pipes[gone]!)
    subject.detach(pipes[gone]!)
    subject.rearm(pipes[gone]!)
    const hits = new Set(Array.from({ length: 9 }, () => send(subject, pipes)))
    assert.equal(
      [...hits].sort(),
      [0, 1, 2, 3].filter((index) => index !== gone),
    )
  }
})

balancer('stays true over 20,000 random events', () => {
  const subject = new LoadBalancer()
  const attached = new Set<Pipe>()
  let seed = 42
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return seed % below
  }
  const pick = (): Pipe | undefined => [...attached][random(Math.max(1, attached.size))]
  for (let step = 0; step < 20_000; step++) {
    const pipe = pick()
    switch (random(5)) {
      case 0:
        if (attached.size < 8) {
          const fresh = new Pipe(1 + random(3), 1)
          attached.add(fresh)
          subject.attach(fresh)
        }
        break
      case 1:
        if (pipe !== undefined && random(3) === 0) {
          subject.detach(pipe)
          attached.delete(pipe)
        }
        break
      case 2:
        if (pipe !== undefined) {
          pipe.discardOutbound()
          subject.rearm(pipe)
        }
        break
      default: {
        const chosen = subject.choose()
        const open = [...attached].filter((candidate) => !candidate.full)
        assert.is(chosen === undefined, open.length === 0)
        if (chosen === undefined) break
        assert.ok(open.includes(chosen))
        chosen.sendOne(Buffer.from('x'))
        subject.sent(chosen)
      }
    }
  }
})

balancer.run()
