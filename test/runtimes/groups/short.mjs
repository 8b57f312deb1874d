// What `npm test` tries (test/runtimes.test.ts): the Node that runs it and the tools of the repository, so nothing has to be installed for it.
import path from 'node:path'
import { build } from 'esbuild'

export const short = {
  title: 'In short',
  columns: ['ES modules', 'CommonJS', 'in a worker thread', 'bundled', 'without code from strings'],
  rows: [
    {
      name: 'This Node',
      version: () => process.versions.node,
      cells: {
        'ES modules': (lab) => program(lab, 'esm'),
        CommonJS: (lab) => program(lab, 'cjs', [], ['tcp', 'codec', 'sockets5', 'sync']),
        'in a worker thread': async (lab) => {
          const text = `const { Worker } = require('node:worker_threads')
            const worker = new Worker(process.argv[2], { argv: [process.argv[3]] })
            worker.on('exit', (code) => { process.exitCode = code })`
          const start = path.join(lab.folder('thread', { 'start.cjs': text }), 'start.cjs')
          const main = path.join(lab.home, 'esm/main.js')
          await lab.scenario(process.execPath, [start, main, lab.settings('', { only: ['tcp'] })])
        },
        bundled: async (lab) => {
          const outfile = path.join(lab.home, 'bundle.mjs')
          const options = { bundle: true, platform: 'node', format: 'esm', minify: true, logLevel: 'error' }
          await build({ ...options, entryPoints: [path.join(lab.home, 'esm/main.js')], outfile })
          await lab.scenario(process.execPath, [outfile, lab.settings('', { only: ['tcp', 'curve'] })])
        },
        'without code from strings': (lab) =>
          program(
            lab,
            'esm',
            ['--disallow-code-generation-from-strings'],
            ['tcp', 'streams', 'curve', 'codec'],
          ),
      },
    },
  ],
}

async function program(lab, format, flags = [], only = undefined) {
  const folder = path.join(lab.home, format)
  await lab.scenario(process.execPath, [
    ...flags,
    path.join(folder, 'main.js'),
    lab.settings(folder, { only }),
  ])
}
