// PLAIN (RFC 24): a user name and a password, in clear. For networks that are private already, and for what speaks nothing else.
import { UsageError } from '../../base/errors.ts'
import type { AuthenticationBackend, Awaitable, Identified, Login } from './backend.ts'
import { Passwords } from './passwords.ts'

/** What `plain` takes for a client: what it shows. */
export interface PlainLogin {
  /** At most 255 octets. */
  readonly user: string
  /** At most 255 octets. A function is asked again before each attempt to connect, and once more when the server refuses what it gave. */
  readonly password: string | (() => Awaitable<string>)
  /** As the server has it. Default false. */
  readonly inHello?: boolean
}

/** What `plain` takes for a server: how it judges. */
export type PlainCheck = {
  /**
   * The login is not part of ZMTP's handshake (PLAIN), but the first message (HELLO) of a connection without mechanism, as backends of Python's
   * `pseud` may have it. Default false.
   */
  readonly inHello?: boolean
} & (
  | {
      /**
       * Judges a user name and a password: `true` for that user, a string for another user id, `false` or `undefined` to refuse. Compare
       * with `sameSecret`.
       */
      readonly authenticate: (user: string, password: string, address: string) => Awaitable<Identified>
    }
  | {
      /** Passwords by user name. Compared in constant time. */
      readonly users: Readonly<Record<string, string>> | ReadonlyMap<string, string>
    }
)

/**
 * PLAIN (RFC 24): `plain({ user, password })` for a client, `plain({ users })` or `plain({ authenticate })` for a server. Nothing is
 * encrypted: whoever is on the way reads the password. Throws `UsageError` BAD_OPTION.
 */
export function plain(options: PlainLogin | PlainCheck): AuthenticationBackend {
  const make = options.inHello === true ? serverOfHello : server
  if ('authenticate' in options)
    return make((user, password, address) => options.authenticate(user, password, address))
  if ('users' in options) {
    const passwords = new Passwords(options.users)
    return make((user, password) => passwords.check(user, password))
  }
  return client(options)
}

type Judge = (user: string, password: string, address: string) => Awaitable<Identified>

function client({ user, password, inHello }: PlainLogin): AuthenticationBackend {
  checkCredential('user', user)
  if (typeof password !== 'function') checkCredential('password', password)
  const login = async (): Promise<Login> => {
    const shown = { user, password: typeof password === 'function' ? await password() : password }
    checkCredential('password', shown.password)
    return shown
  }
  return {
    name: 'plain',
    inClear: true,
    authenticates: false,
    renews: typeof password === 'function',
    ...(inHello === true
      ? { mechanism: () => ({ name: 'NULL' }), login }
      : { mechanism: async () => ({ name: 'PLAIN', ...(await login()) }) }),
  }
}

function serverOfHello(authenticate: Judge): AuthenticationBackend {
  return {
    name: 'plain',
    inClear: true,
    authenticates: true,
    mechanism: () => ({ name: 'NULL' }),
    authenticateLogin: ({ user, password }, { address }) => authenticate(user, password, address),
  }
}

function server(authenticate: Judge): AuthenticationBackend {
  return {
    name: 'plain',
    inClear: true,
    authenticates: true,
    mechanism: () => ({ name: 'PLAIN', server: true }),
    authenticate: (shown) =>
      shown.mechanism === 'PLAIN' ? authenticate(shown.user, shown.password, shown.address) : undefined,
  }
}

const CREDENTIAL_MAX = 255

function checkCredential(name: string, value: unknown): void {
  if (typeof value !== 'string' || Buffer.byteLength(value) > CREDENTIAL_MAX) {
    throw new UsageError('BAD_OPTION', `${name} is a string of at most ${CREDENTIAL_MAX} octets`)
  }
}
