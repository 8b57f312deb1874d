// The in-process transport: two Links joined through memory, and the table of names they meet by. The same engines speak
// the same ZMTP over it as over TCP (docs/decisions/0006-inproc.md has the price), so everything above behaves alike.
// A dialer that comes before its binder waits for the name.
import type { InprocListener, InprocWaiter, TransportContext } from './context.ts'
import type { Link, LinkOwner } from './transport.ts'

/** Binds `name`; `false` when it is taken. Dialers that wait for it are joined at once. */
export function bindInproc(context: TransportContext, name: string, listener: InprocListener): boolean {
  if (context.inprocBound.has(name)) return false
  context.inprocBound.set(name, listener)
  const waiting = context.inprocWaiting.get(name)
  context.inprocWaiting.delete(name)
  for (const waiter of waiting ?? []) waiter.onBound(listener)
  return true
}

export function unbindInproc(context: TransportContext, name: string): void {
  context.inprocBound.delete(name)
}

/** Has `waiter` told once `name` is bound; returns what forgets it again. */
export function awaitInproc(context: TransportContext, name: string, waiter: InprocWaiter): () => void {
  const waiting = context.inprocWaiting.get(name) ?? new Set()
  context.inprocWaiting.set(name, waiting)
  waiting.add(waiter)
  return () => {
    waiting.delete(waiter)
    if (waiting.size === 0 && context.inprocWaiting.get(name) === waiting) context.inprocWaiting.delete(name)
  }
}

/** Two ends of one in-process connection. */
export function inprocPair(address: string): [Link, Link] {
  const near = new MemoryLink(address)
  const far = new MemoryLink(address)
  near.join(far)
  far.join(near)
  return [near, far]
}

class MemoryLink implements Link {
  readonly remoteAddress: string
  pendingBytes = 0
  #other: MemoryLink | undefined
  #owner: LinkOwner | undefined
  #arrived: Buffer[] = []
  #paused = false
  #delivering = false
  #ended = false
  #closed = false

  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress
  }

  join(other: MemoryLink): void {
    this.#other = other
  }

  start(owner: LinkOwner): void {
    this.#owner = owner
    this.#deliverSoon()
  }

  write(pieces: Buffer[]): void {
    const other = this.#other
    if (this.#closed || this.#ended || other === undefined) return
    // One copy: the sender's chunk goes back to its free list, while the receiver may keep views of what it got.
    const chunk = Buffer.concat(pieces)
    this.pendingBytes += chunk.length
    other.#arrived.push(chunk)
    other.#deliverSoon()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#deliverSoon()
  }

  end(): void {
    this.#ended = true
    this.#paused = false
    this.#other!.#deliverSoon()
    this.#deliverSoon()
  }

  destroy(): void {
    if (this.#closed) return
    this.#closed = true
    this.#arrived.length = 0
    setImmediate(this.#close)
  }

  #deliverSoon(): void {
    if (this.#delivering || this.#owner === undefined) return
    this.#delivering = true
    // An immediate, not a tick: two ends that answer each other must let the event loop look at the network in between.
    setImmediate(this.#deliver)
  }

  readonly #deliver = (): void => {
    this.#delivering = false
    while (!this.#paused && !this.#closed && this.#arrived.length > 0) {
      const chunk = this.#arrived.shift()!
      this.#other!.#taken(chunk.length)
      this.#owner!.onChunk(chunk)
    }
    if (this.#arrived.length === 0 && this.#other!.#over && !this.#paused) this.destroy()
  }

  /** The other end will send no more. */
  get #over(): boolean {
    return this.#ended || this.#closed
  }

  #taken(bytes: number): void {
    this.pendingBytes -= bytes
    this.#owner?.onWritten()
  }

  readonly #close = (): void => {
    this.#owner?.onClose(undefined)
    this.#owner = undefined
    this.#other!.#deliverSoon()
  }
}
