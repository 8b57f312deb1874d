// Runs one built test file in its own process group and judges it: uvu's totals, the counts that guarded-uvu wrote
// down, the exit code, the deadline, stderr. Whatever the file started dies with it.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

// How long a file may stay alive after uvu printed its totals: longer means an open socket or timer.
const LINGER_MS = 10_000
// How long children of a file that has ended may take to end by themselves.
const ORPHAN_GRACE_MS = 300
// Warnings that are faults of ours, whatever the exit code says.
const FATAL_WARNING = /UnhandledPromiseRejection|PromiseRejectionHandledWarning|MaxListenersExceededWarning/

/** esbuild plugin: test files get the counting `uvu`; only the counter itself gets the real one. */
export const guardedUvu = {
  name: 'guarded-uvu',
  setup(builder) {
    const guarded = path.resolve('scripts/guarded-uvu.mjs')
    builder.onResolve({ filter: /^uvu$/ }, ({ importer }) =>
      importer === guarded ? { path: 'uvu', external: true } : { path: guarded },
    )
  },
}

const groups = new Set()

/** Kills every file that is running, with all its children. */
export function killAll() {
  for (const pid of groups) killGroup(pid)
}

/** Resolves to what became of `bundle`: counts, output, and the guard's complaints, each of which is a failure. */
export async function runFile(bundle, { deadlineMs, env = {}, nodeFlags = [] }) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'pseud-test-'))
  const reportFile = path.join(scratch, 'report')
  const started = performance.now()
  const run = await spawnGuarded(bundle, deadlineMs, { ...env, PSEUD_TEST_REPORT: reportFile }, nodeFlags)
  const elapsedMs = performance.now() - started
  const notes = readNotes(reportFile)
  rmSync(scratch, { recursive: true, force: true })
  return { elapsedMs, output: run.output, ...judge(run, notes, deadlineMs) }
}

function spawnGuarded(bundle, deadlineMs, env, nodeFlags) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', ...nodeFlags, bundle], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // its own process group, so that one kill reaches its children too
      env: { ...process.env, FORCE_COLOR: '0', ...env },
    })
    groups.add(child.pid)
    const run = { code: null, output: '', stderr: '', late: false, lingered: false }
    let lingerTimer
    child.stdout.on('data', (data) => {
      run.output += data
      if (lingerTimer === undefined && /\n {2}Duration: /.test(run.output.slice(-200))) {
        lingerTimer = setTimeout(() => {
          run.lingered = true
          killGroup(child.pid)
        }, LINGER_MS)
      }
    })
    child.stderr.on('data', (data) => {
      run.output += data
      run.stderr += data
    })
    const timer = setTimeout(() => {
      run.late = true
      killGroup(child.pid)
    }, deadlineMs)
    child.on('exit', (code) => {
      run.code = code
      clearTimeout(timer)
      clearTimeout(lingerTimer)
      // Orphans hold our pipes open: without this, `close` might never come.
      setTimeout(killGroup, ORPHAN_GRACE_MS, child.pid).unref()
    })
    child.on('close', () => {
      killGroup(child.pid)
      groups.delete(child.pid)
      resolve(run)
    })
  })
}

function judge(run, notes, deadlineMs) {
  const total = lastNumber(run.output, /^ {2}Total: +(\d+)/gm)
  const passed = lastNumber(run.output, /^ {2}Passed: +(\d+)/gm)
  const complaints = []
  const running = notes.started.length > notes.settled ? ` in "${notes.started.at(-1)}"` : ''
  for (const name of notes.hookFailed) complaints.push(`the hook threw: ${name}`)
  if (run.late) complaints.push(`still running after ${deadlineMs} ms${running}`)
  else if (run.lingered)
    complaints.push(`all tests are over, but the process stayed alive for ${LINGER_MS} ms more`)
  else if (notes.started.length < notes.registered) {
    complaints.push(`registered ${notes.registered} tests, started ${notes.started.length}`)
  } else if (total === 0) complaints.push(`ran no test (exit code ${run.code})`)
  else if (!notes.exited) complaints.push(`died early${running} (exit code ${run.code})`)
  else if (run.code !== 0 && total === passed)
    complaints.push(`exit code ${run.code} though every test passed`)
  for (const name of notes.neverRun) complaints.push(`registered but never run: ${name}`)
  for (const name of notes.only) complaints.push(`"only" hides the other tests: ${name}`)
  if (notes.skipped.length > 0 && !run.output.includes('SKIPPED:')) {
    complaints.push(`skips without saying why on a line \`SKIPPED: …\`: ${notes.skipped.join('; ')}`)
  }
  const warning = FATAL_WARNING.exec(run.stderr)
  if (warning !== null) complaints.push(`${warning[0]} on stderr`)
  return { passed, failed: total - passed + complaints.length, skipped: notes.skipped.length, complaints }
}

function readNotes(file) {
  const notes = {
    registered: 0,
    started: [],
    settled: 0,
    neverRun: [],
    only: [],
    skipped: [],
    hookFailed: [],
    exited: false,
  }
  if (!existsSync(file)) return notes
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue
    const note = JSON.parse(line)
    if (note.registered) notes.registered++
    if (note.settled) notes.settled++
    if (note.exit) notes.exited = true
    for (const key of ['started', 'neverRun', 'only', 'skipped', 'hookFailed'])
      if (note[key]) notes[key].push(note[key])
  }
  return notes
}

function lastNumber(text, pattern) {
  return Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0)
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is gone: what was wanted.
  }
}
