// Version 5 has one context, and these are its two options.
import { context } from '../sockets/context.ts'

class CompatContext {
  static {
    Object.defineProperty(CompatContext, 'name', { value: 'Context' }) // beside the other Context of every bundle
  }

  /** Kept, without effect: there are no I/O threads. */
  static setMaxThreads(value: number): void {
    context.ioThreads = value
  }

  static getMaxThreads(): number {
    return context.ioThreads
  }

  /** How many sockets may be open. */
  static setMaxSockets(value: number): void {
    context.maxSockets = value
  }

  static getMaxSockets(): number {
    return context.maxSockets
  }

  /** Throws: there is no other context. */
  constructor() {
    throw new Error('Context cannot be instantiated in compatibility mode')
  }
}

export { CompatContext as Context }
