// From a backend to what a connection is made with, and from what a peer shows to what a backend judges.
import {
  type AuthenticationRequest,
  type ConnectionOptions,
  curveClient,
  curveServer,
  type MakeMechanism,
  nullMechanism,
  plainClient,
  plainServer,
  type Verdict,
} from '../../zmtp/connections.ts'
import type { AuthenticationBackend, Identified, SecurityMechanism, ShownCredentials } from './backend.ts'
import { keyBytes, keyText } from './keys.ts'

/** The maker of mechanisms as the backend wants them now. Rejects with what the backend throws. */
export async function mechanismOf(backend: AuthenticationBackend): Promise<MakeMechanism> {
  return toMaker(await backend.mechanism(), backend.authenticate !== undefined)
}

/** How peers are judged during the handshake; `undefined`: they are not. */
export function judgeOf(backend: AuthenticationBackend): ConnectionOptions['authenticate'] {
  if (backend.authenticate === undefined) return undefined
  return async (request) => {
    const shown = shownBy(request)
    // A user name that is no text is nobody's.
    return shown === undefined ? REFUSED : verdictOn(shown, await backend.authenticate!(shown))
  }
}

/** The user id in an answer, where `claimed` is whom the peer says it is. */
export function userIn(identified: Identified, claimed: string | undefined): string | undefined {
  if (typeof identified === 'object' && identified !== null) {
    // Without a time that is one, it was meant to expire and never would.
    return expiryIn(identified) === undefined ? undefined : userIn(identified.user ?? true, claimed)
  }
  if (typeof identified === 'string') return identified
  return identified === true ? claimed : undefined
}

/** When an answer expires; `undefined`: never. */
export function expiryIn(identified: Identified): Date | undefined {
  if (typeof identified !== 'object' || identified === null) return undefined
  const { expiresAt } = identified
  return expiresAt instanceof Date && !Number.isNaN(expiresAt.getTime()) ? expiresAt : undefined
}

/** The same, of a peer that was judged in the handshake. */
export function expiryOf(metadata: ReadonlyMap<string, Buffer> | undefined): Date | undefined {
  const text = metadata?.get(EXPIRY_PROPERTY)?.toString()
  return text === undefined ? undefined : new Date(Number(text))
}

// Beside the user id in the verdict of our own judge, in ms since 1970. It goes nowhere but from there to the session.
const EXPIRY_PROPERTY = 'Expires-At'

const REFUSED: Verdict = { status: '400' }

function toMaker(mechanism: SecurityMechanism, asks: boolean): MakeMechanism {
  switch (mechanism.name) {
    case 'NULL':
      return nullMechanism(asks)
    case 'PLAIN':
      return mechanism.server === true
        ? plainServer()
        : plainClient(Buffer.from(mechanism.user), Buffer.from(mechanism.password))
    case 'CURVE': {
      const secretKey = keyBytes(mechanism.secretKey, 'secretKey')
      if (mechanism.server === true) return curveServer(secretKey, () => asks)
      const publicKey = keyBytes(mechanism.publicKey, 'publicKey')
      return curveClient({ publicKey, secretKey }, keyBytes(mechanism.serverKey, 'serverKey'))
    }
  }
}

function shownBy({ credentials, address }: AuthenticationRequest): ShownCredentials | undefined {
  switch (credentials.mechanism) {
    case 'NULL':
      return { mechanism: 'NULL', address }
    case 'PLAIN': {
      const user = textOf(credentials.username)
      const password = textOf(credentials.password)
      if (user === undefined || password === undefined) return undefined
      return { mechanism: 'PLAIN', user, password, address }
    }
    case 'CURVE':
      return { mechanism: 'CURVE', publicKey: keyText(credentials.publicKey), address }
  }
}

function verdictOn(shown: ShownCredentials, identified: Identified): Verdict {
  const userId = userIn(identified, claimedBy(shown))
  if (userId === undefined) return REFUSED
  const expiresAt = expiryIn(identified)
  return {
    status: '200',
    userId,
    ...(expiresAt && { metadata: new Map([[EXPIRY_PROPERTY, Buffer.from(String(expiresAt.getTime()))]]) }),
  }
}

function claimedBy(shown: ShownCredentials): string {
  switch (shown.mechanism) {
    case 'NULL':
      return shown.address
    case 'PLAIN':
      return shown.user
    case 'CURVE':
      return shown.publicKey
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
