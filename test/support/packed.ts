// The package as users get it, for tests that begin with an empty folder: packed from a copy of the tree, because other tests build dist/ at the same time.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'

/** The folders that a build reads; beside them all files at the top. */
const COPIED = ['src', 'scripts', 'docs']

/** Below `scratch`; returns the tarball. PSEUD_TARBALL=file takes that one instead. */
export function pack(scratch: string): string {
  if (process.env.PSEUD_TARBALL !== undefined) return path.resolve(process.env.PSEUD_TARBALL)
  const tree = path.join(scratch, 'tree')
  mkdirSync(tree)
  for (const entry of readdirSync('.', { withFileTypes: true })) {
    if (entry.isFile() || COPIED.includes(entry.name)) {
      cpSync(entry.name, path.join(tree, entry.name), { recursive: true })
    }
  }
  symlinkSync(path.resolve('node_modules'), path.join(tree, 'node_modules'))
  const done = spawnSync('npm', ['pack', '--json', '--silent', '--pack-destination', scratch], {
    cwd: tree,
    encoding: 'utf8',
    env: withoutNpm(),
  })
  if (done.status !== 0) throw new Error(`npm pack: ${done.stdout}${done.stderr}`)
  const [{ filename }] = JSON.parse(done.stdout.slice(done.stdout.indexOf('[\n')))
  return path.join(scratch, filename)
}

/** Under `npm test` the environment carries npm's own settings, such as the prefix of this repository. */
export function withoutNpm(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) && name !== 'NODE_V8_COVERAGE'),
  )
}
