// docs/cli.md against the command: its reference is what `--help` prints, every error code has an exit code, every option that the text names exists.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { COMMANDS } from '../../src/cli/commands.ts'
import { EXIT_CODES } from '../../src/cli/exit-codes.ts'
import { COMMON_OPTIONS, exitCodes, manual, overview, reference } from '../../src/cli/help.ts'

const docs = suite('docs/cli.md')
const text = readFileSync('docs/cli.md', 'utf8')

docs('its reference is that of the table of commands: npm run cli:docs writes it', () => {
  const [, written = ''] = text.split(/<!-- (?:end of )?reference -->\n/)
  assert.is(written.trim(), reference(COMMANDS).trim())
})

docs(
  'every command is described, with a summary, a usage and an example, and its options have no name twice',
  () => {
    for (const { name, summary, usage, about, options, examples } of COMMANDS) {
      assert.match(summary, /^[A-Z].*\.$/, name)
      assert.ok(usage.length > 0 && about.length > 0 && examples.length > 0, name)
      for (const [line] of examples)
        assert.ok(line.startsWith(`pseud ${name}`) || line.includes('pseud'), line)
      const all = [...options, ...COMMON_OPTIONS]
      for (const key of ['name', 'short'] as const) {
        const given = all.map((option) => option[key]).filter((text) => text !== undefined)
        assert.is(new Set(given).size, given.length, `${name}: ${given}`)
      }
      for (const option of all) assert.match(option.help, /^[A-Z].*\.$/, `${name} --${option.name}`)
    }
  },
)

docs('no line of help is wider than 80 columns', () => {
  for (const page of [overview(COMMANDS), exitCodes(), ...COMMANDS.map(manual)]) {
    for (const line of page.split('\n')) assert.ok(line.length <= 80, line)
  }
})

docs('every option in the text and the examples is one of that command', () => {
  const wrong: string[] = []
  for (const [line = '', name = ''] of text.matchAll(/^\s*(?:\$ )?(?:npx )?pseud (\w+)\b.*$/gm)) {
    const command = COMMANDS.find((one) => one.name === name)
    if (command === undefined) {
      if (name !== 'help' && name !== 'COMMAND') wrong.push(line)
      continue
    }
    // What stands behind a pipe is another program's.
    for (const [, option = ''] of line.split('|')[0]!.matchAll(/ --([a-z][\w-]*)/g)) {
      if (![...command.options, ...COMMON_OPTIONS].some((one) => one.name === option)) wrong.push(line)
    }
  }
  assert.equal(wrong, [])
})

docs('every code that a call can fail with by itself has an exit code of its own', () => {
  const errors = readFileSync('docs/errors.md', 'utf8')
  const [, calls = ''] = /## Calls: `RpcError`([\s\S]*?)\n## /.exec(errors) ?? []
  const codes = [...calls.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code!)
  assert.ok(codes.length > 12)
  // Why a signal aborts: nothing that a caller is told.
  const told = codes.filter((code) => !['DRAINING', 'PEER_GONE'].includes(code))
  const listed = EXIT_CODES.flatMap((row) => row.codes)
  assert.equal(
    told.filter((code) => !listed.includes(code)),
    [],
  )
})

docs.run()
