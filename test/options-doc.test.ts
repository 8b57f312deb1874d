// docs/options.md lists every option of a Server, a Client and a call, each limit with its default, and no other.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DEFAULT_RPC_LIMITS } from '../src/rpc/api/options.ts'

const options = suite('options-doc')

// Which interfaces of which files each section is about.
const SECTIONS: Record<string, [file: string, name: string][]> = {
  'Of both': [['src/rpc/api/options.ts', 'ParticipantOptions']],
  'Of a `Client`': [['src/rpc/participants/client-options.ts', 'ClientOptions']],
  'Of a `Server`': [
    ['src/rpc/api/server.ts', 'ServerOptions'],
    ['src/rpc/api/presence.ts', 'PresenceOptions'],
  ],
  'Of a call': [['src/rpc/api/settings.ts', 'CallOptions']],
  '`limits`': [['src/rpc/api/options.ts', 'RpcLimits']],
}

/** The rows below a heading: the option, its default, what it says. */
function rowsOf(section: string): string[][] {
  const text = readFileSync('docs/options.md', 'utf8')
  const below = text.slice(text.indexOf(`\n## ${section}\n`) + 1)
  const end = below.indexOf('\n## ')
  const rows = (end < 0 ? below : below.slice(0, end)).matchAll(/^\| `(\w+)` \| (.*) \| (.*) \|$/gm)
  return [...rows].map(([, ...cells]) => cells as string[])
}

function membersOf(file: string, name: string): string[] {
  const text = readFileSync(file, 'utf8')
  const from = text.slice(text.search(new RegExp(`^export interface ${name} `, 'm')))
  const body = from.slice(0, from.indexOf('\n}')).replace(/@internal\n.*\n.*/g, '')
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member]) => member!)
}

for (const [section, interfaces] of Object.entries(SECTIONS)) {
  options(`${section}: what is explained is what there is`, () => {
    const there = interfaces.flatMap(([file, name]) => membersOf(file, name))
    const explained = rowsOf(section).map(([name]) => name!)
    assert.ok(there.length > 3)
    assert.equal(explained, there.sort())
  })
}

options('every limit has the default that is said', () => {
  const said = rowsOf('`limits`').map(([name, amount]) => [name, numberOf(amount!)])
  const given = Object.entries(DEFAULT_RPC_LIMITS)
  assert.equal(Object.fromEntries(said), { ...Object.fromEntries(given), maxTimeoutMs: 24 })
  assert.is(Math.floor(DEFAULT_RPC_LIMITS.maxTimeoutMs / 86_400_000), 24)
})

options.run()

function numberOf(text: string): number {
  if (text === '`Infinity`') return Number.POSITIVE_INFINITY
  const [digits = '', unit] = text.replaceAll(',', '').split(' ')
  return Number(digits) * (unit === 'MiB' ? 1024 * 1024 : 1)
}
