// Where the cells of `npm run runtimes` are tried: a folder outside the repository with the packed tarball installed in it, the program of
// test/runtimes/program in every form, and a way to run commands there. What is missing from the tarball is missing here.
import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export const TOOLS = path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_modules')
const PROGRAM = path.join(path.dirname(fileURLToPath(import.meta.url)), 'program')
const REPOSITORY = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const SLOWEST_MS = 180_000
// Under `npm run` it carries settings of npm, such as the prefix of the repository.
const ENV = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !/^npm_|^NODE_OPTIONS$|^NODE_V8_COVERAGE$/.test(key)),
)

/** A cell that cannot be tried on this machine: why. */
export class NotHere extends Error {}

export class Lab {
  home = realpathSync(mkdtempSync(path.join(tmpdir(), 'pseud-runtimes-')))
  #serial = 0

  /** With that tarball, or one packed now. */
  constructor(tarball) {
    this.tarball = tarball === undefined ? this.#pack() : path.resolve(tarball)
    const npm = ['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund', this.tarball]
    writeFileSync(path.join(this.home, 'package.json'), '{ "private": true }')
    must('npm', npm, this.home)
  }

  /** Writes the program as `esm/*.js` and `cjs/*.js`, each with the package.json that says so. */
  async writeProgram() {
    for (const [format, type] of [
      ['esm', 'module'],
      ['cjs', 'commonjs'],
    ]) {
      this.folder(format, { 'package.json': JSON.stringify({ private: true, type }) })
      await build({
        entryPoints: ['scenario', 'main', 'peer'].map((name) => path.join(PROGRAM, `${name}.ts`)),
        outdir: path.join(this.home, format),
        format,
        platform: 'node',
        target: 'es2022',
        logLevel: 'warning',
      })
    }
  }

  /** A folder of that name, with these files in it. */
  folder(name, files = {}) {
    const folder = path.join(this.home, name)
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), text)
    }
    mkdirSync(folder, { recursive: true })
    return folder
  }

  /** A file of the program, in TypeScript. */
  source(name) {
    return readFileSync(path.join(PROGRAM, `${name}.ts`), 'utf8')
  }

  settings(folder, settings = {}) {
    return JSON.stringify({
      ipc: path.join(this.home, `s${++this.#serial}`),
      peer: path.join(folder, 'peer.js'),
      ...settings,
    })
  }

  /** Runs a program that prints a report; throws unless all is well in it and it ends by itself. */
  async scenario(command, args, options = {}) {
    const output = await this.run(command, args, { ...options, mayFail: true })
    const line = output.split('\n').findLast((text) => text.startsWith('{"ok"'))
    if (line === undefined) throw new Error(`it printed no report\n${tail(output)}`)
    const report = JSON.parse(line)
    const wrong = Object.entries(report.steps).filter(([, took]) => typeof took === 'string')
    if (wrong.length > 0) throw new Error(wrong.map(([name, what]) => `${name}: ${what}`).join('\n'))
    if (!report.ok || Object.keys(report.steps).length === 0) throw new Error(`nothing was done: ${line}`)
    if (output.includes('exit code:'))
      throw new Error(`all steps went well, but it did not end so\n${tail(output)}`)
    return report
  }

  /** What the command printed, on both outputs. Throws unless it ends in time, with exit code 0. */
  async run(command, args, { cwd = this.home, env = {}, mayFail = false } = {}) {
    const child = spawn(command, args, {
      cwd,
      env: { ...ENV, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), SLOWEST_MS)
    const code = await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status, signal) => resolve(status ?? signal))
    })
    clearTimeout(timer)
    if (code === 0) return output
    if (!mayFail) throw new Error(`exit code: ${code}\n${tail(output)}`)
    return `${output}\nexit code: ${code}`
  }

  remove() {
    rmSync(this.home, { recursive: true, force: true })
  }

  #pack() {
    const printed = must('npm', ['pack', '--json', '--silent', '--pack-destination', this.home], REPOSITORY)
    const [{ filename }] = JSON.parse(printed.slice(printed.indexOf('[\n'))) // after what the build said
    return path.join(this.home, filename)
  }
}

/** A binary of a package of test/runtimes/package.json that only some platforms have. */
export function binary(...parts) {
  const file = path.join(TOOLS, ...parts)
  if (!existsSync(file))
    throw new NotHere(
      `${parts.slice(0, -1).join('/')} is not to be had for ${process.platform} ${process.arch}`,
    )
  return file
}

export const node = (version) => binary(`node-${version}`, 'bin', 'node')
export const bun = () => binary('@oven/bun-linux-x64', 'bin', 'bun')
export const deno = () => binary('@deno/linux-x64-glibc', 'deno')

/** The version of a tool. */
export function versionOf(name) {
  return JSON.parse(readFileSync(path.join(TOOLS, name, 'package.json'), 'utf8')).version
}

function must(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: ENV,
    encoding: 'utf8',
    timeout: SLOWEST_MS,
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed\n${tail(stdout + stderr)}`)
  return stdout
}

function tail(text) {
  return text.length > 3000 ? `…${text.slice(-3000)}` : text
}
