// `npm run cli:docs`: writes the reference in docs/cli.md, what stands between its two marks, from the table of commands in src/cli/.
// test/cli/docs.test.ts fails where it is out of date.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { runnable } from './source-aliases.mjs'

const outfile = path.resolve('build/cli', `docs-${process.pid}.mjs`)
await build({
  ...runnable,
  stdin: {
    contents:
      "export { COMMANDS } from './src/cli/commands.ts'\nexport { reference } from './src/cli/help.ts'",
    resolveDir: '.',
  },
  sourcemap: false,
  outfile,
})
const { COMMANDS, reference } = await import(pathToFileURL(outfile))
rmSync(outfile)
const text = readFileSync('docs/cli.md', 'utf8')
const [before] = text.split(/(?<=<!-- reference -->\n)/)
const after = text.slice(text.indexOf('<!-- end of reference -->'))
writeFileSync('docs/cli.md', `${before}\n${reference(COMMANDS)}\n\n${after}`)
