// Both ends of a connection for each mechanism, ours or libzmq's in this process, with a proxy between them.
import * as native from 'zeromq'
import * as ours from '../../src/zmtp/index.ts'
import type { ChaosProxy } from './proxy.ts'
import type { World } from './world.ts'

export type Mechanism = 'NULL' | 'PLAIN' | 'CURVE'
export const MECHANISMS: readonly Mechanism[] = ['NULL', 'PLAIN', 'CURVE']

const SERVER = ours.curveKeyPair()
const CLIENT = ours.curveKeyPair()

export const SERVES: Readonly<Record<Mechanism, object>> = {
  NULL: {},
  PLAIN: { plainServer: true },
  CURVE: { curveServer: true, curveSecretKey: SERVER.secretKey },
}

export const CONNECTS: Readonly<Record<Mechanism, object>> = {
  NULL: {},
  PLAIN: { plainUsername: 'alice', plainPassword: 'secret' },
  CURVE: {
    curveServerKey: SERVER.publicKey,
    curvePublicKey: CLIENT.publicKey,
    curveSecretKey: CLIENT.secretKey,
  },
}

/** Who plays which end: libzmq's PLAIN server would want a ZAP handler of its own, so it is always ours. */
export type Cast = 'ours' | 'their server' | 'their client'

export const CASTS: readonly Cast[] = ['ours', 'their server', 'their client']

export function castOf(world: World, mechanism: Mechanism): Cast {
  const cast = CASTS[(world.turn + world.dice.random(3)) % 3]!
  return cast === 'their server' && mechanism === 'PLAIN' ? 'ours' : cast
}

export interface Ends {
  readonly pull: ours.Pull
  readonly proxy: ChaosProxy
  /** Sockets for one attempt each. */
  push(): ours.Push
}

/** A bound PULL behind a proxy, and PUSH sockets that connect through it. */
export async function ends(world: World, mechanism: Mechanism, cast: Cast): Promise<Ends> {
  const Pull = (cast === 'their server' ? native.Pull : ours.Pull) as typeof ours.Pull
  const Push = (cast === 'their client' ? native.Push : ours.Push) as typeof ours.Push
  const pull = world.socket(new Pull({ ...SERVES[mechanism], receiveTimeout: 10_000 }))
  if (cast !== 'their server') pull.authenticator = () => ({ status: '200', userId: 'alice' })
  await pull.bind('tcp://127.0.0.1:0')
  const proxy = await world.proxy(pull.lastEndpoint!)
  const push = (): ours.Push => {
    const socket = world.socket(
      new Push({ ...CONNECTS[mechanism], reconnectInterval: 5, linger: 0, sendTimeout: 10_000 }),
    )
    socket.connect(proxy.endpoint)
    return socket
  }
  return { pull, proxy, push }
}
