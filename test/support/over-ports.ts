// Lets tests that know endpoints as texts run over MessagePorts: `ports:NAME` is a place where many can connect, each over a MessageChannel of
// its own, of which the one end goes to who has bound there, now or later.
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Client, Server } from '../../src/rpc/index.ts'

interface Place {
  bound: ((port: MessagePort) => Promise<string>) | undefined
  /** What came before somebody was there. */
  readonly waiting: MessagePort[]
}

const places = new Map<string, Place>()

function placeOf(name: string): Place {
  const place = places.get(name) ?? { bound: undefined, waiting: [] }
  places.set(name, place)
  return place
}

function handOver(place: Place, port: MessagePort): void {
  const { bound } = place
  if (bound === undefined) {
    place.waiting.push(port)
    return
  }
  // Who was there may have been closed: the next one finds the port waiting.
  bound(port).catch(() => {
    if (place.bound === bound) place.bound = undefined
    handOver(place, port)
  })
}

function isPlace(at: unknown): at is string {
  return typeof at === 'string' && at.startsWith('ports:')
}

/** As `original`, which is Server or Client: what it makes also binds and connects `ports:NAME`. */
export function overPorts<Constructor extends typeof Server | typeof Client>(
  original: Constructor,
): Constructor {
  return new Proxy(original, {
    construct(target, args): object {
      const one = Reflect.construct(target, args) as Server
      const bind = one.bind.bind(one)
      const connect = one.connect.bind(one)
      const value = {
        bind: async (at: string): Promise<string> => {
          if (!isPlace(at)) return bind(at)
          const place = placeOf(at)
          place.bound = bind
          await Promise.all(place.waiting.splice(0).map((port) => bind(port)))
          return at
        },
        connect: (at: string): Server => {
          if (!isPlace(at)) return connect(at)
          const { port1, port2 } = new MessageChannel()
          connect(port2)
          handOver(placeOf(at), port1)
          return one
        },
      }
      for (const name of ['bind', 'connect'] as const)
        Object.defineProperty(one, name, { value: value[name] })
      return one
    },
  })
}
