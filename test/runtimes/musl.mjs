// A runtime on musl where the machine has glibc: musl itself from Debian's package, which is only unpacked, and Bun's build for musl. Alpine has a
// libstdc++ for it, Debian has not; the little of it that Bun asks for is linked from GCC's archive against musl.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { installedVersion } from '../../scripts/installed.mjs'
import { NotHere } from './lab.mjs'

const HOME = path.join(path.dirname(fileURLToPath(import.meta.url)), 'musl')
const PACKAGE = '@oven/bun-linux-x64-musl'
const BUN = path.join(HOME, 'node_modules', PACKAGE, 'bin/bun')
let ready

/** The words that start Bun on musl. Throws NotHere where the pieces are not to be had. */
export function bunOnMusl(lab) {
  ready ??= prepare(lab)
  return ready
}

function prepare(lab) {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new NotHere('Tried on Linux x64 only.')
  // By force: for npm this machine has glibc.
  const npm = ['ci', '--force', '--ignore-scripts', '--no-audit', '--no-fund']
  if (installedVersion(HOME, PACKAGE) === undefined) need(HOME, 'npm', npm)
  // Alpine is all that.
  if (existsSync('/etc/alpine-release')) return [BUN]
  const folder = lab.folder('musl/lib')
  const home = path.dirname(folder)
  need(home, 'apt-get', ['download', 'musl'])
  const deb = readdirSync(home).find((name) => name.endsWith('.deb'))
  need(home, 'dpkg-deb', ['-x', deb, 'root'])
  copyFileSync(
    path.join(home, 'root/lib/x86_64-linux-musl/libc.so'),
    path.join(folder, 'libc.musl-x86_64.so.1'),
  )
  const archive = (name) => need(home, 'gcc', [`-print-file-name=${name}`]).trim()
  need(home, 'gcc', [
    ...['-shared', '-nostdlib', '-fPIC', '-O1', '-o', 'lib/libstdc++.so.6', path.join(HOME, 'libstdcxx.c')],
    ...symbols(home).map((name) => `-Wl,-u,${name}`),
    ...['libstdc++.a', 'libgcc_eh.a', 'libgcc.a'].map(archive),
    ...['-Wl,-soname,libstdc++.so.6', '-Wl,--allow-shlib-undefined', '-Wl,-z,notext'],
  ])
  return [path.join(home, 'root/lib/ld-musl-x86_64.so.1'), '--library-path', folder, BUN]
}

/** What Bun asks for by names of C++; tables of types it has copied to itself, where they count as its own. */
function symbols(home) {
  const lines = need(home, 'nm', ['-D', BUN]).split('\n')
  const names = lines.flatMap((line) => {
    const [, type, name] = / (\w) (\w+)/.exec(line) ?? []
    return type === 'U' || /^_ZTVN10__cxxabi/.test(name) ? [name] : []
  })
  const wanted = names.filter((name) =>
    /^(?:_Z|__cxa_|__dynamic_cast|__once_|__(?:de)?register_frame)/.test(name),
  )
  // Not of GCC's archive: of musl, of libstdcxx.c, or optional.
  return wanted.filter((name) => !/__cxa_(?:thread_)?(?:atexit|finalize)|assert_fail/.test(name))
}

function need(cwd, command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (status !== 0)
    throw new NotHere(
      `musl needs \`${command}\` of a Debian with GCC: ${error?.message ?? stderr.trim().split('\n').at(-1)}`,
    )
  return stdout
}
