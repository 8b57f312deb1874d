/**
 * Messages of protocol 1 as they come in: each becomes the message of protocol 2 that says the same, or is answered on the spot. The first check of
 * what a stranger says: frames have been held against their bounds, bodies are nothing but octets.
 */
import { EMPTY } from '../../base/bytes.ts'
import { CodecError, ProtocolError } from '../../base/errors.ts'
import type { Reader } from '../../codec/index.ts'
import { GOAWAY, HELLO as HELLO_2, LOGIN_REFUSED, WELCOME } from '../session/envelope.ts'
import type { Session } from '../session/session.ts'
import { callOf, type Range, readError, readLogin, resultOf } from './bodies.ts'
import { toMap } from './remote-errors.ts'
import {
  AUTHENTICATED,
  ERROR,
  HEARTBEAT,
  HELLO,
  NO_CALL,
  OK,
  type Questions,
  UNAUTHORIZED,
  type Uuids,
  WORK,
} from './wire.ts'

/** What a message that comes in needs of its connection. */
export interface IncomingLink {
  readonly session: Session
  readonly reader: Reader
  readonly uuids: Uuids
  readonly questions: Questions
  readonly isClient: boolean
  readonly refused: boolean
  /** The uuid of the HELLO that is being judged. */
  hello: Buffer | undefined
  readonly congested: boolean
  /** Gives a message of protocol 2 to the session. */
  feed(message: Buffer): void
  feedValue(message: readonly unknown[]): void
  /** Gives it the ERROR with this map for its own call. */
  feedError(id: number, map: unknown): void
  /** Writes a message that the session knows nothing of. */
  reply(uuid: Buffer, type: number, body: Buffer): void
  /** The HELLO of this side is answered; `false`: none was sent. */
  endLogin(): boolean
  /** Count what came: it means nothing here, it is no open call's answer, it is a call that was not begun. */
  ignore(): void
  late(): void
  refuse(): void
}

// As much as a ZMTP handshake may say: what a stranger sends beyond it is not decoded.
const LOGIN_SIZE_MAX = 8192

const LOGIN_NEEDED = Buffer.from('log in first')
const LOGIN_WRONG = Buffer.from('the login is refused')

/** Does what a message says. Throws ProtocolError for one that ends the connection. */
export function read(link: IncomingLink, { type, uuid }: { type: number; uuid: Buffer }, body: Range): void {
  switch (type) {
    case WORK:
      readWork(link, uuid, body)
      break
    case OK:
    case ERROR:
      readAnswer(link, type, uuid, body)
      break
    case HELLO:
      if (link.isClient) link.ignore()
      else readHello(link, uuid, body)
      break
    case AUTHENTICATED:
      readAuthenticated(link)
      break
    case UNAUTHORIZED:
      readUnauthorized(link, uuid)
      break
    case HEARTBEAT:
      // As in Python: nobody answers it, its octets alone are a sign of life.
      break
    default:
      link.ignore()
  }
}

function readWork(link: IncomingLink, uuid: Buffer, body: Range): void {
  if (uuid.length === 0) throw new ProtocolError('PROTOCOL', 'a WORK has a uuid')
  if (link.refused || !link.session.admitted) {
    link.reply(uuid, UNAUTHORIZED, link.refused ? LOGIN_WRONG : LOGIN_NEEDED)
    return
  }
  const id = link.questions.nextId()
  let call: Buffer
  try {
    call = callOf(link.reader, id, body)
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    link.refuse()
    const answer = ['ValueError', `the call cannot be read: ${error.message}`, '']
    link.reply(uuid, ERROR, link.session.codec.encode(answer))
    return
  }
  link.questions.add(id, uuid)
  link.feed(call)
}

function readAnswer(link: IncomingLink, type: typeof OK | typeof ERROR, uuid: Buffer, body: Range): void {
  const id = link.uuids.idIn(uuid)
  const call = link.session.lane.pending.get(id)
  if (call === undefined) {
    link.late()
  } else if (type === OK) {
    link.feed(resultOf(id, body))
  } else {
    const error = readError(link.reader, body)
    link.feedError(id, error && toMap(error, call.method))
  }
}

function readHello(link: IncomingLink, uuid: Buffer, body: Range): void {
  if (link.refused) {
    link.reply(uuid, UNAUTHORIZED, LOGIN_WRONG)
    return
  }
  if (link.session.greeted) {
    // A HELLO for each call that was refused before: Python's clients send these calls again, one for each answer. Nobody becomes another.
    link.reply(uuid, AUTHENTICATED, EMPTY)
    return
  }
  const size = body.end - body.start
  if (size > LOGIN_SIZE_MAX) {
    const message = `a login of ${size} octets, where ${LOGIN_SIZE_MAX} are allowed`
    throw new ProtocolError('NOT_LOGGED_IN', message)
  }
  try {
    const login = readLogin(link.session.codec, body)
    link.hello = uuid
    link.feedValue([HELLO_2, { ...login, name: login.user }])
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ProtocolError('PROTOCOL', `a HELLO cannot be read: ${error.message}`, { cause: error })
  }
}

function readAuthenticated(link: IncomingLink): void {
  if (!link.endLogin()) {
    link.ignore()
    return
  }
  link.feedValue([WELCOME, {}])
  if (link.session.open && !link.congested) link.session.onDrain()
}

function readUnauthorized(link: IncomingLink, uuid: Buffer): void {
  const id = link.uuids.idIn(uuid)
  if (id === NO_CALL && link.endLogin()) {
    link.feedValue([GOAWAY, 0, LOGIN_REFUSED])
    return
  }
  const message = 'the server asks for a login, or for another one'
  if (!link.session.lane.pending.has(id)) link.ignore()
  else link.feedError(id, { c: 'UNAUTHENTICATED', m: message, x: 'no' })
}
