// What probes are made of: how an outcome becomes text that two processes can be compared by, and how to provoke one. Knows nothing of
// which library it looks at.
import { inspect } from 'node:util'

/** A value as text, the same in every process. */
export function show(value) {
  return inspect(value, {
    depth: 6,
    breakLength: Number.POSITIVE_INFINITY,
    compact: true,
    maxArrayLength: 300,
  })
}

/** An error as text: class, message, and every own field. */
export function describe(error) {
  if (!(error instanceof Error)) return `not an error: ${show(error)}`
  const fields = Object.keys(error).map((key) => `${key} ${show(error[key])}`)
  return [`${error.name} "${error.message}"`, ...fields].join(', ')
}

/** What `run` does: returns, throws, resolves or rejects; "pending" when that takes longer than `ms`. */
export async function attempt(run, ms = 2000) {
  let returned
  try {
    returned = run()
  } catch (error) {
    return `throws ${describe(error)}`
  }
  if (typeof returned?.then !== 'function') return show(returned)
  return settled(returned, ms)
}

/** How `promise` ends; "pending" when it takes longer than `ms`. */
export async function settled(promise, ms = 2000) {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms * PATIENCE, 'pending')
  })
  const end = promise.then(
    (value) => `resolves ${show(value)}`,
    (error) => `rejects ${describe(error)}`,
  )
  const outcome = await Promise.race([end, late])
  clearTimeout(timer)
  return outcome
}

/** How `promise` stands after so many turns of the microtask queue, before the event loop goes on. */
export async function soon(promise, turns = 20) {
  let outcome = 'pending'
  promise.then(
    (value) => {
      outcome = `resolves ${show(value)}`
    },
    (error) => {
      outcome = `rejects ${describe(error)}`
    },
  )
  for (let i = 0; i < turns; i++) await null
  return outcome
}

/** The warnings that `run` gives the process, after what it returned. Shared by both libraries: `process.emitWarning`. */
export async function warned(run) {
  const warnings = []
  const original = process.emitWarning
  process.emitWarning = (warning) => {
    warnings.push(String(warning))
  }
  try {
    const outcome = await attempt(run)
    return warnings.length === 0 ? outcome : `${outcome}, warns ${show(warnings)}`
  } finally {
    process.emitWarning = original
  }
}

/** How much longer than usual to wait for what cannot be observed otherwise: see runSection in support.ts. */
export const PATIENCE = Number(process.env.PARITY_PATIENCE ?? 1)

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms * PATIENCE))
}

/** Waits until `condition` holds, for 5 s at most. */
export async function until(condition) {
  const end = performance.now() + 5000 * PATIENCE
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never: ${condition}`)
    await sleep(2)
  }
}

/** Closes without linger whatever is given to it, at the end of a probe. */
export class Sockets {
  #sockets = []

  use(socket) {
    this.#sockets.push(socket)
    return socket
  }

  close() {
    for (const socket of this.#sockets) {
      if (socket.closed) continue
      socket.linger = 0
      socket.close()
    }
  }
}

/** All twelve classes and the base, by name. */
export const CLASSES = [
  'Pair',
  'Publisher',
  'Subscriber',
  'Request',
  'Reply',
  'Dealer',
  'Router',
  'Pull',
  'Push',
  'XPublisher',
  'XSubscriber',
  'Stream',
]

let names = 0

/** An in-process address that no other probe uses. */
export function inproc() {
  return `inproc://parity-${++names}`
}
