/**
 * Messages of protocol 2 as a session writes them, in words of protocol 1. Where that has none, the session hears so (streams), or nothing is sent:
 * CANCEL, CREDIT, PONG, GOAWAY, and what a CALL says of deadlines, headers and repetitions.
 */
import { EMPTY } from '../../base/bytes.ts'
import type { Reader } from '../../codec/messages.ts'
import {
  CALL,
  CANCEL,
  END,
  ERROR as ERROR_2,
  GOAWAY,
  HELLO as HELLO_2,
  ITEM,
  LOGIN_REFUSED,
  NOTIFY,
  PING,
  RESULT,
  WELCOME,
} from '../session/envelope.ts'
import type { Session } from '../session/session.ts'
import { bodyOfLogin, readTexts, valueIn, workOf } from './bodies.ts'
import { toTriple } from './remote-errors.ts'
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

/** What a message that goes out needs of its connection. */
export interface OutgoingSide {
  readonly session: Session
  readonly reader: Reader
  readonly uuids: Uuids
  readonly questions: Questions
  /** The uuid of the HELLO that is being judged. */
  hello: Buffer | undefined
  refused: boolean
  write(uuid: Buffer, type: number, body: Buffer): void
  feedValue(message: readonly unknown[]): void
  feedError(id: number, map: unknown): void
  /** Not while the session is in the middle of a message: what it would hear is about that very message. */
  afterwards(action: () => void): void
  /** A HELLO of this side was sent: nothing else is before it is answered. */
  awaitLogin(): void
}

const LOGIN_WRONG = Buffer.from('the login is refused')

/** Writes what the message `octets` says. */
export function write(translator: OutgoingSide, octets: Buffer): void {
  const { reader } = translator
  reader.reset(octets, 0, octets.length)
  const count = reader.readArrayHeader()
  const kind = reader.readUint()
  switch (kind) {
    case CALL:
      writeWork(translator, octets, count, reader.readUint(), 2)
      break
    case NOTIFY:
      // Who is called so answers all the same; nobody waits for it.
      writeWork(translator, octets, count, NO_CALL, 1)
      break
    case RESULT: {
      const uuid = translator.questions.answer(reader.readUint())
      if (uuid !== undefined) translator.write(uuid, OK, valueIn(reader, octets))
      break
    }
    case ERROR_2: {
      const uuid = translator.questions.answer(reader.readUint())
      if (uuid !== undefined) writeError(translator, uuid, toTriple(readTexts(reader)))
      break
    }
    case ITEM:
    case END:
      refuseStream(translator, kind, reader.readUint())
      break
    case HELLO_2:
      writeHello(translator, octets)
      break
    case WELCOME:
      if (translator.hello !== undefined) translator.write(translator.hello, AUTHENTICATED, EMPTY)
      translator.hello = undefined
      break
    case GOAWAY:
      reader.readUint()
      if (reader.readString() === LOGIN_REFUSED) refuseLogin(translator)
      break
    case PING:
      translator.write(EMPTY, HEARTBEAT, EMPTY)
      break
  }
}

function writeWork(
  translator: OutgoingSide,
  octets: Buffer,
  count: number,
  id: number,
  before: number,
): void {
  const { body, streams } = workOf(translator.reader, octets, count, before)
  if (!streams) {
    translator.write(translator.uuids.of(id), WORK, body)
    return
  }
  const message = 'an argument streams, and protocol 1 has no streams'
  translator.afterwards(() => translator.feedError(id, { c: 'INVALID_ARGUMENT', m: message, x: 'no' }))
}

function refuseStream(translator: OutgoingSide, kind: typeof ITEM | typeof END, id: number): void {
  const uuid = translator.questions.answer(id)
  if (uuid === undefined) return
  writeError(translator, uuid, ['TypeError', 'the function streams, and protocol 1 has no streams', ''])
  if (kind === ITEM) translator.afterwards(() => translator.feedValue([CANCEL, id]))
}

function writeHello(translator: OutgoingSide, octets: Buffer): void {
  const { codec } = translator.session
  const [, { user, password }] = codec.decode(octets) as [number, { user?: string; password?: string }]
  if (user === undefined || password === undefined) {
    translator.afterwards(() => translator.feedValue([WELCOME, {}]))
    return
  }
  // In Python a server asks for a login, and its backends expect to have asked: a HEARTBEAT makes them ask where they have to.
  translator.write(EMPTY, HEARTBEAT, EMPTY)
  translator.write(translator.uuids.of(NO_CALL), HELLO, bodyOfLogin(codec, { user, password }))
  translator.awaitLogin()
}

function refuseLogin(translator: OutgoingSide): void {
  if (translator.hello === undefined) return
  translator.refused = true
  translator.write(translator.hello, UNAUTHORIZED, LOGIN_WRONG)
  translator.hello = undefined
}

function writeError(translator: OutgoingSide, uuid: Buffer, error: readonly [string, string, string]): void {
  translator.write(uuid, ERROR, translator.session.codec.encode(error))
}
