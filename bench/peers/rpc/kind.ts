// What every kind of remote call offers to the benchmark: a server for `echo`, and calls of it; where it can, a stream of items. And the work: a
// person is sent there and comes back.
import type { AddressInfo, Server } from 'node:net'

export interface Person {
  id: number
  name: string
  tags: string[]
}

/** `caller` numbers the loops that call, from 0. */
export type Call = (person: Person, caller: number) => Promise<Person>

/** Calls `onItem` with each of `count` persons as they come; resolves after the last. */
export type Items = (count: number, onItem: (person: Person) => void) => Promise<void>

export interface Connected {
  call: Call
  items?: Items
}

export interface Kind {
  /** Resolves to the port. */
  serve(): Promise<number>
  connect(port: number): Promise<Connected>
}

export function person(id: number): Person {
  return { id, name: 'Ada Lovelace', tags: ['red', 'green', 'blue'] }
}

export const echo = (value: Person): Person => value

/** The calls that are open, of whoever has to keep them by hand: no timeouts, no errors, no bound. */
export class OpenCalls {
  readonly #open = new Map<number, (value: Person) => void>()
  #lastId = 0

  begin(send: (id: number) => void): Promise<Person> {
    return new Promise((resolve) => {
      const id = ++this.#lastId
      this.#open.set(id, resolve)
      send(id)
    })
  }

  settle(id: number, value: Person): void {
    this.#open.get(id)?.(value)
    this.#open.delete(id)
  }
}

export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
