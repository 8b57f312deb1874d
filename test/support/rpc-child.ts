// A server in a process of its own, to be killed: `never` never answers, `busy` answers without looking at its sockets before.
// Prints its endpoint; the argument is where to bind.
import { Server } from '../../src/rpc/index.ts'

const server = new Server('remote')
server.registerRpc({
  never: () => new Promise(() => {}),
  lower: (text: string) => text.toLowerCase(),
  busy: (ms: number) => {
    const end = performance.now() + ms
    while (performance.now() < end);
    return ms
  },
})
console.log(await server.bind(process.argv[2]!))
