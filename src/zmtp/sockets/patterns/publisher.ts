/**
 * PUB (RFC 29): XPUB without the way up. Nothing is received.
 */
import type { Pipe } from '../../routing/pipe.ts'
import type { ErrnoCode } from '../errno.ts'
import { XPublisherPattern } from './xpublisher.ts'

export class PublisherPattern extends XPublisherPattern {
  override receive(): undefined {
    return undefined
  }

  override get receiveFault(): ErrnoCode {
    return 'ENOTSUP'
  }

  override subscribe(): ErrnoCode {
    return 'EINVAL'
  }

  protected override arriveUpstream(pipe: Pipe): void {
    pipe.refuse()
  }

  protected override notify(): void {}
}
