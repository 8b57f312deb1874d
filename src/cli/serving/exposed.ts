/**
 * What of a module is offered: its exported functions, those of exported objects as `object.name`, those of its default export. Into a registry of
 * its own, so that a module that cannot be offered leaves the one in use alone.
 */
import { UsageError } from '../../base/errors.ts'
import type { Registry } from '../../rpc/index.ts'
import { commentOf } from './doc-comments.ts'
import type { Library } from './library.ts'
import type { Loaded } from './module-loader.ts'

export interface Exposed {
  readonly registry: Registry
  /** What looks as if it was meant to be offered, and why it is not. */
  readonly skipped: readonly string[]
}

/** `texts`: the sources, for comments. `shown`: the name of a default export that has none. */
export function expose(
  library: Library,
  { namespace }: Loaded,
  shown: string,
  texts: readonly string[],
): Exposed {
  const registry = library.createLocalRegistry(shown)
  const skipped: string[] = []
  const offer = (label: string, name: string | undefined, value: unknown): void => {
    try {
      if (name === undefined) registry.registerRpc(value as object)
      else registry.registerRpc(name, value as object)
    } catch (error) {
      if (!(error instanceof UsageError || isUsage(error))) throw error
      skipped.push(`${label} is not offered: ${error.message}`)
    }
  }
  const { default: main } = namespace
  // module.exports of CommonJS comes as the default, and its members again by their names.
  if (typeof main === 'function') offer('the default export', nameOf(main, shown), main)
  else if (holdsFunctions(main)) offer('the default export', undefined, main)
  for (const [name, value] of Object.entries(namespace)) {
    if (name === 'default' || name === 'module.exports' || name.startsWith('_')) continue
    if (typeof value === 'function' || holdsFunctions(value)) offer(name, name, value)
  }
  describe(registry, texts)
  return { registry, skipped: [...new Set(skipped)] }
}

/** Puts the functions of `next` in the place of those of `registry`: between two calls, not during one. */
export function replaceAll(registry: Registry, next: Registry): void {
  for (const name of registry.names()) registry.unregister(name)
  for (const name of next.names()) {
    for (const handler of next.handlers(name) ?? []) registry.add(handler)
  }
}

function describe(registry: Registry, texts: readonly string[]): void {
  for (const name of registry.names()) {
    for (const { registered, withContext } of [...(registry.handlers(name) ?? [])]) {
      for (const text of texts) {
        const told = commentOf(registered, text)
        if (told === undefined) continue
        // The context is not the caller's to pass.
        const params =
          withContext && /^_*(?:c|ctx|context)$/.test(told.params?.[0]?.name ?? '')
            ? told.params?.slice(1)
            : told.params
        registry.describe(name, { ...told, ...(params !== undefined && { params }) })
        break
      }
    }
  }
}

function nameOf(fn: { readonly name: string }, shown: string): string {
  return fn.name === '' || fn.name === 'default' ? shown : fn.name
}

/** An instance of a class, or an object with a function somewhere in it. */
function holdsFunctions(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth > 8) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) {
    return !/\[native code\]/.test(String((prototype as { constructor?: unknown }).constructor))
  }
  return Object.values(Object.getOwnPropertyDescriptors(value)).some(
    ({ value: member }) => typeof member === 'function' || holdsFunctions(member, depth + 1),
  )
}

/** Of another copy of the library. */
function isUsage(error: unknown): error is Error {
  return error instanceof Error && error.name === 'UsageError'
}
