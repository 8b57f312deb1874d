/**
 * What the rows `curve_live` change in a live CURVE dialog that is right in everything else, and the dialog itself. A recipe sends; what must
 * come of it stands in outcomes.ts.
 */
import { randomBytes } from 'node:crypto'
import * as assert from 'uvu/assert'
import { metadataBytes } from '../../src/zmtp/engine/security/curve-wire.ts'
import { CurveScript } from '../support/curve-script.ts'
import { deliver, nextTurn, seedOf, type Way } from '../support/delivery.ts'
import { frame, greeting, octets } from '../support/engine.ts'
import { SEED } from '../support/noise.ts'
import type { RawFrame, RawPeer } from '../support/raw-peer.ts'
import { until } from '../support/within.ts'
import type { World } from './world.ts'

/** Lets everybody in, and counts who asked. */
export interface Judge {
  asked: number
  /** Verdicts wait for this. */
  gate: Promise<void>
}

export interface Setting {
  /** Of the row. */
  readonly id: string
  readonly world: World
  readonly judge: Judge
  readonly serverKey: Buffer
  readonly way: Way
}

/** One end of a dialog: the script, the connection, and how octets go over it. */
export class Dialog {
  readonly script: CurveScript
  readonly peer: RawPeer
  readonly setting: Setting
  #written = 0

  private constructor(setting: Setting, peer: RawPeer) {
    this.script = new CurveScript(setting.serverKey)
    this.setting = setting
    this.peer = peer
  }

  /** Greeted. */
  static async open(setting: Setting): Promise<Dialog> {
    const dialog = new Dialog(setting, await (await setting.world.stranger()).hears(64))
    await dialog.send(greeting('CURVE'))
    return dialog
  }

  get world(): World {
    return this.setting.world
  }

  get judge(): Judge {
    return this.setting.judge
  }

  get serverKey(): Buffer {
    return this.setting.serverKey
  }

  /** Another one, whole, with the same server. */
  another(): Promise<Dialog> {
    return Dialog.open({ ...this.setting, way: 'whole' })
  }

  send(...pieces: Buffer[]): Promise<void> {
    const { id, way } = this.setting
    return deliver(this.peer, Buffer.concat(pieces), way, seedOf(`${SEED} ${id} ${this.#written++}`))
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

/** By the id of the row: what is sent, and nothing else. */
export const RECIPES: Readonly<Record<string, (dialog: Dialog) => Promise<unknown>>> = {
  V01: async (d) => (await d.ready()).send(d.script.message('hello')),
  V02: (d) => d.send(d.script.hello({ padding: Buffer.alloc(72, 1) })),
  V03: (d) => d.send(d.script.hello({ secret: Buffer.alloc(64, 1) })),
  V05: async (d) => {
    const hello = d.script.hello()
    await (await d.welcomed(hello)).send(hello)
  },
  V06: async (d) => {
    const other = await d.another()
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
    const other = await (await d.another()).welcomed()
    await d.welcomed()
    await d.send(d.script.initiate({ cookie: other.script.cookie }))
    await d.peer.over()
    other.peer.destroy()
  },
  V13: async (d) => {
    const { script } = await d.welcomed()
    await d.send(script.initiate({ vouched: Buffer.concat([randomBytes(32), d.serverKey]) }))
  },
  V14: async (d) => {
    const { script } = await d.welcomed()
    await d.send(script.initiate({ vouched: Buffer.concat([script.transientPublic, randomBytes(32)]) }))
  },
  V16: async (d) => d.send((await d.welcomed()).script.initiate({ nonce: 0n })),
  V18: async (d) => {
    const { script } = await d.welcomed()
    const before = d.judge.asked
    const metadata = Buffer.concat([metadataBytes(DEALER), octets('20 616263')])
    await d.send(script.initiate({ metadata }))
    await d.peer.over()
    assert.is(d.judge.asked, before, 'it was judged all the same')
  },
  V20: async (d) => {
    const other = await d.another()
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
    d.judge.gate = new Promise((resolve) => {
      decide = resolve
    })
    const { script } = await d.welcomed()
    const before = d.judge.asked
    await d.send(script.initiate())
    await d.send(script.message('sneaky'))
    await until(() => d.judge.asked > before)
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
  OV01: async (d) => {
    await d.welcomed()
    await d.send(d.script.initiate())
    await d.hears(1)
    await d.send(d.script.message('hello'))
  },
  OV02: async (d) => {
    await d.welcomed(d.script.hello({ nonce: 5n }))
    await d.send(d.script.initiate({ nonce: 5n }))
  },
  OV03: async (d) => d.send((await d.welcomed()).script.initiate({ flipVouch: true })),
  OV04: async (d) => {
    const metadata = metadataBytes({ ...DEALER, socketType: 'PUB' })
    await d.send((await d.welcomed()).script.initiate({ metadata }))
  },
  OV05: async (d) => d.send((await d.ready()).script.message('\xff', { flags: 2 })),
  OV06: async (d) => d.send((await d.ready()).script.message('hello', { flags: 0x80 })),
  OV07: async (d) => (await d.ready()).send(octets('0006 "sneaky"')),
  OV08: async (d) => (await d.ready()).send(octets('0407 04 "PING" 0000')),
  OV09: async (d) =>
    (await d.ready()).send(frame(0, Buffer.concat([octets('07 "MESSAGE"'), randomBytes(25)]))),
  OV10: async (d) => {
    const { script } = await d.ready()
    await d.send(script.message('hello', { nonce: 3n }), script.message('again', { nonce: 3n }))
  },
  OV11: async (d) => d.send((await d.welcomed()).script.initiate({ metadata: Buffer.alloc(9000) })),
  OV12: async (d) => {
    const { script } = await d.ready()
    await d.send(script.message('hello', { flags: 1 }), script.message('world'))
  },
}

const DEALER = { socketType: 'DEALER', identity: Buffer.alloc(0), properties: new Map<string, Buffer>() }
