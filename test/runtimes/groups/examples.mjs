// The examples, as somebody copies them: the files as they are, in a project with the packed tarball, run by a Node that takes TypeScript. Those that need
// other packages or Python are left out, and `registries`, whose decorator has to be compiled.
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { node } from '../lab.mjs'

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url))
const COMPILED = ['registries']
const SERVES = ['quickstart/server', 'quickstart/client'] // two processes, which test/examples.test.ts joins

export const examples = {
  title: 'The examples, copied',
  columns: ['as they are'],
  rows: ['22', '24', '26'].map((version) => ({
    name: `Node ${version}`,
    version: async (lab) => /\d+\.\d+\.\d+/.exec(await lab.run(node(version), ['--version']))[0],
    cells: { 'as they are': (lab) => all(lab, node(version)) },
  })),
}

async function all(lab, command) {
  const folder = lab.folder('examples', { 'package.json': '{ "private": true, "type": "module" }' })
  cpSync(EXAMPLES, folder, {
    recursive: true,
    filter: (file) => !/node_modules|build/.test(path.basename(file)),
  })
  const names = alone()
  for (const name of names) await lab.run(command, [path.join(folder, name)])
  return `${names.length} of them`
}

/** Those that examples/README.md says need nothing. */
function alone() {
  const rows = readFileSync(path.join(EXAMPLES, 'README.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  return rows
    .map((line) => line.split('|'))
    .filter(([, , , needs]) => !needs.includes('`'))
    .flatMap(([, names]) => [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
    .filter((name) => ![...COMPILED, ...SERVES].includes(name))
    .map((name) => (readdirSync(EXAMPLES).includes(name) ? `${name}/main.ts` : `${name}.ts`))
}
