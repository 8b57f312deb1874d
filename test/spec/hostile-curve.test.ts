/**
 * The dialogs of test/vectors/hostile-security.json: a live CURVE dialog with a real ROUTER, right in everything but in what the recipe
 * changes; whole, an octet per write, split at random, and beside an honest peer at work, which is served in each of them.
 */
import { randomBytes } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { maybeDecodeZ85 } from '../../src/base/z85.ts'
import { metadataBytes } from '../../src/zmtp/engine/security/curve-wire.ts'
import * as zmq from '../../src/zmtp/index.ts'
import { CurveScript } from '../support/curve-script.ts'
import { deliver, nextTurn, seedOf, WAYS, type Way } from '../support/delivery.ts'
import { frame, greeting, octets } from '../support/engine.ts'
import { HostileWorld, openSockets } from '../support/hostile-world.ts'
import type { RawFrame, RawPeer } from '../support/raw-peer.ts'
import { type DialogRow, SECURITY } from '../support/security-rows.ts'
import { until, within } from '../support/within.ts'

const test = suite('hostile CURVE dialogs')

const socketsBefore = openSockets()
const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => rejections.push(reason))

const KEYS = zmq.curveKeyPair()
const SERVER_KEY = maybeDecodeZ85(KEYS.publicKey)!
const HANDSHAKE_MS = 1000
// What the rows behind it change comes after READY.
const LAST_OF_HANDSHAKE = 'V21'
let asked = 0
// Verdicts wait for this.
let gate: Promise<void> = Promise.resolve()

const worlds: HostileWorld[] = []
let shared: Promise<HostileWorld> | undefined

test.after(() => {
  for (const world of worlds.splice(0)) world.close()
})

async function open(settings: Record<string, unknown> = {}): Promise<HostileWorld> {
  const { publicKey, secretKey } = zmq.curveKeyPair()
  const world = await HostileWorld.open(
    { curveServer: true, curveSecretKey: KEYS.secretKey, authenticator, ...settings },
    { curveServerKey: KEYS.publicKey, curvePublicKey: publicKey, curveSecretKey: secretKey },
  )
  worlds.push(world)
  return world
}

async function authenticator({ credentials }: zmq.AuthenticationRequest): Promise<zmq.Verdict> {
  asked++
  await gate
  return { status: credentials.mechanism === 'CURVE' ? '200' : '400' }
}

/** One end of a dialog: the script, the connection, and how octets go over it. */
class Dialog {
  readonly script: CurveScript = new CurveScript(SERVER_KEY)
  readonly peer: RawPeer
  readonly world: HostileWorld
  readonly way: Way
  #written = 0

  private constructor(world: HostileWorld, peer: RawPeer, way: Way) {
    this.world = world
    this.peer = peer
    this.way = way
  }

  /** Greeted. */
  static async open(world: HostileWorld, way: Way): Promise<Dialog> {
    const dialog = new Dialog(world, await (await world.stranger()).hears(64), way)
    await dialog.send(greeting('CURVE'))
    return dialog
  }

  send(...pieces: Buffer[]): Promise<void> {
    return deliver(this.peer, Buffer.concat(pieces), this.way, seedOf(`${this.way} ${this.#written++}`))
  }

  /** The frame of this number, once the server has said it. */
  async hears(index: number): Promise<RawFrame> {
    await until(() => this.peer.frames.length > index, 5000, `frame ${index}`)
    return this.peer.frames[index]!
  }

  /** As far as WELCOME. */
  async welcomed(hello: Buffer = this.script.hello()): Promise<this> {
    await this.send(hello)
    this.script.readWelcome((await this.hears(0)).body)
    return this
  }

  /** As far as READY. */
  async ready(initiate?: Buffer): Promise<this> {
    await this.welcomed()
    await this.send(initiate ?? this.script.initiate())
    const { socketType } = this.script.readReady((await this.hears(1)).body)
    assert.is(socketType, 'ROUTER')
    return this
  }
}

const MAX = 2n ** 64n - 1n
const flipped = (bytes: Buffer, at: number): Buffer => {
  bytes[at]! ^= 0x01
  return bytes
}
// A command of more than 255 octets has 9 octets in front of its body, a short one 2.
const LONG = 9
const SHORT = 2

const RECIPES: Readonly<Record<string, (dialog: Dialog) => Promise<unknown>>> = {
  V01: async (d) => (await d.ready()).send(d.script.message('hello')),
  V02: (d) => d.send(d.script.hello({ padding: Buffer.alloc(72, 1) })),
  V03: (d) => d.send(d.script.hello({ secret: Buffer.alloc(64, 1) })),
  V05: async (d) => {
    const hello = d.script.hello()
    await (await d.welcomed(hello)).send(hello)
  },
  V06: async (d) => {
    const other = await Dialog.open(d.world, 'whole')
    const recorded = other.script.hello()
    await other.welcomed(recorded)
    other.peer.destroy()
    await until(() => d.world.endings.splice(0).length > 0)
    await d.send(recorded)
    await d.hears(0)
  },
  V07: async (d) => {
    await d.welcomed(d.script.hello({ nonce: MAX }))
    await d.send(d.script.initiate({ nonce: MAX }))
  },
  V08: async (d) => {
    const { script } = await d.welcomed()
    const body = script.initiate({ metadata: Buffer.alloc(0) }).subarray(LONG)
    assert.is(body.length, 257)
    await d.send(frame(4, body.subarray(0, 256)))
  },
  V09: async (d) => d.send(flipped((await d.welcomed()).script.initiate(), LONG + 29)),
  V10: async (d) => {
    const other = await (await Dialog.open(d.world, 'whole')).welcomed()
    await d.welcomed()
    await d.send(d.script.initiate({ cookie: other.script.cookie }))
    await d.peer.over()
    other.peer.destroy()
  },
  V13: async (d) => {
    const { script } = await d.welcomed()
    await d.send(script.initiate({ vouched: Buffer.concat([randomBytes(32), SERVER_KEY]) }))
  },
  V14: async (d) => {
    const { script } = await d.welcomed()
    await d.send(script.initiate({ vouched: Buffer.concat([script.transientPublic, randomBytes(32)]) }))
  },
  V16: async (d) => d.send((await d.welcomed()).script.initiate({ nonce: 0n })),
  V18: async (d) => {
    const { script } = await d.welcomed()
    const before = asked
    const metadata = Buffer.concat([metadataBytes(DEALER), octets('20 616263')])
    await d.send(script.initiate({ metadata }))
    await d.peer.over()
    assert.is(asked, before, 'it was judged all the same')
  },
  V20: async (d) => {
    const other = await Dialog.open(d.world, 'whole')
    const hello = other.script.hello()
    await other.welcomed(hello)
    const initiate = other.script.initiate()
    await other.send(initiate)
    await other.hears(1)
    await d.send(hello)
    await d.hears(0)
    await d.send(initiate)
    await d.peer.over()
    other.peer.destroy()
  },
  V21: async (d) => {
    let decide: () => void = () => {}
    gate = new Promise((resolve) => {
      decide = resolve
    })
    const { script } = await d.welcomed()
    const before = asked
    await d.send(script.initiate())
    await d.send(script.message('sneaky'))
    await until(() => asked > before)
    // What was written is there once every socket has been looked at; a few times, for a loaded machine.
    for (let turn = 0; turn < 50; turn++) await nextTurn()
    decide()
  },
  V22: async (d) => {
    const message = (await d.ready()).script.message('hello')
    await d.send(message, message)
  },
  V23: async (d) => {
    const { script } = await d.ready()
    await d.send(script.message('hello', { nonce: 50n }), script.message('lower', { nonce: 49n }))
  },
  V25: async (d) => {
    const { script } = await d.ready()
    await d.send(script.message('hello', { nonce: MAX }), script.message('again', { nonce: 1n }))
  },
  V27: async (d) => d.send(flipped((await d.ready()).script.message('hello'), SHORT + 16)),
  V29: async (d) =>
    (await d.ready()).send(frame(0, Buffer.concat([octets('07 "MESSAGE"'), randomBytes(24)]))),
  V30: async (d) => d.send((await d.ready()).script.message('hello', { prefix: 'CurveZMQMESSAGES' })),
  V34: async (d) => d.send((await d.ready()).script.message('hello', { flags: 3 })),
  V36: async (d) => d.send((await d.ready()).script.message('hello', { outside: 4 })),
  V37: async (d) => {
    await d.welcomed()
    const initiate = d.script.initiate()
    await d.send(initiate)
    await d.hears(1)
    await d.send(initiate)
  },
  V38: async (d) => (await d.ready()).send(octets('040a 05 "ERROR" 03 "400"')),
  V39: async (d) => d.send((await d.ready()).script.message('')),
}

const DEALER = { socketType: 'DEALER', identity: Buffer.alloc(0), properties: new Map<string, Buffer>() }

for (const row of SECURITY.dialogs) {
  for (const way of WAYS) {
    test(`${row.id}: ${row.what}: ${row.code ?? 'accepted'}, ${way}`, async () => {
      shared ??= open()
      const world = row.code === 'HANDSHAKE_TIMEOUT' ? await slow() : await shared
      await within(20_000, play(world, row, way), 'the end of the dialog').finally(() => world.dismiss())
    })
  }
}

test('V21: nobody can tell a MESSAGE that did not wait from one that did, once READY has left; its sender proved who it is', async () => {
  gate = Promise.resolve()
  shared ??= open()
  const world = await shared
  world.delivered.length = 0
  const dialog = await (await Dialog.open(world, 'whole')).welcomed()
  await dialog.send(dialog.script.initiate())
  await dialog.hears(1)
  await dialog.send(dialog.script.message('READY was not read'))
  await until(() => world.delivered.length === 1)
  dialog.peer.destroy()
  await world.quiet()
})

test('each dialog has its recipe', () => {
  assert.equal(
    SECURITY.dialogs.map(({ id }) => id),
    Object.keys(RECIPES),
  )
})

test('after all of them, nothing is rejected unheard, and no connection is left', async () => {
  await nextTurn()
  assert.equal(rejections, [])
  for (const world of worlds.splice(0)) world.close()
  await until(() => openSockets() === socketsBefore, 5000, 'the end of all sockets')
})

test.run()

let impatient: Promise<HostileWorld> | undefined

/** A server that waits for a handshake no longer than a test can. */
function slow(): Promise<HostileWorld> {
  impatient ??= open({ handshakeInterval: HANDSHAKE_MS })
  return impatient
}

/** One dialog: what comes of it, and what the honest peer notices of it, which is nothing. */
async function play(world: HostileWorld, row: DialogRow, way: Way): Promise<void> {
  const { delivered, endings } = world
  const expected = row.delivered ?? []
  gate = Promise.resolve()
  delivered.length = 0
  endings.length = 0
  const served = world.serve(way === 'beside an honest peer at work' ? 200 : 5)
  const dialog = await Dialog.open(world, way)
  await RECIPES[row.id]!(dialog)
  if (row.code === undefined) {
    await until(() => delivered.length === expected.length)
    assert.not(dialog.peer.closed)
    dialog.peer.destroy()
  } else {
    await dialog.peer.over()
    await until(() => endings.length > 0)
    assert.is(endings[0]!.code, row.code)
    assert.is(endings[0]!.event.startsWith('handshake:error'), row.id <= LAST_OF_HANDSHAKE)
    // Nobody is told what was wrong: at most WELCOME, READY and the echo.
    assert.ok(dialog.peer.frames.length <= 2 + expected.length)
  }
  await served
  await world.serve(1)
  await world.quiet()
  assert.equal(delivered, expected)
}
