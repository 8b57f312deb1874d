// Endpoints whose server has refused credentials that may be other ones next time: each is asked for and tried once more, and only once
// until a server has taken us there. Refused twice is refused for good: to go on would be a loop, and might lock an account.

export class SecondChances {
  readonly #taken = new Set<string>()

  /** Whether the endpoint gets one now. The one after that is a refusal. */
  take(endpoint: string): boolean {
    if (this.#taken.delete(endpoint)) return false
    this.#taken.add(endpoint)
    return true
  }

  /** A server has taken us there. */
  restore(endpoint: string): void {
    this.#taken.delete(endpoint)
  }
}
