/**
 * Values as they are typed and as they are printed. Typed: JSON, or plain words that stand for themselves. Printed: JSON; what JSON does not
 * have is spelled as its closest kin there, and a program that needs it exactly uses the library.
 */
import { misused } from './failure.ts'

/** An argument: JSON, or the word itself. Throws a Failure for what begins as JSON and is none. */
export function parseValue(word: string, what: string): unknown {
  if (/^-?\d+$/.test(word)) return integerOf(word)
  try {
    return JSON.parse(word)
  } catch (error) {
    if (!/^\s*[[{"]/.test(word)) return word
    throw misused(
      `${what} is no JSON: ${error instanceof Error ? error.message : String(error)}`,
      'What does not begin with [, { or " may be a plain word; --text takes all arguments as they are.',
    )
  }
}

// JSON.parse would round what is beyond 2^53.
function integerOf(word: string): unknown {
  const number = Number(word)
  if (Number.isSafeInteger(number)) return /^-?0\d/.test(word) ? word : number
  return BigInt(word)
}

/** One line of JSON, or with `indent` several. */
export function jsonOf(value: unknown, indent = 0): string {
  return JSON.stringify(plain(value), undefined, indent) ?? 'null'
}

/**
 * Dates are ISO 8601, bigints and numbers that are none of JSON's strings, octets base64, Maps objects where all keys are strings and
 * otherwise lists of pairs, Sets lists, errors their code, name and message.
 */
export function plain(value: unknown): unknown {
  if (value === undefined) return null
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plain)
  if (value instanceof Set) return [...value].map(plain)
  if (value instanceof Map) {
    const keys = [...value.keys()]
    return keys.every((key) => typeof key === 'string')
      ? Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
      : [...value].map(([key, item]) => [plain(key), plain(item)])
  }
  if (value instanceof Error) {
    const { code } = value as NodeJS.ErrnoException
    return { ...(code !== undefined && { code }), name: value.name, message: value.message }
  }
  if (value instanceof RegExp) return String(value)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** JSON for a terminal: indented, coloured by `paint`, and without anything that a terminal obeys. */
export function prettyOf(
  value: unknown,
  paint: (style: 'cyan' | 'green' | 'yellow', text: string) => string,
): string {
  return escaped(jsonOf(value, 2)).replace(TOKEN, (token, text?: string, colon?: string) => {
    if (text === undefined) return paint('yellow', token)
    return colon === undefined ? paint('green', text) : paint('cyan', text) + colon
  })
}

// Those that JSON.stringify leaves as they are: DEL, C1, what turns the direction of text.
const OBEYED = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

function escaped(json: string): string {
  return json.replace(OBEYED, (character) =>
    // By halves, as JSON has what is beyond 16 bits.
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
