/**
 * Puts the question of RFC 27 to the handler that is bound at `inproc://zeromq.zap.01` in the same context: a REP or ROUTER of the
 * application. A connection for each question, as in libzmq, so that answers cannot be mixed up; it ends with the answer.
 */
import { EMPTY } from '../../base/bytes.ts'
import { LinkError, type PseudError } from '../../base/errors.ts'
import type { Credentials, Verdict } from '../engine/security/admission.ts'
import { readZapAnswer, zapQuestion } from '../wire/zap.ts'
import type { TransportContext } from './context.ts'
import { Dialer } from './dialer.ts'
import type { ConnectionOwner, Driver, Receiver } from './driver.ts'
import { parseEndpoint } from './endpoint.ts'
import { JUDGE_TIMEOUT_MS } from './judge.ts'
import { nullMechanism } from './mechanisms.ts'
import type { AuthenticationRequest, ConnectionOptions } from './transport.ts'

const HANDLER = 'zeromq.zap.01'

/** Somebody judges peers in this context. */
export function hasZapHandler(context: TransportContext): boolean {
  return context.inprocBound.has(HANDLER)
}

/** Rejects when there is no handler, no answer, or none that is one: `ProtocolError` ZAP_..., `LinkError` ZAP_NO_HANDLER. */
export function askZapHandler(
  context: TransportContext,
  domain: Buffer,
  request: AuthenticationRequest,
): Promise<Verdict> {
  if (!hasZapHandler(context)) {
    return Promise.reject(new LinkError('ZAP_NO_HANDLER', `nothing is bound at inproc://${HANDLER}`))
  }
  const { credentials, address, identity } = request
  const id = String(nextId++)
  const mechanism = credentials.mechanism
  const question = zapQuestion({ id, domain, address, identity, mechanism, credentials: shown(credentials) })
  return new Promise<Buffer[]>((resolve, reject) => {
    const call = new ZapCall(question, resolve, reject)
    new Dialer(parseEndpoint(`inproc://${HANDLER}`, 'connect'), OPTIONS, call, context).start()
  }).then((answer) => readZapAnswer(answer, id))
}

// libzmq asks with the same id every time.
let nextId = 1

/** One question and its answer. */
class ZapCall implements ConnectionOwner, Receiver {
  readonly #question: Buffer[]
  readonly #resolve: (answer: Buffer[]) => void
  readonly #reject: (error: PseudError) => void
  readonly #answer: Buffer[] = []

  constructor(question: Buffer[], resolve: (answer: Buffer[]) => void, reject: (error: PseudError) => void) {
    this.#question = question
    this.#resolve = resolve
    this.#reject = reject
  }

  receiver(): Receiver {
    return this
  }

  onEvent(): void {}

  onReady(driver: Driver): void {
    const last = this.#question.length - 1
    for (const [n, part] of this.#question.entries()) driver.sendPart(part, n < last)
  }

  onPart(driver: Driver, chunk: Buffer, start: number, end: number, more: boolean): void {
    this.#answer.push(Buffer.from(chunk.subarray(start, end)))
    if (more) return
    this.#resolve(this.#answer)
    driver.destroy()
  }

  onCommand(): void {}

  onDrain(): void {}

  onEnd(_driver: Driver, error: PseudError | undefined): void {
    this.#reject(error ?? new LinkError('PEER_CLOSED', 'the handler closed without an answer'))
  }

  onGivenUp(): void {}
}

function shown(credentials: Credentials): Buffer[] {
  switch (credentials.mechanism) {
    case 'PLAIN':
      return [credentials.username, credentials.password]
    case 'CURVE':
      return [credentials.publicKey]
    default:
      return []
  }
}

const OPTIONS: ConnectionOptions = {
  socketType: 'DEALER',
  identity: EMPTY,
  mechanism: nullMechanism(),
  maxFrameSize: 8192,
  maxMessageSize: 16_384,
  // More than an answer may have: what has too many is an answer that is none, and not a fault of the connection.
  maxFrames: 64,
  handshakeTimeoutMs: JUDGE_TIMEOUT_MS,
  heartbeatIntervalMs: 0,
  heartbeatTimeoutMs: 0,
  heartbeatTtlMs: 0,
  heartbeatOnlyWhenSilent: false,
  connectTimeoutMs: 0,
  retryDelayMs: () => undefined,
  backlog: 0,
  ipv6: false,
  keepAliveMs: -1,
}
