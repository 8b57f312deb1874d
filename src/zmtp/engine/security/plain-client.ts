// The PLAIN mechanism (RFC 24), client side: shows a user name and a password in clear, to whoever says that it is the server.
//
//   HELLO (user, password) ->  <- WELCOME    INITIATE (metadata) ->  <- READY (metadata)
import { ProtocolError, UsageError } from '../../../base/errors.ts'
import type { Slab } from '../../../base/slab.ts'
import {
  COMMAND_HELLO,
  COMMAND_INITIATE,
  COMMAND_READY,
  COMMAND_WELCOME,
  CommandError,
  isCommand,
  readName,
  writeBytes,
} from '../../wire/command.ts'
import { type Metadata, readMetadata, writeMetadata } from '../../wire/metadata.ts'
import { throwIfError } from '../peer-error.ts'
import { Admission } from './admission.ts'
import type { Mechanism } from './mechanism.ts'

const SAY_HELLO = 0
const AWAIT_WELCOME = 1
const SAY_INITIATE = 2
const AWAIT_READY = 3
const READY = 4

export class PlainClient implements Mechanism {
  readonly name = 'PLAIN'
  readonly asServer = false
  readonly lockstep = false
  readonly cipher = undefined
  readonly admission: Admission = new Admission(false)
  peerMetadata: Metadata | undefined
  readonly #username: Buffer
  readonly #password: Buffer
  #state = SAY_HELLO

  /** Each 0 to 255 octets; throws `UsageError` BAD_CREDENTIALS. */
  constructor(username: Buffer, password: Buffer) {
    if (username.length > CREDENTIAL_MAX || password.length > CREDENTIAL_MAX) {
      throw new UsageError('BAD_CREDENTIALS', 'a user name or password has at most 255 octets')
    }
    this.#username = username
    this.#password = password
  }

  get ready(): boolean {
    return this.#state === READY
  }

  writeNextCommand(output: Slab, localMetadata: Metadata): boolean {
    switch (this.#state) {
      case SAY_HELLO:
        writeBytes(output, COMMAND_HELLO)
        writeShort(output, this.#username)
        writeShort(output, this.#password)
        break
      case SAY_INITIATE:
        writeBytes(output, COMMAND_INITIATE)
        writeMetadata(output, localMetadata)
        break
      default:
        return false
    }
    this.#state++
    return true
  }

  handleCommand(bytes: Buffer, start: number, end: number): void {
    throwIfError(bytes, start, end)
    if (this.#state === AWAIT_WELCOME && isCommand(bytes, start, end, COMMAND_WELCOME)) {
      if (end - start !== COMMAND_WELCOME.length) throw new CommandError('WELCOME', 'a WELCOME with data')
    } else if (this.#state === AWAIT_READY && isCommand(bytes, start, end, COMMAND_READY)) {
      this.peerMetadata = readMetadata(bytes, start + COMMAND_READY.length, end)
    } else {
      throw new ProtocolError(
        'UNEXPECTED_COMMAND',
        `the peer sent ${readName(bytes, start, end)} out of turn`,
      )
    }
    this.#state++
  }

  wipe(): void {}
}

/** One length octet counts a user name or a password. */
export const CREDENTIAL_MAX = 255

function writeShort(output: Slab, bytes: Buffer): void {
  writeBytes(output, Buffer.from([bytes.length]))
  writeBytes(output, bytes)
}
