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
 * Takes the comments out of what was built, a fifth of its size packed: they are for those who read the sources. Licences stay, and the names of
 * source files; so does every line of code, to be found from a stack trace.
 */
export function dropComments({ metafile }) {
  for (const file of Object.keys(metafile.outputs)) {
    const text = readFileSync(file, 'utf8')
    const bare = text
      .replace(/^[ \t]*\/\*\*(?:[^*]|\*(?!\/))*\*\/[ \t]*\n/gm, '')
      .replace(/^[ \t]*\/\/(?! (?:src|node_modules)\/).*\n/gm, '')
    // A line of a text may look like a comment.
    if (codeOf(bare) !== codeOf(text)) throw new Error(`${file} is other code without its comments`)
    writeFileSync(file, bare)
  }
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
