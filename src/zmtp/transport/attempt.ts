/**
 * One attempt to connect over TCP or IPC, through a SOCKS proxy if there is one: it ends with a link, or with the error that says why
 * there is none; with neither after `cancel`. Knows nothing of the attempts before and after it.
 */
import { isIP, type Socket } from 'node:net'
import type { Clock, Timer } from '../../base/clock.ts'
import { LinkError, type PseudError } from '../../base/errors.ts'
import { formatEndpoint, formatTcp, type IpcEndpoint, type TcpEndpoint } from './endpoint.ts'
import { Intake } from './intake.ts'
import { dialIpc } from './ipc.ts'
import { SocketLink } from './socket-link.ts'
import { SocksHandshake } from './socks.ts'
import { configureTcp, dialTcp, isSelfConnection } from './tcp.ts'
import type { ConnectionOptions } from './transport.ts'

export interface AttemptOwner {
  /** The address is known, and the system is connecting to it. Not for ipc, whose path takes us or does not, without delay. */
  onConnecting(): void
  onLink(link: SocketLink): void
  /** `opened`: there was something to be closed, which it is now. */
  onFailure(error: PseudError, opened: boolean): void
}

export class Attempt {
  readonly #target: TcpEndpoint | IpcEndpoint
  readonly #options: ConnectionOptions
  readonly #clock: Clock
  readonly #owner: AttemptOwner
  readonly #socket: Socket
  readonly #intake: Intake | undefined
  #opened: boolean
  #timer: Timer | undefined
  #socks: SocksHandshake | undefined
  #failure: Error | undefined

  constructor(
    target: TcpEndpoint | IpcEndpoint,
    options: ConnectionOptions,
    clock: Clock,
    owner: AttemptOwner,
  ) {
    this.#target = target
    this.#options = options
    this.#clock = clock
    this.#owner = owner
    this.#opened = target.transport === 'ipc'
    // What a proxy says comes as 'data'.
    const intake = options.proxy === undefined || target.transport === 'ipc' ? new Intake() : undefined
    const socket = target.transport === 'ipc' ? dialIpc(target, intake!) : dialTcp(target, options, intake)
    this.#intake = intake
    this.#socket = socket
    socket.unref()
    socket.on('lookup', this.#onLookup)
    socket.on('connect', this.#onConnect)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    this.#limit(options.connectTimeoutMs)
  }

  /** To be called once: from now on the owner hears of it. */
  start(): void {
    if (this.#target.transport === 'ipc') return
    // Names are looked up first.
    if (isIP((this.#options.proxy ?? this.#target).host) !== 0) this.#onLookup()
  }

  /** Breaks it off. */
  cancel(): void {
    this.#leave()
    this.#socket.on('error', ignore)
    this.#socket.destroy()
  }

  readonly #onLookup = (error?: Error | null): void => {
    if (error || this.#opened) return
    this.#opened = true
    this.#owner.onConnecting()
  }

  readonly #onConnect = (): void => {
    const socket = this.#socket
    const target = this.#target
    if (target.transport === 'ipc') {
      this.#succeed(formatEndpoint(target))
      return
    }
    if (isSelfConnection(socket)) {
      this.#fail(new LinkError('CONNECT_FAILED', 'the system connected the socket to itself'))
      return
    }
    configureTcp(socket, this.#options)
    if (this.#options.proxy === undefined) {
      this.#succeed()
      return
    }
    // The time for the whole attempt runs on; without one, a proxy that says nothing must not hold it up for ever.
    if (this.#options.connectTimeoutMs === 0) this.#limit(this.#options.handshakeTimeoutMs)
    this.#socks = new SocksHandshake(target.host, target.port, this.#options.proxy)
    socket.on('data', this.#onData)
    socket.write(this.#socks.takeOutput())
  }

  readonly #onData = (chunk: Buffer): void => {
    const socks = this.#socks!
    const socket = this.#socket
    try {
      socks.handleBytes(chunk)
    } catch (error) {
      this.#fail(error as Error)
      return
    }
    const output = socks.takeOutput()
    if (output.length > 0) socket.write(output)
    if (!socks.connected) return
    // What came behind the last reply is the peer's: back it goes, for whoever reads next.
    socket.pause()
    if (socks.rest.length > 0) socket.unshift(socks.rest)
    const { host, port } = this.#target as TcpEndpoint
    this.#succeed(formatTcp(host, port))
  }

  readonly #onError = (error: Error): void => {
    this.#failure ??= error
  }

  readonly #onClose = (): void => {
    this.#leave()
    this.#owner.onFailure(this.#explain(), this.#opened)
  }

  readonly #onTime = (): void => {
    const waited = this.#options.connectTimeoutMs || this.#options.handshakeTimeoutMs
    const endpoint = formatEndpoint(this.#target)
    this.#fail(new LinkError('CONNECT_TIMEOUT', `${endpoint} did not answer within ${waited} ms`))
  }

  /** `address`: where the peer is, if the socket does not know. */
  #succeed(address?: string): void {
    this.#leave()
    this.#owner.onLink(new SocketLink(this.#socket, address, this.#intake))
  }

  /** The owner hears of it when the socket has closed. */
  #fail(error: Error): void {
    this.#failure = error
    this.#socket.destroy()
  }

  #limit(ms: number): void {
    this.#timer?.cancel()
    this.#timer = ms > 0 ? this.#clock.setTimer(this.#onTime, ms) : undefined
  }

  /** Takes our hands off the socket. */
  #leave(): void {
    const socket = this.#socket
    this.#timer?.cancel()
    socket.off('lookup', this.#onLookup)
    socket.off('connect', this.#onConnect)
    socket.off('data', this.#onData)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
  }

  #explain(): PseudError {
    const cause = this.#failure
    if (cause instanceof LinkError) return cause
    const endpoint = formatEndpoint(this.#target)
    const code = (cause as NodeJS.ErrnoException | undefined)?.code
    const why = code === undefined ? '' : `: ${code}`
    if (this.#socks !== undefined) {
      return new LinkError('PROXY_FAILED', `the SOCKS proxy broke off before ${endpoint} was reached${why}`, {
        cause,
      })
    }
    return new LinkError(
      'CONNECT_FAILED',
      `cannot connect to ${endpoint}${why}`,
      cause === undefined ? undefined : { cause },
    )
  }
}

function ignore(): void {}
