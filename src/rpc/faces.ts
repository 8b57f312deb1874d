// The second door of the RPC layer: what a face other than Client's is made of, as that of pseud/sync. Re-exports only.

export { type ResolvedOptions, resolveOptions } from './api/options.ts'
export { CallSettings } from './api/settings.ts'
export { type Caller, createStub, setInspect, stubPrototype } from './api/stub.ts'
export type { StubBeside } from './api/types.ts'
export { encodeArguments } from './calls/arguments.ts'
export { retryRules } from './calls/retry-policy.ts'
export { fromWire, type WireError } from './errors/remote-error.ts'
export { quote } from './registry/names.ts'
