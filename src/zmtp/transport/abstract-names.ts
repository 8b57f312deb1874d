// Abstract names of Unix sockets, `ipc://@name`: Linux knows them without a file, to the octet. Node before version 21 fills them up with NULs to
// the size of the field, which is another name than libzmq's, so that no peer would ever be met. Which of both this runtime does is looked at
// once, at the first such name.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

let exact: boolean | undefined

/** Whether abstract names of this runtime are those of everybody else. */
export function abstractNamesAreExact(): boolean {
  exact ??= tryOne()
  return exact
}

/** What Node takes for the path `path` of an endpoint. */
export function pathForNode(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path
}

function tryOne(): boolean {
  if (process.platform !== 'linux') return false
  const name = `pseud-${process.pid}-${Math.random()}`
  const server = createServer()
  server.on('error', () => {}) // it is looked at below
  try {
    server.listen({ path: `\0${name}`, exclusive: true })
    // The kernel shows a NUL as @; one that only fills the field, too.
    return readFileSync('/proc/net/unix', 'latin1')
      .split('\n')
      .some((line) => line.endsWith(` @${name}`))
  } catch {
    return false // nothing to look at
  } finally {
    server.close()
  }
}
