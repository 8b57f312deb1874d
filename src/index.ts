// The public surface of `pseud`: named re-exports, no logic. What stands here is what semantic versioning promises.
export { CodecError, LimitError, LinkError, ProtocolError, PseudError, UsageError } from './base/errors.ts'
