// The thread that the scenario calls: over its port, and over tcp, whose endpoint it posts to its parent.
import { parentPort } from 'node:worker_threads'
import { Server } from 'pseud'

const server = new Server('peer')
server.registerRpc({
  double: (n: number) => 2 * n,
  async *squares(below: number) {
    for (let n = 0; n < below; n++) yield n * n
  },
})

void (async () => {
  await server.bind(parentPort!)
  parentPort!.postMessage(await server.bind('tcp://127.0.0.1:*'))
})()
