/**
 * Which peers may connect over TCP: a list of networks, of which one must hold the peer's address. IPv4 and IPv6 are compared in one space,
 * IPv4 as its mapped form `::ffff:a.b.c.d`, because that is how an IPv4 peer shows itself on a socket that listens on both. Pure.
 */
import { parseIp } from './ip-address.ts'

export interface Network {
  /** 16 octets. */
  readonly address: Buffer
  /** How many bits of it count: 0 to 128. */
  readonly bits: number
}

/**
 * Reads `10.0.0.0/8`, `fd00::/8`, `[::1]`, `192.0.2.1`: an address and how many of its bits count, all of them where that is not said.
 * `undefined` for anything else: names, short forms such as `10/8`, zones. What decides who comes in is not guessed at.
 */
export function parseNetwork(text: string): Network | undefined {
  const [, bracketed, plain, bits] = CIDR.exec(text) ?? []
  const address = parseIp(bracketed ?? plain ?? '')
  if (address === undefined || (bracketed !== undefined && address.length === 4)) return undefined
  const counting = bits === undefined ? address.length * 8 : Number(bits)
  if (counting > address.length * 8) return undefined
  return { address: mapped(address), bits: counting + (16 - address.length) * 8 }
}

export class AcceptFilter {
  readonly #networks: readonly Network[]

  constructor(networks: readonly Network[]) {
    this.#networks = networks
  }

  /** Whether a peer at `address`, as Node writes it, may connect. */
  admits(address: string): boolean {
    const octets = parseIp(address)
    if (octets === undefined) return false
    const peer = mapped(octets)
    return this.#networks.some((network) => holds(network, peer))
  }
}

// An address, in brackets or not, and perhaps a number of bits without leading zeros.
const CIDR = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Fa-f:.]+))(?:\/(0|[1-9]\d{0,2}))?$/

const IPV4_PREFIX = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])

function mapped(address: Buffer): Buffer {
  return address.length === 16 ? address : Buffer.concat([IPV4_PREFIX, address])
}

function holds({ address, bits }: Network, peer: Buffer): boolean {
  const whole = bits >> 3
  if (address.compare(peer, 0, whole, 0, whole) !== 0) return false
  const rest = bits & 7
  return rest === 0 || (address[whole]! ^ peer[whole]!) >> (8 - rest) === 0
}
