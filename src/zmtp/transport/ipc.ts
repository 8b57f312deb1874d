// IPC: Unix domain sockets by path. A path left behind by a dead process is taken over; one that somebody listens on is refused,
// where libzmq would steal it. The path is tried first, and only if it is in use is there anything to find out.
import { existsSync, lstatSync, mkdtempSync, rmdirSync, unlinkSync } from 'node:fs'
import { connect as netConnect, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathForNode } from './abstract-names.ts'
import type { IpcEndpoint } from './endpoint.ts'
import type { Intake } from './intake.ts'
import { somebodyAnswers, somebodyAnswersNow } from './ipc-probe.ts'

/** Begins one attempt to connect; the caller listens for 'connect', 'error' and 'close'. */
export function dialIpc(endpoint: IpcEndpoint, intake: Intake): Socket {
  return netConnect({ path: pathForNode(endpoint.path), onread: intake })
}

/** Starts a server at `path` by `start`, after removing a socket file that nobody listens on. Rejects with the system's error. */
export async function listenIpc(path: string, start: () => Promise<Server>): Promise<Server> {
  try {
    return await start()
  } catch (error) {
    if (!isTaken(path, error) || (await somebodyAnswers(path))) throw explained(path, error)
    removeFile(path)
    return start()
  }
}

/** `listenIpc` within the call: it throws instead of rejecting, and blocks for some 30 ms when the path is in use. */
export function listenIpcSync(path: string, start: () => Server): Server {
  try {
    return start()
  } catch (error) {
    if (!isTaken(path, error) || somebodyAnswersNow(path)) throw explained(path, error)
    removeFile(path)
    return start()
  }
}

/** A path in a folder of its own, for `ipc://*`. */
export function temporaryPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'pseud-')), 'socket')
}

/** Removes the folder of a temporary path whose server is closed or never came to be. */
export function removeTemporary(path: string): void {
  try {
    rmdirSync(dirname(path))
  } catch {} // somebody put a file beside it: leave both
}

/** What is wrong when nothing is at `path`, whose file is ours to remove. */
export function missing(path: string): NodeJS.ErrnoException | undefined {
  if (existsSync(path)) return undefined
  return Object.assign(new Error(`unlink ENOENT ${path}`), { code: 'ENOENT' })
}

/** Whether a socket file is in the way. Any other file is left, whoever it belongs to; an abstract name is nobody's once its owner is gone. */
function isTaken(path: string, error: unknown): boolean {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || path.startsWith('@')) return false
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? false
}

/** libuv says EACCES of a folder that does not exist; libzmq says what is. */
function explained(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'EACCES' || existsSync(dirname(path))) return error
  return Object.assign(new Error(`listen ENOENT ${path}`, { cause: error }), { code: 'ENOENT' })
}

function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch {} // gone in the meantime
}
