// Where an interop scenario is played: our sockets in this process and libzmq's in a child, whatever it opens closed at its end. `against`
// registers the same scenarios for each library.
import path from 'node:path'
import { suite } from 'uvu'
import * as zmq from '../../../src/zmtp/index.ts'
import { within } from '../../support/within.ts'
import { Actor } from './actions.mjs'
import { Child } from './child.ts'
import { LIBRARIES, type Library, Peer } from './peer.ts'
import { Player } from './player.ts'
import { findPython, pythonOr } from './python.ts'
import { Relay, type RelayOptions } from './relay.ts'
import type { Type } from './scenario.ts'

export type Options = Readonly<Record<string, string | number | boolean>>

export class Stage {
  readonly library: Library
  readonly #peer: Peer
  /** Our side. */
  readonly actor: Actor = new Actor(zmq)
  readonly #theirs: Player[] = []
  readonly #children: Child[] = []
  readonly #relays: Relay[] = []
  #names = 0

  constructor(library: Library, peer: Peer) {
    this.library = library
    this.#peer = peer
  }

  /** A socket of ours. */
  async ours(type: Type, options: Options = {}): Promise<Player> {
    const player = new Player(this.actor, type, `ours ${++this.#names}`)
    await player.act({ do: 'socket', type, options })
    return player
  }

  /** A socket of libzmq, in the child that all tests share, or in one of its own. */
  async theirs(type: Type, options: Options = {}, peer: Peer = this.#peer): Promise<Player> {
    const player = new Player(peer, type, `theirs ${++this.#names}`)
    await player.act({ do: 'socket', type, options })
    if (peer === this.#peer) this.#theirs.push(player)
    return player
  }

  /** Two sockets, the first of them ours, or with the parts exchanged. */
  async cast(
    weAreFirst: boolean,
    first: [Type, Options?],
    second: [Type, Options?],
  ): Promise<[Player, Player]> {
    const [a, b] = weAreFirst ? [this.ours, this.theirs] : [this.theirs, this.ours]
    return [await a.call(this, ...first), await b.call(this, ...second)]
  }

  /** A child of its own, to be stopped or killed. */
  peer(): Peer {
    const peer = new Peer(this.library)
    this.#children.push(peer.child)
    return peer
  }

  /** libzmq's zmq_proxy in a child of its own, ROUTER in front and DEALER behind; the back dials `endpoints`, or is bound where there are none. */
  async proxy(...endpoints: string[]): Promise<{ front: string; back: string }> {
    const support = path.resolve('test/interop/support')
    const child =
      this.library === 'zeromq'
        ? new Child(process.execPath, [path.join(support, 'rpc_proxy.mjs'), ...endpoints])
        : new Child(findPython()!, [path.join(support, 'rpc_proxy.py'), ...endpoints])
    this.#children.push(child)
    const [front, back] = JSON.parse(await child.line()) as [string, string]
    return { front, back }
  }

  async relay(target: string, options?: RelayOptions): Promise<Relay> {
    const relay = await Relay.to(target, options)
    this.#relays.push(relay)
    return relay
  }

  async end(): Promise<void> {
    this.actor.end()
    for (const relay of this.#relays) relay.close()
    for (const player of this.#theirs) await player.act({ do: 'end' })
    for (const child of this.#children) await child.kill()
  }
}

export type Register = (name: string, play: (stage: Stage) => Promise<void>) => void

/** Registers what `define` says, once for each library; what takes longer than 20 s has failed. */
export function against(what: string, define: (test: Register, library: Library) => void): void {
  const python = pythonOr(`${what} against the libzmq of pyzmq`)
  for (const library of LIBRARIES) {
    const tests = suite(`${what} against ${library}`)
    const here = library === 'zeromq' || python !== undefined
    let peer: Peer
    const perform = async (name: string, play: (stage: Stage) => Promise<void>): Promise<void> => {
      const stage = new Stage(library, peer)
      try {
        await within(20_000, play(stage), name)
        await stage.end()
      } catch (error) {
        stage.end().catch(() => {})
        // It may be waiting for what will never come.
        await peer.kill()
        peer = new Peer(library)
        throw error
      }
    }
    tests.before(() => {
      if (here) peer = new Peer(library)
    })
    tests.after(async () => {
      if (here) await peer.end()
    })
    // Skipped ones count for the floor.
    define((name, play) => (here ? tests(name, () => perform(name, play)) : tests.skip(name)), library)
    tests.run()
  }
}
