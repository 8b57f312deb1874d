import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type LinkLine, type LinkPort, PORT_WINDOW, PortLink } from '../../../src/zmtp/transport/port-link.ts'
import type { LinkOwner } from '../../../src/zmtp/transport/transport.ts'
import { sleep, until } from '../../support/within.ts'

const test = suite('port-link')

class Log implements LinkOwner {
  octets = 0
  text = ''
  written = 0
  closed = 0
  error: Error | undefined
  onChunk(chunk: Buffer): void {
    this.octets += chunk.length
    if (chunk.length < 100) this.text += chunk.toString()
  }
  room(): undefined {}
  onFilled(): void {}
  onWritten(): void {
    this.written++
  }
  onClose(error: Error | undefined): void {
    this.closed++
    this.error = error
  }
}

/** The channel of a link, which keeps what was posted until it is carried over, and the line that it is of. */
class Wire implements LinkPort, LinkLine {
  readonly posted: unknown[] = []
  readonly cuts: PortLink[] = []
  ends = 0
  closes = 0
  unlinked = 0
  readonly #listeners = new Map<string, (value: unknown) => void>()
  postMessage(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    if (message === 'pseud:end') this.ends++
    else this.posted.push(structuredClone(message, { transfer: [...transfer] }))
  }
  on(event: string, listener: (value: unknown) => void): void {
    this.#listeners.set(event, listener)
  }
  unref(): void {}
  close(): void {
    this.closes++
  }
  handleCut(link: PortLink): void {
    this.cuts.push(link)
  }
  unlink(): void {
    this.unlinked++
  }
  /** Lets the link hear `message`. */
  say(message: unknown, event = 'message'): void {
    this.#listeners.get(event)!(message)
  }
  /** Hands everything over to the other end, and waits until it is delivered; how many octets that was. */
  async carry(other: Wire): Promise<number> {
    let octets = 0
    for (const message of this.posted.splice(0)) {
      if (typeof message !== 'number') octets += (message as Uint8Array).length
      other.say(message)
    }
    await new Promise(setImmediate)
    return octets
  }
}

interface End {
  readonly link: PortLink
  readonly wire: Wire
  readonly log: Log
}

function end(): End {
  const wire = new Wire()
  const link = new PortLink('port://1', wire, wire)
  const log = new Log()
  link.start(log)
  return { link, wire, log }
}

test('carries octets in order, and what is written may change at once where there is room', async () => {
  const near = end()
  const far = end()
  const first = Buffer.from('he')
  near.link.write([first, Buffer.from('llo')])
  first.fill('x')
  near.link.write([Buffer.from('!')])
  assert.is(near.link.pendingBytes, 0)
  await near.wire.carry(far.wire)
  assert.is(far.log.text, 'hello!')
})

test('has a window under way and no more, and goes on as room is given back', async () => {
  const near = end()
  const far = end()
  near.link.write([Buffer.alloc(5 * PORT_WINDOW), Buffer.from('end')])
  assert.ok(near.link.pendingBytes > 4 * PORT_WINDOW)
  let most = 0
  for (let turn = 0; near.wire.posted.length > 0 && turn < 1000; turn++) {
    most = Math.max(most, await near.wire.carry(far.wire))
    await far.wire.carry(near.wire)
  }
  assert.ok(most <= PORT_WINDOW, `${most} octets at once`)
  assert.is(far.log.octets, 5 * PORT_WINDOW + 3)
  assert.equal([near.link.pendingBytes, near.log.written], [0, 1])
})

test('a paused end gives no room back: the sender stops after a window, also of the smallest messages', async () => {
  const near = end()
  const far = end()
  far.link.pause()
  for (let n = 0; n < 10_000; n++) near.link.write([Buffer.from('x')])
  const posted = near.wire.posted.length
  assert.ok(posted < 5000, `${posted} messages`)
  assert.is(near.link.pendingBytes, 10_000 - posted)
  await near.wire.carry(far.wire)
  assert.equal([far.log.octets, far.wire.posted.length], [0, 0])
  far.link.resume()
  await until(() => far.log.octets === posted)
  await far.wire.carry(near.wire)
  await near.wire.carry(far.wire)
  assert.is(far.log.octets, 10_000)
})

test('the first message of a turn is delivered at once, what comes with it in one go', async () => {
  const { wire, log } = end()
  await new Promise(setImmediate)
  for (const letter of 'abc') wire.say(Uint8Array.from(Buffer.from(letter)))
  assert.is(log.text, 'a')
  await new Promise(setImmediate)
  assert.is(log.text, 'abc')
})

test('delivers nothing before it is started', async () => {
  const wire = new Wire()
  const link = new PortLink('port://1', wire, wire)
  wire.say(Uint8Array.of(97))
  const log = new Log()
  link.start(log)
  assert.is(log.text, '')
  await until(() => log.text === 'a')
})

test('end says so after all that was written, and is answered by the other end', async () => {
  const near = end()
  const far = end()
  near.link.write([Buffer.alloc(2 * PORT_WINDOW)])
  near.link.end()
  assert.is(near.wire.ends, 0)
  while ((await near.wire.carry(far.wire)) > 0) await far.wire.carry(near.wire)
  assert.equal([near.wire.ends, far.log.octets], [1, 2 * PORT_WINDOW])
  far.wire.say('pseud:end')
  assert.equal([far.log.closed, far.wire.ends, far.wire.unlinked], [1, 1, 1])
  near.wire.say('pseud:end')
  assert.equal([near.log.closed, near.wire.ends, near.wire.unlinked], [1, 1, 1])
  near.link.destroy()
  await sleep(5)
  assert.is(near.log.closed, 1)
})

test('destroy drops what is left and closes in a later turn', async () => {
  const near = end()
  near.link.write([Buffer.alloc(2 * PORT_WINDOW)])
  near.link.destroy()
  assert.equal([near.log.closed, near.wire.ends, near.wire.unlinked], [0, 1, 1])
  await until(() => near.log.closed === 1)
  near.link.write([Buffer.from('late')])
  near.wire.say(Uint8Array.of(1))
  assert.is(near.log.octets, 0)
})

test('what has come is delivered before the end that comes from outside, also to a paused end', () => {
  const near = end()
  near.link.pause()
  near.wire.say(Uint8Array.of(97))
  const error = new Error('gone')
  near.link.handleOver(error)
  assert.equal([near.log.text, near.log.closed], ['a', 1])
  assert.is(near.log.error, error)
})

const large = new Uint8Array(new ArrayBuffer(PORT_WINDOW + 1))
const HOSTILE: Record<string, unknown> = {
  'a text': 'hello',
  'an object': { type: 'hello' },
  nothing: null,
  'what cannot be read': undefined,
  'no octets': new Uint8Array(0),
  'a part of a larger memory': new Uint8Array(new ArrayBuffer(10), 2, 4),
  'memory that others can write to': new Uint8Array(new SharedArrayBuffer(4)),
  'other numbers': new Float64Array(2),
  'a view': new DataView(new ArrayBuffer(4)),
  'more than a window': large,
  'room that nobody used': 1,
  'no room': 0,
  'room below zero': -1,
  'half an octet of room': 0.5,
  'room without a number': Number.NaN,
  'room without an end': Number.POSITIVE_INFINITY,
}

for (const [what, message] of Object.entries(HOSTILE)) {
  test(`${what} ends the link`, () => {
    const near = end()
    near.wire.say(message)
    assert.is(near.log.closed, 1)
    assert.is((near.log.error as { code?: string } | undefined)?.code, 'BAD_PORT_MESSAGE')
    assert.equal([near.log.octets, near.wire.ends], [0, 1])
  })
}

test('octets after the end end the link too', () => {
  const near = end()
  near.link.pause()
  near.wire.say(Uint8Array.of(1))
  near.wire.say('pseud:end')
  assert.is(near.log.closed, 0)
  near.wire.say(Uint8Array.of(1))
  assert.is((near.log.error as { code?: string } | undefined)?.code, 'BAD_PORT_MESSAGE')
})

test('a channel that ends without a word is told to whoever knows why, and one that was ended is over', () => {
  const cut = end()
  cut.wire.say(undefined, 'close')
  assert.equal([cut.wire.cuts.length, cut.log.closed], [1, 0])
  const ended = end()
  ended.link.end()
  ended.wire.say(undefined, 'close')
  assert.equal([ended.wire.cuts.length, ended.log.closed, ended.log.error], [0, 1, undefined])
})

test.run()
