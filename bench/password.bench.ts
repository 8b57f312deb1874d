/**
 * Whether the time that a login takes tells how much of a wrong password was right: 100,000 logins, of which half, drawn at random, have the
 * first octet wrong and the others the last. Prints Welch's t; below 4.5, no difference is seen. Also compared: users that are
 * known and unknown; and, to show that a difference would be seen, a compare that stops at the first octet that differs.
 */
import { Passwords, sameSecret } from '../src/rpc/security/passwords.ts'
import { plain } from '../src/rpc/security/plain.ts'
import { judgeOf } from '../src/rpc/security/wire.ts'
import type { AuthenticationRequest, Verdict } from '../src/zmtp/connections.ts'
import { median } from './support/judge.ts'
import { isWanted } from './support/measure.ts'
import { leakOf, type Samples } from './support/welch.ts'

const AIM = 4.5
const isQuick = process.argv.includes('--quick')
const TRIES = isQuick ? 10_000 : 100_000
const WARMUPS = TRIES / 5

const PASSWORD = 'correct horse battery staple 123'
// A password longer than a block of SHA-256 takes longer to hash, if that is done for each login.
const USERS = new Map([
  ['alice', PASSWORD],
  ['carol', PASSWORD.repeat(4)],
])
const passwords = new Passwords(USERS)

/** What is tried, made anew for each try: nothing is in a cache for one side only. */
type Make = (left: boolean) => Buffer
type Try = (shown: Buffer) => unknown

/** A password with one octet wrong, another one each time. */
function wrong(at: number): Buffer {
  const octets = Buffer.from(PASSWORD)
  octets[at] = octets[at]! ^ (1 + Math.floor(Math.random() * 31))
  return octets
}

const firstOrLast: Make = (left) => wrong(left ? 0 : PASSWORD.length - 1)
const knownOrUnknown: Make = (left) => Buffer.from(left ? 'carol' : 'bobby')

const judge = judgeOf(plain({ users: USERS }))!

function login(username: Buffer, password: Buffer): Promise<Verdict> {
  const request: AuthenticationRequest = {
    credentials: { mechanism: 'PLAIN', username, password },
    address: '127.0.0.1',
    identity: Buffer.alloc(0),
  }
  return judge(request) as Promise<Verdict>
}

function stopsEarly(shown: Buffer): boolean {
  const expected = EXPECTED
  for (let i = 0; i < expected.length; i++) if (shown[i] !== expected[i]) return false
  return shown.length === expected.length
}
const EXPECTED = Buffer.from(PASSWORD)
const ALICE = Buffer.from('alice')

const SUBJECTS: readonly (readonly [name: string, make: Make, run: Try])[] = [
  [
    'first or last octet wrong: sameSecret',
    firstOrLast,
    (shown) => sameSecret(shown.toString('latin1'), PASSWORD),
  ],
  ['first or last octet wrong: a whole login', firstOrLast, (shown) => login(ALICE, shown)],
  [
    'known or unknown user: Passwords.check',
    knownOrUnknown,
    (shown) => passwords.check(shown.toString('latin1'), 'wrong'),
  ],
  ['known or unknown user: a whole login', knownOrUnknown, (shown) => login(shown, ALICE)],
  ['for comparison, a compare that stops early', firstOrLast, stopsEarly],
]

if (!process.argv.includes('--json')) {
  console.log(
    `\npassword: Welch's t over ${TRIES} tries, and the largest of 100 crops; the aim is below ${AIM}`,
  )
}
for (const [name, make, run] of SUBJECTS) {
  if (isWanted(name)) report(name, await sample(make, run))
}

async function sample(make: Make, run: Try): Promise<Samples> {
  const samples: Samples = { left: [], right: [] }
  for (let n = -WARMUPS; n < TRIES; n++) {
    const left = Math.random() < 0.5
    const shown = make(left)
    const started = performance.now()
    const result = run(shown)
    if (result instanceof Promise) await result
    const elapsed = performance.now() - started
    if (n >= 0) samples[left ? 'left' : 'right'].push(elapsed)
  }
  return samples
}

function report(subject: string, samples: Samples): void {
  const { t, largest, kept } = leakOf(samples)
  const differenceNs = (median(samples.left) - median(samples.right)) * 1e6
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ bench: 'password', subject, tries: TRIES, t, largest, kept, differenceNs }))
    return
  }
  const verdict = Math.abs(largest) < AIM ? 'no difference seen' : 'a difference is seen'
  const figures = [
    `t ${t.toFixed(2).padStart(6)}`,
    `largest ${largest.toFixed(2).padStart(7)} (fastest ${(kept * 100).toFixed(0).padStart(3)} %)`,
    `medians ${differenceNs.toFixed(0).padStart(4)} ns apart`,
  ]
  console.log(`  ${subject.padEnd(43)} ${figures.join('   ')}   ${verdict}`)
}
