// The property list that both sides exchange in the handshake (RFC 37, "Metadata"), every bound checked before a value
// is copied out.
//
//   ( name length (1) | name | value length (4) | value )*
//
// Names are looked up without regard to case, but kept and exposed as the peer spelt them.
import { copy, EMPTY, readU32, writeU32 } from '../../base/bytes.ts'
import { LimitError, ProtocolError, UsageError } from '../../base/errors.ts'
import type { Slab } from '../../base/slab.ts'
import { prefix, printable, writeBytes } from './command.ts'
import { IDENTITY_MAX, NAME_MAX, PROPERTIES_MAX, VALUE_MAX } from './constants.ts'
import { sendsIdentity } from './socket-types.ts'

/** What a side says about itself. */
export interface Metadata {
  /** `DEALER`, `ROUTER`, …; empty when the peer did not say. */
  readonly socketType: string
  /** 0 to 255 octets; empty: anonymous. */
  readonly identity: Buffer
  /** The peer's: all of them, as spelt by the peer. Ours: those beyond Socket-Type and Identity. */
  readonly properties: ReadonlyMap<string, Buffer>
}

/** Writes Socket-Type, Identity (of the types that have one), and the further properties. */
export function writeMetadata(slab: Slab, metadata: Metadata): void {
  writeProperty(slab, 'Socket-Type', Buffer.from(metadata.socketType, 'latin1'))
  if (sendsIdentity(metadata.socketType)) writeProperty(slab, 'Identity', metadata.identity)
  for (const [name, value] of metadata.properties) writeProperty(slab, name, value)
}

/** No properties, for all who have none. */
export const NO_PROPERTIES: ReadonlyMap<string, Buffer> = new Map()

// Ten thousand peers of a server mostly say the same: one that says what the one before it said shares what was read then. Not those with an
// Identity, which goes out in messages, whose parts belong to whoever gets them.
let knownOctets: Buffer = EMPTY
let known: Metadata | undefined
const KNOWN_MAX = 512

/** Reads the property list `bytes[start, end)`; the result holds copies, and may be another connection's, too. Throws `ProtocolError` or `LimitError`. */
export function readMetadata(bytes: Buffer, start: number, end: number): Metadata {
  if (known !== undefined && knownOctets.compare(bytes, start, end) === 0) return known
  const metadata = readProperties(bytes, start, end)
  if (metadata.identity.length === 0 && end - start <= KNOWN_MAX) {
    knownOctets = copy(bytes, start, end)
    known = metadata
  }
  return metadata
}

function readProperties(bytes: Buffer, start: number, end: number): Metadata {
  const properties = new Map<string, Buffer>()
  const seen = new Set<string>()
  let socketType = ''
  let identity = EMPTY
  let at = start
  while (at < end) {
    const nameEnd = at + 1 + bytes[at]!
    if (nameEnd + 4 > end) failMetadata('a property is cut short')
    const name = readPropertyName(bytes, at + 1, nameEnd)
    const size = readU32(bytes, nameEnd)
    const valueEnd = nameEnd + 4 + size
    if (size > VALUE_MAX || valueEnd > end) failMetadata(`the value of ${name} is cut short`)
    if (properties.size === PROPERTIES_MAX) {
      throw new LimitError('TOO_MANY_PROPERTIES', 'maxMetadataProperties', PROPERTIES_MAX, PROPERTIES_MAX + 1)
    }
    const value = copy(bytes, nameEnd + 4, valueEnd)
    const key = name.toLowerCase()
    if (seen.has(key)) failMetadata(`${name} is given twice`)
    seen.add(key)
    properties.set(name, value)
    if (key === 'socket-type') socketType = readSocketType(value)
    else if (key === 'identity') identity = checkIdentity(value)
    at = valueEnd
  }
  return { socketType, identity, properties }
}

/** Throws `UsageError` BAD_METADATA or BAD_IDENTITY when this is nothing that we may announce. */
export function checkMetadata(metadata: Metadata): void {
  if (metadata.identity.length > IDENTITY_MAX || metadata.identity[0] === 0) {
    throw new UsageError('BAD_IDENTITY', 'an identity has at most 255 octets and does not begin with 00')
  }
  for (const [name, value] of metadata.properties) {
    if (!NAME.test(name) || name.length > NAME_MAX || RESERVED.test(name) || value.length > VALUE_MAX) {
      throw new UsageError('BAD_METADATA', `${JSON.stringify(name)} cannot be announced`)
    }
  }
}

const NAME = /^[A-Za-z0-9._+-]+$/
const RESERVED = /^(socket-type|identity)$/i

function writeProperty(slab: Slab, name: string, value: Buffer): void {
  writeBytes(slab, prefix(name))
  slab.reserve(4)
  slab.at = writeU32(slab.bytes, slab.at, value.length)
  writeBytes(slab, value)
}

// Letters, digits and four marks: a name ends up in maps, logs and messages.
function readPropertyName(bytes: Buffer, start: number, end: number): string {
  const name = bytes.toString('latin1', start, end)
  if (!NAME.test(name)) failMetadata(`a property is named "${printable(bytes, start, end)}"`)
  return name
}

// An absent type is tolerated; an empty one is a type, with which nobody is compatible.
function readSocketType(value: Buffer): string {
  return value.length === 0 ? '(none)' : printable(value, 0, value.length)
}

function checkIdentity(value: Buffer): Buffer {
  if (value.length <= IDENTITY_MAX && value[0] !== 0) return value
  const fault = value[0] === 0 ? 'begins with 00, which is ours to give' : `has ${value.length} octets`
  throw new ProtocolError('BAD_IDENTITY', `the identity of the peer ${fault}`)
}

function failMetadata(fault: string): never {
  throw new ProtocolError('BAD_METADATA', `bad metadata: ${fault}`)
}
