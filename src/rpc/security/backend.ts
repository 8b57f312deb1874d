// What a way to prove who one is consists of: the interface that the shipped backends implement, and that applications may. Data and
// functions only; which octets go over the wire is the mechanism's (zmtp), what becomes of the answer is the session's.

/** A value, or a promise of it: who is asked by a function may answer later. */
export type Awaitable<T> = T | Promise<T>

/** A key: 32 octets, or the 40 characters of Z85 that stand for them. */
export type Key = string | Uint8Array

/** How the ends of a connection speak until they are agreed: the security mechanism of ZMTP and this side's part in it. */
export type SecurityMechanism =
  | { readonly name: 'NULL' }
  | { readonly name: 'PLAIN'; readonly server: true }
  | { readonly name: 'PLAIN'; readonly server?: false; readonly user: string; readonly password: string }
  | { readonly name: 'CURVE'; readonly server: true; readonly secretKey: Key }
  | {
      readonly name: 'CURVE'
      readonly server?: false
      readonly serverKey: Key
      readonly publicKey: Key
      readonly secretKey: Key
    }

/** What a peer shows during the handshake, and where it is. */
export type ShownCredentials = (
  | { readonly mechanism: 'NULL' }
  | { readonly mechanism: 'PLAIN'; readonly user: string; readonly password: string }
  /** Z85. It is proved already that the peer has the secret key. */
  | { readonly mechanism: 'CURVE'; readonly publicKey: string }
) & {
  /** `127.0.0.1`. */
  readonly address: string
}

/** A user name and a password that travel inside an encrypted channel, in HELLO. */
export interface Login {
  /** The name. */
  readonly user: string
  /** The password, in clear. */
  readonly password: string
}

/**
 * Who a peer is: a user id, or `true` for the one it says it is (its user name, its key); either with the time when that has to be proved
 * anew. `undefined`, `false`: it is not let in.
 */
export type Identified = string | boolean | undefined | ExpiringIdentity

/** Who a peer is, and until when. */
export interface ExpiringIdentity {
  /** As in `Identified`. Default `true`. */
  readonly user?: string | true
  /**
   * From then on the client is asked to come again with new credentials, which a Client does without its callers noticing. After
   * `reauthGraceMs` the connection ends.
   */
  readonly expiresAt: Date
}

/**
 * One way to prove who one is. A Server and a Client each have one, and both must speak the same mechanism. Functions that throw or
 * reject keep the peer out for now; it may try again.
 */
export interface AuthenticationBackend {
  /** For messages. */
  readonly name: string
  /** Whoever comes in has proved who it is: only then may a server listen beyond this machine without further ado. */
  readonly authenticates: boolean
  /** The mechanism of connections: asked for at each `bind`, and before each attempt to connect. */
  mechanism(): Awaitable<SecurityMechanism>
  /** Judges what a peer shows during the handshake. Absent: whoever gets through the handshake is let in. */
  authenticate?(credentials: ShownCredentials): Awaitable<Identified>
  /** What this side says in HELLO; asked for after each handshake. */
  login?(): Awaitable<Login>
  /** Judges what a peer says in HELLO. Where this is present, nobody is heard before. */
  authenticateLogin?(
    login: Login,
    peer: { readonly address: string; readonly user: string | undefined },
  ): Awaitable<Identified>
  /**
   * What this side shows may be another next time: a client that is refused asks for it and tries once more, before it gives the server up.
   * Its calls then wait until the login in HELLO is judged. Default false.
   */
  readonly renews?: boolean
  /** Secrets travel unencrypted: a warning says so where others may read them. Default false. */
  readonly inClear?: boolean
  /** The name that a peer claims is taken for who it is. Default false. */
  readonly trustsNames?: boolean
}

/** Nobody is asked: for loopback, ipc and inproc. What a Server and a Client have unless they are told otherwise. */
export const none: AuthenticationBackend = {
  name: 'none',
  authenticates: false,
  mechanism: () => ({ name: 'NULL' }),
}
