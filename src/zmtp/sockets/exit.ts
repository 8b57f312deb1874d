/**
 * The end of the process. Connections never keep it alive, so a program may come to its natural end with messages that were accepted but not
 * sent. As the native package blocks the exit for up to `linger`, the event loop is kept running here for as long: when it runs dry, not
 * before, and not at `process.exit()`, which waits for nobody.
 */
import { realClock } from '../../base/clock.ts'
import { Hold } from '../transport/hold.ts'
import { LINGER } from './option-table.ts'
import type { OptionValues } from './options.ts'

/** A socket that may have something left to say. */
export interface Lingering {
  readonly unsent: boolean
  readonly options: OptionValues
}

const sockets = new Set<Lingering>()
const hold = new Hold()

/** From now on the process does not end while `socket` has unsent messages and its linger time is not over. */
export function linger(socket: Lingering): void {
  if (sockets.size === 0) process.on('beforeExit', onBeforeExit)
  sockets.add(socket)
}

export function noLinger(socket: Lingering): void {
  sockets.delete(socket)
  if (sockets.size === 0) process.off('beforeExit', onBeforeExit)
}

const LOOK_EVERY_MS = 10
const WARN_AFTER_MS = 500
const WARNING = 'Waiting for queued ZeroMQ messages to be delivered.'

let waitingSince: number | undefined
let warned = false

function onBeforeExit(): void {
  waitingSince ??= realClock.now()
  look()
}

function look(): void {
  const waitedMs = realClock.now() - waitingSince!
  const unsent = [...sockets].filter((socket) => socket.unsent)
  if (unsent.length === 0) waitingSince = undefined
  if (!unsent.some((socket) => waitedMs < lingerOf(socket))) {
    hold.release()
    return
  }
  if (waitedMs > WARN_AFTER_MS && !warned) {
    warned = true
    process.emitWarning(WARNING)
  }
  hold.acquire()
  realClock.setTimer(look, LOOK_EVERY_MS)
}

function lingerOf(socket: Lingering): number {
  const lingerMs = socket.options.number(LINGER)
  return lingerMs < 0 ? Number.POSITIVE_INFINITY : lingerMs
}
