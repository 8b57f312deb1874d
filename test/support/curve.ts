// CURVE for tests: the keys and the chance of the deterministic session (zmtp-facts 4.4.9), and engines that use them.
import type { Engine } from '../../src/zmtp/engine/engine.ts'
import { publicKeyOf } from '../../src/zmtp/engine/security/curve-box.ts'
import { CurveClient } from '../../src/zmtp/engine/security/curve-client.ts'
import { CurveServer } from '../../src/zmtp/engine/security/curve-server.ts'
import { makeEngine } from './engine.ts'

/** Octets with consecutive values. */
export function run(first: number, last: number): Buffer {
  return Buffer.from(Array.from({ length: last - first + 1 }, (_, i) => first + i))
}

export const CLIENT_SECRET: Buffer = run(0x01, 0x20)
export const SERVER_SECRET: Buffer = run(0x41, 0x60)
export const CLIENT_TRANSIENT: Buffer = run(0x81, 0xa0)
export const SERVER_TRANSIENT: Buffer = run(0xc1, 0xe0)
export const COOKIE_KEY: Buffer = run(0x11, 0x30)
export const COOKIE_NONCE: Buffer = run(0x20, 0x2f)
export const WELCOME_NONCE: Buffer = run(0x30, 0x3f)
export const VOUCH_NONCE: Buffer = run(0x50, 0x5f)

/** Chance that gives these, in order, as copies. */
export function scripted(...values: Buffer[]): (size: number) => Buffer {
  return (size) => {
    const next = values.shift()
    if (next?.length !== size) throw new Error(`${size} random octets were not foreseen`)
    return Buffer.from(next)
  }
}

export function curveClient(
  options: Partial<ConstructorParameters<typeof CurveClient>[0]> = {},
): CurveClient {
  return new CurveClient({
    publicKey: publicKeyOf(CLIENT_SECRET),
    secretKey: CLIENT_SECRET,
    serverKey: publicKeyOf(SERVER_SECRET),
    draw: scripted(CLIENT_TRANSIENT, VOUCH_NONCE),
    ...options,
  })
}

export function curveServer(
  options: Partial<ConstructorParameters<typeof CurveServer>[0]> = {},
): CurveServer {
  return new CurveServer({
    publicKey: publicKeyOf(SERVER_SECRET),
    secretKey: SERVER_SECRET,
    asks: false,
    spend: () => {},
    draw: scripted(SERVER_TRANSIENT, COOKIE_KEY, COOKIE_NONCE, WELCOME_NONCE),
    ...options,
  })
}

/** The two ends of the deterministic session. */
export function curveEngines(): { client: Engine; server: Engine } {
  return {
    client: makeEngine('DEALER', { mechanism: curveClient() }),
    server: makeEngine('ROUTER', { mechanism: curveServer() }),
  }
}
