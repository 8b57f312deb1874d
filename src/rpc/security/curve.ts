/**
 * CURVE (RFC 26): everything is encrypted, the client knows the server by its public key, and the server knows the client by its own
 * ("trusted curve"), or lets any key connect and asks for a user name and a password inside the encrypted channel ("untrusted curve").
 */
import { UsageError } from '../../base/errors.ts'
import { newKeyPair } from '../../zmtp/connections.ts'
import type { AuthenticationBackend, Awaitable, Identified, Key, Login } from './backend.ts'
import { keyBytes, keyText } from './keys.ts'
import { Passwords } from './passwords.ts'

/** What `curve.client` takes. */
export interface CurveClientOptions {
  /** The public key of the server. Whoever does not have its secret key cannot pass for it. */
  readonly serverKey: Key
  /** Ours, together with `secretKey`. Default: a new pair, for servers that ask for a login, or for nothing. */
  readonly publicKey?: Key
  /** Ours. Default: that of the new pair. */
  readonly secretKey?: Key
  /**
   * For servers that ask for one. A function is asked again after each connecting, and once more when the server refuses what it gave.
   * Default: none.
   */
  readonly login?: Login | (() => Awaitable<Login>)
}

/** What `curve.server` takes. */
export interface CurveServerOptions {
  /** That of the public key which clients have as `serverKey`. */
  readonly secretKey: Key
  /**
   * Whose keys are welcome: a list of public keys, user ids by public key, or a function that judges one (Z85): `true` for a user id that
   * is the key itself, a string for another, `false` or `undefined` to refuse. Default: any key may try, and has to log in.
   */
  readonly authorize?:
    | readonly Key[]
    | ReadonlyMap<string, string>
    | ((publicKey: string, address: string) => Awaitable<Identified>)
  /** Whose logins are welcome: passwords by user name, or a function that judges one. Default: nobody is asked to log in. */
  readonly login?:
    | Readonly<Record<string, string>>
    | ReadonlyMap<string, string>
    | ((user: string, password: string, address: string) => Awaitable<Identified>)
}

/** A key pair as text. */
export interface CurveKeyPair {
  /** 40 characters of Z85. May go anywhere. */
  readonly publicKey: string
  /** 40 characters of Z85. Goes nowhere. */
  readonly secretKey: string
}

/** CURVE (RFC 26): everything is encrypted, and the client knows the server by its public key. */
export const curve: {
  /** For a client: it has to know the public key of its server. Throws `UsageError` BAD_OPTION, BAD_CURVE_KEY. */
  client(options: CurveClientOptions): AuthenticationBackend
  /** For a server: it says by `authorize`, by `login`, or by both, who may come in. Throws `UsageError` BAD_OPTION, BAD_CURVE_KEY. */
  server(options: CurveServerOptions): AuthenticationBackend
  /** A new key pair. The secret key goes nowhere; the public one may go anywhere. */
  keyPair(): CurveKeyPair
} = { client, server, keyPair }

function client(options: CurveClientOptions): AuthenticationBackend {
  const { publicKey, secretKey, login } = options
  const serverKey = keyBytes(options.serverKey, 'serverKey')
  if ((publicKey === undefined) !== (secretKey === undefined)) {
    throw new UsageError('BAD_OPTION', 'publicKey and secretKey come together, or not at all')
  }
  const keys =
    publicKey === undefined || secretKey === undefined
      ? newKeyPair()
      : { publicKey: keyBytes(publicKey, 'publicKey'), secretKey: keyBytes(secretKey, 'secretKey') }
  return {
    name: 'curve',
    authenticates: false,
    renews: typeof login === 'function',
    mechanism: () => ({ name: 'CURVE', serverKey, ...keys }),
    ...(login !== undefined && { login: async () => (typeof login === 'function' ? login() : login) }),
  }
}

function server(options: CurveServerOptions): AuthenticationBackend {
  const secretKey = keyBytes(options.secretKey, 'secretKey')
  const { authorize, login } = options
  if (authorize === undefined && login === undefined) {
    throw new UsageError(
      'BAD_OPTION',
      'a curve.server says who may come in: by authorize, by login, or by both',
    )
  }
  const judgeKey = authorize === undefined ? undefined : judgeOfKeys(authorize)
  const judgeLogin = login === undefined ? undefined : judgeOfLogins(login)
  return {
    name: 'curve',
    authenticates: true,
    mechanism: () => ({ name: 'CURVE', server: true, secretKey }),
    ...(judgeKey && {
      authenticate: (shown) =>
        shown.mechanism === 'CURVE' ? judgeKey(shown.publicKey, shown.address) : undefined,
    }),
    ...(judgeLogin && {
      authenticateLogin: ({ user, password }, { address }) => judgeLogin(user, password, address),
    }),
  }
}

function keyPair(): CurveKeyPair {
  const { publicKey, secretKey } = newKeyPair()
  return { publicKey: keyText(publicKey), secretKey: keyText(secretKey) }
}

function judgeOfKeys(
  authorize: NonNullable<CurveServerOptions['authorize']>,
): (publicKey: string, address: string) => Awaitable<Identified> {
  if (typeof authorize === 'function') return authorize
  const entries: (readonly [Key, string | true])[] =
    authorize instanceof Map
      ? [...authorize]
      : [...(authorize as readonly Key[])].map((key) => [key, true] as const)
  const users = new Map(entries.map(([key, user]) => [keyText(keyBytes(key, 'a key of authorize')), user]))
  return (publicKey) => users.get(publicKey)
}

function judgeOfLogins(
  login: NonNullable<CurveServerOptions['login']>,
): (user: string, password: string, address: string) => Awaitable<Identified> {
  if (typeof login === 'function') return login
  const passwords = new Passwords(login)
  return (user, password) => passwords.check(user, password)
}
