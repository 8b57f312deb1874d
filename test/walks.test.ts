// The README as a beginner follows it: its first section in an empty folder, with the package as it is packed (support/walker.ts says how), and timed. Then the
// mistakes that beginners make: the README has to say what they see. The other sections with files and commands: guide.test.ts.
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DOCUMENTS, walksIn } from './support/documents.ts'
import { pack } from './support/packed.ts'
import { STRIPS_TYPES, Walker } from './support/walker.ts'
import { sleep } from './support/within.ts'

const walks = suite('walks')

const WORDS_PER_MINUTE = 200
/** To copy a block of code to where it belongs, with the hand of somebody who has done such a thing before. */
const SECONDS_PER_BLOCK = 8
const README = DOCUMENTS.flatMap((document) => walksIn(document)).find(
  ({ document, heading }) => document === 'README.md' && heading === 'From an empty folder',
)!
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'pseud-walks-')))
let tarball = ''
let first: Walker
let wrongPort: Promise<{ output: string }>

walks.before(async () => {
  tarball = pack(scratch)
})
walks.after(async () => {
  await first?.interrupt()
  rmSync(scratch, { recursive: true, force: true })
})

walks(
  'the README: from an empty folder to a typed call between two processes in under three minutes',
  async () => {
    const began = performance.now()
    first = new Walker(path.join(scratch, 'empty'), tarball)
    first.asTold = true
    for (const block of README.blocks) await first.follow(block)
    const seconds = (performance.now() - began) / 1000
    first.asTold = false

    const text = readFileSync('README.md', 'utf8')
    const read = text.slice(0, text.indexOf('node client.ts')).replace(/^```[\s\S]*?^```$/gm, '')
    const words = read.split(/\s+/).length
    const total = seconds + (words * 60) / WORDS_PER_MINUTE + README.blocks.length * SECONDS_PER_BLOCK
    console.log(
      `REPORT: the README alone, from an empty folder to a typed call: ${seconds.toFixed(1)} s of npm and node${STRIPS_TYPES ? '' : ' (by tsx)'}; with ${words} words ` +
        `to read and ${README.blocks.length} blocks to copy about ${Math.round(total)} s`,
    )
    assert.ok(total < 180, `${total} s`)
  },
)

walks(
  'it was a typed call: the compiler knows the result, and refuses a name that is not there',
  async () => {
    await first.run('npm install typescript @types/node')
    await first.write(
      'typed.ts',
      `import { Client } from 'pseud'
import type { Api } from './server.ts'
const client = new Client<Api>('remote')
const text: string = await client.lower('ABC')
// @ts-expect-error
const number: number = await client.lower('ABC')
// @ts-expect-error
client.lowr('ABC')
// @ts-expect-error
client.lower(1)
console.log(text, number)`,
    )
    const check =
      'npx tsc --noEmit --strict --module nodenext --target es2022 --types node --allowImportingTsExtensions typed.ts client.ts'
    const { output, code } = await first.run(check)
    assert.is(code, 0, output)
  },
)

// Each is done to the files of the README; what is printed has to stand there. In front, because it takes 30 s.
walks('mistake: a wrong port is told after 30 s, and the README says so', async () => {
  const client = textOf('client.ts').replace(':5555', ':5556')
  await first.write('wrong-port.ts', client)
  wrongPort = first.run('node wrong-port.ts')
  wrongPort.catch(() => {}) // awaited by the last test
  await first.write(
    'patient.ts',
    client.replace("Client<Api>('remote')", "Client<Api>('remote', { timeoutMs: 1500 })"),
  )
  const told = await first.run('node patient.ts', { NODE_DEBUG: 'pseud' })
  assert.match(told.output, /retry tcp:\/\/127\.0\.0\.1:5556, again in \d+ ms/)
  assert.match(readFileSync('README.md', 'utf8'), '`NODE_DEBUG=pseud node client.ts` shows each attempt')
})

walks('mistake: a wrong method', async () => {
  await mistaken('client.ts', (code) => code.replace('client.lower(', 'client.lowr('))
})

walks('mistake: the name of another server', async () => {
  await mistaken('client.ts', (code) => code.replace("('remote')", "('remot')"))
})

walks('mistake: an argument of another type', async () => {
  await mistaken('client.ts', (code) => code.replace("lower('ABC')", 'lower(1)'))
})

walks('mistake: the server is started twice', async () => {
  await mistaken('server.ts', (code) => code)
})

walks('mistake: a server without security for everybody', async () => {
  await mistaken('server.ts', (code) => code.replace('127.0.0.1', '0.0.0.0'))
})

walks('mistake: type=module was left out', async () => {
  await first.run('npm pkg set type=commonjs')
  const { output, code } = await first.run('node client.ts')
  await first.run('npm pkg set type=module')
  assert.is.not(code, 0)
  assert.match(output, /Cannot use import statement outside a module|[Tt]op-level await/)
  const readme = readFileSync('README.md', 'utf8')
  assert.match(readme, /`Cannot use import statement outside a module`, or one about top-level await/)
})

walks('mistake: `node server.ts` with a Node that does not know TypeScript', async () => {
  if (STRIPS_TYPES) return
  const { output } = await first.run('command node server.ts'.replace('node', process.execPath))
  assert.match(output, said(output))
  assert.match(readFileSync('README.md', 'utf8'), 'Unknown file extension ".ts"')
})

walks('no mistake: the client before the server', async () => {
  await first.interrupt()
  const client = first.run('node client.ts')
  await sleep(1500)
  await first.start('node server.ts')
  assert.match((await client).output, 'abc DEF')
})

walks('mistake: the wrong port, after its 30 s', async () => {
  const { output } = await wrongPort
  told(output)
})

walks.run()

function textOf(file: string): string {
  return README.blocks.find((block) => block.file === file)!.code
}

/** Makes the mistake in one of the README's files and runs that: the README has to say what is printed. */
async function mistaken(file: string, edit: (code: string) => string): Promise<void> {
  await first.write(`mistaken-${file}`, edit(textOf(file)))
  const { output, code } = await first.run(`node mistaken-${file}`)
  assert.is.not(code, 0, output)
  told(output)
}

/** The line of the error, as far as the README quotes it: a long one may go on. */
function told(output: string): void {
  const line = said(output)
  const quotes = [...readFileSync('README.md', 'utf8').matchAll(/`(\w*Error\b[^`]*)`/g)].map(
    ([, quote = '']) => quote,
  )
  assert.ok(
    quotes.some((quote) => line.startsWith(quote)),
    `README.md does not have: ${line}`,
  )
}

function said(output: string): string {
  const line = /^(\w*Error\b.*)$/m.exec(output)?.[1]
  assert.ok(line !== undefined, output)
  return line
}
