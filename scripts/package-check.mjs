// `npm run package:check`: packs the package, and lets others' tools judge the tarball: publint what package.json says, arethetypeswrong whether
// types resolve, and to what runs, for every kind of `moduleResolution`. Prints what is in it and what that weighs. Their packages are installed to
// test/packaging when first needed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { installed } from './installed.mjs'

const HOME = 'test/packaging'
const BUDGET = 200_000

if (!installed(HOME)) process.exit(1)
const scratch = mkdtempSync(path.join(tmpdir(), 'pseud-packed-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
const failed = []

for (const folder of ['.', 'dist/zeromq']) {
  const { name, version, size, files, filename } = pack(folder)
  const tarball = path.join(scratch, filename)
  console.log(`\n== ${name} ${version}: ${size} octets packed, ${files.length} files`)
  for (const [kind, { count, octets, packed }] of weights(folder, files)) {
    console.log(
      `${kind.padEnd(24)}${String(count).padStart(4)} files${String(octets).padStart(9)} octets${String(packed).padStart(9)} deflated`,
    )
  }
  if (size >= BUDGET) failed.push(`the size of ${name}, ${size} octets`)
  tool('publint', ['run', tarball, '--strict'])
  tool('attw', [tarball, '--format', 'ascii', '--no-definitely-typed'])
}
console.log(
  failed.length === 0 ? '\npackage:check: all good' : `\npackage:check: FAILED in ${failed.join(', ')}`,
)
process.exit(failed.length === 0 ? 0 : 1)

function pack(folder) {
  const { stdout, status } = spawnSync(
    'npm',
    ['pack', path.resolve(folder), '--json', '--silent', '--pack-destination', scratch],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      shell: process.platform === 'win32',
    },
  )
  if (status !== 0) process.exit(1)
  return JSON.parse(stdout.slice(stdout.indexOf('[\n')))[0] // after what the build said
}

/** Each file by itself: together they are some less. */
function weights(folder, files) {
  const kinds = new Map()
  for (const { path: file, size } of files) {
    const kind = file.startsWith('dist/') ? file.split('/').slice(0, 2).join('/') : file
    const sum = kinds.get(kind) ?? { count: 0, octets: 0, packed: 0 }
    const packed = deflateRawSync(readFileSync(path.join(folder, file)), { level: 9 }).length
    kinds.set(kind, { count: sum.count + 1, octets: sum.octets + size, packed: sum.packed + packed })
  }
  return kinds
}

function tool(name, args) {
  console.log(`\n== ${name}`)
  const bin = path.join(HOME, 'node_modules/.bin', name)
  if (spawnSync(bin, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status !== 0)
    failed.push(name)
}
