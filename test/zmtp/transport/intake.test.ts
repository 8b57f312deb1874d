// Octets that are read into memory of ours: what was read before must stay as it was, whoever reads next, and nothing may be left over.
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Pull, Push } from '../../../src/zmtp/index.ts'
import { Intake, reopened } from '../../../src/zmtp/transport/intake.ts'
import { until, within } from '../../support/within.ts'

const test = suite('intake')

let names = 0
const endpoints = {
  tcp: () => 'tcp://127.0.0.1:*',
  ipc: () => `ipc://${join(tmpdir(), `pseud-intake-${process.pid}-${++names}`)}`,
}

/** Body `n`: no two alike. */
function body(n: number, size: number): Buffer {
  return Buffer.alloc(size, `${n} `)
}

for (const [transport, endpoint] of Object.entries(endpoints)) {
  for (const bound of ['receiver', 'sender']) {
    test(`what was received stays as it was, over ${transport} to the ${bound === 'receiver' ? 'accepting' : 'connecting'} side`, async () => {
      const [push, pull] = [new Push({ linger: 0 }), new Pull()]
      const [server, client] = bound === 'receiver' ? [pull, push] : [push, pull]
      await server.bind(endpoint())
      client.connect(server.lastEndpoint!)
      // Sizes at which a part is copied, joined, read straight into its memory; and all of them mixed.
      const sizes = [0, 5, 300, 4000, 5000, 30_000, 65_527, 65_536, 100_000, 300_000, 1_000_000, 2_500_000]
      const sent = [...sizes, ...sizes.toReversed(), 1_000_000, 7, 1_000_000, 70_000].map((size, n) =>
        body(n, size),
      )
      const sending = push.sendMany(sent)
      const got: Buffer[] = []
      while (got.length < sent.length) got.push((await within(10_000, pull.receive()))[0]!)
      await sending
      for (const [n, part] of got.entries())
        assert.ok(part.equals(sent[n]!), `message ${n} of ${sent[n]!.length} octets`)
      push.close()
      pull.close()
    })
  }
}

test('a reader that stops in the middle keeps what it has, while others read on', async () => {
  const pulls = [new Pull({ receiveHighWaterMark: 10 }), new Pull({ receiveHighWaterMark: 10 })]
  const pushes: Push[] = []
  for (const pull of pulls) {
    await pull.bind('tcp://127.0.0.1:*')
    const push = new Push({ linger: 0 })
    push.connect(pull.lastEndpoint!)
    pushes.push(push)
  }
  const texts = pulls.map((_, k) => Array.from({ length: 1000 }, (_, n) => `${k} has ${n}`))
  const sending = pushes.map((push, k) => push.sendMany(texts[k]!))
  await until(() => pulls.every((pull) => pull.counters.queuedToReceive === 10))
  const got: string[][] = [[], []]
  while (got.some((list) => list.length < 1000)) {
    for (const [k, pull] of pulls.entries()) {
      if (got[k]!.length < 1000) got[k]!.push(String((await within(5000, pull.receive()))[0]))
    }
  }
  assert.equal(got, texts)
  await Promise.all(sending)
  for (const socket of [...pulls, ...pushes]) socket.close()
})

test('a socket that was accepted is made anew, once; one that the runtime will not give away stays as it is', async () => {
  const accepted = new Promise<Socket>((resolve) => {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      server.close()
      resolve(socket)
    }).listen(0, '127.0.0.1', () =>
      connect((server.address() as { port: number }).port, '127.0.0.1').end('hello'),
    )
  })
  const socket = await accepted
  const { remotePort } = socket
  const intake = new Intake()
  const again = reopened(socket, intake)!
  assert.is(again.remotePort, remotePort)
  assert.ok(socket.destroyed)
  assert.is(reopened(socket, intake), undefined)
  let text = ''
  intake.owner = {
    onChunk: (chunk) => {
      text += chunk.toString()
    },
    room: () => undefined,
    onFilled: () => {},
    onWritten: () => {},
    onClose: () => {},
  }
  again.resume()
  await until(() => again.destroyed)
  assert.is(text, 'hello')
})

test.run()
