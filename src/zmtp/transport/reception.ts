/**
 * Who may be in the middle of a handshake with one listener, and how many: the lids that a stranger meets before it has shown any
 * credentials (docs/limits.md). When there are too many, the oldest goes: who refuses the newest is locked up for good by a few
 * connections that say nothing, while an honest peer is through in milliseconds. Also the budget of what costs a server most, CURVE's
 * key exchange. Knows addresses and time, not what is said.
 */
import { LimitError } from '../../base/errors.ts'

export interface ReceptionLimits {
  /** Handshakes under way at once; the oldest gives way. Default 1024. */
  readonly maxPendingHandshakes: number
  /** The same for one address. Default 256. */
  readonly maxPendingPerAddress: number
  /** Connections at once; one more is closed. Default 10,000. */
  readonly maxConnections: number
  /** Key exchanges a second; a peer that asks for one more is closed. Default 1000. */
  readonly keyExchangesPerSecond: number
  /** The same for one address. Default 100; `Infinity`: neither is counted. */
  readonly keyExchangesPerAddress: number
}

// 1024 handshakes of 16 KiB are 16 MiB. A key exchange takes about 0.14 ms: a thousand of them are a seventh of a core.
export const RECEPTION_LIMITS: ReceptionLimits = {
  maxPendingHandshakes: 1024,
  maxPendingPerAddress: 256,
  maxConnections: 10_000,
  keyExchangesPerSecond: 1000,
  keyExchangesPerAddress: 100,
}

/** A connection in its handshake. */
export interface Newcomer {
  destroy(error: LimitError): void
}

export class Reception {
  readonly limits: ReceptionLimits
  readonly #now: () => number
  // In the order of their coming, which is how a Map keeps them.
  readonly #pending = new Map<Newcomer, string>()
  readonly #perAddress = new Map<string, number>()
  readonly #budget: Budget
  readonly #budgets = new Map<string, Budget>()

  /** `now` in milliseconds. */
  constructor(limits: Partial<ReceptionLimits>, now: () => number) {
    this.limits = { ...RECEPTION_LIMITS, ...limits }
    this.#now = now
    this.#budget = new Budget(this.limits.keyExchangesPerSecond, now())
  }

  /** Handshakes under way. */
  get pending(): number {
    return this.#pending.size
  }

  /** Whether one more connection is too many, where there are `connections`. */
  isFull(connections: number): boolean {
    return connections >= this.limits.maxConnections
  }

  /** A handshake begins; an older one may have to go. */
  enter(newcomer: Newcomer, address: string): void {
    const { maxPendingHandshakes, maxPendingPerAddress } = this.limits
    const ofAddress = this.#perAddress.get(address) ?? 0
    this.#pending.set(newcomer, address)
    this.#perAddress.set(address, ofAddress + 1)
    if (ofAddress >= maxPendingPerAddress) {
      this.#evict(address, 'maxPendingPerAddress', maxPendingPerAddress)
    } else if (this.#pending.size > maxPendingHandshakes) {
      this.#evict(undefined, 'maxPendingHandshakes', maxPendingHandshakes)
    }
  }

  /** A handshake is over, well or badly. */
  leave(newcomer: Newcomer): void {
    const address = this.#pending.get(newcomer)
    if (address === undefined) return
    this.#pending.delete(newcomer)
    const left = this.#perAddress.get(address)! - 1
    if (left > 0) this.#perAddress.set(address, left)
    else this.#perAddress.delete(address)
  }

  /** Somebody at `address` wants a key exchange. Throws `LimitError` TOO_MANY_KEY_EXCHANGES. */
  spendKeyExchange(address: string): void {
    const { keyExchangesPerSecond, keyExchangesPerAddress } = this.limits
    const now = this.#now()
    if (keyExchangesPerAddress === Number.POSITIVE_INFINITY) return
    if (!this.#budgetOf(address, now).take(now)) {
      throw overspent('keyExchangesPerAddress', keyExchangesPerAddress)
    }
    if (!this.#budget.take(now)) throw overspent('keyExchangesPerSecond', keyExchangesPerSecond)
  }

  #evict(address: string | undefined, limit: string, bound: number): void {
    for (const [newcomer, from] of this.#pending) {
      if (address !== undefined && from !== address) continue
      this.leave(newcomer)
      newcomer.destroy(new LimitError('TOO_MANY_HANDSHAKES', limit, bound, bound + 1))
      return
    }
  }

  #budgetOf(address: string, now: number): Budget {
    this.#forgetRested(now)
    const budget = this.#budgets.get(address) ?? new Budget(this.limits.keyExchangesPerAddress, now)
    // Those who spent last stand at the end.
    this.#budgets.delete(address)
    this.#budgets.set(address, budget)
    return budget
  }

  // An address that has spent nothing for a second is as good as unknown: so the table holds a second of strangers.
  #forgetRested(now: number): void {
    for (const [address, budget] of this.#budgets) {
      if (!budget.isFull(now)) return
      this.#budgets.delete(address)
    }
  }
}

function overspent(limit: string, bound: number): LimitError {
  return new LimitError('TOO_MANY_KEY_EXCHANGES', limit, bound, bound + 1)
}

/** A bucket of a second's worth of tokens that fills up evenly. */
class Budget {
  readonly #perSecond: number
  #tokens: number
  #at: number

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond
    this.#tokens = perSecond
    this.#at = now
  }

  isFull(now: number): boolean {
    this.#fill(now)
    return this.#tokens >= this.#perSecond
  }

  take(now: number): boolean {
    this.#fill(now)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  #fill(now: number): void {
    const earned = ((now - this.#at) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#perSecond, this.#tokens + earned)
    this.#at = now
  }
}
