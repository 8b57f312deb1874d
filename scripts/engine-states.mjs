// Writes docs/engine-states.md from the transition table in src/zmtp/engine/phase.ts.
import { readFileSync, writeFileSync } from 'node:fs'
import { transformSync } from 'esbuild'

const source = readFileSync('src/zmtp/engine/phase.ts', 'utf8')
const { code } = transformSync(source, { loader: 'ts', format: 'esm' })
const { describePhases } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
writeFileSync('docs/engine-states.md', describePhases())
