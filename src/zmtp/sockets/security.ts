// From a socket's security options to the mechanism of its connections and to whoever judges their peers: the socket's own
// `authenticator`, or the ZAP handler of its context.
import { EMPTY } from '../../base/bytes.ts'
import type { TransportContext } from '../transport/context.ts'
import { curveClient, curveServer, nullMechanism, plainClient, plainServer } from '../transport/mechanisms.ts'
import type { Authenticate, ConnectionOptions, MakeMechanism } from '../transport/transport.ts'
import { askZapHandler, hasZapHandler } from '../transport/zap.ts'
import {
  CURVE_PUBLIC_KEY,
  CURVE_SECRET_KEY,
  CURVE_SERVER,
  CURVE_SERVER_KEY,
  MECHANISM,
  PLAIN_PASSWORD,
  PLAIN_SERVER,
  PLAIN_USERNAME,
  ZAP_DOMAIN,
  ZAP_ENFORCE_DOMAIN,
} from './option-table.ts'
import { CURVE, NULL, type OptionValues, PLAIN } from './options.ts'

/** In-process peers are this process: as in libzmq, nobody asks them. */
export const OPEN_TO_ALL: Security = { mechanism: nullMechanism() }

export type Security = Pick<ConnectionOptions, 'mechanism' | 'authenticate'>

/** How connections are to be made secure, as the options stand now; `undefined` when a key is missing. */
export function securityOf(
  options: OptionValues,
  context: TransportContext,
  authenticator: Authenticate | undefined,
): Security | undefined {
  const domain = options.bytes(ZAP_DOMAIN) ?? EMPTY
  // Who names a domain wants its rules applied; if nobody is there to apply them, nobody comes in.
  const mustAsk = authenticator !== undefined || domain.length > 0
  const mayAsk = !options.flag(ZAP_ENFORCE_DOMAIN)
  const asks = (): boolean => mustAsk || (mayAsk && hasZapHandler(context))
  const mechanism = mechanismOf(options, mustAsk, asks)
  const authenticate: Authenticate = authenticator ?? ((request) => askZapHandler(context, domain, request))
  return mechanism && { mechanism, authenticate }
}

/** Whether the options ask that somebody be kept out. */
export function wantsSecurity(options: OptionValues, authenticator: Authenticate | undefined): boolean {
  const domain = options.bytes(ZAP_DOMAIN) ?? EMPTY
  return options.number(MECHANISM) !== NULL || authenticator !== undefined || domain.length > 0
}

function mechanismOf(
  options: OptionValues,
  mustAsk: boolean,
  asks: () => boolean,
): MakeMechanism | undefined {
  switch (options.number(MECHANISM)) {
    case PLAIN:
      return options.flag(PLAIN_SERVER)
        ? plainServer()
        : plainClient(options.bytes(PLAIN_USERNAME) ?? EMPTY, options.bytes(PLAIN_PASSWORD) ?? EMPTY)
    case CURVE: {
      const secretKey = options.bytes(CURVE_SECRET_KEY)
      if (secretKey === null) return undefined
      if (options.flag(CURVE_SERVER)) return curveServer(secretKey, asks)
      const publicKey = options.bytes(CURVE_PUBLIC_KEY)
      const serverKey = options.bytes(CURVE_SERVER_KEY)
      if (publicKey === null || serverKey === null) return undefined
      return curveClient({ publicKey, secretKey }, serverKey)
    }
    default:
      return nullMechanism(mustAsk)
  }
}
