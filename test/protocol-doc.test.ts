// docs/protocol.md is checked octet by octet: its messages against the codec, its frames against the engine's answers,
// its sessions against a running Server and Client that a bare TCP socket talks to.
import { readFileSync } from 'node:fs'
import { createServer, connect as dial, type Socket } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Slab } from '../src/base/slab.ts'
import { Codec, decode, encode } from '../src/codec/index.ts'
import { ReceivedShapes, SentShapes } from '../src/codec/messages.ts'
import { Client, Server } from '../src/rpc/index.ts'
import { eventsOf, outputOf, readyEngine } from './support/engine.ts'
import { within } from './support/within.ts'

const test = suite('docs/protocol.md')
const page = readFileSync('docs/protocol.md', 'utf8')

interface Block {
  readonly info: string
  readonly lines: string[]
}

function blocks(language: string): Block[] {
  return [...page.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)]
    .map((match) => ({ info: match[1]!, lines: match[2]!.trimEnd().split('\n') }))
    .filter((block) => block.info.split(' ')[0] === language)
}

/** `ff 00*8 ??` as octets: `00*8` is repeated, `??` matches anything (undefined). Stops where the comment begins. */
function octets(text: string): (number | undefined)[] {
  const list: (number | undefined)[] = []
  for (const word of text.trim().split(/ {2,}/)[0]!.split(' ')) {
    const [, octet, times] = /^([0-9a-f]{2}|\?\?)(?:\*(\d+))?$/.exec(word) ?? []
    if (octet === undefined) throw new Error(`no octet: ${word} in ${text}`)
    const value = octet === '??' ? undefined : Number.parseInt(octet, 16)
    for (let i = Number(times ?? 1); i > 0; i--) list.push(value)
  }
  return list
}

function known(text: string): Buffer {
  return Buffer.from(octets(text) as number[])
}

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ')

const messages = blocks('msgpack').flatMap((block) => block.lines)

test('holds at least one message of every kind', () => {
  const kinds = new Set(messages.map((line) => (decode(known(line)) as number[])[0]))
  assert.equal(
    [...kinds].sort((a, b) => a! - b!),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  )
})

for (const line of messages) {
  const [, bytes, json] = /^(.*?) {2,}(.*)$/.exec(line)!
  test(`the octets shown for ${json!.slice(0, 60)} are what the codec writes and reads`, () => {
    const value = JSON.parse(json!) as unknown
    assert.equal(decode(known(bytes!)), value)
    assert.is(hex(encode(value)), hex(known(bytes!)))
  })
}

const LOGIN = [Buffer.from('john'), Buffer.from('pw')]

test('the bodies shown for protocol 1 are what the codec writes and reads', () => {
  const lines = blocks('bodies').flatMap((block) => block.lines)
  assert.is(lines.length, 4)
  for (const line of lines) {
    const [, bytes, text] = /^(.*?) {2,}(.*)$/.exec(line)!
    const value: unknown = text!.startsWith('[') ? JSON.parse(text!) : LOGIN
    assert.equal(decode(known(bytes!)), value)
    assert.is(hex(encode(value)), hex(known(bytes!)))
  }
})

const VALUES = new Map<string, unknown>([
  ['new Uint8Array([1, 2])', Buffer.from([1, 2])], // read back as a Buffer
  ['new Date(0)', new Date(0)],
  ['-0', -0],
  ['2n ** 64n', 2n ** 64n],
  ['undefined', undefined],
  // biome-ignore lint/suspicious/noSparseArray: that is the point
  ['[, 1]', [, 1]],
  ["new Map([[1, 'a']])", new Map([[1, 'a']])],
  ['new Set([1, 2])', new Set([1, 2])],
  ["new RangeError('far')", new RangeError('far')],
  ['new Uint16Array([1, 2])', new Uint16Array([1, 2])],
  ["'\\ud800'", '\ud800'],
])

test('the octets shown for values that JSON does not have are what the codec writes and reads', () => {
  const lines = blocks('values').flatMap((block) => block.lines)
  assert.is(lines.length, VALUES.size)
  for (const line of lines) {
    const [, bytes, literal] = /^(.*?) {2,}(.*)$/.exec(line)!
    assert.ok(VALUES.has(literal!), literal)
    const value = VALUES.get(literal!)
    assert.is(hex(encode(value)), hex(known(bytes!)), literal)
    assert.ok(isDeepStrictEqual(decode(known(bytes!)), value), literal)
  }
})

test('the octets shown for shared shapes, in order, are what is written and read', () => {
  const codec = new Codec()
  const slab = new Slab()
  const sent = new SentShapes()
  const received = new ReceivedShapes()
  const lines = blocks('shapes').flatMap((block) => block.lines)
  assert.ok(lines.length > 2)
  for (const line of lines) {
    const [, bytes, json] = /^(.*?) {2,}(.*)$/.exec(line)!
    const value = JSON.parse(json!) as unknown
    const written: Buffer[] = []
    codec.writeValue(slab, value, 'value', sent)
    slab.take(written, [])
    assert.is(hex(Buffer.concat(written)), hex(known(bytes!)))
    const reader = codec.reader()
    reader.reset(known(bytes!), 0, known(bytes!).length)
    reader.useShapes(received)
    assert.equal(reader.readValue(), value)
    reader.expectEnd()
  }
  assert.is(received.size, 1)
})

/** A bare TCP socket that follows a session of the page: writes its own lines, compares the peer's. */
class Script {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #wake: (() => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake?.()
    })
  }

  async follow(lines: readonly string[], self: 'C' | 'S'): Promise<void> {
    for (const line of lines) {
      const [, who, rest] = /^([CS]): (.*)$/.exec(line)!
      if (who === self) this.#socket.write(known(rest!))
      else await this.#expect(octets(rest!), line)
    }
  }

  async #expect(pattern: (number | undefined)[], line: string): Promise<void> {
    const arrived = async () => {
      while (this.#received.length < pattern.length) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    await within(5000, arrived(), `${line}: only ${hex(this.#received)}`)
    const actual = this.#received.subarray(0, pattern.length)
    const shown = pattern.map((octet, i) => octet ?? actual[i]!)
    assert.is(hex(actual), hex(Buffer.from(shown)), line)
    this.#received = this.#received.subarray(pattern.length)
  }

  /** Everything the page shows has come: nothing more may follow. */
  expectNothingMore(): void {
    assert.is(hex(this.#received), '')
  }
}

for (const [n, session] of blocks('session')
  .filter((block) => block.info.startsWith('session server'))
  .entries()) {
  test(`session ${n + 1} with a server goes exactly as shown`, async () => {
    const server = new Server('remote', { protocols: session.info.endsWith(' 1') ? [2, 1] : [2] })
    server.registerRpc('lower', (text: string) => text.toLowerCase())
    const endpoint = new URL(await server.bind('tcp://127.0.0.1:0'))
    const socket = dial(Number(endpoint.port), endpoint.hostname)
    try {
      const script = new Script(socket)
      await script.follow(session.lines, 'C')
      script.expectNothingMore()
    } finally {
      socket.destroy()
      await server.close()
    }
  })
}

for (const session of blocks('session').filter((block) => block.info.startsWith('session client'))) {
  const old = session.info.endsWith(' 1')
  test(`the session of a client of protocol ${old ? 1 : 2} goes exactly as shown`, async () => {
    const listener = createServer()
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as { port: number }
    const accepted = new Promise<Socket>((resolve) => listener.once('connection', resolve))
    const client = new Client('remote', { userId: 'client', protocol: old ? 1 : 2 })
    client.registerRpc('addition', (a: number, b: number) => a + b)
    if (old) client.call('lower', ['ABC']).catch(() => {})
    client.connect(`tcp://127.0.0.1:${port}`)
    const socket = await within(5000, accepted, 'a connection')
    try {
      const script = new Script(socket)
      await script.follow(session.lines, 'S')
      script.expectNothingMore()
    } finally {
      await client.close()
      socket.destroy()
      listener.close()
    }
  })
}

test('the frames shown for PING are answered by the PONG shown below them', async () => {
  const server = new Server('remote')
  const endpoint = new URL(await server.bind('tcp://127.0.0.1:0'))
  const socket = dial(Number(endpoint.port), endpoint.hostname)
  const [session] = blocks('session')
  const handshake = session!.lines.slice(
    0,
    session!.lines.findLastIndex((line) => line.startsWith('S:   ')) + 1,
  )
  const [ping, pong, pingWithContext, pongWithContext] = blocks('zmtp')[0]!.lines
  try {
    const script = new Script(socket)
    await script.follow(
      [...handshake, `C: ${ping}`, `S: ${pong}`, `C: ${pingWithContext}`, `S: ${pongWithContext}`],
      'C',
    )
    script.expectNothingMore()
  } finally {
    socket.destroy()
    await server.close()
  }
})

test('the PING of our own is written as shown, and its PONG confirms what stands before it', () => {
  const [ping, pong] = blocks('ping')[0]!.lines
  const engine = readyEngine('ROUTER', 'DEALER', { heartbeatIntervalMs: 5000, heartbeatMeasureMs: 5000 })
  for (const size of [3, 5]) engine.sendPart(Buffer.alloc(size), false)
  outputOf(engine)
  engine.handleTimeout(5000)
  assert.is(hex(outputOf(engine)), hex(known(ping!)))
  assert.equal(engine.unconfirmed, { messages: 2, bytes: 12 })
  engine.handleBytes(known(pong!), 5001)
  assert.equal(eventsOf(engine), [])
  assert.equal([engine.unconfirmed, engine.rttMs], [{ messages: 0, bytes: 0 }, 1])
})

test.run()
