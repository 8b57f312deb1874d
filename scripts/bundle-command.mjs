// The `pseud` command of the sources as one file: for scripts/pseud.mjs, and for tests, which make it once and run it often.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { runnable } from './source-aliases.mjs'

export const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

export async function bundleCommand(outfile) {
  await build({
    ...runnable,
    absWorkingDir: home,
    entryPoints: [path.join(home, 'src/cli/pseud.ts')],
    outfile,
    sourcemap: 'inline',
  })
}
