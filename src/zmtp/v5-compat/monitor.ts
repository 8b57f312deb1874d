// What version 5 calls monitoring: the events of version 6 under their old names, with `(value, address, error)` as arguments.
import type { Event, EventType } from '../sockets/events.ts'
import { Observer } from '../sockets/observer.ts'

const NAMES: { readonly [type in EventType]?: string } = {
  bind: 'listen',
  'bind:error': 'bind_error',
  accept: 'accept',
  'accept:error': 'accept_error',
  connect: 'connect',
  'connect:delay': 'connect_delay',
  'connect:retry': 'connect_retry',
  close: 'close',
  'close:error': 'close_error',
  disconnect: 'disconnect',
}

export type Emit = (
  name: string,
  value: number | undefined,
  address: string,
  error: Error | undefined,
) => void

/** Passes the events of a socket to `emit`, from now until the returned function is called. Throws ENOTSOCK when it is closed. */
export function watch(socket: object, emit: Emit): () => void {
  const observer = new Observer(socket)
  for (const type of Object.keys(NAMES) as EventType[]) {
    observer.on(type, (event) => pass(NAMES[type]!, event, emit))
  }
  return () => observer.close()
}

function pass(name: string, event: Event, emit: Emit): void {
  if (!('address' in event)) return
  // Version 6 here says more: why a connection was lost, for one. Version 5 has errors of what is called an error only.
  const error = event.type.endsWith(':error') && 'error' in event ? event.error : undefined
  const value = 'interval' in event ? event.interval : (error as NodeJS.ErrnoException | undefined)?.errno
  emit(name, value, event.address, error)
}
