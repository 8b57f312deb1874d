// ZAP (RFC 27): the question that is put to whoever judges peers, and the answer, as messages. Pure functions; who the judge is and how
// it is reached is not known here.
//
//   question: empty | 1.0 | id | domain | address | identity | mechanism | credentials ...
//   answer:   empty | 1.0 | id | status (3) | text | user id | metadata
import { EMPTY } from '../../base/bytes.ts'
import { ProtocolError } from '../../base/errors.ts'
import { readMetadata } from './metadata.ts'

export interface ZapQuestion {
  readonly id: string
  /** What the socket calls the rules that apply to it; may be empty. */
  readonly domain: Buffer
  /** Where the peer is. */
  readonly address: string
  /** The routing id of the socket that asks, as libzmq has it; the RFC means the peer's. */
  readonly identity: Buffer
  /** `NULL`, `PLAIN`, `CURVE`. */
  readonly mechanism: string
  /** None; user name and password; the public key. */
  readonly credentials: readonly Buffer[]
}

export interface ZapAnswer {
  /** `200`, `300`, `400` or `500`. */
  readonly status: string
  readonly userId: string
  readonly metadata: ReadonlyMap<string, Buffer>
}

export function zapQuestion(question: ZapQuestion): Buffer[] {
  const { id, domain, address, identity, mechanism, credentials } = question
  const text = [VERSION, id].map((part) => Buffer.from(part))
  return [EMPTY, ...text, domain, Buffer.from(address), identity, Buffer.from(mechanism), ...credentials]
}

/** Throws `ProtocolError` ZAP_... for what is no answer to question `id`. */
export function readZapAnswer(parts: readonly Buffer[], id: string): ZapAnswer {
  const [delimiter, version, answered, status, , userId, metadata] = parts
  if (parts.length !== ANSWER_PARTS || delimiter!.length !== 0) {
    throw new ProtocolError(
      'ZAP_MALFORMED_REPLY',
      `an answer of ${parts.length} parts instead of ${ANSWER_PARTS}`,
    )
  }
  if (version!.toString('latin1') !== VERSION) {
    throw new ProtocolError('ZAP_BAD_VERSION', 'an answer of another version than 1.0')
  }
  if (answered!.toString('latin1') !== id) {
    throw new ProtocolError('ZAP_BAD_REQUEST_ID', 'an answer to another question')
  }
  const code = status!.toString('latin1')
  if (!STATUSES.includes(code))
    throw new ProtocolError('ZAP_INVALID_STATUS_CODE', 'an answer with a status that is none')
  return { status: code, userId: userId!.toString(), metadata: readZapMetadata(metadata!) }
}

const VERSION = '1.0'
const ANSWER_PARTS = 7
const STATUSES = ['200', '300', '400', '500']

function readZapMetadata(bytes: Buffer): ReadonlyMap<string, Buffer> {
  try {
    return readMetadata(bytes, 0, bytes.length).properties
  } catch (cause) {
    throw new ProtocolError('ZAP_INVALID_METADATA', 'an answer whose metadata cannot be read', { cause })
  }
}
