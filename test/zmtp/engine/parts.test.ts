// The small pieces of the engine, each alone: phases, limits, heartbeat, stall, pongs, assembly, traffic commands.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Heartbeat, NOTHING, PING, SILENT } from '../../../src/zmtp/engine/heartbeat.ts'
import { Assembly } from '../../../src/zmtp/engine/inbox.ts'
import { Limits } from '../../../src/zmtp/engine/limits.ts'
import * as phase from '../../../src/zmtp/engine/phase.ts'
import { Pongs } from '../../../src/zmtp/engine/pongs.ts'
import { Stall } from '../../../src/zmtp/engine/stall.ts'
import * as traffic from '../../../src/zmtp/engine/traffic.ts'
import { octets } from '../../support/engine.ts'

const phases = suite('phases')

phases('docs/engine-states.md is current', () => {
  assert.is(readFileSync('docs/engine-states.md', 'utf8'), phase.describePhases())
})

phases('every phase answers every event, and the ended ones stay', () => {
  for (let p = 0; p < phase.PHASES.length; p++)
    for (let e = 0; e < phase.EVENTS.length; e++) {
      assert.type(phase.after(p, e), 'number')
      if (p >= phase.CLOSED) assert.is(phase.after(p, e), p)
    }
  assert.equal(phase.MAY_SEND.map(Number), [0, 0, 1, 0, 0])
})

phases.run()

const limits = suite('limits')
const OPEN = { maxFrameSize: Infinity, maxMessageSize: Infinity, maxFrames: 1024 }

limits('a frame passes at the bound and not above; 2 GiB never pass', () => {
  assert.is(new Limits({ ...OPEN, maxFrameSize: 100 }).countFrame(0, 100), undefined)
  const fault = new Limits({ ...OPEN, maxFrameSize: 100 }).countFrame(0, 101)!
  assert.equal(
    [fault.code, fault.limit, fault.bound, fault.value],
    ['FRAME_TOO_LARGE', 'maxFrameSize', 100, 101],
  )
  assert.is(new Limits(OPEN).countFrame(0, 2 ** 31 - 1), undefined)
  assert.is(new Limits(OPEN).countFrame(0, 2 ** 31)!.code, 'FRAME_TOO_LARGE')
})

limits('the octets of a message are added up, and counted anew for the next', () => {
  const bounded = new Limits({ ...OPEN, maxMessageSize: 100 })
  for (let i = 0; i < 3; i++) {
    assert.is(bounded.countFrame(1, 60), undefined)
    assert.is(bounded.countFrame(0, 40), undefined)
  }
  bounded.countFrame(1, 60)
  const fault = bounded.countFrame(0, 41)!
  assert.equal([fault.code, fault.bound, fault.value], ['MESSAGE_TOO_LARGE', 100, 101])
})

limits('as many frames as the bound may make a message', () => {
  const bounded = new Limits({ ...OPEN, maxFrames: 2 })
  bounded.countFrame(1, 0)
  assert.is(bounded.countFrame(0, 0), undefined)
  bounded.countFrame(1, 0)
  bounded.countFrame(1, 0)
  assert.is(bounded.countFrame(0, 0)!.code, 'TOO_MANY_FRAMES')
})

limits('a handshake command has 8 KiB, all of them 16 KiB, unless told otherwise', () => {
  assert.is(new Limits(OPEN).countHandshake(8192), undefined)
  assert.is(new Limits(OPEN).countHandshake(8193)!.limit, 'maxHandshakeCommand')
  const some = new Limits(OPEN)
  some.countHandshake(8000)
  some.countHandshake(8000)
  assert.is(some.countHandshake(357), undefined)
  assert.is(some.countHandshake(0)!.limit, 'maxHandshakeBytes')
  const own = new Limits({ ...OPEN, maxHandshakeCommand: 10, maxHandshakeBytes: 20 })
  assert.is(own.countHandshake(11)!.bound, 10)
  own.countHandshake(10)
  assert.is(own.countHandshake(10)!.bound, 20)
})

limits('a command in traffic has 1 MiB', () => {
  assert.is(new Limits(OPEN).checkCommand(2 ** 20), undefined)
  assert.is(new Limits(OPEN).checkCommand(2 ** 20 + 1)!.limit, 'maxCommandSize')
})

limits.run()

const heartbeat = suite('heartbeat')

/** What happens at each deadline up to `end`, as text, when nothing is heard. */
function silence(beat: Heartbeat, end: number, listening = true, lastHeard = 0): string[] {
  const events: string[] = []
  while (beat.deadline <= end) {
    const now = beat.deadline
    const verdict = beat.handleTimeout(now, lastHeard, listening)
    if (verdict === PING) events.push(`PING ${now}`)
    if (verdict === SILENT) return [...events, `SILENT ${now}`]
  }
  return events
}

function beating(interval: number, timeout: number, onlyWhenSilent = false): Heartbeat {
  const beat = new Heartbeat({
    heartbeatIntervalMs: interval,
    heartbeatTimeoutMs: timeout,
    heartbeatOnlyWhenSilent: onlyWhenSilent,
  })
  beat.start(0)
  return beat
}

heartbeat('does nothing unless switched on', () => {
  assert.is(beating(0, 0).deadline, Infinity)
  assert.is(beating(0, 500).deadline, Infinity)
})

heartbeat('as libzmq: interval 200, timeout 200 ends at 400', () => {
  assert.equal(silence(beating(200, 200), 5000), ['PING 200', 'SILENT 400'])
})

heartbeat('as libzmq: interval 300, timeout 1000 says PING four times and ends at 1300', () => {
  assert.equal(silence(beating(300, 1000), 5000), [
    'PING 300',
    'PING 600',
    'PING 900',
    'PING 1200',
    'SILENT 1300',
  ])
})

heartbeat('without a timeout it says PING for ever', () => {
  assert.equal(silence(beating(100, 0), 300), ['PING 100', 'PING 200', 'PING 300'])
})

heartbeat('any octet in answer stops the clock of the answer, not the cadence', () => {
  const beat = beating(100, 150)
  beat.handleTimeout(100, 0, true)
  beat.handleLife()
  assert.is(beat.deadline, 200)
  assert.equal(silence(beat, 1000), ['PING 200', 'PING 300', 'SILENT 350'])
})

heartbeat('a late timer does not stretch the cadence, and does not make up for what it missed', () => {
  const beat = beating(100, 0)
  assert.is(beat.handleTimeout(120, 0, true), PING)
  assert.is(beat.deadline, 200)
  assert.is(beat.handleTimeout(1000, 0, true), PING)
  assert.is(beat.deadline, 1050)
  assert.is(beat.handleTimeout(1049, 0, true), NOTHING)
})

heartbeat('when silent only: 5 s and 15 s mean PING at 5 and 10, the end at 15', () => {
  assert.equal(silence(beating(5000, 15_000, true), 60_000), ['PING 5000', 'PING 10000', 'SILENT 15000'])
})

heartbeat('when silent only: octets put the PING off', () => {
  const beat = beating(5000, 15_000, true)
  beat.handleLife()
  assert.equal(silence(beat, 60_000, true, 3000), ['PING 8000', 'PING 13000', 'SILENT 18000'])
})

heartbeat('when silent only: a timeout below the interval runs from the PING', () => {
  assert.equal(silence(beating(5000, 2000, true), 60_000), ['PING 5000', 'SILENT 7000'])
})

heartbeat('measures after an interval and then every so often, also while octets come', () => {
  const beat = new Heartbeat({
    heartbeatIntervalMs: 1000,
    heartbeatTimeoutMs: 3000,
    heartbeatOnlyWhenSilent: true,
    heartbeatMeasureMs: 5000,
  })
  beat.start(0)
  const pings: number[] = []
  for (let now = 100; now <= 12_000; now += 100) {
    beat.handleLife()
    if (beat.deadline <= now && beat.handleTimeout(now, now, true) === PING) pings.push(now)
  }
  assert.equal(pings, [1000, 6000, 11_000])
})

heartbeat('while we do not read it says PING and gives nobody up', () => {
  assert.equal(silence(beating(100, 150), 400, false), ['PING 100', 'PING 200', 'PING 300', 'PING 400'])
  const beat = beating(0, 0)
  beat.handlePing(0, 100)
  assert.is(beat.handleTimeout(100, 0, false), NOTHING)
  assert.is(beat.deadline, Infinity)
})

heartbeat('the time to live of a PING ends a silence; 0 does not; octets reset it', () => {
  const beat = beating(0, 0)
  beat.handlePing(1000, 0)
  assert.is(beat.deadline, Infinity)
  beat.handlePing(1000, 100)
  assert.is(beat.handleTimeout(1099, 0, true), NOTHING)
  assert.is(beat.handleTimeout(1100, 0, true), SILENT)
  beat.handleLife()
  assert.is(beat.deadline, Infinity)
})

heartbeat.run()

const stall = suite('stall')

stall('an unfinished message may rest for the timeout', () => {
  const watch = new Stall(30_000)
  watch.handlePause(1000, 0, 1_000_000)
  assert.is(watch.deadline, 31_000)
  watch.handlePause(20_000, 0, 2_000_000)
  assert.is(watch.deadline, 50_000)
})

stall('it must average 240 octets/s once the timeout has passed', () => {
  const watch = new Stall(30_000)
  for (let second = 0; second <= 60; second++) watch.handlePause(second * 1000, 500, 500 + second * 10)
  assert.is(watch.deadline, 30_000)
  const fast = new Stall(30_000)
  for (let second = 0; second <= 60; second++) fast.handlePause(second * 1000, 500, 500 + second * 300)
  assert.is(fast.deadline, 75_000)
})

stall('a new message has its own time', () => {
  const watch = new Stall(30_000)
  watch.handlePause(0, 0, 1)
  watch.handlePause(29_000, 10, 11)
  assert.is(watch.deadline, 59_000)
})

stall('a stop of our own is not held against the peer', () => {
  const watch = new Stall(30_000)
  watch.handlePause(0, 0, 1)
  watch.forgive(29_000)
  assert.is(watch.deadline, 59_000)
})

stall('0 switches it off', () => {
  const watch = new Stall(0)
  watch.handlePause(0, 0, 1)
  assert.is(watch.deadline, Infinity)
})

stall.run()

const pongs = suite('pongs')

pongs('nothing owed, nothing sent', () => {
  const answers = new Pongs()
  assert.not(answers.owed)
  assert.is(answers.take(0), undefined)
  assert.is(answers.deadline, Infinity)
})

pongs('owes one, the newest', () => {
  const answers = new Pongs()
  answers.owe(octets('01'))
  answers.owe(octets('02'))
  assert.equal(answers.take(0), octets('02'))
  assert.is(answers.take(0), undefined)
})

pongs('sends 100 a second, and what is left when the next begins', () => {
  const answers = new Pongs()
  let sent = 0
  for (let now = 0; now < 1000; now++) {
    answers.owe(Buffer.from([now & 0xff]))
    if (answers.take(now) !== undefined) sent++
  }
  assert.is(sent, 100)
  assert.ok(answers.owed)
  assert.is(answers.deadline, 1000)
  assert.equal(answers.take(1000), Buffer.from([999 & 0xff]))
  assert.not(answers.owed)
})

pongs.run()

const assembly = suite('assembly')

assembly('joins a body from pieces of any size', () => {
  const body = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i & 0xff))
  for (const step of [1000, 65_536, 100_000, 200_000]) {
    const joined = new Assembly(body.length)
    for (let at = 0; at < body.length; at += step) {
      assert.not(joined.complete)
      joined.take(body, at, Math.min(at + step, body.length))
    }
    assert.ok(joined.complete)
    assert.ok(joined.bytes.equals(body), `step ${step}`)
  }
})

assembly('takes no octet beyond the body', () => {
  const joined = new Assembly(5)
  assert.is(joined.take(octets('aabb'), 0, 2), 2)
  assert.is(joined.take(octets('ee010203ff'), 1, 5), 4)
  assert.equal(joined.bytes, octets('aabb010203'))
})

assembly('reserves by what has come: 64 KiB for an announced gigabyte, then four times as much', () => {
  const joined = new Assembly(2 ** 30)
  joined.take(octets('aa*10'), 0, 10)
  joined.take(Buffer.alloc(65_526), 0, 65_526)
  assert.is(joined.bytes.length, 65_536)
  joined.take(Buffer.alloc(65_536), 0, 65_536)
  assert.is(joined.bytes.length, 262_144)
})

assembly('reserves no more than the body has', () => {
  const joined = new Assembly(100_000)
  joined.take(Buffer.alloc(90_000), 0, 90_000)
  assert.is(joined.bytes.length, 100_000)
})

assembly.run()

const commands = suite('traffic commands')

commands('are told apart by name', () => {
  const kind = (text: string) => traffic.kindOfCommand(octets(text), 0, octets(text).length)
  assert.is(kind('04 "PING"'), traffic.IS_PING)
  assert.is(kind('04 "PONG"'), traffic.IS_PONG)
  assert.is(kind('09 "SUBSCRIBE" 41'), traffic.SUBSCRIBE)
  assert.is(kind('06 "CANCEL"'), traffic.CANCEL)
  for (const name of [
    '05 "READY"',
    '05 "HELLO"',
    '07 "WELCOME"',
    '08 "INITIATE"',
    '04 "JOIN"',
    '05 "LEAVE"',
  ]) {
    assert.is(kind(name), traffic.OUT_OF_PLACE, name)
  }
  for (const name of ['05 "ERROR"', '04 "ping"', '04 "NOPE"', '07 "MESSAGE"'])
    assert.is(kind(name), traffic.UNKNOWN, name)
})

commands.run()
