// The second door of the RPC layer: what a face other than Client's is made of, as that of pseud/sync. Re-exports only.

export { encodeArguments } from './arguments.ts'
export { quote } from './names.ts'
export { type ResolvedOptions, resolveOptions } from './options.ts'
export { fromWire, type WireError } from './remote-error.ts'
export { CallSettings } from './settings.ts'
export { type Caller, createStub, setInspect, stubPrototype } from './stub.ts'
export type { StubBeside } from './types.ts'
