// The door of `pseud/sync`: calls that block, for scripts and prompts. Re-exports only.

export { SyncClient, type SyncClientConstructor } from './client.ts'
export type { SyncClientOptions, SyncSecurity } from './options.ts'
export type { SyncStream } from './stream.ts'
export type { SyncCallOptions, SyncStub } from './types.ts'
