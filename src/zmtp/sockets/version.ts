// What this implementation says it can do, in the native package's words. Programs gate on `version` with semver, so it is the libzmq
// version whose behaviour is followed, not ours.

/** The libzmq version that the sockets behave like. */
export const version: string = '4.3.5'

/** Optional parts, and whether they are there. */
export const capability: Readonly<
  Record<'ipc' | 'pgm' | 'tipc' | 'norm' | 'curve' | 'gssapi' | 'draft', boolean>
> = {
  ipc: true,
  pgm: false,
  tipc: false,
  norm: false,
  curve: true,
  gssapi: false,
  draft: false,
}
