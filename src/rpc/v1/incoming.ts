/**
 * Messages of protocol 1 as they come in: each becomes the message of protocol 2 that says the same, or is answered on the spot. The first check of
 * what a stranger says: frames have been held against their bounds, bodies are nothing but octets.
 */
import { EMPTY } from '../../base/bytes.ts'
import { CodecError, ProtocolError } from '../../base/errors.ts'
import type { Reader } from '../../codec/messages.ts'
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
export interface IncomingSide {
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
export function read(
  translator: IncomingSide,
  { type, uuid }: { type: number; uuid: Buffer },
  body: Range,
): void {
  switch (type) {
    case WORK:
      readWork(translator, uuid, body)
      break
    case OK:
    case ERROR:
      readAnswer(translator, type, uuid, body)
      break
    case HELLO:
      if (translator.isClient) translator.ignore()
      else readHello(translator, uuid, body)
      break
    case AUTHENTICATED:
      readAuthenticated(translator)
      break
    case UNAUTHORIZED:
      readUnauthorized(translator, uuid)
      break
    case HEARTBEAT:
      // As in Python: nobody answers it, its octets alone are a sign of life.
      break
    default:
      translator.ignore()
  }
}

function readWork(translator: IncomingSide, uuid: Buffer, body: Range): void {
  if (uuid.length === 0) throw new ProtocolError('PROTOCOL', 'a WORK has a uuid')
  if (translator.refused || !translator.session.admitted) {
    translator.reply(uuid, UNAUTHORIZED, translator.refused ? LOGIN_WRONG : LOGIN_NEEDED)
    return
  }
  const id = translator.questions.nextId()
  let call: Buffer
  try {
    call = callOf(translator.reader, id, body)
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    translator.refuse()
    const answer = ['ValueError', `the call cannot be read: ${error.message}`, '']
    translator.reply(uuid, ERROR, translator.session.codec.encode(answer))
    return
  }
  translator.questions.add(id, uuid)
  translator.feed(call)
}

function readAnswer(
  translator: IncomingSide,
  type: typeof OK | typeof ERROR,
  uuid: Buffer,
  body: Range,
): void {
  const id = translator.uuids.idIn(uuid)
  const call = translator.session.lane.pending.get(id)
  if (call === undefined) {
    translator.late()
  } else if (type === OK) {
    translator.feed(resultOf(id, body))
  } else {
    const error = readError(translator.reader, body)
    translator.feedError(id, error && toMap(error, call.method))
  }
}

function readHello(translator: IncomingSide, uuid: Buffer, body: Range): void {
  if (translator.refused) {
    translator.reply(uuid, UNAUTHORIZED, LOGIN_WRONG)
    return
  }
  if (translator.session.greeted) {
    // A HELLO for each call that was refused before: Python's clients send these calls again, one for each answer. Nobody becomes another.
    translator.reply(uuid, AUTHENTICATED, EMPTY)
    return
  }
  const size = body.end - body.start
  if (size > LOGIN_SIZE_MAX) {
    const message = `a login of ${size} octets, where ${LOGIN_SIZE_MAX} are allowed`
    throw new ProtocolError('NOT_LOGGED_IN', message)
  }
  try {
    const login = readLogin(translator.session.codec, body)
    translator.hello = uuid
    translator.feedValue([HELLO_2, { ...login, name: login.user }])
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    throw new ProtocolError('PROTOCOL', `a HELLO cannot be read: ${error.message}`, { cause: error })
  }
}

function readAuthenticated(translator: IncomingSide): void {
  if (!translator.endLogin()) {
    translator.ignore()
    return
  }
  translator.feedValue([WELCOME, {}])
  if (translator.session.open && !translator.congested) translator.session.onDrain()
}

function readUnauthorized(translator: IncomingSide, uuid: Buffer): void {
  const id = translator.uuids.idIn(uuid)
  if (id === NO_CALL && translator.endLogin()) {
    translator.feedValue([GOAWAY, 0, LOGIN_REFUSED])
    return
  }
  const message = 'the server asks for a login, or for another one'
  if (!translator.session.lane.pending.has(id)) translator.ignore()
  else translator.feedError(id, { c: 'UNAUTHENTICATED', m: message, x: 'no' })
}
