// The 64 octets that open a connection (RFC 37, "Version Negotiation"): writing ours, judging the peer's as they come.
// Knows neither phases nor mechanisms beyond their name.
import { ProtocolError } from '../../base/errors.ts'
import { printable } from './command.ts'
import {
  AS_SERVER_AT,
  GREETING_SIZE,
  MAJOR_AT,
  MECHANISM_AT,
  MECHANISM_SIZE,
  MINOR_AT,
  SIGNATURE_FIRST,
  SIGNATURE_LAST,
  SIGNATURE_LAST_AT,
  VERSION_MAJOR,
  VERSION_MINOR,
} from './constants.ts'

/** Writes the whole greeting; `mechanism` is 1 to 20 ASCII characters. Returns the offset behind it. */
export function writeGreeting(bytes: Buffer, at: number, mechanism: string, asServer: boolean): number {
  bytes.fill(0, at, at + GREETING_SIZE)
  bytes[at] = SIGNATURE_FIRST
  bytes[at + SIGNATURE_LAST_AT] = SIGNATURE_LAST
  bytes[at + MAJOR_AT] = VERSION_MAJOR
  bytes[at + MINOR_AT] = VERSION_MINOR
  for (let i = 0; i < mechanism.length; i++) bytes[at + MECHANISM_AT + i] = mechanism.charCodeAt(i)
  if (asServer) bytes[at + AS_SERVER_AT] = 1
  return at + GREETING_SIZE
}

/**
 * What is wrong with the first `length` octets of a greeting, or `undefined` while nothing is. A stranger is known by
 * octet 1, an old version by octets 10 and 11; the mechanism is compared once all 64 are there.
 *
 * Padding and filler are never looked at: libzmq fills the padding (identity length + 1). Of octet 10 only bit 0 counts.
 */
export function faultInGreeting(bytes: Buffer, length: number, mechanism: string): ProtocolError | undefined {
  if (length === 0) return undefined
  if (bytes[0] === ANONYMOUS_V1) return unsupported('1.0')
  if (bytes[0] !== SIGNATURE_FIRST) {
    return new ProtocolError(
      'BAD_SIGNATURE',
      `the peer does not speak ZMTP: it begins with ${begun(bytes, length)}`,
    )
  }
  if (length <= SIGNATURE_LAST_AT) return undefined
  if ((bytes[SIGNATURE_LAST_AT]! & 1) === 0) return unsupported('1.0')
  if (length <= MAJOR_AT) return undefined
  if (bytes[MAJOR_AT]! < VERSION_MAJOR) return unsupported(OLD_REVISIONS[bytes[MAJOR_AT]!]!)
  if (length < GREETING_SIZE) return undefined
  for (let i = 0; i < MECHANISM_SIZE; i++) {
    if (bytes[MECHANISM_AT + i] !== (i < mechanism.length ? mechanism.charCodeAt(i) : 0)) {
      return new ProtocolError(
        'MECHANISM_MISMATCH',
        `the peer wants ${named(bytes)}, we want ${mechanism}: the security of both ends differs`,
      )
    }
  }
  return undefined
}

/** What a stranger says first, to be recognized: such as "HTTP/1.1", or the 16 03 of TLS. */
function begun(bytes: Buffer, length: number): string {
  const first = bytes.subarray(0, Math.min(length, 8))
  const text = /^[ -~]+/.exec(first.toString('latin1'))?.[0] ?? ''
  return text.length > 1 ? JSON.stringify(text) : first.toString('hex').replace(/(?<=..)(?=(?:..)+$)/g, ' ')
}

// A ZMTP 1.0 peer without identity begins with the frame 01 00.
const ANONYMOUS_V1 = 0x01
// Octet 11 of older greetings is a revision: 0 is ZMTP 1.0, 1 is 2.0; 2 was never released.
const OLD_REVISIONS = ['1.0', '2.0', '2.1']

function unsupported(version: string): ProtocolError {
  return new ProtocolError('UNSUPPORTED_VERSION', `the peer speaks ZMTP ${version}, below 3.0`)
}

function named(bytes: Buffer): string {
  let end = MECHANISM_AT + MECHANISM_SIZE
  while (end > MECHANISM_AT && bytes[end - 1] === 0) end--
  return end === MECHANISM_AT ? 'no mechanism' : printable(bytes, MECHANISM_AT, end)
}
