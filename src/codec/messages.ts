// The second door of the codec: reading and writing values inside of messages whose layout somebody else owns, as the RPC layer does.
// Re-exports only.

export { Codec } from './codec.ts'
export type { ExtensionType } from './extensions.ts'
export type { Limits } from './limits.ts'
export { Reader } from './reader.ts'
export { ReceivedShapes, SentShapes, SHAPES_MAX } from './shapes.ts'
export { writeArrayHeader, writeMapHeader, writeNil, writeString, writeUint } from './writer.ts'
