// Which protocol a connection speaks: the one place that tells a socket of ZMTP from one of raw octets.
import { Engine } from '../engine/engine.ts'
import type { Protocol } from '../engine/protocol.ts'
import { RawEngine } from '../engine/raw.ts'
import type { TransportContext } from './context.ts'
import type { ConnectionOptions } from './transport.ts'

/**
 * The protocol of a new connection; `spendKeyExchange` as the mechanism wants it. Throws `UsageError` for options that cannot be announced.
 */
export function newProtocol(
  options: ConnectionOptions,
  spendKeyExchange: () => void,
  context: TransportContext,
): Protocol {
  // libzmq's name for a socket without ZMTP: no peer is ever told it.
  if (options.socketType === 'STREAM') return new RawEngine()
  return new Engine(options, options.mechanism(spendKeyExchange), context.now())
}
