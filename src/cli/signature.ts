// A function in a line, as `$rpc.describe` tells of it: `add(a: number, b?: number): number`. Types are those that were described, or are made
// of JSON Schemas as far as these say something short.
import type { FunctionDescription, ParameterDescription } from '../rpc/index.ts'

/** Deeper is `object`. */
const DEPTH_MAX = 3
const LENGTH_MAX = 60

export function signatureOf({ name, kind, params, returns, input, output }: FunctionDescription): string {
  const places = tupleOf(input)
  const list = params.map((param, place) => parameterOf(param, places?.[place]))
  // One schema of all arguments, and none of them has a name.
  const rest = (places ?? [])
    .slice(params.length)
    .map((schema, at) => `arg${params.length + at}: ${typeOf(schema)}`)
  const given = returns ?? (output === undefined ? undefined : typeOf(output))
  const stream = kind === 'stream' ? (given === undefined ? ': stream' : `: stream of ${given}`) : undefined
  return `${name}(${[...list, ...rest].join(', ')})${stream ?? (given === undefined ? '' : `: ${given}`)}`
}

function parameterOf({ name, type, schema, optional }: ParameterDescription, place?: unknown): string {
  const shown = type ?? typeOf(schema ?? place)
  const mark = optional === true ? '?' : ''
  return shown === 'any' ? `${name}${mark}` : `${name}${mark}: ${shown}`
}

function tupleOf(schema: unknown): readonly unknown[] | undefined {
  const places = isObject(schema) ? schema.prefixItems : undefined
  return Array.isArray(places) ? places : undefined
}

function typeOf(schema: unknown, depth = 0): string {
  if (!isObject(schema)) return 'any'
  const { type, enum: options, const: constant, anyOf, oneOf, items, properties, required } = schema
  if (constant !== undefined) return JSON.stringify(constant)
  if (Array.isArray(options)) return union(options.map((option) => JSON.stringify(option)))
  const choice = anyOf ?? oneOf
  if (Array.isArray(choice)) return union(choice.map((one) => typeOf(one, depth + 1)))
  if (Array.isArray(type)) return union(type.map(String))
  if (type === 'array') {
    const item = typeOf(items, depth + 1)
    return item === 'any' ? 'array' : item.includes(' ') ? `(${item})[]` : `${item}[]`
  }
  if (type === 'object' && isObject(properties) && depth < DEPTH_MAX) {
    const needed = Array.isArray(required) ? required : []
    const members = Object.entries(properties).map(
      ([key, value]) => `${key}${needed.includes(key) ? '' : '?'}: ${typeOf(value, depth + 1)}`,
    )
    const text = `{ ${members.join(', ')} }`
    return members.length === 0 || text.length > LENGTH_MAX ? 'object' : text
  }
  return typeof type === 'string' ? type : 'any'
}

function union(types: readonly string[]): string {
  const text = [...new Set(types)].join(' | ')
  return text.length > LENGTH_MAX || text === '' ? 'any' : text
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
