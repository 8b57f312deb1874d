// What people use STREAM for: an HTTP server of a screenful, asked by Node's client, and the other way about.
import { randomBytes } from 'node:crypto'
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Stream } from '../../../src/zmtp/index.ts'
import { within } from '../../support/within.ts'

const test = suite('stream as http')

/** One connection's octets on their way to being requests. */
class Requests {
  #octets: Buffer = Buffer.alloc(0)

  /** Takes what came and returns the requests that are whole now. */
  take(octets: Buffer): { line: string; body: Buffer }[] {
    this.#octets = Buffer.concat([this.#octets, octets])
    const whole = []
    for (;;) {
      const end = this.#octets.indexOf('\r\n\r\n')
      if (end < 0) return whole
      const head = this.#octets.toString('latin1', 0, end)
      const size = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
      if (this.#octets.length < end + 4 + size) return whole
      whole.push({ line: head.split('\r\n')[0]!, body: this.#octets.subarray(end + 4, end + 4 + size) })
      this.#octets = this.#octets.subarray(end + 4 + size)
    }
  }
}

/** Answers every request with what it was, until the socket is closed: `/bye` closes the connection behind the answer. */
async function serve(stream: Stream): Promise<{ connections: number }> {
  const seen = { connections: 0 }
  const open = new Map<string, Requests>()
  const loop = async (): Promise<void> => {
    for await (const [id, octets] of stream) {
      const key = id.toString('hex')
      if (octets.length === 0) {
        if (open.delete(key)) continue
        open.set(key, new Requests())
        seen.connections++
        continue
      }
      for (const { line, body } of open.get(key)!.take(octets)) {
        const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nX-Line: ${line}\r\n\r\n`
        if (!line.includes('/bye')) {
          await stream.send([id, head, ...(body.length > 0 ? ([id, body] as const) : [])])
          continue
        }
        open.delete(key)
        await stream.send([id, head, id, body, id, ''])
      }
    }
  }
  loop().catch((error: Error) => {
    console.error(error)
    stream.close()
  })
  return seen
}

interface Answer {
  status: number
  line: string
  body: Buffer
}

function ask(
  address: string,
  path: string,
  options: http.RequestOptions = {},
  body?: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      new URL(path, address.replace('tcp:', 'http:')),
      { ...options, headers: body === undefined ? {} : { 'content-length': body.length } },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => {
          const line = String(response.headers['x-line'])
          resolve({ status: response.statusCode!, line, body: Buffer.concat(chunks) })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

async function server(): Promise<{ stream: Stream; address: string; seen: { connections: number } }> {
  const stream = new Stream({ linger: 0 })
  await stream.bind('tcp://127.0.0.1:0')
  return { stream, address: stream.lastEndpoint!, seen: await serve(stream) }
}

test('node:http gets its answers, on one connection after the other', async () => {
  const { stream, address, seen } = await server()
  for (let n = 0; n < 5; n++) {
    const { status, line } = await within(5000, ask(address, `/page/${n}`, { agent: false }))
    assert.equal([status, line], [200, `GET /page/${n} HTTP/1.1`])
  }
  assert.is(seen.connections, 5)
  stream.close()
})

test('50 clients with kept connections and bodies of 0 to 1 MiB are answered 10 times each', async () => {
  const { stream, address, seen } = await server()
  const agent = new http.Agent({ keepAlive: true, maxSockets: 50 })
  const bodies = [0, 1, 8191, 8192, 8193, 100_000].map((size) => randomBytes(size))
  await Promise.all(
    Array.from({ length: 50 }, async (_, client) => {
      for (let n = 0; n < 10; n++) {
        const body = client === 7 && n === 3 ? randomBytes(1 << 20) : bodies[(client + n) % bodies.length]!
        const asked = ask(address, `/${client}/${n}`, { agent, method: 'POST' }, body)
        const answer = await within(20_000, asked, 'an answer')
        assert.is(answer.line, `POST /${client}/${n} HTTP/1.1`)
        assert.ok(answer.body.equals(body))
      }
    }),
  )
  assert.ok(seen.connections <= 50, `${seen.connections} connections`)
  agent.destroy()
  stream.close()
})

test('a connection closed behind the answer loses nothing of it', async () => {
  const { stream, address } = await server()
  const body = randomBytes(3 << 20)
  const answer = await within(5000, ask(address, '/bye', { agent: false, method: 'POST' }, body))
  assert.ok(answer.body.equals(body))
  stream.close()
})

test('a Stream asks a server of node:http and hears it close the connection', async () => {
  const answering = http.createServer((request, response) => {
    response.end(`you asked for ${request.url}`)
  })
  await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve))
  const stream = new Stream({ reconnectInterval: -1, linger: 0, receiveTimeout: 5000 })
  stream.connect(`tcp://127.0.0.1:${(answering.address() as AddressInfo).port}`, { routingId: 'http' })
  await stream.send(['http', 'GET /this HTTP/1.1\r\nHost: there\r\nConnection: close\r\n\r\n'])
  let text = ''
  let notices = 0
  for await (const [id, octets] of stream) {
    assert.is(String(id), 'http')
    text += octets
    if (octets.length === 0 && ++notices === 2) break
  }
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(text, /you asked for \/this/)
  stream.close()
  await new Promise((resolve) => answering.close(resolve))
})

test.run()
