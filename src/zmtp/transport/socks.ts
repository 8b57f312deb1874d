/**
 * The client's side of SOCKS 5 (RFC 1928), up to a connection through the proxy, with user name and password (RFC 1929) where they are
 * given. Takes octets, gives octets; reads no socket and no clock. A proxy is not trusted: what it says is bounded by the format, and anything but
 * the expected ends the handshake.
 *
 *   we: 05 methods...            proxy: 05 method
 *   we: 01 name password         proxy: 01 status                      (method 02 only)
 *   we: 05 01 00 address port    proxy: 05 reply 00 address port       and then the peer's octets
 */
import { EMPTY } from '../../base/bytes.ts'
import { LinkError } from '../../base/errors.ts'
import { parseIp } from './ip-address.ts'

export interface SocksProxy {
  readonly host: string
  readonly port: number
  /** Offered to the proxy beside having none. */
  readonly credentials?: Credentials | undefined
}

interface Credentials {
  /** 255 octets at most, both. */
  readonly username: Buffer
  readonly password: Buffer
}

const VERSION = 0x05
const METHOD_NONE = 0x00
const METHOD_PASSWORD = 0x02
const METHOD_REFUSED = 0xff
const PASSWORD_VERSION = 0x01
const COMMAND_CONNECT = 0x01
const ADDRESS_IPV4 = 0x01
const ADDRESS_NAME = 0x03
const ADDRESS_IPV6 = 0x04
const SUCCEEDED = 0x00
// What RFC 1928 section 6 calls the other replies, from 01 on.
const REPLIES = [
  'general failure',
  'connection not allowed by its rules',
  'network unreachable',
  'host unreachable',
  'connection refused',
  'TTL expired',
  'command not supported',
  'address type not supported',
]

type State = 'method' | 'password' | 'reply' | 'connected' | 'failed'

export class SocksHandshake {
  readonly #host: string
  readonly #port: number
  readonly #proxy: SocksProxy
  #state: State = 'method'
  #output: Buffer
  #input: Buffer = EMPTY

  /** Asks `proxy` for a connection to `host` (a name is sent as such, and looked up there) and `port`. */
  constructor(host: string, port: number, proxy: SocksProxy) {
    this.#host = host
    this.#port = port
    this.#proxy = proxy
    const methods = proxy.credentials === undefined ? [METHOD_NONE] : [METHOD_NONE, METHOD_PASSWORD]
    this.#output = Buffer.from([VERSION, methods.length, ...methods])
  }

  /** What is to be sent now; empty when there is nothing. */
  takeOutput(): Buffer {
    const output = this.#output
    this.#output = EMPTY
    return output
  }

  /** The proxy has connected us: from now on the peer is at the other end. */
  get connected(): boolean {
    return this.#state === 'connected'
  }

  /** Octets of the peer that came behind the last reply. */
  get rest(): Buffer {
    return this.connected ? this.#input : EMPTY
  }

  /** Goes on with `chunk`. Throws `LinkError` PROXY_FAILED, and again whenever it is called afterwards. */
  handleBytes(chunk: Buffer): void {
    if (this.#state === 'failed') this.#fail('it has failed before')
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk])
    // A proxy that answers before it was asked is let go on: in segments of its own its answer would look like any other.
    if (this.#state === 'method') this.#readMethod()
    if (this.#state === 'password') this.#readStatus()
    if (this.#state === 'reply') this.#readReply()
  }

  #readMethod(): void {
    const method = this.#takeAnswer(VERSION)
    if (method === undefined) return
    const { credentials } = this.#proxy
    if (method === METHOD_NONE) this.#request()
    else if (method === METHOD_PASSWORD && credentials !== undefined) this.#sayPassword(credentials)
    else if (method !== METHOD_REFUSED) this.#fail(`it chose method ${method}, which was not offered`)
    else this.#fail(credentials === undefined ? 'it asks for credentials' : 'it wants none of our methods')
  }

  #sayPassword({ username, password }: Credentials): void {
    const sizes = [Buffer.from([PASSWORD_VERSION, username.length]), Buffer.from([password.length])] as const
    this.#send([sizes[0], username, sizes[1], password])
    this.#state = 'password'
  }

  #readStatus(): void {
    const status = this.#takeAnswer(PASSWORD_VERSION)
    if (status === undefined) return
    if (status !== 0) this.#fail('it refused user name and password')
    this.#request()
  }

  #request(): void {
    const address = parseIp(this.#host)
    const name = Buffer.from(this.#host)
    if (address === undefined && name.length > 255) this.#fail('the host name is longer than SOCKS can say')
    const type = address === undefined ? ADDRESS_NAME : address.length === 4 ? ADDRESS_IPV4 : ADDRESS_IPV6
    this.#send([
      Buffer.from([VERSION, COMMAND_CONNECT, 0, type]),
      address ?? Buffer.concat([Buffer.from([name.length]), name]),
      Buffer.from([this.#port >> 8, this.#port & 0xff]),
    ])
    this.#state = 'reply'
  }

  #readReply(): void {
    const input = this.#input
    if (input.length > 0 && input[0] !== VERSION) this.#fail('it is no SOCKS 5 proxy')
    if (input.length < 2) return
    const reply = input[1]!
    // A refusal may be cut short: that it is one is all there is to know.
    if (reply !== SUCCEEDED) this.#fail(`${REPLIES[reply - 1] ?? 'unknown reply'} (SOCKS reply ${reply})`)
    if (input.length < 5) return
    const size = sizeOfAddress(input)
    if (size === undefined) this.#fail('its reply cannot be read')
    else if (input.length >= 4 + size + 2) {
      this.#input = input.subarray(4 + size + 2)
      this.#state = 'connected'
    }
  }

  /** The second octet of an answer that has two; `undefined` until both are there. */
  #takeAnswer(version: number): number | undefined {
    const input = this.#input
    if (input.length > 0 && input[0] !== version) this.#fail('it is no SOCKS 5 proxy')
    if (input.length < 2) return undefined
    this.#input = input.subarray(2)
    return input[1]!
  }

  #send(pieces: Buffer[]): void {
    this.#output = Buffer.concat([this.#output, ...pieces])
  }

  #fail(why: string): never {
    this.#state = 'failed'
    this.#input = EMPTY
    this.#output = EMPTY
    const { host, port } = this.#proxy
    throw new LinkError(
      'PROXY_FAILED',
      `the SOCKS proxy ${host}:${port} did not connect to ${this.#host}:${this.#port}: ${why}`,
    )
  }
}

/** How many octets the address of a reply takes, length octet of a name included; `undefined` for an unknown kind. */
function sizeOfAddress(reply: Buffer): number | undefined {
  switch (reply[3]) {
    case ADDRESS_IPV4:
      return 4
    case ADDRESS_NAME:
      return 1 + reply[4]!
    case ADDRESS_IPV6:
      return 16
    default:
      return undefined
  }
}
