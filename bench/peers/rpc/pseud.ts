// Ours: a server and a client as everybody writes them, all features on.
import { Client, Server } from 'pseud'
import { echo, type Kind, type Person, person } from './kind.ts'

const api = {
  echo,
  async *items(count: number): AsyncGenerator<Person> {
    for (let i = 0; i < count; i++) yield person(i)
  },
}

export const pseud: Kind = {
  serve: async () => {
    const server = new Server('bench')
    server.registerRpc(api)
    const endpoint = await server.bind('tcp://127.0.0.1:*')
    return Number(endpoint.split(':').at(-1))
  },
  connect: async (port) => {
    const client = await connected(port)
    return {
      call: (value) => client.echo(value),
      items: async (count, onItem) => {
        for await (const item of client.items(count)) onItem(item)
      },
    }
  },
}

/** The same server; each of a thousand callers has a client of its own. */
export const pseudClients: Kind = {
  serve: pseud.serve,
  connect: async (port) => {
    const clients: Client<typeof api>[] = []
    // Not all at once: a listener holds its handshakes down.
    while (clients.length < CLIENTS) {
      clients.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => connected(port)))))
    }
    return { call: (value, caller) => clients[caller]!.echo(value) }
  },
}

const CLIENTS = 1000
const AT_ONCE = 50

async function connected(port: number): Promise<Client<typeof api>> {
  const client = new Client<typeof api>('bench')
  client.connect(`tcp://127.0.0.1:${port}`)
  return await client.ready()
}
