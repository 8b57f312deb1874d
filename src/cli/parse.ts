/**
 * The words of a command line against the options of a command: `--name value`, `--name=value`, `-n value`, flags, `--` for the end of
 * options. Options may stand anywhere. What looks like a negative number is none, nor is `-` alone.
 */

import { suggestion } from '../base/suggest.ts'
import { misused } from './failure.ts'
import type { Option } from './option.ts'

export interface Parsed {
  readonly args: readonly string[]
  readonly options: Given
}

/** Throws a Failure for what is no option, or lacks its value. */
export function parse(words: readonly string[], options: readonly Option[], env: NodeJS.ProcessEnv): Parsed {
  const args: string[] = []
  const values = new Map<string, string[]>()
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') {
      args.push(...words.slice(at + 1))
      break
    }
    if (!isOption(word)) {
      args.push(word)
      continue
    }
    const [name, attached] = split(word)
    const option = options.find((one) => name === `--${one.name}` || name === `-${one.short}`)
    if (option === undefined) throw unknown(name, options)
    const before = values.get(option.name) ?? []
    if (option.value === undefined) {
      if (attached !== undefined) throw misused(`${name} takes no value`)
      values.set(option.name, [...before, ''])
      continue
    }
    if (before.length > 0 && option.many !== true) throw misused(`--${option.name} was given twice`)
    const value = attached ?? words[++at]
    if (value === undefined) throw misused(`${name} needs a value: ${name} ${option.value}`)
    values.set(option.name, [...before, value])
  }
  return { args, options: new Given(options, values, env) }
}

/** The options that were given, and what holds for the others. */
export class Given {
  readonly #options: ReadonlyMap<string, Option>
  readonly #values: ReadonlyMap<string, readonly string[]>
  readonly #env: NodeJS.ProcessEnv

  constructor(
    options: readonly Option[],
    values: ReadonlyMap<string, readonly string[]>,
    env: NodeJS.ProcessEnv,
  ) {
    this.#options = new Map(options.map((option) => [option.name, option]))
    this.#values = values
    this.#env = env
  }

  /** It stands on the command line. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** All values: of the command line, else of the environment, else what holds without. */
  texts(name: string): readonly string[] {
    const given = this.#values.get(name)
    if (given !== undefined) return given
    const option = this.#options.get(name)
    const other = (option?.env !== undefined && this.#env[option.env]) || option?.fallback
    return other === undefined ? [] : [other]
  }

  text(name: string): string | undefined {
    return this.texts(name)[0]
  }

  /** A whole number from `least` on. */
  count(name: string, least = 1): number {
    const text = this.text(name) ?? ''
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value)) {
      throw misused(`--${name} is a whole number from ${least} on, not ${JSON.stringify(text)}`)
    }
    return value
  }

  /** In ms; `none` is `Infinity`. A number without a unit is in seconds. */
  duration(name: string): number {
    const text = this.text(name) ?? ''
    if (text === 'none') return Number.POSITIVE_INFINITY
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text)
    const ms = match === null ? 0 : Number(match[1]) * (UNITS[match[2]!] ?? 1000)
    if (!(ms > 0)) {
      throw misused(`--${name} is a time such as 500ms, 5s, 2m or none, not ${JSON.stringify(text)}`)
    }
    return ms
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith('-') && !/^-\.?\d/.test(word)
}

function split(word: string): [name: string, value: string | undefined] {
  const at = word.indexOf('=')
  return at < 0 || !word.startsWith('--') ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

function unknown(name: string, options: readonly Option[]): Error {
  const close = suggestion(
    name,
    options.map((option) => `--${option.name}`),
  )
  return misused(`there is no option ${name}`, ...(close === undefined ? [] : [`Did you mean ${close}?`]))
}
