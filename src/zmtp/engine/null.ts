// The NULL mechanism (RFC 37, "The NULL Security Mechanism"): one READY each way, sent without waiting for the peer's,
// since two peers that wait would wait for ever. The greeting's as-server bit means nothing here.
import { ProtocolError } from '../../base/errors.ts'
import type { Slab } from '../../base/slab.ts'
import {
  COMMAND_ERROR,
  COMMAND_READY,
  isCommand,
  readErrorReason,
  readName,
  writeBytes,
} from '../wire/command.ts'
import { type Metadata, readMetadata, writeMetadata } from '../wire/metadata.ts'
import type { Mechanism } from './mechanism.ts'
import { PeerError } from './peer-error.ts'

export class NullMechanism implements Mechanism {
  readonly name = 'NULL'
  readonly asServer = false
  peerMetadata: Metadata | undefined
  #sent = false

  get ready(): boolean {
    return this.#sent && this.peerMetadata !== undefined
  }

  writeNextCommand(output: Slab, localMetadata: Metadata): boolean {
    if (this.#sent) return false
    this.#sent = true
    writeBytes(output, COMMAND_READY)
    writeMetadata(output, localMetadata)
    return true
  }

  handleCommand(bytes: Buffer, start: number, end: number): void {
    if (isCommand(bytes, start, end, COMMAND_READY)) {
      this.peerMetadata = readMetadata(bytes, start + COMMAND_READY.length, end)
    } else if (isCommand(bytes, start, end, COMMAND_ERROR)) {
      throw new PeerError(readErrorReason(bytes, start + COMMAND_ERROR.length, end))
    } else {
      throw new ProtocolError(
        'UNEXPECTED_COMMAND',
        `the peer sent ${readName(bytes, start)} instead of READY`,
      )
    }
  }
}
