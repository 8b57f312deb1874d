// Builds the test files with esbuild and runs each in a process of its own, behind the guard that uvu lacks:
// a file that runs no test, hangs past its deadline or dies without a total has failed.
// Usage: node scripts/test.mjs [path fragment ...]
import { spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'

const FILE_DEADLINE_MS = 120_000
const outdir = process.env.PSEUD_TEST_DIR ?? 'build/test'
const wanted = process.argv.slice(2)
const files = readdirSync('test', { recursive: true })
  .map((name) => path.join('test', String(name)))
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort()

rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: files,
  outdir,
  outbase: 'test',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'es2022',
  packages: 'external',
  sourcemap: 'linked',
  logLevel: 'warning',
})

let passed = 0
let failed = 0
for (const file of files) {
  const result = await runFile(path.join(outdir, path.relative('test', file).replace(/\.ts$/, '.js')))
  passed += result.passed
  failed += result.failed
  console.log(`${result.failed > 0 ? 'FAIL' : 'ok  '} ${file} (${result.passed} passed)`)
  if (result.failed > 0) console.log(result.output)
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)

function runFile(file) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (data) => { output += data })
    child.stderr.on('data', (data) => { output += data })
    const timer = setTimeout(() => {
      output += `\nguard: still running after ${FILE_DEADLINE_MS} ms`
      child.kill('SIGKILL')
    }, FILE_DEADLINE_MS)
    child.on('close', (code) => {
      clearTimeout(timer)
      const total = Number(/Total:\s+(\d+)/.exec(output)?.[1] ?? 0)
      const good = Number(/Passed:\s+(\d+)/.exec(output)?.[1] ?? 0)
      const bad = code === 0 && total > 0 && total === good ? 0 : Math.max(1, total - good)
      if (total === 0) output += `\nguard: ${file} ran no test (exit code ${code})`
      resolve({ passed: good, failed: bad, output })
    })
  })
}
