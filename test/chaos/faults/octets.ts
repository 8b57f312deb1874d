/**
 * Faults 15 to 20: what the network does to the octets of a connection, at every offset of the handshake and of a message of three frames,
 * for three mechanisms, both directions. One injection takes every so-manyth offset, shifted from one to the next, so that a long run of 20 covers
 * all. Ends are ours and libzmq's.
 */
import * as assert from 'uvu/assert'
import type { Fault } from '../fault.ts'
import { fault } from '../fault.ts'
import type { Flow } from '../ledger.ts'
import { type Cast, castOf, type Ends, ends, MECHANISMS, type Mechanism } from '../mechanisms.ts'
import { type Direction, pieces, type Rules } from '../proxy.ts'
import { until, type World, within } from '../world.ts'

type Message = [Buffer, Buffer, Buffer]

const threeFrames = (body: Buffer): Message => [body, Buffer.alloc(3, 1), Buffer.alloc(9, 2)]

/** Receives until the last message that was sent is there. */
async function receiveAll(flow: Flow, { pull }: Ends): Promise<void> {
  while (flow.delivered.at(-1) !== flow.sent - 1) {
    const parts = await within(10_000, pull.receive(), `message ${flow.sent - 1} of ${flow.name}`)
    assert.equal(parts.slice(1), threeFrames(parts[0]!).slice(1), 'frames that were not sent together')
    flow.got(parts[0]!)
  }
}

/** How many octets a session has in each direction. */
async function measure(world: World, stage: Ends, mechanism: Mechanism): Promise<Record<Direction, number>> {
  const before = { ...stage.proxy.passed }
  const flow = world.ledger.flow(`${mechanism}, whole`)
  const push = stage.push()
  await flow.send((body) => push.send(threeFrames(body)))
  await receiveAll(flow, stage)
  push.close()
  const { up, down } = stage.proxy.passed
  return { up: up - before.up, down: down - before.down }
}

/** One session with `rules` in one direction; when they have done their work it goes on without them, on a new connection. */
async function session(
  world: World,
  stage: Ends,
  name: string,
  direction: Direction,
  rules: Rules,
): Promise<void> {
  const { proxy } = stage
  const flow = world.ledger.flow(name)
  const { cuts } = proxy
  const connections = proxy.accepted.length
  proxy.rule(direction, rules)
  const push = stage.push()
  const first = flow.send((body) => push.send(threeFrames(body)))
  await until(() => proxy.cuts > cuts, 10_000, name)
  proxy.rule(direction, {})
  flow.breaks = 1
  await first
  // Until the sender has noticed, it hands its messages to a connection that is no more.
  await until(() => proxy.accepted.length >= connections + 2, 10_000, `a new connection after ${name}`)
  await flow.send((body) => push.send(threeFrames(body)))
  await receiveAll(flow, stage)
  push.close()
}

/** Every so-manyth offset of both directions. */
async function sweep(world: World, cutBy: 'fin' | 'reset'): Promise<void> {
  const stride = world.size(30, 10)
  let offsets = 0
  for (const mechanism of MECHANISMS) {
    const stage = await ends(world, mechanism, castOf(world, mechanism))
    const lengths = await measure(world, stage, mechanism)
    for (const direction of ['up', 'down'] as const) {
      for (
        let at = (world.turn * 3 + (world.seed % stride)) % stride;
        at < lengths[direction];
        at += stride
      ) {
        await session(world, stage, `${mechanism}, ${cutBy} before octet ${at} ${direction}`, direction, {
          cutAt: at,
          cutBy,
        })
        offsets++
      }
    }
  }
  world.note(`${offsets} offsets`)
}

/** The octets of many messages, cut up; what comes is the same, and so is the work for each octet, more or less. */
async function cutUp(world: World, sizes: () => () => number, count: number): Promise<void> {
  for (const mechanism of MECHANISMS) {
    const cast = castOf(world, mechanism)
    const stage = await ends(world, mechanism, cast)
    stage.proxy.rule('up', { pieces: sizes() })
    stage.proxy.rule('down', { pieces: sizes() })
    const flow = world.ledger.flow(`${mechanism}, cut up, ${cast}`)
    const push = stage.push()
    const sending = (async () => {
      for (let n = 0; n < count; n++)
        await flow.send((body) => push.send(threeFrames(body)), world.dice.random(300))
    })()
    while (flow.delivered.length < count) {
      const parts = await within(20_000, stage.pull.receive(), `message ${flow.delivered.length}`)
      flow.got(parts[0]!)
    }
    await sending
    assert.is(flow.lost, 0)
    push.close()
  }
  const { client, proxy, server } = await world.pair()
  proxy.rule('up', { pieces: sizes() })
  proxy.rule('down', { pieces: sizes() })
  await world.calls(client, count)
  assert.equal(world.ledger.endings, { result: count })
  assert.equal([client.stats().protocolErrors, server.stats().protocolErrors], [0, 0])
}

/** The processor time for each octet when they come one at a time is about the same for a message of four times the size. */
async function isLinear(world: World): Promise<void> {
  const { client, server, proxy } = await world.pair()
  server.registerRpc({ blob: (size: number) => Buffer.alloc(size) })
  proxy.rule('down', { pieces: () => 1 })
  const costOf = async (octets: number): Promise<number> => {
    const before = process.cpuUsage()
    assert.is(((await client.blob(octets)) as Buffer).length, octets)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / octets
  }
  await costOf(500) // warm
  const [short, long] = [await costOf(1500), await costOf(6000)]
  assert.ok(long < 6 * short, `${short} us for an octet of few, ${long} of many`)
}

/** Each k-th octet is changed: a CURVE session ends and never delivers anything else; a NULL session may deliver what TCP would never let through. */
async function flips(world: World): Promise<void> {
  const stride = world.size(40, 16)
  for (const mechanism of ['CURVE', 'NULL'] as const) {
    for (const direction of ['up', 'down'] as const) {
      const stage = await ends(world, mechanism, whoRetries(world, mechanism, direction))
      const lengths = await measure(world, stage, mechanism)
      for (
        let at = (world.turn * 3 + (world.seed % stride)) % stride;
        at < lengths[direction];
        at += stride
      ) {
        const rules = { flipAt: at, flipMask: 1 << world.dice.random(8) }
        await corrupted(world, stage, mechanism, `octet ${at} ${direction} flipped`, direction, rules)
      }
    }
  }
}

/** A segment comes twice, or not at all. */
async function segments(world: World): Promise<void> {
  for (const mechanism of ['CURVE', 'NULL'] as const) {
    for (const direction of ['up', 'down'] as const) {
      const stage = await ends(world, mechanism, whoRetries(world, mechanism, direction))
      for (let number = 0; number < 3; number++) {
        for (const rules of [{ repeatSegment: number }, { loseSegment: number }])
          await corrupted(world, stage, mechanism, `${JSON.stringify(rules)} ${direction}`, direction, rules)
      }
    }
  }
}

/** A client of libzmq that finds its server to break the protocol does not come back. */
function whoRetries(world: World, mechanism: Mechanism, direction: Direction): Cast {
  const cast = castOf(world, mechanism)
  return direction === 'down' && cast === 'their client' ? 'ours' : cast
}

/** A session that is tampered with, then one on the same sockets that is not. */
async function corrupted(
  world: World,
  stage: Ends,
  mechanism: Mechanism,
  name: string,
  direction: Direction,
  rules: Rules,
): Promise<void> {
  const { proxy, pull } = stage
  const flow = world.ledger.flow(`${mechanism}, ${name}`)
  proxy.rule(direction, rules)
  const push = stage.push()
  const { cuts } = proxy
  await flow.send((body) => push.send(threeFrames(body)))
  await until(() => proxy.cuts > cuts, 300).catch(() => {}) // there may be no such segment
  await new Promise((resolve) => setTimeout(resolve, 2))
  proxy.rule(direction, {})
  const connections = proxy.accepted.length
  // Whatever has become of it, on NULL perhaps a frame that is waited for: the next connection is whole.
  flow.breaks = 1 + proxy.break('reset')
  if (flow.breaks > 1) await until(() => proxy.accepted.length > connections, 10_000, 'a new connection')
  await flow.send((body) => push.send(threeFrames(body)))
  for (;;) {
    const parts = await within(10_000, pull.receive(), `what follows ${mechanism}, ${name}`)
    const whole = parts.length === 3 && parts[0]!.length === 4
    if (mechanism === 'CURVE') assert.ok(whole, `${name} was delivered`)
    const last = whole && parts[0]!.readUInt32BE(0) === flow.sent - 1
    if (mechanism === 'CURVE' || last) flow.got(parts[0]!)
    if (last) break
  }
  push.close()
}

export const OCTETS: readonly Fault[] = [
  fault(15, 'FIN at every octet offset of the handshake', (world) => sweep(world, 'fin')),
  fault(16, 'RST at every octet offset of handshake and message', (world) => sweep(world, 'reset')),
  fault(17, 'a full session one octet at a time', async (world) => {
    await cutUp(world, () => () => 1, world.size(8, 20))
    await isLinear(world)
  }),
  fault(18, 'segments split and merged at random', (world) =>
    cutUp(world, () => pieces(world.dice, 1 + world.dice.random(400)), world.size(60, 200)),
  ),
  fault(19, 'octet k flipped', flips),
  fault(20, 'a segment twice, or not at all', segments),
]
