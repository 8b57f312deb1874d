// Endpoint strings, read and written: `tcp://host:port`, `ipc://path`, `inproc://name`. Pure text, but for the question whether
// this runtime can say abstract names; nothing is resolved here. The forms are libzmq's (host `*`, port `*` or 0, IPv6 in brackets, `source;destination`), but what libzmq lets pass
// by accident (port 99999, trailing letters) is refused. Says nothing of sockets.
import { UsageError } from '../../base/errors.ts'
import { abstractNamesAreExact } from './abstract-names.ts'
import type { PortLine } from './port-line.ts'

export interface TcpEndpoint {
  readonly transport: 'tcp'
  /** A name, an IPv4 or (without brackets) IPv6 address, an interface name, or `*` for all interfaces. */
  readonly host: string
  /** 0 when binding means any free port. */
  readonly port: number
  /** Local address to dial from. */
  readonly source?: { readonly host: string; readonly port: number }
}

export interface IpcEndpoint {
  readonly transport: 'ipc'
  /** A path, `@` and an abstract name, or `*` for a fresh temporary path. */
  readonly path: string
}

export interface InprocEndpoint {
  readonly transport: 'inproc'
  readonly name: string
}

/** One end of a MessagePort: no text leads to it. */
export interface PortEndpoint {
  readonly transport: 'port'
  readonly line: PortLine
}

/** What a text can name. */
export type NamedEndpoint = TcpEndpoint | IpcEndpoint | InprocEndpoint

export type Endpoint = NamedEndpoint | PortEndpoint

/** Longest path of a Unix domain socket on Linux, in octets; the field has 108, one of them for the terminator. */
const IPC_PATH_MAX = 107

/**
 * Reads `text` as an endpoint to bind or to connect to.
 * Throws `UsageError`: BAD_ENDPOINT, UNSUPPORTED_TRANSPORT, PATH_TOO_LONG.
 */
export function parseEndpoint(text: string, purpose: 'bind' | 'connect'): NamedEndpoint {
  const colon = text.indexOf('://')
  if (colon < 1) failEndpoint(text, 'it has no transport, as in tcp://host:port')
  const rest = text.slice(colon + 3)
  if (rest === '') failEndpoint(text, 'nothing follows the transport')
  switch (text.slice(0, colon)) {
    case 'tcp':
      return parseTcp(text, rest, purpose)
    case 'ipc':
      return parseIpc(text, rest, purpose)
    case 'inproc':
      return { transport: 'inproc', name: rest }
    default:
      throw new UsageError('UNSUPPORTED_TRANSPORT', `${quote(text)}: the transports are tcp, ipc and inproc`)
  }
}

/** Whether a bind to `endpoint` is left to choose the port or the path. */
export function isWildcard(endpoint: Endpoint): boolean {
  return endpoint.transport === 'tcp'
    ? endpoint.port === 0
    : endpoint.transport === 'ipc' && endpoint.path === '*'
}

/** Reads the address of a proxy, `host:port`. Throws `UsageError` BAD_ENDPOINT. */
export function parseProxy(text: string): { host: string; port: number } {
  const proxy = parseHostPort(text, text, 'connect')
  if (proxy.port === 0) failEndpoint(text, 'a proxy has a port')
  return proxy
}

/** The text of `endpoint`, as `parseEndpoint` reads it. */
export function formatEndpoint(endpoint: Endpoint): string {
  switch (endpoint.transport) {
    case 'tcp': {
      const source = endpoint.source
      const from = source === undefined ? '' : `${formatHost(source.host)}:${source.port};`
      return `tcp://${from}${formatHost(endpoint.host)}:${endpoint.port}`
    }
    case 'ipc':
      return `ipc://${endpoint.path}`
    case 'inproc':
      return `inproc://${endpoint.name}`
    case 'port':
      return endpoint.line.address
  }
}

/** The text of a TCP address as Node reports it. */
export function formatTcp(host: string, port: number): string {
  return `tcp://${formatHost(host)}:${port}`
}

function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

function parseTcp(text: string, rest: string, purpose: 'bind' | 'connect'): TcpEndpoint {
  const semicolon = rest.indexOf(';')
  if (semicolon < 0) return { transport: 'tcp', ...parseHostPort(text, rest, purpose) }
  if (purpose === 'bind') failEndpoint(text, 'a source address is for connect only')
  const source = parseHostPort(text, rest.slice(0, semicolon), 'bind')
  if (source.host === '*') failEndpoint(text, 'a source address is one address; leave it out for any')
  return { transport: 'tcp', ...parseHostPort(text, rest.slice(semicolon + 1), 'connect'), source }
}

function parseHostPort(
  text: string,
  part: string,
  purpose: 'bind' | 'connect',
): { host: string; port: number } {
  const colon = part.lastIndexOf(':')
  if (colon < 1) failEndpoint(text, 'host and port are both needed, as in tcp://127.0.0.1:5555')
  const host = parseHost(text, part.slice(0, colon))
  const digits = part.slice(colon + 1)
  if (digits === '*') {
    if (purpose === 'connect') failEndpoint(text, 'a port of * is for bind only')
    return { host, port: 0 }
  }
  if (!/^\d{1,5}$/.test(digits) || Number(digits) > 65535)
    failEndpoint(text, 'the port is a number from 0 to 65535')
  if (purpose === 'connect' && host === '*') failEndpoint(text, 'a host of * is for bind only')
  return { host, port: Number(digits) }
}

function parseHost(text: string, host: string): string {
  if (host.startsWith('[') && host.endsWith(']')) {
    const inner = host.slice(1, -1)
    if (!/^[0-9A-Fa-f:.]+(%[\w.-]+)?$/.test(inner) || !inner.includes(':'))
      failEndpoint(text, 'brackets hold an IPv6 address')
    return inner
  }
  if (host !== '*' && !/^[A-Za-z0-9][\w.-]*$/.test(host))
    failEndpoint(text, 'the host is a name, an IPv4 address or [an IPv6 address]')
  return host
}

function parseIpc(text: string, path: string, purpose: 'bind' | 'connect'): IpcEndpoint {
  if (path === '*' && purpose === 'connect') failEndpoint(text, 'a path of * is for bind only')
  if (path === '@') failEndpoint(text, 'there is no name behind the @')
  if (path.startsWith('@') && !abstractNamesAreExact()) {
    failEndpoint(
      text,
      'abstract names of this runtime are not those of other programs; use a path, or Node 22 on Linux',
    )
  }
  if (path.includes('\0')) failEndpoint(text, 'the path holds a NUL')
  const size = Buffer.byteLength(path)
  if (size > IPC_PATH_MAX) {
    throw new UsageError(
      'PATH_TOO_LONG',
      `${quote(text)}: the path takes ${size} octets, the system allows ${IPC_PATH_MAX}`,
    )
  }
  return { transport: 'ipc', path }
}

function failEndpoint(text: string, why: string): never {
  throw new UsageError('BAD_ENDPOINT', `${quote(text)} is no endpoint: ${why}`)
}

function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
}
