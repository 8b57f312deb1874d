/**
 * What a schema library offers to programs that do not know it: Standard Schema v1 (https://standardschema.dev), as far as it is used
 * here, and the part of Standard JSON Schema that describes one. Types, and the question whether a value is one; validates nothing.
 */

/** A schema of zod, valibot, arktype, or of any other library that implements Standard Schema v1 (https://standardschema.dev). */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What libraries agree on. */
  readonly '~standard': StandardSchemaProps<Input, Output>
}

/** What a schema says of itself. */
export interface StandardSchemaProps<Input = unknown, Output = Input> {
  /** Of the standard. */
  readonly version: 1
  /** The name of the library. */
  readonly vendor: string
  /** Judges a value, now or later. */
  readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
  /** For the compiler alone. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined
}

/** What `validate` says: there are `issues`, or `value` is what came out. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** What is wrong with a value. */
export interface SchemaIssue {
  /** In words. */
  readonly message: string
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a schema takes. */
export type SchemaInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input']

/** What comes out of a schema. */
export type SchemaOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/** Whether `value` is a schema. Those of some libraries are functions. */
export function isSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const props: unknown = (value as { '~standard'?: unknown })['~standard']
  if (typeof props !== 'object' || props === null) return false
  const { version, validate } = props as { version?: unknown; validate?: unknown }
  return version === 1 && typeof validate === 'function'
}

/** The JSON Schema (draft 2020-12) of what `schema` takes or gives, if its library can tell; `undefined` otherwise. */
export function jsonSchemaOf(schema: StandardSchema, side: 'input' | 'output'): unknown {
  const { jsonSchema } = schema['~standard'] as { jsonSchema?: Record<'input' | 'output', unknown> }
  try {
    const convert = jsonSchema?.[side]
    return typeof convert === 'function' ? convert({ target: 'draft-2020-12' }) : undefined
  } catch {
    // The library has no such thing for one of the types, or not for this draft.
    return undefined
  }
}
