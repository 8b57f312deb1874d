// The guide as a reader follows it: every section of README.md and docs/ with files and commands is done in a folder of its own, with the package as it is packed
// (support/walker.ts says how). The first section of the README has a test of its own: walks.test.ts. PSEUD_WALKS=deployment does those whose title has that in it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pythonOr } from './interop/support/python.ts'
import { DOCUMENTS, walksIn } from './support/documents.ts'
import { pack, withoutNpm } from './support/packed.ts'
import { hasC, Walker } from './support/walker.ts'

const guide = suite('guide')

const wanted = process.env.PSEUD_WALKS ?? ''
const walks = DOCUMENTS.flatMap((document) => walksIn(document)).filter(
  ({ heading, title, blocks }) =>
    heading !== 'From an empty folder' &&
    title.includes(wanted) &&
    blocks.some(({ language }) => language === 'sh'),
)
const python = pythonOr('the Python of the guide')
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'pseud-guide-')))
const installed = path.join(scratch, 'installed')
let tarball = ''

guide.before(() => {
  tarball = pack(scratch)
  mkdirSync(installed)
  writeFileSync(path.join(installed, 'package.json'), '{ "private": true }')
  const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund']
  const options = { cwd: installed, encoding: 'utf8', env: withoutNpm() } as const
  const done = spawnSync('npm', ['install', ...flags, tarball], options)
  assert.is(done.status, 0, done.stderr)
})
guide.after(() => rmSync(scratch, { recursive: true, force: true }))

for (const [i, { title, blocks }] of walks.entries()) {
  const lines = blocks.map(({ code }) => code).join('\n')
  const run = async () => {
    if (/^gcc /m.test(lines) && !hasC()) {
      console.log(`REPORT: not done here, for want of gcc and zmq.h: ${title}`)
      return
    }
    const reader = new Walker(path.join(scratch, `walk-${i}`), tarball, python)
    if (!/^npm install pseud$/m.test(lines)) reader.provide(path.join(installed, 'node_modules/pseud'))
    try {
      for (const block of blocks) await reader.follow(block)
    } finally {
      await reader.interrupt()
    }
  }
  if (/(?:^|\s)python3 \S+\.py/m.test(lines) && python === undefined) guide.skip(title, run)
  else guide(title, run)
}

guide('the codec and the sockets load, and bundle, without what calls need', async () => {
  const bare = (entry: string) => {
    const source = `require('${entry}'); console.log(Object.keys(require.cache).map((file) => require('fs').statSync(file).size).reduce((a, b) => a + b))`
    return Number(spawnSync(process.execPath, ['-e', source], { cwd: installed, encoding: 'utf8' }).stdout)
  }
  const bundled = async (entry: string) => {
    const stdin = { contents: `import * as all from '${entry}'\nconsole.log(all)`, resolveDir: installed }
    const result = await build({ stdin, bundle: true, platform: 'node', write: false })
    return result.outputFiles[0]!.contents.length
  }
  for (const sizeOf of [bare, bundled]) {
    const [codec, sockets, calls] = [
      await sizeOf('pseud/codec'),
      await sizeOf('pseud/zmtp'),
      await sizeOf('pseud'),
    ]
    assert.ok(0 < codec && codec < sockets && sockets < calls, `${codec}, ${sockets}, ${calls}`)
  }
})

guide.run()
