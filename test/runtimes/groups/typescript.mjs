// Each minor version of the compiler: the program, strictly checked against the declarations of the package, by each moduleResolution that knows
// `exports`; and what it emits, running. Declarations of others (@types/node) are not looked at: old compilers do not know all of theirs.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { node, TOOLS, versionOf } from '../lab.mjs'

const VERSIONS = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0', '7.0']
const OPTIONS = {
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable', 'esnext.decorators'],
  types: ['node'],
  typeRoots: [path.join(TOOLS, '@types')],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: false,
  skipLibCheck: false,
}

export const typescript = {
  title: 'TypeScript, by `moduleResolution`',
  columns: ['node16', 'nodenext', 'bundler', 'what it emits'],
  rows: VERSIONS.map((version) => ({
    name: `TypeScript ${version}`,
    version: () => versionOf(`typescript-${version}`),
    cells: {
      node16: (lab) => check(lab, version, 'node16', 'node16'),
      nodenext: (lab) => check(lab, version, 'nodenext', 'nodenext', true),
      bundler: (lab) => check(lab, version, 'esnext', 'bundler'),
      'what it emits': async (lab) => {
        const compiled = path.join(lab.home, 'typescript', `${version}-nodenext`)
        const folder = existsSync(path.join(compiled, 'cjs/main.js'))
          ? compiled
          : await compile(lab, version, 'nodenext', 'nodenext', true)
        for (const format of ['esm', 'cjs']) {
          const settings = lab.settings(path.join(folder, format))
          await lab.scenario(node('20'), [path.join(folder, format, 'main.js'), settings])
        }
      },
    },
  })),
}

async function check(...how) {
  await compile(...how)
}

/** Where module systems are told apart by package.json the program is there twice, once for each. Gives the folder. */
async function compile(lab, version, module, moduleResolution, emit = false) {
  const name = `typescript/${version}-${moduleResolution}`
  const compilerOptions = { ...OPTIONS, module, moduleResolution, noEmit: !emit }
  const formats = { esm: 'module', cjs: 'commonjs' }
  if (moduleResolution === 'bundler') delete formats.cjs
  for (const [format, type] of Object.entries(formats)) {
    const files = { 'package.json': JSON.stringify({ private: true, type }) }
    for (const file of ['main', 'scenario', 'peer']) files[`${file}.ts`] = lab.source(file)
    lab.folder(`${name}/${format}`, files)
  }
  const folder = lab.folder(name, { 'tsconfig.json': JSON.stringify({ compilerOptions }) })
  const tsc = path.join(TOOLS, `typescript-${version}`, 'bin/tsc')
  const output = await lab.run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
    cwd: folder,
    mayFail: true,
  })
  // Paths of errors are as seen from the folder.
  const ours = output.split('\n').filter((line) => /error TS/.test(line) && !line.includes('/@types/'))
  if (ours.length > 0) throw new Error(ours.slice(0, 10).join('\n'))
  if (/exit code: [^012]/.test(output)) throw new Error(output)
  return folder
}
