// Command bodies (RFC 37, "Commands"): the names, PING, PONG, ERROR, and text from the peer made safe to print.
//
//   name length (1) | name | data
//
// Names are compared exactly, with their length octet; metadata has its own file.
import { EMPTY, equalAt, readU16, view } from '../../base/bytes.ts'
import { ProtocolError } from '../../base/errors.ts'
import type { Slab } from '../../base/slab.ts'
import { NAME_MAX, PING_CONTEXT_MAX, PING_TTL_MAX, PING_TTL_UNIT_MS } from './constants.ts'

/** Names with their length octet in front, as on the wire. */
export const COMMAND_READY: Buffer = prefix('READY')
const COMMAND_ERROR: Buffer = prefix('ERROR')
export const COMMAND_HELLO: Buffer = prefix('HELLO')
export const COMMAND_WELCOME: Buffer = prefix('WELCOME')
export const COMMAND_INITIATE: Buffer = prefix('INITIATE')
export const COMMAND_MESSAGE: Buffer = prefix('MESSAGE')
export const COMMAND_PING: Buffer = prefix('PING')
export const COMMAND_PONG: Buffer = prefix('PONG')
export const COMMAND_SUBSCRIBE: Buffer = prefix('SUBSCRIBE')
export const COMMAND_CANCEL: Buffer = prefix('CANCEL')
export const COMMAND_JOIN: Buffer = prefix('JOIN')
export const COMMAND_LEAVE: Buffer = prefix('LEAVE')

/** Name and length octet in front of it. */
export function prefix(name: string): Buffer {
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name, 'latin1')])
}

/** Whether the command `bytes[start, end)` is the named one. */
export function isCommand(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  const after = start + name.length
  return after <= end && equalAt(bytes, start, after, name)
}

/** Where the data of the command `bytes[start, end)` begins, or -1 when its name is empty or does not fit. */
export function startOfData(bytes: Buffer, start: number, end: number): number {
  if (start === end || bytes[start] === 0) return -1
  const after = start + 1 + bytes[start]!
  return after <= end ? after : -1
}

/** The name of the command `bytes[start, end)`, which is not empty, made printable, for messages. */
export function readName(bytes: Buffer, start: number, end: number): string {
  return printable(bytes, start + 1, Math.min(end, start + 1 + bytes[start]!))
}

/** Appends `bytes` to the slab. */
export function writeBytes(slab: Slab, bytes: Buffer): void {
  slab.reserve(bytes.length)
  slab.bytes.set(bytes, slab.at)
  slab.at += bytes.length
}

/**
 * The body of a PING that lets the peer expect us again within `ttlMs`, in steps of 100 ms, at most 65.5 s; 0: no bound. `context`, of at
 * most 16 octets, comes back in the PONG.
 */
export function bodyOfPing(ttlMs: number, context: Buffer = EMPTY): Buffer {
  const ttl = Math.min(Math.floor(ttlMs / PING_TTL_UNIT_MS), PING_TTL_MAX)
  return Buffer.concat([COMMAND_PING, Buffer.from([ttl >>> 8, ttl & 0xff]), context])
}

/** The body of the PONG that answers a PING whose context is `bytes[start, end)`: its first 16 octets go back. */
export function bodyOfPong(bytes: Buffer, start: number, end: number): Buffer {
  return Buffer.concat([COMMAND_PONG, view(bytes, start, Math.min(end, start + PING_CONTEXT_MAX))])
}

/** The body of an ERROR; `reason` is printable ASCII, at most 255 characters. */
export function bodyOfError(reason: string): Buffer {
  return Buffer.concat([COMMAND_ERROR, prefix(reason)])
}

/** Code BAD_COMMAND: what follows the name of a command cannot be read. */
export class CommandError extends ProtocolError {
  /** Its name, `ERROR`. */
  readonly command: string

  constructor(command: string, message: string) {
    super('BAD_COMMAND', message)
    this.command = command
  }
}

/** The time to live in a PING's data `bytes[start, end)`, in milliseconds; throws BAD_COMMAND when it is cut short. */
export function readTtlMs(bytes: Buffer, start: number, end: number): number {
  if (end - start < 2) throw new ProtocolError('BAD_COMMAND', 'a PING has no time to live')
  return readU16(bytes, start) * PING_TTL_UNIT_MS
}

/** Where the reason begins in the command `bytes[start, end)`, or -1 when it is no ERROR. */
export function startOfReason(bytes: Buffer, start: number, end: number): number {
  if (isCommand(bytes, start, end, COMMAND_ERROR)) return start + COMMAND_ERROR.length
  return isCommand(bytes, start, end, MISSPELT_ERROR) ? start + MISSPELT_ERROR.length : -1
}

// What PLAIN servers of libzmq 4.3 send: their source says "\x05ERROR", in which C reads \x05E as one octet.
const MISSPELT_ERROR = Buffer.from('^RROR', 'latin1')

/** The reason in an ERROR's data `bytes[start, end)`, made printable; throws BAD_COMMAND when it does not fill it. */
export function readErrorReason(bytes: Buffer, start: number, end: number): string {
  if (start === end || start + 1 + bytes[start]! !== end) {
    throw new CommandError('ERROR', 'the reason of an ERROR command does not fill it')
  }
  return printable(bytes, start + 1, end)
}

/** Octets of the peer as text that is safe in a log or a terminal: what is not printable ASCII becomes `\xNN`. */
export function printable(bytes: Buffer, start: number, end: number): string {
  let text = ''
  for (let at = start; at < Math.min(end, start + NAME_MAX); at++) {
    const octet = bytes[at]!
    if (octet >= 0x20 && octet <= 0x7e && octet !== 0x5c) text += String.fromCharCode(octet)
    else text += `\\x${octet.toString(16).padStart(2, '0')}`
  }
  return text
}
