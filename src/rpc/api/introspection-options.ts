// How much a participant tells of itself to those who call it: the option `introspection`, checked.
import { UsageError } from '../../base/errors.ts'
import type { Predicate } from '../registry/registry.ts'
import { checkNames, type Names } from './option-names.ts'

/** How much is told of what goes on. */
export interface IntrospectionOptions {
  /**
   * Also `$rpc.stats`: all counters, and the names, users and addresses of those who are connected. `true`: for everybody who connects. A
   * function decides as a predicate does: what is not exactly true is no, and who is denied finds no such function. Default false.
   */
  readonly stats?: boolean | Predicate
}

const INTROSPECTION_OPTIONS: Names<IntrospectionOptions> = { stats: true }

/** `undefined`: nothing is told. Throws `UsageError` BAD_OPTION. */
export function checkIntrospection(given: unknown): IntrospectionOptions | undefined {
  if (typeof given !== 'object' || given === null) return given === true ? {} : undefined
  checkNames('introspection', given, INTROSPECTION_OPTIONS)
  const { stats } = given as IntrospectionOptions
  if (stats !== undefined && typeof stats !== 'boolean' && typeof stats !== 'function') {
    throw new UsageError('BAD_OPTION', 'introspection.stats is true, false or a function of the context')
  }
  return given
}
