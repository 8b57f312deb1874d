/**
 * The end of the process. Connections never keep it alive, so a program may come to its natural end with messages that were accepted but not
 * sent. As the native package blocks the exit for up to `linger`, the event loop is kept running here for as long: when it runs dry, not
 * before, and not at `process.exit()`, which waits for nobody.
 */
import { realClock } from '../../base/clock.ts'
import { Hold } from '../transport/hold.ts'
import { whileOnlyWritesAreLeft, writesAreStuck } from '../transport/stuck-writes.ts'
import { LINGER } from './option-table.ts'
import type { OptionValues } from './options.ts'

/** A socket that may have something left to say. */
export interface Lingering {
  /** It has, to somebody outside of this process: nobody in here will receive any more. */
  readonly owes: boolean
  readonly options: OptionValues
  /** Whether its context has new sockets linger. */
  readonly blocky: boolean
  /** Gives up what has not been sent. */
  abandon(): void
}

const sockets = new Set<Lingering>()
const hold = new Hold()

/** From now on the process does not end while `socket` has unsent messages and its linger time is not over. */
export function linger(socket: Lingering): void {
  if (sockets.size === 0) {
    process.on('beforeExit', onEnd)
    whileOnlyWritesAreLeft(onEnd)
  }
  sockets.add(socket)
}

export function noLinger(socket: Lingering): void {
  sockets.delete(socket)
  if (sockets.size === 0) process.off('beforeExit', onEnd)
}

const LOOK_EVERY_MS = 10
const WARN_AFTER_MS = 500

let waitingSince: number | undefined
let warned = false

/** The event loop has run dry, or would have but for writes that nobody reads. */
function onEnd(): void {
  waitingSince ??= realClock.now()
  look(true)
}

/** `atEnd`: nothing else keeps the process alive at this very moment. */
function look(atEnd: boolean): void {
  const waitedMs = realClock.now() - waitingSince!
  const owing = [...sockets].filter((socket) => socket.owes)
  if (owing.length === 0) waitingSince = undefined
  const waiting = owing.filter((socket) => waitedMs < lingerOf(socket))
  if (waiting.length === 0) {
    hold.release()
    if (atEnd && writesAreStuck()) for (const socket of owing) socket.abandon()
    return
  }
  if (waitedMs > WARN_AFTER_MS && !warned) {
    warned = true
    warn(waiting)
  }
  hold.acquire()
  realClock.setTimer(() => look(false), LOOK_EVERY_MS)
}

/** In the words of the native package, which programs know. */
function warn(waiting: readonly Lingering[]): void {
  const advice = waiting.some((socket) => socket.blocky)
    ? " Set 'context.blocky = false' to change this behaviour."
    : ''
  process.emitWarning(`Waiting for queued ZeroMQ messages to be delivered.${advice}`, 'WARNING')
}

function lingerOf(socket: Lingering): number {
  const lingerMs = socket.options.number(LINGER)
  return lingerMs < 0 ? Number.POSITIVE_INFINITY : lingerMs
}
