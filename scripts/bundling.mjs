// What the bundles of both packages (scripts/build.mjs, scripts/standin.mjs) have in common.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { transformSync } from 'esbuild'

/** Options for esbuild. */
export const bundled = {
  bundle: true,
  platform: 'node',
  target: 'es2022', // below it, #private fields become WeakMaps: fifteen times slower (test/package.test.ts looks)
  minifySyntax: true, // folds `const` numbers across files; renames nothing
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
}

/**
 * `text`, as esbuild prints it, without what only those need who read the sources: comments but licences and the names of source files. No line
 * of code is renamed or moved.
 */
export function compact(text) {
  const bare = text
    .replace(/^[ \t]*\/\*\*(?:[^*]|\*(?!\/))*\*\/[ \t]*\n/gm, '')
    .replace(/^[ \t]*\/\/(?! (?:src|node_modules)\/).*\n/gm, '')
  // A line of a text may look like a comment.
  if (codeOf(bare) !== codeOf(text)) throw new Error('other code without its comments')
  return bare
}

function codeOf(text) {
  return transformSync(text, { minifyWhitespace: true, legalComments: 'none' }).code
}

/** Bundled packages are dev dependencies whose code ships inside ours: their licence texts ship too, in `folder`. */
export function writeThirdPartyLicences(folder, ...results) {
  const packages = new Set()
  for (const { metafile } of results) {
    for (const output of Object.values(metafile.outputs)) {
      for (const input of Object.keys(output.inputs)) {
        const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)
        if (match !== null) packages.add(match[1])
      }
    }
  }
  if (packages.size === 0) return
  const texts = [...packages].sort().map((name) => {
    const file = `node_modules/${name}/LICENSE`
    if (!existsSync(file)) throw new Error(`${name} is bundled but has no LICENSE to ship`)
    return `${name}\n\n${readFileSync(file, 'utf8').trim()}\n`
  })
  writeFileSync(path.join(folder, 'THIRD_PARTY_LICENSES'), texts.join('\n---\n\n'))
}
