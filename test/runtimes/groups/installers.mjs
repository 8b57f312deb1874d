// The installers of the runtimes, against a registry on this machine that has one package: the tarball. No script may run while it installs.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'

let serial = 0

/** Installs the tarball into an empty project as the users of that runtime do, and runs the program there, and the command that comes along. */
export async function install(lab, installer, [command, ...words], before) {
  const registry = await serve(lab.tarball)
  const name = `install-${++serial}`
  const folder = lab.folder(`${name}/project`, {
    'package.json': '{ "name": "empty", "private": true, "type": "module" }',
  })
  const env = {
    npm_config_registry: registry.url,
    NPM_CONFIG_REGISTRY: registry.url,
    npm_config_cache: path.join(lab.home, name, 'npm'),
    BUN_INSTALL_CACHE_DIR: path.join(lab.home, name, 'bun'),
    DENO_DIR: path.join(lab.home, name, 'deno'),
  }
  const options = { cwd: folder, env }
  try {
    const installing = {
      npm: [npmCli(), 'install', '--ignore-scripts', '--no-audit', '--no-fund', 'pseud'],
      bun: ['add', '--ignore-scripts', '--registry', registry.url, 'pseud'],
      deno: ['add', 'npm:pseud'],
    }[installer]
    await lab.run(command, [...words, ...installing], options)
    if (registry.served === 0) throw new Error('the tarball was never asked for')
    for (const file of ['main', 'scenario', 'peer']) {
      lab.folder(`${name}/project`, {
        [`${file}.js`]: readFileSync(path.join(lab.home, 'esm', `${file}.js`), 'utf8'),
      })
    }
    const settings = JSON.stringify({ only: ['tcp', 'threads', 'sync'], peer: path.join(folder, 'peer.js') })
    await lab.scenario(command, [...words, ...before, 'main.js', settings], options)
    const { bin } = JSON.parse(readFileSync(path.join(folder, 'node_modules/pseud/package.json'), 'utf8'))
    const help = await lab.run(
      command,
      [...words, ...before, path.join('node_modules/pseud', bin.pseud), '--help'],
      options,
    )
    if (!/\bcall\b/.test(help)) throw new Error(`the command pseud printed no help\n${help}`)
  } finally {
    registry.close()
  }
}

/** The npm that runs this, or that came with this Node: run by the Node under test, whose package in the registry has none. */
function npmCli() {
  const beside = path.join(path.dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')
  return process.env.npm_execpath ?? beside
}

/** As much of a registry as installers ask for. */
async function serve(tarball) {
  const bytes = readFileSync(tarball)
  const served = { count: 0 }
  const server = createServer((request, response) => {
    const url = `http://127.0.0.1:${server.address().port}`
    if (request.url === '/pseud.tgz') {
      served.count++
      response.end(bytes)
    } else if (request.url === '/pseud') {
      const dist = {
        tarball: `${url}/pseud.tgz`,
        integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
        shasum: createHash('sha1').update(bytes).digest('hex'),
      }
      const version = { name: 'pseud', version: '0.0.1', dist, bin: { pseud: './dist/cjs/command.cjs' } }
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({ name: 'pseud', 'dist-tags': { latest: '0.0.1' }, versions: { '0.0.1': version } }),
      )
    } else {
      response.statusCode = 404
      response.end('{}')
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    get served() {
      return served.count
    },
    close: () => server.close(),
  }
}
