// A socket of an interop scenario, ours or libzmq's: told what to do by the same commands, so that a scenario is written once and played with
// the parts exchanged. Parts are strings with one character per octet.
import { sleep } from '../../support/within.ts'
import type { Command } from './actions.mjs'
import { anywhere, eventsOf, seen, type Transport } from './links.ts'
import type { Doer } from './peer.ts'
import type { Type } from './scenario.ts'

export class Player {
  readonly type: Type
  readonly name: string
  readonly #doer: Doer

  constructor(doer: Doer, type: Type, name: string) {
    this.#doer = doer
    this.type = type
    this.name = name
  }

  async act(command: Command): Promise<unknown> {
    return this.#doer.run({ name: this.name, ...command })
  }

  /** Binds to a free place of this transport, or to an endpoint; returns where. */
  async bind(where: Transport | string = 'tcp'): Promise<string> {
    const endpoint = where.includes(':') ? where : anywhere(where as Transport)
    return (await this.act({ do: 'bind', endpoint })) as string
  }

  /** Binds to an endpoint that was given up a moment ago, and may be taken still. */
  async bindAgain(endpoint: string): Promise<void> {
    for (const end = Date.now() + 5000; ; await sleep(20)) {
      try {
        await this.bind(endpoint)
        return
      } catch (error) {
        if (Date.now() > end) throw error
      }
    }
  }

  async connect(endpoint: string, routingId?: string): Promise<void> {
    await this.act({ do: 'connect', endpoint, ...(routingId !== undefined && { routingId }) })
  }

  async disconnect(endpoint: string): Promise<void> {
    await this.act({ do: 'disconnect', endpoint })
  }

  async unbind(endpoint: string): Promise<void> {
    await this.act({ do: 'unbind', endpoint })
  }

  /** An option, by the name that our sockets have for it. */
  async set(option: string, value: string | number | boolean): Promise<void> {
    await this.act({ do: 'set', option, value })
  }

  async close(): Promise<void> {
    await this.act({ do: 'close' })
  }

  // -- messages ----------------------------------------------------------------------------------------------------

  /** Sends; a ROUTER with `mandatory` waits until its peer is there. */
  async send(...parts: string[]): Promise<void> {
    await this.act({ do: 'put', parts: parts.map(toBase64) })
  }

  /** The code of the error that sending ends with after `ms` at most; 'sent' when there is none. */
  async trySend(parts: string[], ms = 0): Promise<string> {
    return (await this.act({ do: 'attempt', parts: parts.map(toBase64), ms })) as string
  }

  async receive(): Promise<string[]> {
    return ((await this.act({ do: 'take' })) as string[]).map(fromBase64)
  }

  /** The next message, if it comes within `ms`. */
  async maybeReceive(ms = 100): Promise<string[] | undefined> {
    const parts = (await this.act({ do: 'take', ms })) as string[] | null
    return parts?.map(fromBase64)
  }

  /** As many messages, each with its parts joined by a space. */
  async texts(count: number): Promise<string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push((await this.receive()).join(' '))
    return texts
  }

  // -- subscriptions -----------------------------------------------------------------------------------------------

  /** Of an XPUB with `manual`: for whoever sent what was received last. */
  async subscribe(...topics: string[]): Promise<void> {
    await this.act({ do: 'subscribe', topics: topics.map(toBase64) })
  }

  async unsubscribe(...topics: string[]): Promise<void> {
    await this.act({ do: 'subscribe', topics: topics.map(toBase64), cancel: true })
  }

  // -- events ------------------------------------------------------------------------------------------------------

  /** Counts events from now on. */
  async watch(): Promise<this> {
    await this.act({ do: 'watch' })
    return this
  }

  /** Waits until an event has been there so many times. */
  async seen(event: string, times = 1): Promise<void> {
    await seen(this.#doer, this.name, event, times)
  }

  async events(event: string): Promise<number> {
    return eventsOf(this.#doer, this.name, event)
  }
}

/** Has `publisher` say `topic` until `subscriber` hears it: its subscription has then arrived. Everything up to there is received. */
export async function acquainted(publisher: Player, subscriber: Player, topic: string): Promise<void> {
  let heard = false
  for (const end = Date.now() + 10_000; !heard && Date.now() < end; ) {
    await publisher.send(topic)
    heard = (await subscriber.maybeReceive(20))?.[0] === topic
  }
  if (!heard) throw new Error(`the subscription of ${subscriber.name} does not arrive`)
  await publisher.send(topic, 'met')
  for (let parts: string[] = []; parts[0] !== topic || parts.length < 2; ) parts = await subscriber.receive()
}

function toBase64(part: string): string {
  return Buffer.from(part, 'latin1').toString('base64')
}

function fromBase64(part: string): string {
  return Buffer.from(part, 'base64').toString('latin1')
}
