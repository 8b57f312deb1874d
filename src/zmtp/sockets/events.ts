// What `socket.events` reports: the event types of the drop-in API, and how what the transport tells becomes one of them. Pure.
import type { TransportEvent } from '../transport/driver.ts'
import { codeOf, type ErrnoError, errnoError } from './errno.ts'

/** A peer's refusal of our credentials. */
export interface AuthError extends Error {
  status: 300 | 400 | 500
}

/** A fault in the handshake; `code` is ERR_ZMTP_… */
export interface ProtoError extends Error {
  code: string
}

interface EventDetails {
  accept: { address: string }
  'accept:error': { address: string; error: ErrnoError }
  bind: { address: string }
  'bind:error': { address: string; error: ErrnoError }
  connect: { address: string }
  'connect:delay': { address: string }
  'connect:retry': { address: string; interval: number }
  close: { address: string }
  'close:error': { address: string; error: ErrnoError }
  disconnect: { address: string }
  end: object
  handshake: { address: string }
  'handshake:error:protocol': { address: string; error: ProtoError }
  'handshake:error:auth': { address: string; error: AuthError }
  'handshake:error:other': { address: string; error: ErrnoError }
  unknown: object
}

export type EventType = keyof EventDetails

/** The event of a given type. */
export type EventOfType<E extends EventType = EventType> = { [T in E]: { type: T } & EventDetails[T] }[E]

export type Event = EventOfType

/** What a monitor sees of what the transport tells. In-process endpoints are silent, as in libzmq. */
export function toEvent(event: TransportEvent): Event | undefined {
  const { address } = event
  if (address.startsWith('inproc:')) return undefined
  switch (event.type) {
    case 'connect:retry':
      return { type: event.type, address, interval: event.interval ?? 0 }
    case 'bind:error':
      return { type: event.type, address: withoutScheme(address), error: errnoError(codeOf(event.error)) }
    case 'accept:error':
      return { type: event.type, address, error: errnoError(codeOf(event.error)) }
    case 'handshake:error':
      return handshakeError(address, event.error)
    default:
      return { type: event.type, address }
  }
}

function withoutScheme(address: string): string {
  return address.slice(address.indexOf('://') + 3)
}

function handshakeError(
  address: string,
  error: (Error & { code?: unknown; reason?: unknown }) | undefined,
): Event {
  if (error?.name !== 'ProtocolError') {
    return { type: 'handshake:error:other', address, error: errnoError(codeOf(error)) }
  }
  const status = error.code === 'PEER_ERROR' ? Number(error.reason) : 0
  if (status === 300 || status === 400 || status === 500) {
    const refusal = Object.assign(new Error(AUTH_TEXT[status]), { status } as const)
    return { type: 'handshake:error:auth', address, error: refusal }
  }
  const code = `ERR_ZMTP_${ZMTP_CODES[String(error.code)] ?? 'UNSPECIFIED'}`
  const fault = Object.assign(new Error('ZMTP protocol error', { cause: error }), { code })
  return { type: 'handshake:error:protocol', address, error: fault }
}

const AUTH_TEXT = { 300: 'Temporary error', 400: 'Authentication failure', 500: 'Internal error' } as const

const ZMTP_CODES: Readonly<Record<string, string>> = {
  UNEXPECTED_COMMAND: 'UNEXPECTED_COMMAND',
  BAD_COMMAND: 'MALFORMED_COMMAND_UNSPECIFIED',
  BAD_METADATA: 'INVALID_METADATA',
  BAD_IDENTITY: 'INVALID_METADATA',
  MECHANISM_MISMATCH: 'MECHANISM_MISMATCH',
}
