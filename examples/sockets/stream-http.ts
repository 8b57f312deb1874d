// STREAM: plain TCP, here a small HTTP server, asked by Node's own client. Every message is a connection's id and octets of it.
// Run `node scripts/run-example.mjs sockets/stream-http`.
import assert from 'node:assert/strict'
import { Stream } from 'pseud/zmtp'

const server = new Stream()
await server.bind('tcp://127.0.0.1:*')

async function serve(): Promise<void> {
  const heads = new Map<string, string>() // what each connection has said so far: TCP keeps no borders
  for await (const [id, octets] of server) {
    const key = id.toString('hex')
    if (octets.length === 0) {
      // An empty message: the connection was made, or has ended.
      if (!heads.delete(key)) heads.set(key, '')
      continue
    }
    const head = `${heads.get(key)}${octets}`
    heads.set(key, head)
    if (!head.includes('\r\n\r\n')) continue
    const body = `you asked for ${head.split(' ')[1]}`
    heads.delete(key)
    // An empty part ends the connection, once what stands before it has left.
    await server.send([id, `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`, id, ''])
  }
}
const served = serve()

const address = server.lastEndpoint!.replace('tcp:', 'http:')
const answers = await Promise.all(
  ['/tea', '/coffee'].map(async (path) => {
    const response = await fetch(`${address}${path}`, { headers: { connection: 'close' } })
    return response.text()
  }),
)
assert.deepEqual(answers, ['you asked for /tea', 'you asked for /coffee'])

server.close()
await served
console.log(answers.join(', '))
