// What an XPUB tells its application of subscriptions: the same script of two subscribers made of octets, played to our XPUB and to
// libzmq's, with the same expectations. So each cell of the table is checked by itself, and the table is libzmq's. Ids in the names are
// those of the conformance checklist.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zmq from '../../src/zmtp/index.ts'
import { command, frame } from '../support/engine.ts'
import { RawPeer } from '../support/raw-peer.ts'
import { sleep, within } from '../support/within.ts'
import { Actor } from './support/actions.mjs'
import { type Doer, Peer } from './support/peer.ts'

type Verbosity = null | 'allSubs' | 'allSubsUnsubs'

interface Step {
  readonly what: string
  readonly act: (a: RawPeer, b: RawPeer) => unknown
  /** What is reported, by verbosity. */
  readonly reported: readonly [normal: string, verbose: string, verboser: string]
}

const subscribe = (peer: RawPeer, topic: string) => peer.write(command('SUBSCRIBE', topic))
const cancel = (peer: RawPeer, topic: string) => peer.write(command('CANCEL', topic))
const leave = (peer: RawPeer): Promise<void> => {
  peer.socket.end()
  return peer.over()
}

// `+A` is 01 A, `-A` is 00 A. The columns: default, XPUB_VERBOSE, XPUB_VERBOSER.
const SCRIPT: readonly Step[] = [
  { what: 'the first subscription', act: (a) => subscribe(a, 'A'), reported: ['+A', '+A', '+A'] },
  { what: 'the same of the same peer', act: (a) => subscribe(a, 'A'), reported: ['', '+A', '+A'] },
  { what: 'the same of another peer', act: (_, b) => subscribe(b, 'A'), reported: ['', '+A', '+A'] },
  { what: 'a cancel while another peer remains', act: (a) => cancel(a, 'A'), reported: ['', '', '-A'] },
  { what: 'a cancel of who no longer has it', act: (a) => cancel(a, 'A'), reported: ['-A', '-A', '-A'] },
  { what: 'the last cancel', act: (_, b) => cancel(b, 'A'), reported: ['-A', '-A', '-A'] },
  { what: 'a cancel of a topic that nobody has', act: (a) => cancel(a, 'Z'), reported: ['-Z', '-Z', '-Z'] },
  { what: 'the empty topic', act: (a) => subscribe(a, ''), reported: ['+', '+', '+'] },
  {
    what: 'the message form',
    act: (_, b) => b.write(frame(0, Buffer.from('\x01B'))),
    reported: ['+B', '+B', '+B'],
  },
  { what: 'a second one, to leave', act: (a) => subscribe(a, 'B'), reported: ['', '+B', '+B'] },
  {
    what: 'a peer that goes with one topic of its own and a shared one',
    act: leave,
    reported: ['-', '-', '- -B'],
  },
  { what: 'the last peer that goes', act: (_, b) => leave(b), reported: ['-B', '-B', '-B'] },
]

const test = suite('XPUB notifications')

for (const whose of ['our XPUB', "libzmq's XPUB"] as const) {
  for (const [column, verbosity] of ([null, 'allSubs', 'allSubsUnsubs'] as const).entries()) {
    test(`S8, S9: ${whose} with verbosity ${verbosity} reports what table 5.8 says, cell by cell`, async () => {
      await withDoer(whose, async (doer) => {
        const play = await stage(doer, verbosity)
        for (const { what, act, reported } of SCRIPT) {
          assert.equal(sorted(await play(act)), sorted(reported[column]!), what)
        }
      })
    })
  }

  test(`S8: ${whose} in manual mode reports every request, and every one of a peer that goes`, async () => {
    await withDoer(whose, async (doer) => {
      const play = await stage(doer, null, { manual: true })
      for (const [act, reported] of [
        [(a) => subscribe(a, 'A'), '+A'],
        [(a) => subscribe(a, 'A'), '+A'],
        [(_, b) => subscribe(b, 'A'), '+A'],
        [(a) => cancel(a, 'A'), '-A'],
        [(_, b) => leave(b), '-A'],
      ] as readonly (readonly [Step['act'], string])[]) {
        assert.is(await play(act), reported)
      }
    })
  })
}

test.run()

async function withDoer(whose: string, run: (doer: Doer) => Promise<void>): Promise<void> {
  if (whose === 'our XPUB') {
    const actor = new Actor(zmq)
    await within(20_000, run(actor))
    await actor.run({ do: 'close', name: 'pub' })
    return
  }
  const peer = new Peer('zeromq')
  try {
    await within(20_000, run(peer))
  } finally {
    await peer.end()
  }
}

/** An XPUB with two subscribers; what it returns plays a step and tells what was reported of it. */
async function stage(
  doer: Doer,
  verbosity: Verbosity,
  options: object = {},
): Promise<(act: Step['act']) => Promise<string>> {
  await doer.run({ do: 'socket', name: 'pub', type: 'XPUB', options: { ...options, verbosity } })
  const endpoint = (await doer.run({ do: 'bind', name: 'pub', endpoint: 'tcp://127.0.0.1:0' })) as string
  const a = (await RawPeer.connect(endpoint)).hello('XSUB')
  const b = (await RawPeer.connect(endpoint)).hello('XSUB')
  // Says that a step is over, once everything before it was reported.
  const c = (await RawPeer.connect(endpoint)).hello('XSUB')
  for (const peer of [a, b, c]) await peer.ready()
  const take = async (): Promise<string> =>
    Buffer.from(((await doer.run({ do: 'take', name: 'pub' })) as string[])[0]!, 'base64').toString('latin1')
  return async (act) => {
    const before = [a, b].filter((peer) => peer.closed).length
    await act(a, b)
    const open = [a, b, c].filter((peer) => !peer.closed)
    const reported: string[] = []
    // libzmq's application takes note of who has gone call by call, so that it needs some.
    for (let rounds = 3 - open.length > before ? 5 : 1; rounds > 0; rounds--) {
      for (const peer of open) peer.write(frame(0, Buffer.from('\x02')))
      for (let marks = 0; marks < open.length; ) {
        const text = await take()
        if (text === '\x02') marks++
        else reported.push(`${text.startsWith('\x01') ? '+' : '-'}${text.slice(1)}`)
      }
      if (rounds > 1) await sleep(10)
    }
    return reported.join(' ')
  }
}

function sorted(reported: string): string[] {
  return reported.split(' ').sort()
}
