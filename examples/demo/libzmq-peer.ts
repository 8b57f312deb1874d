// A libzmq peer without pseud: of two sockets of the native `zeromq` package the DEALER calls the server and is called, the ROUTER serves the client.
// Run `npm run demo`, which gives it the endpoint of the server.
import { decode, encode } from 'pseud/codec'
import { Dealer, Router } from 'zeromq'
import { onStop, ready, timed } from './report.ts'

type Message = [kind: number, ...fields: unknown[]]
const CALL = 0
const RESULT = 1

const functions: Record<string, (...args: never[]) => unknown> = {
  addition: (a: number, b: number) => a + b,
  reverse: (text: string) => [...text].reverse().join(''),
}

function answer(frame: Uint8Array): Uint8Array | undefined {
  const [kind, id, method, args] = decode(frame) as [number, number, string, never[]]
  return kind === CALL ? encode([RESULT, id, functions[method]!(...args)]) : undefined
}

const router = new Router({ linger: 0 })
await router.bind('tcp://127.0.0.1:0')
const serve = async () => {
  for await (const parts of router) {
    const reply = answer(parts.at(-1)!)
    if (reply !== undefined) await router.send([...parts.slice(0, -1), reply])
  }
}
const served = serve()

const dealer = new Dealer({ routingId: 'libzmq', linger: 0 })
dealer.connect(process.argv[2]!)
const asked = new Map<number, (value: unknown) => void>()
const listen = async () => {
  for await (const parts of dealer) {
    const [kind, id, value] = decode(parts.at(-1)!) as Message
    if (kind === RESULT) asked.get(id as number)?.(value)
    const reply = answer(parts.at(-1)!)
    if (reply !== undefined) await dealer.send(reply)
  }
}
const listened = listen()

async function call(id: number, method: string, ...args: unknown[]): Promise<unknown> {
  const result = new Promise((resolve) => asked.set(id, resolve))
  await dealer.send(encode([CALL, id, method, args]))
  return result
}

await timed('libzmq', 'server', 'lower("FROM C")', () => call(1, 'lower', 'FROM C'), 'from c')
ready(router.lastEndpoint!)
onStop(async () => {
  dealer.close()
  router.close()
  await Promise.all([served, listened])
})
