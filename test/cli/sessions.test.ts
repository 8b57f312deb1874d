// The sessions that docs/cli.md shows, typed again in terminals: every command prints what it is said to print.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { COMMANDS } from '../../src/cli/commands.ts'
import { command } from './support/command.ts'
import { Desk } from './support/desk.ts'
import { filesOf, play, sessionsOf } from './support/session.ts'

const desk = new Desk('the sessions of docs/cli.md')
const tests = suite('sessions of docs/cli.md')
const inTerminal = desk.python === undefined ? tests.skip : tests
const text = readFileSync('docs/cli.md', 'utf8')
const sessions = sessionsOf(text)
const folders: string[] = []
tests.after.each(() => desk.clear())
tests.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

tests('every command has one', () => {
  const shown = new Set(
    sessions.flatMap(({ steps }) =>
      steps.flatMap((step) => [...step.command.matchAll(/\bpseud (\w+)/g)].map(([, name]) => name)),
    ),
  )
  assert.equal(
    COMMANDS.map(({ name }) => name).filter((name) => !shown.has(name)),
    [],
  )
})

const EXAMPLE = `
\`\`\`console
# only for the reader
$ printf 'one 17 ms\\n'; printf 'two\\n'
one ‹3.5 ms›
two
$ cat notes.txt
‹some words›
$ (exit 3)
$ echo "$? some words"
3 of them
\`\`\`
\`\`\`text
# notes.txt
of them
\`\`\`
`

for (const [what, from, to, line] of [
  ['it is as it says', '', '', 0],
  ['a line is another', '\ntwo\n', '\nthree\n', 4],
  ['a line is missing', '\ntwo\n', '\n', 4],
  ['a line is too many', '\ntwo\n', '\ntwo\ntwo\n', 4],
  ['a number is a word', "one 17 ms\\n'", "one more ms\\n'", 4],
  ['what is said of a word does not hold later', '3 of them', '3 of us', 10],
  ['the exit code is another', '(exit 3)', '(exit 4)', 10],
] as const) {
  inTerminal(`a session is ${line === 0 ? 'played' : 'found to be wrong'} where ${what}`, async () => {
    const wrong = EXAMPLE.replace(from, to)
    const [session] = sessionsOf(wrong)
    const folder = await folderOf(filesOf(wrong))
    let message = 'line 0,'
    await play(session!, {
      open: (words) => desk.openOther(['/bin/sh', '-c', words], { cwd: folder }),
    }).catch((error: Error) => {
      message = error.message
    })
    assert.ok(message.startsWith(`line ${line},`), message)
  })
}

for (const session of sessions) {
  inTerminal(`line ${session.line}: $ ${session.steps[0]!.command}`, async () => {
    const folder = await folderOf(filesOf(text))
    const env = { PATH: `${folder}/bin:${process.env.PATH}` }
    await play(session, {
      open: (line) => desk.openOther(['/bin/sh', '-c', line], { cwd: folder, env, columns: 80, rows: 24 }),
    })
  })
}

tests.run()

/** Where a session takes place: the files of the document, and a `pseud` on the PATH. */
async function folderOf(files: ReadonlyMap<string, string>): Promise<string> {
  // Below build/, as the command itself (support/command.ts).
  const folder = mkdtempSync(path.resolve('build', 'session-'))
  folders.push(folder)
  // A package of its own, else the modules in it were part of this one.
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  for (const [name, source] of files) writeFileSync(path.join(folder, name), source)
  mkdirSync(path.join(folder, 'bin'))
  const pseud = path.join(folder, 'bin', 'pseud')
  writeFileSync(pseud, `#!/bin/sh\nexec "${process.execPath}" "${await command()}" "$@"\n`)
  chmodSync(pseud, 0o755)
  return folder
}
