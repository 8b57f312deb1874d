// IP addresses as octets, read from their text. Pure; node:net says what is an address at all.
import { isIPv4, isIPv6 } from 'node:net'

/** The octets of an address in its usual form: 4, or 16. A zone (`%eth0`) is left out. `undefined` for anything else. */
export function parseIp(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number))
  return isIPv6(text) ? parseIpv6(text.split('%', 1)[0]!) : undefined
}

function parseIpv6(text: string): Buffer {
  const [head = '', tail = ''] = text.split('::')
  const last = octetsOf(tail)
  const octets = Buffer.alloc(16)
  octets.set(octetsOf(head))
  octets.set(last, 16 - last.length)
  return octets
}

/** The octets of some groups of an IPv6 address, the last of which may be written as IPv4. */
function octetsOf(groups: string): number[] {
  if (groups === '') return []
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}
