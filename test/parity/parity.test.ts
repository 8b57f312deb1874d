// `pseud/zmtp` against the native package, probe by probe: both do the same, or the difference is deliberate, stated beside the probe,
// and told to users in docs/zeromq-differences.md.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sections } from './catalogue.mjs'
import { buildOurs, complaints, documentedRows, NATIVE, type Outcomes, runSection } from './support.ts'

// Enough to see what is the matter.
const MOST_SHOWN = 6

for (const [section, probes] of Object.entries(sections)) {
  const test = suite(`parity: ${section}`)
  let native = new Map<string, Outcomes>()
  let ours = new Map<string, Outcomes>()

  let library = ''

  const both = (only?: string): Promise<[Map<string, Outcomes>, Map<string, Outcomes>]> =>
    Promise.all([runSection(NATIVE, section, only), runSection(library, section, only)])

  test.before(async () => {
    library = await buildOurs()
    ;[native, ours] = await both()
  })

  for (const { name, differs = [] } of probes) {
    test(`${section}: ${name}`, async () => {
      let found = complaints(native.get(name), ours.get(name), differs)
      if (found.length > 0) {
        const [alone, oursAlone] = await both(name)
        found = complaints(alone.get(name), oursAlone.get(name), differs)
      }
      const more = found.length > MOST_SHOWN ? `\n    and ${found.length - MOST_SHOWN} more` : ''
      if (found.length > 0) assert.unreachable(`\n    ${found.slice(0, MOST_SHOWN).join('\n    ')}${more}`)
    })
  }

  test.run()
}

const catalogue = suite('parity: catalogue')

catalogue('every deliberate difference is a row of docs/zeromq-differences.md', () => {
  const rows = documentedRows()
  const named = Object.values(sections).flatMap((probes) => probes.flatMap(({ differs = [] }) => differs))
  assert.ok(named.length > 20)
  assert.equal(
    [...new Set(named.map(({ row }) => row))].filter((row) => !rows.has(row)),
    [],
  )
})

catalogue('no two probes of a section have the same name', () => {
  for (const [section, probes] of Object.entries(sections)) {
    assert.is(new Set(probes.map(({ name }) => name)).size, probes.length, section)
  }
})

catalogue(
  'the comparison sees what differs, what is said to differ and does not, and what is not there',
  () => {
    const wrong = complaints({ a: '1', b: '1', c: '1', d: '1' }, { a: '1', b: '2', c: '2', d: '1' }, [
      { at: 'c', here: '2', row: 'x' },
      { at: /^d$/, here: '1', row: 'x' },
      { at: 'e', here: '1', row: 'x' },
    ])
    assert.is(wrong.length, 3)
    assert.match(wrong[0]!, /^b\n/)
    assert.match(wrong[1]!, /does not: d\n/)
    assert.match(wrong[2]!, /nothing there that could differ: e/)
    assert.equal(complaints({ a: '1' }, { a: '2' }, [{ at: 'a', here: /2/, row: 'x' }]), [])
    assert.is(complaints({ a: '1' }, { a: '3' }, [{ at: 'a', here: '2', row: 'x' }]).length, 1)
    assert.equal(complaints({ a: '1' }, undefined, []), ['the probe did not run'])
  },
)

catalogue.run()
