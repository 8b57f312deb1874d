// Test runners, which load modules in ways of their own: Jest makes a world for each file, Vitest transforms what it is told to.
import path from 'node:path'
import { node, TOOLS, versionOf } from '../lab.mjs'

const check = (peer) => `
const report = await run({ peer: ${JSON.stringify(peer)} })
const wrong = Object.entries(report.steps).filter(([, took]) => typeof took === 'string')
if (!report.ok) throw new Error(JSON.stringify(wrong))
`

export const runners = {
  title: 'Test runners',
  columns: ['ES modules', 'CommonJS', 'transformed'],
  rows: [
    {
      name: 'Jest',
      version: () => versionOf('jest'),
      cells: {
        'ES modules': (lab) => jest(lab, 'esm', ['--experimental-vm-modules']),
        CommonJS: (lab) => jest(lab, 'cjs', []),
      },
    },
    {
      name: 'Vitest',
      version: () => versionOf('vitest'),
      cells: {
        'ES modules': (lab) => vitest(lab, false),
        transformed: (lab) => vitest(lab, true),
      },
    },
  ],
}

async function jest(lab, format, flags) {
  const peer = path.join(lab.home, format, 'peer.js')
  const load =
    format === 'esm' ? `import { run } from './scenario.js'` : `const { run } = require('./scenario.js')`
  const folder = lab.folder(format, {
    'jest.config.json': JSON.stringify({ transform: {}, testMatch: ['**/*.spec.js'], testTimeout: 120_000 }),
    'scenario.spec.js': `${load}\ntest('scenario', async () => {${check(peer)}})\n`,
  })
  const words = [
    ...flags,
    path.join(TOOLS, 'jest/bin/jest.js'),
    '--ci',
    '--runInBand',
    '--no-cache',
    '--detectOpenHandles',
  ]
  const output = await lab.run(node('24'), words, { cwd: folder, env: { npm_config_user_agent: '' } })
  if (!output.includes('1 passed')) throw new Error(output)
  if (/did not exit|open handle/.test(output)) throw new Error(output)
}

async function vitest(lab, inline) {
  const peer = path.join(lab.home, 'esm', 'peer.js')
  const server = inline ? { deps: { inline: ['pseud'] } } : {}
  const folder = lab.folder(`vitest${inline ? '-inline' : ''}`, {
    'package.json': JSON.stringify({ private: true, type: 'module' }),
    'vitest.config.js': `export default ${JSON.stringify({ test: { globals: true, testTimeout: 120_000, server } })}`,
    // As compiled: Vite leaves standard decorators as they are, which no Node knows.
    'scenario.test.ts': `import { run } from '../esm/scenario.js'\ntest('scenario', async () => {${check(peer)}})\n`,
  })
  const output = await lab.run(node('24'), [path.join(TOOLS, 'vitest/vitest.mjs'), 'run', '--no-color'], {
    cwd: folder,
  })
  if (!/1 passed/.test(output)) throw new Error(output)
}
