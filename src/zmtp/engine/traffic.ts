// Which commands mean what once both sides are ready: a table. Handshake commands have a meaning for mechanisms only.
import {
  COMMAND_CANCEL,
  COMMAND_HELLO,
  COMMAND_INITIATE,
  COMMAND_JOIN,
  COMMAND_LEAVE,
  COMMAND_PING,
  COMMAND_PONG,
  COMMAND_READY,
  COMMAND_SUBSCRIBE,
  COMMAND_WELCOME,
  isCommand,
} from '../wire/command.ts'

/** A command that nobody here knows: ignored, so that later versions of ZMTP may add some. ERROR is one of them. */
export const UNKNOWN = 0
export const IS_PING = 1
export const IS_PONG = 2
export const SUBSCRIBE = 3
export const CANCEL = 4
/** Of the handshake, or of another socket type: a peer that sends it is confused. */
export const OUT_OF_PLACE = 5

const KINDS: readonly (readonly [name: Buffer, kind: number])[] = [
  [COMMAND_PING, IS_PING],
  [COMMAND_PONG, IS_PONG],
  [COMMAND_SUBSCRIBE, SUBSCRIBE],
  [COMMAND_CANCEL, CANCEL],
  [COMMAND_READY, OUT_OF_PLACE],
  [COMMAND_HELLO, OUT_OF_PLACE],
  [COMMAND_WELCOME, OUT_OF_PLACE],
  [COMMAND_INITIATE, OUT_OF_PLACE],
  [COMMAND_JOIN, OUT_OF_PLACE],
  [COMMAND_LEAVE, OUT_OF_PLACE],
]

/** What kind of command `bytes[start, end)` is. */
export function kindOfCommand(bytes: Buffer, start: number, end: number): number {
  for (const [name, kind] of KINDS) if (isCommand(bytes, start, end, name)) return kind
  return UNKNOWN
}
