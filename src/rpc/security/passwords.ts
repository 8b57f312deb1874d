// Comparing secrets without telling by the time it takes how much of them was right. Both sides are hashed under a key of this process
// first: so lengths are equal, and nobody who guesses knows what octets are compared (bench/password.bench.ts).
import { builtin } from '../../base/builtin.ts'
import { secretOctets } from '../../base/clock.ts'
import { UsageError } from '../../base/errors.ts'

const crypto = builtin('node:crypto')

let key: Buffer | undefined

/** Whether two secrets are the same, in a time that does not tell how much of them is. */
export function sameSecret(left: string, right: string): boolean {
  return crypto().timingSafeEqual(digest(left), digest(right))
}

/** The passwords of some users. */
export class Passwords {
  // Hashed once: a long password takes longer, which would tell that there is a user who has one.
  readonly #digests = new Map<string, Buffer>()
  // Of those who are not there: compared, and then not looked at.
  readonly #nobodys: Buffer = digest('')

  /** Passwords by user name. Throws `UsageError` BAD_OPTION. */
  constructor(users: Readonly<Record<string, string>> | ReadonlyMap<string, string>) {
    const entries: Iterable<readonly [string, unknown]> = users instanceof Map ? users : Object.entries(users)
    for (const [user, password] of entries) {
      if (typeof password !== 'string') {
        throw new UsageError('BAD_OPTION', `the password of ${JSON.stringify(user)} is a string`)
      }
      this.#digests.set(user, digest(password))
    }
  }

  /**
   * Who logs in with `user` and `password`: the user name, or `undefined`. An unknown user takes as long as a wrong password, but for the
   * nanoseconds by which a look-up that finds something differs from one that does not; and either as long as the right one.
   */
  check(user: string, password: string): string | undefined {
    const expected = this.#digests.get(user)
    const same = crypto().timingSafeEqual(digest(password), expected ?? this.#nobodys)
    return same && expected !== undefined ? user : undefined
  }
}

function digest(secret: string): Buffer {
  key ??= secretOctets(32)
  return crypto().createHmac('sha256', key).update(secret).digest()
}
