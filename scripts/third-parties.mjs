// Packages whose code is bundled are dev dependencies here, and no dependency that an installer sees: so what ships is told beside it, as a
// software bill of materials (CycloneDX), and with the licences, which ask for that.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

// Those that ask for no more than their text. Another one is to be read first.
const LICENCES = ['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause']

/** Writes THIRD_PARTY_LICENSES and sbom.cdx.json to `folder`, for the package called `name` that was built to `result`. */
export function writeThirdParties(folder, name, { metafile }) {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs))
  const names = new Set(
    inputs.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []),
  )
  const parties = [...names].sort().map(partyOf)
  writeFileSync(path.join(folder, 'THIRD_PARTY_LICENSES'), parties.map(noticeOf).join('\n---\n\n'))
  writeFileSync(path.join(folder, 'sbom.cdx.json'), `${JSON.stringify(billOf(name, parties))}\n`)
}

function partyOf(name) {
  const { version, license, description, repository } = jsonOf(`node_modules/${name}/package.json`)
  if (!LICENCES.includes(license)) throw new Error(`${name} is bundled and has the licence ${license}`)
  const { integrity } = jsonOf('package-lock.json').packages[`node_modules/${name}`]
  return { name, version, license, description, repository, integrity }
}

function noticeOf({ name, version }) {
  return `${name} ${version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim()}\n`
}

// No time and no serial number: the same sources give the same file.
function billOf(name, parties) {
  const own = jsonOf('package.json')
  const purl = purlOf(own.version, name)
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { ...componentOf({ ...own, name }), licenses: [{ license: { id: own.license } }] },
    },
    components: parties.map((party) => ({
      ...componentOf(party),
      scope: 'required',
      hashes: [{ alg: 'SHA-512', content: hexOf(party.integrity) }],
      licenses: [{ license: { id: party.license } }],
    })),
    dependencies: [
      { ref: purl, dependsOn: parties.map((party) => purlOf(party.version, party.name)) },
      ...parties.map((party) => ({ ref: purlOf(party.version, party.name) })),
    ],
    compositions: [{ aggregate: 'complete', assemblies: [purl] }],
  }
}

function componentOf({ name, version, description, repository }) {
  const [, group, rest] = /^(?:(@[^/]+)\/)?(.+)$/.exec(name)
  const purl = purlOf(version, name)
  return {
    type: 'library',
    'bom-ref': purl,
    ...(group && { group }),
    name: rest,
    version,
    description,
    purl,
    externalReferences: [{ type: 'vcs', url: repository.url }],
  }
}

function purlOf(version, name) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

/** The lock says `sha512-` and base 64, of the package as the registry has it. */
function hexOf(integrity) {
  const [, hash] = /^sha512-(\S+)$/.exec(integrity)
  return Buffer.from(hash, 'base64').toString('hex')
}

function jsonOf(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}
