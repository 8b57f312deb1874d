/**
 * Middleware: functions around calls, one shape for both sides. Each gets the call and `next`, which runs the ones that were added after
 * it and at last the call itself. Knows nothing of what the call is.
 */

import { UsageError } from '../../base/errors.ts'
import type { Peer } from '../api/peer.ts'

/** A call, as middleware sees it: on its way out (`side` is `client`) or about to be run (`server`). */
export interface MiddlewareCall {
  /** Who calls is `client`, who runs the function is `server`, whichever of the two is a `Server` and which a `Client`. */
  readonly side: 'client' | 'server'
  /** `notify`: nobody gets an answer. `next()` then gives `false` when it was dropped here. */
  readonly kind: 'call' | 'notify'
  /** The name of the function. */
  readonly method: string
  /** May be changed or replaced before `next()`. */
  args: unknown[]
  /** The caller's may be changed or replaced before `next()`. The server's are what came, and frozen. */
  headers: Readonly<Record<string, string>>
  /** The other side; `undefined` at a `Client` that calls whichever server is the best. */
  readonly peer: Peer | undefined
  /** Who the other side has proved to be. */
  readonly user: string | undefined
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** When the caller gives up; `undefined` when it does not. */
  readonly deadline: Date | undefined
}

/** Goes on with the call, once. Resolves to its result; for a function that streams to the stream, whose items are still to come. */
export type Next = () => Promise<unknown>

/**
 * A function around calls: gets each one, and `next`, which goes on with it. What it returns, or what its promise resolves to, is the
 * result of the call: usually what `next()` gave.
 */
export type Middleware = (call: MiddlewareCall, next: Next) => unknown

/** The middleware of one participant, in the order of `use`: the first is the outermost. */
export class Onion {
  // Replaced, never changed: a call under way keeps the layers that it began with.
  #layers: readonly { readonly run: Middleware }[] = []

  get isEmpty(): boolean {
    return this.#layers.length === 0
  }

  /** Throws `UsageError` BAD_OPTION. */
  use(run: Middleware): Disposable {
    if (typeof run !== 'function') throw new UsageError('BAD_OPTION', 'middleware is a function')
    const layer = { run }
    this.#layers = [...this.#layers, layer]
    return {
      [Symbol.dispose]: () => {
        this.#layers = this.#layers.filter((other) => other !== layer)
      },
    }
  }

  /** Runs `call` through all layers, with `last` in the middle. Never throws: what goes wrong is a rejection. */
  run(call: MiddlewareCall, last: () => unknown): Promise<unknown> {
    return enter(this.#layers, 0, call, last)
  }
}

function enter(
  layers: readonly { readonly run: Middleware }[],
  at: number,
  call: MiddlewareCall,
  last: () => unknown,
): Promise<unknown> {
  const layer = layers[at]
  if (layer === undefined) return promiseOf(last)
  let entered = false
  const next = (): Promise<unknown> => {
    if (entered) {
      return Promise.reject(new UsageError('NEXT_CALLED_TWICE', 'middleware may call next() once'))
    }
    entered = true
    const inner = enter(layers, at + 1, call, last)
    // Middleware that does not look at what next() gives must not end the process.
    inner.catch(ignore)
    return inner
  }
  return promiseOf(() => layer.run(call, next))
}

function promiseOf(run: () => unknown): Promise<unknown> {
  try {
    return Promise.resolve(run())
  } catch (error) {
    return Promise.reject(error)
  }
}

const ignore = (): void => {}
