// The sources of an earlier commit, for the guard: fetched from the history into build/baseline, and bundled in place of those of now.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { entries } from './source-aliases.mjs'

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const sources = path.join(home, 'src')

/** Bundles `options.entryPoints` with the sources of `commit`; gives false where the history does not have it. */
export async function buildWithBaseline(commit, options) {
  const folder = path.join(home, 'build/baseline', commit)
  if (!existsSync(path.join(folder, 'src'))) {
    mkdirSync(folder, { recursive: true })
    const restore = ['restore', `--source=${commit}`, '--worktree', '--', 'src']
    const run = spawnSync('git', [`--work-tree=${folder}`, ...restore], { cwd: home, stdio: 'ignore' })
    if (run.status !== 0) return false
  }
  await build({ ...options, plugins: [inPlaceOf(path.join(folder, 'src'))] })
  return true
}

/** esbuild plugin: `pseud` and whatever lies in src/ mean the same below `other`, another copy of src/. */
export function inPlaceOf(other) {
  return {
    name: 'baseline',
    setup(builder) {
      builder.onResolve({ filter: /^pseud(\/|$)|^\./ }, (request) => {
        const file = entries.get(request.path) ?? path.resolve(request.resolveDir, request.path)
        const inside = path.relative(sources, file)
        return inside.startsWith('..') ? undefined : { path: path.join(other, inside) }
      })
    },
  }
}
