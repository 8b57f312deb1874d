/**
 * Writes that the system cannot take at once. Node keeps a process alive for each of them, although the socket is unref'ed: one peer that
 * does not read would keep a process from its end for ever. This file tells when nothing else keeps it alive. It owns no link and ends none.
 */

const stuck = new Set<object>()
let look: NodeJS.Timeout | undefined
let onlyThey: () => void = () => {}

const LOOK_EVERY_MS = 100
// What Node calls writes and half-closes that are under way. Those of a socket that keeps the process alive come with the socket's name.
const WRITES = /^(SimpleWriteWrap|WriteWrap|ShutdownWrap)$/

/** Has `listener` called, again and again, while stuck writes are all that keeps the process alive. There is one listener. */
export function whileOnlyWritesAreLeft(listener: () => void): void {
  onlyThey = listener
}

/** Whether any link is stuck. */
export function writesAreStuck(): boolean {
  return stuck.size > 0
}

/** The system has not taken all that `link` wrote. */
export function addStuckWrite(link: object): void {
  stuck.add(link)
  look ??= setInterval(onLook, LOOK_EVERY_MS).unref()
}

/** It has now, or the link is gone. */
export function deleteStuckWrite(link: object): void {
  stuck.delete(link)
  if (stuck.size > 0) return
  clearInterval(look)
  look = undefined
}

function onLook(): void {
  // Before the list: Node makes these two when they are first asked for, and what is not in the list must not be taken out of it.
  const outputs = [resourceOf(process.stdout), resourceOf(process.stderr)]
  // Where a runtime cannot tell, the process waits for its writes.
  const active = process.getActiveResourcesInfo?.() ?? ['unknown']
  for (const output of outputs) {
    const at = active.indexOf(output)
    if (at >= 0) active.splice(at, 1)
  }
  if (active.every((name) => WRITES.test(name))) onlyThey()
}

/** As what a standard stream is listed, which keeps nothing alive; '' when it is not. */
function resourceOf(output: object): string {
  const { _handle: handle } = output as {
    _handle?: { hasRef?(): boolean; constructor: { name: string } } | null
  }
  if (handle?.hasRef?.() !== true) return ''
  return { Pipe: 'PipeWrap', TTY: 'TTYWrap', TCP: 'TCPSocketWrap' }[handle.constructor.name] ?? ''
}
