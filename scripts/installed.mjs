// Packages that only one command needs have a folder of their own, with package.json and lock, so that `npm ci` of the repository stays small:
// the first command that needs them installs them. Says so on standard error; no script of theirs is run.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

const TIMEOUT_MS = 900_000

/** Whether `folder` has what its package.json asks for, in those versions; installs it first when it has not. */
export function installed(folder) {
  const { dependencies = {}, devDependencies = {} } = manifestOf(folder)
  const wanted = Object.entries({ ...dependencies, ...devDependencies })
  // Under another name: npm:typescript@5.4.5.
  const exact = (version) => version.replace(/^npm:.+@/, '')
  if (wanted.every(([name, version]) => installedVersion(folder, name) === exact(version))) return true
  console.error(`installing the packages of ${folder}`)
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: folder,
    stdio: ['ignore', process.stderr, 'inherit'],
    shell: process.platform === 'win32',
    timeout: TIMEOUT_MS,
  })
  if (status !== 0) console.error(`\n*** npm ci in ${folder} FAILED\n`)
  return status === 0
}

export function installedVersion(folder, name) {
  const home = path.join(folder, 'node_modules', name)
  return existsSync(path.join(home, 'package.json')) ? manifestOf(home).version : undefined
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
}
