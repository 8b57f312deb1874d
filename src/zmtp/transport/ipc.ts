// IPC: Unix domain sockets by path. A path left behind by a dead process is taken over; one that somebody listens on is refused,
// where libzmq would steal it.
import { lstat, mkdtemp, rmdir, unlink } from 'node:fs/promises'
import { connect as netConnect, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { IpcEndpoint } from './endpoint.ts'
import type { ConnectionOptions } from './transport.ts'

/** Begins one attempt to connect; the caller listens for 'connect', 'error' and 'close'. */
export function dialIpc(endpoint: IpcEndpoint): Socket {
  return netConnect({ path: endpoint.path })
}

/** Starts to listen; resolves with the real path (`*` becomes a fresh one). The caller listens for 'listening' and 'error'. */
export async function listenIpc(
  server: Server,
  endpoint: IpcEndpoint,
  options: ConnectionOptions,
): Promise<string> {
  const path = endpoint.path === '*' ? await temporaryPath(server) : endpoint.path
  await removeStale(path)
  server.listen({ path, backlog: options.backlog })
  return path
}

async function temporaryPath(server: Server): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pseud-'))
  const path = join(folder, 'socket')
  server.once('close', () => {
    rmdir(dirname(path)).catch(() => {}) // somebody put a file beside it: leave both
  })
  return path
}

/** Removes a socket file that nobody listens on. Anything else is left, and `listen` will report it. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined || !found.isSocket()) return
  if (await answers(path)) return
  await unlink(path).catch(() => {}) // gone in the meantime
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = netConnect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}
