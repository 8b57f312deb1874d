// TCP over node:net: how a TcpEndpoint is dialled, and where one is bound. Everything that differs from IPC is here.
// Under another name: a bundle would rename the Socket of our API, whose name stands in error texts that are compared.
import {
  isIP,
  Socket as NetSocket,
  connect as netConnect,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net'
import { networkInterfaces } from 'node:os'
import { builtin } from '../../base/builtin.ts'
import { formatTcp, type TcpEndpoint } from './endpoint.ts'
import type { Intake } from './intake.ts'
import type { ConnectionOptions } from './transport.ts'

const dns = builtin('node:dns/promises')

/** Begins one attempt to connect; the caller listens for 'connect', 'error' and 'close'. Names are resolved anew each time. */
export function dialTcp(
  endpoint: TcpEndpoint,
  options: ConnectionOptions,
  intake: Intake | undefined,
): Socket {
  // Who is dialled: behind a proxy the endpoint's name is the proxy's to look up.
  const { host, port } = options.proxy ?? endpoint
  const connectOptions: TcpNetConnectOpts = { host, port, noDelay: true }
  if (intake !== undefined) connectOptions.onread = intake
  // Unless IPv6 is wanted a name means IPv4, as in libzmq; `localhost` would else be ::1 first on many systems.
  if (!options.ipv6 && isIP(host) === 0) connectOptions.family = 4
  if (endpoint.source !== undefined) {
    const { host, port } = endpoint.source
    const address = ownAddress(host, options.ipv6)
    // Node would throw. An interface may come back, so it is the attempt that fails.
    if (address === undefined) return new NetSocket().destroy(noSuchSource(host))
    connectOptions.localAddress = address
    if (port !== 0) connectOptions.localPort = port
  }
  return netConnect(connectOptions)
}

/** Settings of a connected TCP socket, either side. */
export function configureTcp(socket: Socket, options: ConnectionOptions): void {
  socket.setNoDelay(true)
  if (options.keepAliveMs >= 0) socket.setKeepAlive(options.keepAliveMs > 0, options.keepAliveMs)
}

/** The peer's address as an endpoint. */
export function tcpPeerAddress(socket: Socket): string {
  return formatTcp(socket.remoteAddress ?? '', socket.remotePort ?? 0)
}

/** Our own address on this connection, as an endpoint. */
export function tcpLocalAddress(socket: Socket): string {
  return formatTcp(socket.localAddress ?? '', socket.localPort ?? 0)
}

/**
 * TCP can meet itself: dialling a free local port may pick that very port as the source. libzmq guards against it, and so do we.
 */
export function isSelfConnection(socket: Socket): boolean {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress
}

/** The address that `host` means for a bind, where no name service has to be asked; `undefined` where one has to. */
export function ownAddress(host: string, ipv6: boolean): string | undefined {
  if (host === '*') return ipv6 ? '::' : '0.0.0.0'
  if (isIP(host) !== 0) return host
  // With IPv6 it is the system's hosts file that says what `localhost` is.
  if (host === 'localhost' && !ipv6) return '127.0.0.1'
  return interfaceAddress(host, ipv6)
}

/** The address that `host` means for a bind, as the system's name service has it. Rejects with its error. */
export async function lookUpAddress(host: string, ipv6: boolean): Promise<string> {
  return (await dns().lookup(host, { family: ipv6 ? 0 : 4 })).address
}

/** `endpoint` with its host in numbers, where no name service has to be asked. */
export function maybeNumericEndpoint(endpoint: TcpEndpoint, ipv6: boolean): string | undefined {
  const address = ownAddress(endpoint.host, ipv6)
  return address === undefined ? undefined : formatTcp(address, endpoint.port)
}

/** Whether who is bound to `address` is reached by every address of this machine. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

function noSuchSource(host: string): Error {
  return Object.assign(new Error(`no address of this machine: ${host}`), { code: 'EADDRNOTAVAIL' })
}

/** An address of the network interface `name`. With IPv6 that family comes first, as in libzmq, but not an address of the link only. */
function interfaceAddress(name: string, ipv6: boolean): string | undefined {
  const addresses = networkInterfaces()[name] ?? []
  const wide = addresses.find((address) => address.family === 'IPv6' && address.scopeid === 0)
  return ((ipv6 ? wide : undefined) ?? addresses.find((address) => address.family === 'IPv4'))?.address
}
