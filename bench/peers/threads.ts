// The worker of threads.bench.ts: the same two functions, offered the way that `workerData` says.
import { parentPort, workerData } from 'node:worker_threads'
import { Server } from 'pseud'

const functions = {
  add: (a: number, b: number): number => a + b,
  echo: (octets: Uint8Array): Uint8Array => octets,
}

if (workerData === 'by hand') {
  parentPort!.on('message', ([id, name, args]: [number, keyof typeof functions, never]) => {
    parentPort!.postMessage([id, (functions[name] as (...args: never[]) => unknown)(...(args as never[]))])
  })
} else {
  const server = new Server('bench')
  server.registerRpc(functions)
  if (workerData === 'TCP') parentPort!.postMessage(await server.bind('tcp://127.0.0.1:0'))
  else await server.bind(parentPort!)
}
