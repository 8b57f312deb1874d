// The PLAIN mechanism (RFC 24), server side: takes the peer's user name and password, and goes on once they are found good.
//
//   -> HELLO (user, password)   WELCOME ->   -> INITIATE (metadata)   READY (metadata) ->
import { copy } from '../../../base/bytes.ts'
import { ProtocolError } from '../../../base/errors.ts'
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
import { Admission } from './admission.ts'
import type { Mechanism } from './mechanism.ts'

const AWAIT_HELLO = 0
const SAY_WELCOME = 1
const AWAIT_INITIATE = 2
const SAY_READY = 3
const READY = 4

export class PlainServer implements Mechanism {
  readonly name = 'PLAIN'
  readonly asServer = true
  readonly lockstep = false
  readonly cipher = undefined
  // A password that nobody looks at protects nothing: somebody always judges.
  readonly admission: Admission = new Admission(true)
  peerMetadata: Metadata | undefined
  #state = AWAIT_HELLO

  get ready(): boolean {
    return this.#state === READY
  }

  writeNextCommand(output: Slab, localMetadata: Metadata): boolean {
    switch (this.#state) {
      case SAY_WELCOME:
        if (!this.admission.granted) return false
        writeBytes(output, COMMAND_WELCOME)
        break
      case SAY_READY:
        writeBytes(output, COMMAND_READY)
        writeMetadata(output, localMetadata)
        break
      default:
        return false
    }
    this.#state++
    return true
  }

  handleCommand(bytes: Buffer, start: number, end: number): void {
    if (this.#state === AWAIT_HELLO && isCommand(bytes, start, end, COMMAND_HELLO)) {
      this.#readHello(bytes, start + COMMAND_HELLO.length, end)
    } else if (this.#state === AWAIT_INITIATE && isCommand(bytes, start, end, COMMAND_INITIATE)) {
      this.peerMetadata = readMetadata(bytes, start + COMMAND_INITIATE.length, end)
    } else {
      throw new ProtocolError(
        'UNEXPECTED_COMMAND',
        `the peer sent ${readName(bytes, start, end)} out of turn`,
      )
    }
    this.#state++
  }

  wipe(): void {}

  // user length (1) | user | password length (1) | password, and nothing behind it
  #readHello(bytes: Buffer, start: number, end: number): void {
    const userEnd = start + 1 + (bytes[start] ?? 0)
    const passwordEnd = userEnd + 1 + (bytes[userEnd] ?? 0)
    if (start >= end || userEnd >= end || passwordEnd !== end) {
      throw new CommandError('HELLO', 'user name and password do not fill a HELLO')
    }
    this.admission.ask({
      mechanism: 'PLAIN',
      username: copy(bytes, start + 1, userEnd),
      password: copy(bytes, userEnd + 1, passwordEnd),
    })
  }
}
