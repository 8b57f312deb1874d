// docs/runtimes.md against what `npm run runtimes` tries. The short form of that command: test/package.test.ts.
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('runtimes')

test('docs/runtimes.md has a table without a red cell, with the version of each runtime, compiler, bundler and test runner that is tried', () => {
  const page = readFileSync('docs/runtimes.md', 'utf8')
  const table = page.slice(page.indexOf('<!-- table: '), page.indexOf('<!-- end of the table -->'))
  assert.not.match(table, /\bRED\b/)
  const tools = JSON.parse(readFileSync('test/runtimes/package.json', 'utf8'))
  const versions = Object.entries<string>({ ...tools.dependencies, ...tools.optionalDependencies })
    .filter(([name]) => !/plugin|@types/.test(name))
    .map(([, version]) => version.replace(/^npm:.+@/, ''))
  assert.ok(versions.length >= 15)
  for (const version of versions) assert.ok(table.includes(`| ${version} |`), version)
})

test.run()
