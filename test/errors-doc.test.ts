// docs/errors.md lists every code that the sources can give an error, and no other. A code is a string literal in
// capitals; the few such literals that are words of the protocol are listed here.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const errors = suite('errors-doc')

// Words in quotes that are no codes: commands, socket types and mechanisms of ZMTP, keys as JWK, the name of a process warning.
const WORDS = new Set(
  [
    'CANCEL ERROR HELLO INITIATE JOIN LEAVE MESSAGE PING PONG READY SUBSCRIBE WELCOME',
    'CLIENT DEALER DISH PAIR PUB PULL PUSH RADIO REP REQ ROUTER SCATTER GATHER SERVER STREAM SUB XPUB XSUB',
    'CURVE NULL PLAIN',
    'OKP X25519 WARNING',
  ].flatMap((words) => words.split(' ')),
)
// Files whose capitals are something else: names of phases, the tails of the native package's ERR_ZMTP_ codes.
const ELSEWHERE = new Set(['src/zmtp/engine/phase.ts', 'src/zmtp/sockets/events.ts'])

function codesInSources(): Map<string, string> {
  const codes = new Map<string, string>()
  for (const name of readdirSync('src', { recursive: true })) {
    const file = path.join('src', String(name)).split(path.sep).join('/')
    // The command's capitals are words of its help and of the environment; its exit codes are in docs/cli.md.
    if (!file.endsWith('.ts') || ELSEWHERE.has(file) || file.startsWith('src/cli/')) continue
    for (const [, code = ''] of withoutComments(readFileSync(file, 'utf8')).matchAll(
      /'([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*)'/g,
    )) {
      if (!WORDS.has(code)) codes.set(code, file)
    }
  }
  return codes
}

function codesInDocument(): Set<string> {
  const rows = readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|/gm)
  return new Set([...rows].map(([, code]) => code!))
}

errors('every code of the sources is explained', () => {
  const documented = codesInDocument()
  const missing = [...codesInSources()].filter(([code]) => !documented.has(code))
  assert.equal(missing, [])
})

errors('every code that is explained exists', () => {
  const sources = codesInSources()
  assert.equal(
    [...codesInDocument()].filter((code) => !sources.has(code)),
    [],
  )
})

errors('both lists are read at all', () => {
  assert.ok(codesInSources().has('BAD_SIGNATURE'))
  assert.ok(codesInDocument().size > 50)
})

errors('no row of a table leaves a cell empty', () => {
  const rows = readFileSync('docs/errors.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  assert.equal(
    rows.filter((row) => /\|\s*\|/.test(row)),
    [],
  )
})

errors.run()

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/[^\n]*/g, '$1')
}
