// The tree of topics, against a plain list of them; and that neither long nor many topics cost more than their octets.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Topics } from '../../../src/zmtp/routing/topics.ts'

const topics = suite('topics')

/** A map from latin1 text, searched from end to end. */
class Plain {
  readonly values = new Map<string, string>()

  collect(body: string): string[] {
    return [...this.values.keys()]
      .filter((topic) => body.startsWith(topic))
      .sort((a, b) => a.length - b.length)
  }
}

function octets(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function collect(subject: Topics<string>, body: string): string[] {
  const found: string[] = []
  subject.collect(octets(body), found)
  return found
}

topics('find prefixes of a body, the shortest first, the empty topic included', () => {
  const subject = new Topics<string>()
  for (const topic of ['', 'a', 'abc', 'abd', 'b']) subject.set(octets(topic), topic)
  assert.equal(collect(subject, 'abcd'), ['', 'a', 'abc'])
  assert.equal(collect(subject, 'ab'), ['', 'a'])
  assert.equal(collect(subject, ''), [''])
  assert.equal(collect(subject, 'zzz'), [''])
  subject.delete(octets(''))
  assert.equal(collect(subject, 'zzz'), [])
  assert.not(subject.matches(octets('c')))
  assert.ok(subject.matches(octets('ab')))
})

topics('keep a value for each topic, and only what was set', () => {
  const subject = new Topics<string>()
  assert.not(subject.delete(octets('x')))
  subject.set(octets('abc'), '1')
  subject.set(octets('abc'), '2')
  assert.is(subject.size, 1)
  assert.is(subject.find(octets('abc')), '2')
  for (const other of ['', 'a', 'ab', 'abcd', 'abd']) {
    assert.is(subject.find(octets(other)), undefined)
    assert.not(subject.delete(octets(other)))
  }
  assert.ok(subject.delete(octets('abc')))
  assert.not(subject.delete(octets('abc')))
  assert.is(subject.size, 0)
})

topics('agree with a plain list over 20,000 random changes', () => {
  let seed = 7
  const random = (bound: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % bound
  }
  const text = (): string => {
    // Few letters, so that topics share beginnings; some longer than one edge.
    const length = random(10) === 0 ? 60 + random(80) : random(7)
    let made = ''
    while (made.length < length) made += length > 50 ? 'q' : 'ab\xff'[random(3)]!
    return made
  }
  const subject = new Topics<string>()
  const plain = new Plain()
  for (let i = 0; i < 20_000; i++) {
    const topic = text()
    if (random(2) === 0) {
      subject.set(octets(topic), topic)
      plain.values.set(topic, topic)
    } else {
      assert.is(subject.delete(octets(topic)), plain.values.delete(topic))
    }
    const body = text() + text()
    assert.equal(collect(subject, body), plain.collect(body), `seed 7, change ${i}`)
    assert.is(subject.matches(octets(body)), plain.collect(body).length > 0)
    assert.is(subject.size, plain.values.size)
    if (i % 1000 === 0) {
      const sorted = [...plain.values.keys()].sort((a, b) => Buffer.compare(octets(a), octets(b)))
      assert.equal([...subject], sorted)
    }
  }
})

/** The least processor time, in µs, that `run` took in a few tries. */
function least(run: () => void): number {
  return Math.min(
    ...Array.from({ length: 7 }, () => {
      const started = process.cpuUsage()
      run()
      const { user, system } = process.cpuUsage(started)
      return user + system
    }),
  )
}

/** Sixteen times the octets may cost sixteen times as much, and some noise; 256 times would be quadratic. */
function assertLinear(run: (size: number) => void, small: number): void {
  const [little, much] = [least(() => run(small)), least(() => run(16 * small))]
  assert.ok(much < 80 * Math.max(little, 50), `${little} µs for ${small}, ${much} µs for 16 times as much`)
}

topics('S13: a topic of 1 MiB costs no stack, and time in proportion to its octets', () => {
  const long = Buffer.alloc(0x10_0000, 'x')
  const below = Buffer.concat([long.subarray(1), Buffer.from('y')])
  assertLinear((size) => {
    const subject = new Topics<number>()
    const topic = long.subarray(0, size)
    subject.set(topic, 1)
    assert.ok(subject.matches(long) && subject.find(topic) === 1)
    assert.not(subject.matches(below.subarray(long.length - size)))
    assert.equal([...subject], [1])
    assert.ok(subject.delete(topic))
    assert.is(subject.size, 0)
  }, 0x1_0000)
})

topics('S13: many topics that begin alike cost time in proportion to all their octets', () => {
  const long = Buffer.alloc(4000, 'x')
  // So many topics of 1, 2, 3, … octets: four times as many have sixteen times the octets.
  assertLinear((octets) => {
    const subject = new Topics<number>()
    const count = Math.round(Math.sqrt(octets))
    for (let size = 1; size <= count; size++) subject.set(long.subarray(0, size), size)
    const found: number[] = []
    subject.collect(long, found)
    assert.is(found.length, count)
    for (let size = 1; size <= count; size++) assert.ok(subject.delete(long.subarray(0, size)))
    assert.is(subject.size, 0)
  }, 160_000)
})

topics.run()
