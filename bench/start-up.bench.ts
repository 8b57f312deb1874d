// How long a process takes that does nothing but `import 'pseud'`, of dist/ as users get it, against one that imports an empty ES module: from its start
// to its end, each in a process of its own. The aim is about the difference.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { START_UP, SUBJECTS } from './subjects.ts'
import { measure, plan } from './support/measure.ts'

const ENTRY = path.resolve('dist/esm/pseud.js')
// Of each round, which is the least of them: whatever else a machine does only adds to a start.
const STARTS = 7

if (!existsSync(ENTRY)) throw new Error(`no ${ENTRY}: npm run build`)
const folder = path.join(path.dirname(process.argv[1] ?? ''), 'start-up')
mkdirSync(folder, { recursive: true })
const empty = fileWith('empty.mjs', 'export {}\n')

plan('start-up', SUBJECTS['start-up']!)
await measure({
  bench: 'start-up',
  subject: START_UP,
  unit: 'ms',
  detail: `whole processes, least of ${STARTS} in each round`,
  rounds: 9,
  contenders: [contender('empty module', empty), contender("import 'pseud'", pathToFileURL(ENTRY).href)],
})

function contender(name: string, url: string): { name: string; result(): unknown; rate(): Promise<number> } {
  const file = fileWith(
    `${name === 'empty module' ? 'imports-empty' : 'imports-pseud'}.mjs`,
    `import '${url}'\n`,
  )
  return {
    name,
    result: async () => {
      await elapsedMs(file)
      return 'ran'
    },
    rate: async () => {
      const times: number[] = []
      for (let i = 0; i < STARTS; i++) times.push(await elapsedMs(file))
      return Math.min(...times)
    },
  }
}

async function elapsedMs(file: string): Promise<number> {
  const started = performance.now()
  const child = spawn(process.execPath, [file], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${file} ended with ${code}`)
  return performance.now() - started
}

/** Its URL as the other file imports it. */
function fileWith(name: string, words: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, words)
  return name.startsWith('imports') ? file : pathToFileURL(path.resolve(file)).href
}
