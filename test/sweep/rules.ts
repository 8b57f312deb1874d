// What has to become of a stream that is cut, held up or changed at an octet: rules, not a table of thousands.
import { MESSAGES, type Octet, type Stream } from './stream.ts'

/** Messages that are whole in the first `count` octets: nothing of the next is delivered. */
export function wholeMessages({ ends }: Stream, count: number): readonly (readonly string[])[] {
  return MESSAGES.slice(0, ends.filter((end) => end <= count).length)
}

/** Whether the peer may stop behind the first `count` octets: it is ready and in no message. */
export function mayStop({ ready, ends }: Stream, count: number): boolean {
  return count === ready || ends.includes(count)
}

/** What a changed bit may do. */
export type Effect =
  /** The connection ends with a code, or nothing is different: an octet that means nothing, or means something to the application alone. */
  | 'error or nothing'
  /** The message has that octet: nobody can tell. */
  | 'content'
  /** The message goes on, or ends, elsewhere: nobody can tell. */
  | 'boundary'
  /** The frame ends elsewhere, so that what follows is no frame: its message may be cut off, and then the connection ends with a code. */
  | 'length'
  /** The connection ends with a code. */
  | 'error'

const MORE = 0x01
const COMMAND = 0x04

/** What flipping `mask` in the octet at `at` may do. */
export function effectOf({ setup, octets }: Stream, at: number, mask: number): Effect {
  const octet: Octet = octets[at]!
  if (octet.phase !== 'traffic') return 'error or nothing'
  // What the frame says of itself is not sealed, and does not count: what stands in the box does.
  if (setup.lockstep)
    return octet.role === 'flags' && (mask & (MORE | COMMAND)) !== 0 ? 'error or nothing' : 'error'
  if (octet.role === 'body') return 'content'
  if (octet.role === 'size') return 'length'
  return mask === MORE ? 'boundary' : 'error'
}
