// The runtimes themselves, by both module systems, inside a worker thread, and by their own installers.
import path from 'node:path'
import { bun, deno, NotHere, node } from '../lab.mjs'
import { bunOnMusl } from '../musl.mjs'
import { install } from './installers.mjs'

// Starts the program in a thread, with the same settings, and ends as it ends.
const IN_A_THREAD = `import { Worker } from 'node:worker_threads'
const worker = new Worker(process.argv[2], { argv: [process.argv[3]] })
worker.on('error', (error) => { throw error })
worker.on('exit', (code) => { process.exitCode = code })
`

// Name, what starts it, the words before a program, the installer.
const RUNTIMES = [
  ['Node 20, the oldest', () => [node('20-oldest')], [], 'npm'],
  ['Node 20', () => [node('20')], [], 'npm'],
  ['Node 22', () => [node('22')], [], 'npm'],
  ['Node 24', () => [node('24')], [], 'npm'],
  ['Node 26', () => [node('26')], [], 'npm'],
  ['Bun', () => [bun()], [], 'bun'],
  ['Bun on musl', bunOnMusl, [], 'bun'],
  ['Deno', () => [deno()], ['run', '-A'], 'deno'],
  ['Electron', electron, [], 'npm'],
]

export const runtimes = {
  title: 'Runtimes',
  columns: ['ES modules', 'CommonJS', 'in a worker thread', 'installs'],
  rows: RUNTIMES.map(([name, start, before, installer]) => ({
    name,
    version: async (lab) => {
      const [command, ...words] = start(lab)
      return /\d+\.\d+\.\d+/.exec(await lab.run(command, [...words, '--version']))[0]
    },
    cells: {
      'ES modules': (lab) => program(lab, [...start(lab), ...before], 'esm'),
      CommonJS: (lab) => program(lab, [...start(lab), ...before], 'cjs'),
      'in a worker thread': async (lab) => {
        const [command, ...words] = [...start(lab), ...before]
        const folder = lab.folder('thread', { 'start.mjs': IN_A_THREAD })
        const esm = path.join(lab.home, 'esm')
        words.push(path.join(folder, 'start.mjs'), path.join(esm, 'main.js'))
        await lab.scenario(command, [...words, lab.settings(esm)])
      },
      installs: (lab) => install(lab, installer, start(lab), before),
    },
  })),
}

async function program(lab, [command, ...words], format) {
  const folder = path.join(lab.home, format)
  await lab.scenario(command, [...words, path.join(folder, 'main.js'), lab.settings(folder)])
}

function electron() {
  throw new NotHere(
    'The package `electron` downloads its binary while it is installed, from where this command does not.',
  )
}
