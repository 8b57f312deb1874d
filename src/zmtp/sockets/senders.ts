// Who has sent a message, kept beside the messages of peers that somebody has judged: programs get the same arrays of Buffers as ever.
// Forgets a message when the program does.
import type { EventPeer } from './events.ts'
import type { Message } from './message.ts'

// By the last part, which patterns hand on as it is, whatever they take off the front.
const senders = new WeakMap<Message, EventPeer>()

/** `message` came from `sender`. May replace its last part by an equal one. */
export function rememberSender(message: Message[], sender: EventPeer): void {
  const last = message.length - 1
  // Empty parts are all the same Buffer otherwise.
  if (message[last]!.length === 0) message[last] = Buffer.alloc(0)
  senders.set(message[last]!, sender)
}

/** `undefined`: nobody judges the peers of this socket, or this is no message that was received. */
export function senderOf(message: readonly Message[]): EventPeer | undefined {
  const last = message.at(-1)
  return last === undefined ? undefined : senders.get(last)
}
