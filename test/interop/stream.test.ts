// Our Stream and libzmq's: the same scenarios give the same lines, and each talks to the other in both roles.
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { within } from '../support/within.ts'
import { Child } from './support/child.ts'
import { digestOf, echo, octetsOf, play, pour, scenarios } from './support/stream.mjs'

const test = suite('stream against zeromq')
const program = path.resolve('test/interop/support/stream_peer.mjs')

function native(...args: string[]): Child {
  return new Child(process.execPath, [program, ...args])
}

const expected = (seed: string): string[] =>
  ['one', 'two', 'three'].map((name) => digestOf(octetsOf(`${seed}/${name}`)))

for (const name of Object.keys(scenarios)) {
  test(`the same as there: ${name}`, async () => {
    const child = native('play', name)
    const there = JSON.parse(await child.line()) as string[]
    await child.end()
    assert.ok(there.length > 0)
    assert.equal(await within(20_000, play(name, zmq), name), there)
  })
}

test('our Stream dials: 2 MiB over each of three connections come back from an echo of libzmq', async () => {
  const child = native('echo')
  const stream = new zmq.Stream({ sendHighWaterMark: 0, linger: 0 })
  const digests = await within(30_000, pour(stream, await child.line(), 'ours'))
  assert.equal(digests, expected('ours'))
  stream.close()
  await child.end()
})

test('our Stream is dialled: 2 MiB over each of three connections of libzmq come back from our echo', async () => {
  const stream = new zmq.Stream({ sendHighWaterMark: 0, linger: 0 })
  await stream.bind('tcp://127.0.0.1:0')
  const echoing = echo(stream)
  const child = native('pour', stream.lastEndpoint!, 'theirs')
  assert.equal(JSON.parse(await child.line(30_000)), expected('theirs'))
  await child.end()
  stream.close()
  await within(5000, echoing)
})

test.run()
