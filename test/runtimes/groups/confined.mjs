// Where a program may do less than elsewhere.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { deno, NotHere, node } from '../lab.mjs'

const NO_CODE = '--disallow-code-generation-from-strings'
// A mount namespace of our own, with everything under / read-only; checked by trying to write.
const READ_ONLY = `mount --make-rprivate / && mount -o remount,bind,ro / || exit 9
if touch "$1/written" 2>/dev/null; then echo 'it is not read-only'; exit 9; fi
shift; exec "$@"`

const NEXT_ROW = 'ipc, threads and `pseud/sync` need more: the next row.'
const VERSIONS = ['20', '22', '24', '26']

export const confined = {
  title: 'Where a program may do less',
  columns: [...VERSIONS.map((version) => `Node ${version}`), 'Deno'],
  rows: [
    {
      name: `\`${NO_CODE}\``,
      version: () => '',
      cells: each(VERSIONS, (lab, version) => confine(lab, version, [NO_CODE])),
    },
    {
      name: '`--permission`, no permission but to read the program and, where that is one, the network',
      version: () => '',
      cells: each(['22', '24', '26'], async (lab, version) => {
        await confine(lab, version, permissions(lab, version), { without: ['ipc', 'threads', 'sync'] })
        return NEXT_ROW
      }),
    },
    {
      name: '`--permission --allow-worker`, and to write where the sockets of ipc are',
      version: () => '',
      cells: each(['22', '24', '26'], (lab, version) => {
        const more = ['--allow-worker', `--allow-fs-write=${lab.home}`]
        return confine(lab, version, [...permissions(lab, version), ...more])
      }),
    },
    {
      name: '`deno run --no-prompt --allow-net`',
      version: () => '',
      cells: {
        Deno: async (lab) => {
          const folder = path.join(lab.home, 'esm')
          const settings = lab.settings(folder, { without: ['ipc', 'threads', 'sync'] })
          const words = ['run', '--no-prompt', '--allow-net', path.join(folder, 'main.js'), settings]
          await lab.scenario(deno(), words)
          return NEXT_ROW
        },
      },
    },
    {
      name: '`deno run --no-prompt --allow-net --allow-read --allow-write`',
      version: () => '',
      cells: {
        Deno: async (lab) => {
          const folder = path.join(lab.home, 'esm')
          const rights = ['--allow-net', '--allow-read', '--allow-write']
          const words = ['run', '--no-prompt', ...rights, path.join(folder, 'main.js'), lab.settings(folder)]
          await lab.scenario(deno(), words)
        },
      },
    },
    {
      name: 'a read-only file system',
      version: () => '',
      cells: each(VERSIONS, async (lab, version) => {
        const { status } = spawnSync('unshare', ['--mount', 'true'])
        if (status !== 0)
          throw new NotHere(
            'A read-only file system is made in a mount namespace, for which `unshare` and root are needed.',
          )
        const folder = path.join(lab.home, 'esm')
        const settings = lab.settings(folder, { without: ['ipc'] })
        const words = [
          '--mount',
          'sh',
          '-c',
          READ_ONLY,
          'sh',
          lab.home,
          node(version),
          path.join(folder, 'main.js'),
          settings,
        ]
        await lab.scenario('unshare', words)
        return 'Without ipc, whose sockets are files.'
      }),
    },
  ],
}

function each(versions, run) {
  return Object.fromEntries(versions.map((version) => [`Node ${version}`, (lab) => run(lab, version)]))
}

function permissions(lab, version) {
  return ['--permission', `--allow-fs-read=${lab.home}`, ...(Number(version) >= 26 ? ['--allow-net'] : [])]
}

async function confine(lab, version, flags, settings = {}) {
  for (const format of ['esm', 'cjs']) {
    const folder = path.join(lab.home, format)
    await lab.scenario(node(version), [
      ...flags,
      path.join(folder, 'main.js'),
      lab.settings(folder, settings),
    ])
  }
}
