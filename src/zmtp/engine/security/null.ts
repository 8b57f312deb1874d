// The NULL mechanism (RFC 37, "The NULL Security Mechanism"): one READY each way, sent without waiting for the peer's,
// since two peers that wait would wait for ever. Where somebody judges peers by their address, READY waits for the verdict.
// The greeting's as-server bit means nothing here.
import { ProtocolError } from '../../../base/errors.ts'
import type { Slab } from '../../../base/slab.ts'
import { COMMAND_READY, isCommand, readName, writeBytes } from '../../wire/command.ts'
import { type Metadata, readMetadata, writeMetadata } from '../../wire/metadata.ts'
import { throwIfError } from '../peer-error.ts'
import { Admission } from './admission.ts'
import type { Mechanism } from './mechanism.ts'

export class NullMechanism implements Mechanism {
  readonly name = 'NULL'
  readonly asServer = false
  readonly lockstep = false
  readonly cipher = undefined
  readonly admission: Admission
  peerMetadata: Metadata | undefined
  #sent = false

  /** `asks`: whether somebody judges the peer before it comes in. */
  constructor(asks: boolean = false) {
    this.admission = new Admission(asks)
  }

  get ready(): boolean {
    return this.#sent && this.peerMetadata !== undefined
  }

  writeNextCommand(output: Slab, localMetadata: Metadata): boolean {
    this.admission.ask({ mechanism: 'NULL' })
    if (this.#sent || !this.admission.granted) return false
    this.#sent = true
    writeBytes(output, COMMAND_READY)
    writeMetadata(output, localMetadata)
    return true
  }

  handleCommand(bytes: Buffer, start: number, end: number): void {
    throwIfError(bytes, start, end)
    if (this.peerMetadata !== undefined || !isCommand(bytes, start, end, COMMAND_READY)) {
      throw new ProtocolError(
        'UNEXPECTED_COMMAND',
        `the peer sent ${readName(bytes, start, end)} instead of READY`,
      )
    }
    this.peerMetadata = readMetadata(bytes, start + COMMAND_READY.length, end)
  }

  wipe(): void {}
}
