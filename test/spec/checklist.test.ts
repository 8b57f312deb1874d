// The conformance checklist: 168 statements about ZMTP and the sockets, each with an id. Every id is the beginning of the name of a
// test ("H7: …", "C17, C18: …"), or stands in docs/zeromq-differences.md with the reason why it does not hold here. Names are read from
// the sources, so a test that is taken out, or no longer says what it proves, is missed here.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('conformance checklist')

// What each id is about, in a few words; the test of that name has the whole statement.
const CHECKLIST = `
A1  64 octets at once, on connect and on accept
A2  octets 0, 9, 10 and 11 of our greeting
A3  the mechanism's name, padded
A4  as-server only in the server role
A5  a greeting octet by octet
A6  greeting, READY and messages in one segment
A7  any padding
A8  of octet 9 only bit 0
A9  another first octet than ff
A10 peers of 3.0 and above, up to 255.0
A11 peers of 0, 1 and 2
A12 another mechanism
A13 junk behind the mechanism's name
A14 filler
A15 the peer's as-server
A16 a close inside the greeting
A17 a peer that says nothing

F1  sizes of headers
F2  a short length in the long form
F3  every split
F4  MORE on all parts but the last
F5  no reserved bit and no COMMAND with MORE sent
F6  reserved bits received
F7  sizes of 2^63 and more
F8  sizes of 2^53 to 2^63
F9  above the limit: closed on the header
F10 exactly the limit
F11 the limit counts frames, not messages
F12 1 GiB announced, 10 octets sent
F13 the empty message
F14 PING between two parts
F15 unknown commands
F16 a command of no octets
F17 the wrongly framed SUBSCRIBE of libzmq 4.3.4
F18 a close inside a frame or a message
F19 batches keep the order

C1  READY of each type, to the octet
C2  which types announce an identity
C3  property names in any case
C4  READY without Socket-Type
C5  11 x 11 types
C6  a property that is cut
C7  a stray octet behind the properties
C8  value lengths of 2^31 and more
C9  a property without a name
C10 100 kB of metadata
C11 unknown properties
C12 identities of 255 and 256 octets
C13 READY that is no command
C14 a message before READY
C15 a second READY
C16 ERROR and its reason
C17 PING and its context
C18 a context above 16 octets
C19 PING that is cut
C20 no TTL above 65.5 s sent
C21 the form of subscriptions by the peer's version
C22 subscriptions received in both forms
C23 topics of all sizes, framed
C24 SUBSCRIBE to who is no publisher

N1  READY without waiting
N2  no message before the peer's READY
N3  messages in the segment of READY
N4  ERROR ends the dialling

P1  the captured session
P2  name and password of 0, 255 and 256 octets
P3  octets behind the password
P4  a WELCOME that is too long
P5  both forms of ERROR
P6  our ERROR
P7  a libzmq client with bad credentials
P8  commands out of order
P9  who binds need not be the server

U1  the deterministic vector
U2  all pairs of types with libzmq
U3  HELLO that is wrong
U4  WELCOME that is wrong
U5  cookie and vouch that are wrong
U6  flags of MESSAGE sent
U7  flags of MESSAGE received
U8  the first nonces
U9  nonces that repeat
U10 one bit flipped
U11 a clear frame after READY
U12 commands inside MESSAGE
U13 subscriptions for peers of 3.0
U14 empty and large payloads
U15 an all-zero secret
U16 Z85
U17 transient keys
U18 limits and the 33 octets

Z1  the request for each mechanism
Z2  status 200
Z3  status 300
Z4  status 400 and 500
Z5  a malformed reply
Z6  no authenticator
Z7  an authenticator that does not answer
Z8  a peer that leaves meanwhile

R1  REQ on the wire
R2  REQ out of turn
R3  answers of who was not asked
R4  stale answers
R5  an answer on the next connection
R6  REQ takes turns
R7  a malformed answer
R8  REP and two hops
R9  REP without a delimiter
R10 an answer for who has gone
R11 DEALER takes turns, both ways
R12 DEALER with nobody there
R13 made-up ids
R14 the peer's identity
R15 a message for nobody
R16 a message for who is full
R17 an id and no message
R18 the same identity twice
R19 handover
R20 back under the same identity
R21 an id chosen at connect
R22 PROBE_ROUTER
R23 no id on the wire
R24 ROUTER to ROUTER

S1  prefixes
S2  subscriptions are counted
S3  one copy
S4  replay on every connection
S5  SUB filters again
S6  slow subscribers miss whole messages
S7  PUB never waits; noDrop does
S8  the table of XPUB notifications
S9  what ends with a peer
S10 messages upwards
S11 a bound SUB
S12 5,000 subscriptions
S13 a topic of 20 kB
S14 topics of 0 to 300 octets with libzmq

H1  PUSH and PULL take turns
H2  exactly SNDHWM messages
H3  room again after half
H4  back-pressure, nothing dropped
H5  whose queue survives
H6  what was received stays readable
H7  a message that was half sent
H8  IMMEDIATE
H9  a second peer of a PAIR
H10 CONFLATE

M1  connect before bind
M2  delays between attempts
M3  what sets them back
M4  no attempts at all
M5  disconnect
M6  linger
M7  unbind
M8  heartbeats
M9  the peer's TTL
M10 wildcards, interfaces, IPv6
M11 malformed endpoints
M12 names that do not resolve
M13 ipc paths
M14 abstract ipc names
M15 inproc
M16 a connection to oneself
M17 the order of events
M18 which failures are final
M19 TCP_NODELAY
M20 1,000 cycles leave nothing behind
M21 noise at every phase
`

/** Where tests of ZMTP and the sockets are; elsewhere names may begin with ids of other lists. */
const FOLDERS: readonly string[] = ['test/spec', 'test/base', 'test/zmtp', 'test/interop']

const statements = new Map(
  [...CHECKLIST.matchAll(/^([A-Z]\d+) +(\S.*)$/gm)].map(([, id, words]) => [id!, words!]),
)
const tested = idsOfTests()
const explained = idsOfRows(readFileSync('docs/zeromq-differences.md', 'utf8'))

test('the list is whole: 168 ids in eleven groups', () => {
  const sizes: Record<string, number> = {}
  for (const id of statements.keys()) sizes[id[0]!] = (sizes[id[0]!] ?? 0) + 1
  assert.equal(sizes, { A: 17, F: 19, C: 24, N: 4, P: 9, U: 18, Z: 8, R: 24, S: 14, H: 10, M: 21 })
  assert.is(statements.size, 168)
})

test('each id begins the name of a test, or stands among the differences with its reason', () => {
  const missing = [...statements.keys()]
    .filter((id) => !tested.has(id) && !explained.has(id))
    .map((id) => `${id} (${statements.get(id)})`)
  assert.equal(missing, [])
})

test('no test and no row names an id that is not in the list', () => {
  assert.equal(
    [...tested.keys(), ...explained].filter((id) => !statements.has(id)),
    [],
  )
})

test.run()

/** The ids that names of tests begin with, and the files they are in. */
function idsOfTests(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((name) => path.join(folder, String(name))),
  )
  // Tests of hostile inputs are named by the rows of their own list.
  const ours = files.filter((name) => name.endsWith('.test.ts') && !path.basename(name).startsWith('hostile'))
  for (const file of ours) {
    const text = readFileSync(file, 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
    // A name is the first string of a call, or the second of `overAll(suite, name, …)`: behind a bracket or a comma.
    for (const [, ids] of text.matchAll(/[(,]\s*['"`]((?:[A-Z]\d{1,2}, )*[A-Z]\d{1,2}): /g)) {
      for (const id of ids!.split(', ')) found.set(id, [...(found.get(id) ?? []), file])
    }
  }
  return found
}

/** The ids in the rows of tables, in the form `(C15)` or `(C9, C13)`. */
function idsOfRows(text: string): Set<string> {
  const rows = text.split('\n').filter((line) => line.startsWith('|'))
  return new Set(
    rows.flatMap((row) =>
      [...row.matchAll(/\(((?:[A-Z]\d{1,2}, )*[A-Z]\d{1,2})\)/g)].flatMap(([, ids]) => ids!.split(', ')),
    ),
  )
}
