// Which names a function may be registered under, and how a name from the wire is shown. Names are dotted; the dots are joined
// at registration and never walked when a call comes in, so a call can reach what was registered and nothing else.
import { UsageError } from '../../base/errors.ts'

/** Longest method name, in octets of UTF-8. */
export const NAME_MAX = 256

/** `$stream(id, place)`: how the items of an argument that streams are asked for. */
export const STREAM_METHOD = '$stream'

/** The library's own functions that tell of the others: `$rpc.list` and so on. */
export const INTROSPECTION = '$rpc'

const REFUSED: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  'then',
  'prototype',
  'apply',
  'call',
  'bind',
])

/** Why no function may be registered as `name`; `undefined` when one may. */
export function faultInName(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name === STREAM_METHOD) return 'arguments that stream are asked for by it'
  if (name === INTROSPECTION || name.startsWith(`${INTROSPECTION}.`))
    return `what begins with ${INTROSPECTION} is the library's own`
  if (Buffer.byteLength(name) > NAME_MAX) return `it is longer than ${NAME_MAX} octets`
  for (const segment of name.split('.')) {
    if (segment === '') return 'a part of it is empty'
    if (segment.startsWith('_') || segment.startsWith('#'))
      return `${quote(segment)} is private by its first letter`
    if (REFUSED.has(segment))
      return `${quote(segment)} means something to every JavaScript object or function`
  }
  return undefined
}

/** Throws `UsageError` BAD_NAME for a name that cannot be registered. */
export function checkName(name: string): void {
  const fault = faultInName(name)
  if (fault !== undefined)
    throw new UsageError('BAD_NAME', `no function can be named ${quote(name)}: ${fault}`)
}

/** At most this much of a peer's text is ever repeated to it or to a log, in octets. */
const ECHO_MAX = 64

/** `text` in quotes, safe to print: cut to 64 octets, everything but printable ASCII escaped. */
export function quote(text: string): string {
  let out = ''
  for (const character of text) {
    const code = character.codePointAt(0)!
    const shown =
      code >= 0x20 && code < 0x7f && character !== '"' && character !== '\\'
        ? character
        : `\\u{${code.toString(16)}}`
    if (out.length + shown.length > ECHO_MAX) return `"${out}"...`
    out += shown
  }
  return `"${out}"`
}
