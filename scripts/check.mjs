// `npm run check`: types (tsc), lint and format (biome), the API reference (docstrings, and that docs/reference says what they do),
// architecture (import table, cycles, sizes, headings). Runs all of it even when something fails, so that one run shows everything.
import { spawnSync } from 'node:child_process'
import { installed } from './installed.mjs'

const HTTP_FRONT = 'examples/http-front' // an example with packages of its own
const types = (project) => [process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', project]]
const steps = [
  ['types', ...types('.')],
  ['lint', process.execPath, ['node_modules/@biomejs/biome/bin/biome', 'check', '.']],
  ['reference', process.execPath, ['scripts/reference.mjs', '--check']],
  ['architecture', process.execPath, ['scripts/test.mjs', 'test/architecture']],
]
const failed = []
if (installed(HTTP_FRONT)) steps.splice(1, 0, [`types of ${HTTP_FRONT}`, ...types(HTTP_FRONT)])
else if (process.env.CI === 'true') failed.push(HTTP_FRONT)
for (const [name, command, args] of steps) {
  console.log(`\n== ${name}`)
  const env = { ...process.env, PSEUD_TEST_DIR: process.env.PSEUD_TEST_DIR ?? 'build/check' }
  if (spawnSync(command, args, { stdio: 'inherit', env }).status !== 0) failed.push(name)
}
console.log(failed.length === 0 ? '\ncheck: all good' : `\ncheck: FAILED in ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)
