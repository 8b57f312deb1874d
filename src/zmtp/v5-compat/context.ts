// Version 5 has one context, and these are its two options.
import { context } from '../sockets/context.ts'

/** The context of all sockets: there is one, and these are its two options. */
class CompatContext {
  static {
    Object.defineProperty(CompatContext, 'name', { value: 'Context' }) // beside the other Context of every bundle
  }

  /** Kept, without effect: there are no I/O threads. */
  static setMaxThreads(value: number): void {
    context.ioThreads = value
  }

  /** What `setMaxThreads` has set. Default 1. */
  static getMaxThreads(): number {
    return context.ioThreads
  }

  /** How many sockets may be open; one more throws EMFILE. */
  static setMaxSockets(value: number): void {
    context.maxSockets = value
  }

  /** What `setMaxSockets` has set. Default 1023. */
  static getMaxSockets(): number {
    return context.maxSockets
  }

  /** Throws: there is no other context. */
  constructor() {
    throw new Error('Context cannot be instantiated in compatibility mode')
  }
}

export { CompatContext as Context }
