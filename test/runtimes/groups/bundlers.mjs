// Bundlers: the program and its thread in files that need nothing beside them, run in a folder where no package can be found.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { node, TOOLS, versionOf } from '../lab.mjs'

const NO_SYNC =
  'Without `pseud/sync`, whose thread is a file that bundlers leave behind: [sync.md](sync.md#the-thread).'
const ENTRIES = ['main', 'peer']

export const bundlers = {
  title: 'Bundlers: the bundle running, alone in a folder',
  columns: ['ES module', 'CommonJS', 'minified'],
  rows: [
    {
      name: 'esbuild',
      version: () => versionOf('esbuild'),
      cells: {
        'ES module': (lab) => bundled(lab, esbuild('esm')),
        CommonJS: (lab) => bundled(lab, esbuild('cjs')),
        minified: (lab) => bundled(lab, esbuild('esm', '--minify')),
      },
    },
    {
      name: 'webpack',
      version: () => versionOf('webpack'),
      cells: {
        'ES module': (lab) => bundled(lab, webpack({ module: true, minimize: false })),
        CommonJS: (lab) => bundled(lab, webpack({ module: false, minimize: false })),
        minified: (lab) => bundled(lab, webpack({ module: false, minimize: true })),
      },
    },
    {
      name: 'rollup',
      version: () => versionOf('rollup'),
      cells: {
        'ES module': (lab) => bundled(lab, rollup('es')),
        CommonJS: (lab) => bundled(lab, rollup('cjs')),
      },
    },
    {
      name: 'Vite, for servers',
      version: () => versionOf('vite'),
      cells: {
        'ES module': (lab) => bundled(lab, vite(false)),
        minified: (lab) => bundled(lab, vite(true)),
      },
    },
  ],
}

/** Bundles with `bundle(lab, folder of the program, where to)`, and runs what came of it on the oldest Node. */
async function bundled(lab, bundle) {
  const out = mkdtempSync(path.join(tmpdir(), 'pseud-bundle-'))
  try {
    await bundle(lab, path.join(lab.home, 'esm'), out)
    const file = (name) =>
      path.join(
        out,
        readdirSync(out).find((found) => found.startsWith(`${name}.`)),
      )
    const settings = lab.settings('', { peer: file('peer'), without: ['sync'] })
    await lab.scenario(node('20-oldest'), [file('main'), settings], { cwd: out })
    if (existsSync(path.join(out, 'node_modules'))) throw new Error('there is a node_modules beside it')
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
  return NO_SYNC
}

function esbuild(format, ...flags) {
  return async (lab, folder, out) => {
    const options = [
      '--bundle',
      '--platform=node',
      '--target=node20',
      `--format=${format}`,
      `--outdir=${out}`,
    ]
    const extension = `--out-extension:.js=${format === 'esm' ? '.mjs' : '.cjs'}`
    const entries = ENTRIES.map((name) => path.join(folder, `${name}.js`))
    await lab.run(path.join(TOOLS, '.bin/esbuild'), [...entries, ...options, extension, ...flags])
  }
}

function webpack({ module, minimize }) {
  return async (lab, folder, out) => {
    const config = {
      mode: 'production',
      target: 'node20',
      context: folder,
      entry: Object.fromEntries(ENTRIES.map((name) => [name, `./${name}.js`])),
      output: {
        path: out,
        filename: `[name].${module ? 'mjs' : 'cjs'}`,
        module,
        chunkFormat: module ? 'module' : 'commonjs',
      },
      experiments: { outputModule: module },
      optimization: { minimize },
    }
    const script = `import webpack from ${JSON.stringify(path.join(TOOLS, 'webpack/lib/index.js'))}
      webpack(${JSON.stringify(config)}, (error, stats) => {
        if (error) throw error
        if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString({ colors: false }))
      })`
    const file = path.join(lab.folder('webpack', { 'build.mjs': script }), 'build.mjs')
    await lab.run(node('24'), [file])
  }
}

function rollup(format) {
  return async (lab, folder, out) => {
    const script = `import { rollup } from ${JSON.stringify(path.join(TOOLS, 'rollup/dist/es/rollup.js'))}
      import { nodeResolve } from ${JSON.stringify(path.join(TOOLS, '@rollup/plugin-node-resolve/dist/es/index.js'))}
      import commonjs from ${JSON.stringify(path.join(TOOLS, '@rollup/plugin-commonjs/dist/es/index.js'))}
      const warnings = []
      const bundle = await rollup({
        input: ${JSON.stringify(ENTRIES.map((name) => path.join(folder, `${name}.js`)))},
        external: /^node:/,
        plugins: [nodeResolve({ preferBuiltins: true }), commonjs()],
        onwarn: (warning) => warnings.push(warning.message),
      })
      await bundle.write({ dir: ${JSON.stringify(out)}, format: '${format}', entryFileNames: '[name].${format === 'es' ? 'mjs' : 'cjs'}', chunkFileNames: '[name]-[hash].${format === 'es' ? 'mjs' : 'cjs'}' })
      if (warnings.length > 0) throw new Error(warnings.join('\\n'))`
    const file = path.join(lab.folder('rollup', { 'build.mjs': script }), 'build.mjs')
    await lab.run(node('24'), [file])
  }
}

function vite(minify) {
  return async (lab, folder, out) => {
    const input = Object.fromEntries(ENTRIES.map((name) => [name, path.join(folder, `${name}.js`)]))
    const config = {
      root: folder,
      configFile: false,
      logLevel: 'warn',
      ssr: { noExternal: true },
      build: {
        ssr: true,
        outDir: out,
        emptyOutDir: true,
        minify,
        rollupOptions: { input, output: { entryFileNames: '[name].mjs' } },
      },
    }
    const script = `import { build } from ${JSON.stringify(path.join(TOOLS, 'vite/dist/node/index.js'))}
      await build(${JSON.stringify(config)})`
    const file = path.join(lab.folder('vite', { 'build.mjs': script }), 'build.mjs')
    await lab.run(node('24'), [file])
  }
}
