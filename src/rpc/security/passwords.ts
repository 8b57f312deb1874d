// Comparing secrets without telling by the time it takes how much of them was right. Both sides are hashed under a key of this process
// first: so lengths are equal, and nobody who guesses knows what octets are compared.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { secretOctets } from '../../base/clock.ts'

let key: Buffer | undefined

/** Whether two secrets are the same. */
export function sameSecret(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right))
}

/**
 * Looks up who logs in with `user` and `password`: the user name, or `undefined`. An unknown user takes as long as a wrong password, and
 * either as long as the right one.
 */
export function checkPassword(
  users: ReadonlyMap<string, string>,
  user: string,
  password: string,
): string | undefined {
  const expected = users.get(user)
  const same = sameSecret(password, expected ?? NOBODYS)
  return same && expected !== undefined ? user : undefined
}

// Compared, and then not looked at.
const NOBODYS = ''

function digest(secret: string): Buffer {
  key ??= secretOctets(32)
  return createHmac('sha256', key).update(secret).digest()
}
