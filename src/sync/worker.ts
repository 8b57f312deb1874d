/**
 * What runs in the worker thread: a Client, and answers to what the other thread asks of it. It ends when it is told to close, or when the
 * other thread does.
 */
import { workerData } from 'node:worker_threads'
import { UsageError } from '../base/errors.ts'
import { Codec, type ExtensionType } from '../codec/messages.ts'
import { type AuthenticationBackend, Client, curve, plain, type RemoteStream } from '../rpc/index.ts'
import { describe } from './errors.ts'
import {
  ANSWERS,
  type Answer,
  BEATS,
  ENDED,
  type Opening,
  type PlainSecurity,
  type Question,
  type Request,
} from './messages.ts'
import { opaqueExtensions } from './opaque.ts'

class Service {
  readonly #opening: Opening
  readonly #extensions: readonly ExtensionType[]
  readonly #codec: Codec
  readonly #streams = new Map<number, RemoteStream>()
  #client: Client | undefined

  constructor(opening: Opening) {
    this.#opening = opening
    const { extensionCodes, options } = opening
    this.#extensions = opaqueExtensions(extensionCodes)
    this.#codec = new Codec({
      extensions: this.#extensions,
      ...(options.codecLimits && { limits: options.codecLimits }),
    })
  }

  start(): void {
    const { port, signals } = this.#opening
    process.on('exit', () => {
      Atomics.store(signals, ENDED, 1)
      this.#wake()
    })
    port.on('message', (question: Question) => {
      Atomics.add(signals, BEATS, 1)
      if (question.request !== undefined) this.#handle(question.id, question.request)
    })
    Atomics.add(signals, BEATS, 1)
  }

  async #handle(id: number, request: Request): Promise<void> {
    try {
      const value = await this.#do(request)
      if (isStream(value)) {
        this.#streams.set(id, value)
        this.#answer({ id, streams: true })
      } else {
        const hasValue = request.do === 'call' || (request.do === 'next' && this.#streams.has(request.stream))
        this.#answer(hasValue ? { id, value: owned(this.#codec.encode(value)) } : { id })
      }
    } catch (error) {
      this.#answer({ id, error: owned(this.#codec.encode(describe(error))) })
    }
    if (request.do === 'close') this.#opening.port.close()
  }

  #do(request: Request): Promise<unknown> | unknown {
    switch (request.do) {
      case 'connect':
        return void this.#open().connect(request.endpoint)
      case 'ready':
        return this.#open()
          .ready({ timeoutMs: request.timeoutMs })
          .then(() => undefined)
      case 'call': {
        const { method, args, options } = request
        return this.#open().call(method, this.#codec.decode(args) as unknown[], options)
      }
      case 'next':
        return this.#next(request.stream)
      case 'leave':
        return void this.#forget(request.stream)?.return()
      case 'close':
        return this.#client?.close()
    }
  }

  /** The next item of a stream, which is forgotten at its end. */
  async #next(id: number): Promise<unknown> {
    try {
      const step = await this.#streams.get(id)!.next()
      if (step.done === true) this.#forget(id)
      return step.value
    } catch (error) {
      this.#forget(id)
      throw error
    }
  }

  #forget(id: number): RemoteStream | undefined {
    const stream = this.#streams.get(id)
    this.#streams.delete(id)
    return stream
  }

  /** Not before it is needed: what is wrong with its options can then be told. */
  #open(): Client {
    const { name, options, security } = this.#opening
    this.#client ??= new Client(name, {
      ...options,
      extensions: this.#extensions,
      ...(security && { security: backendOf(security) }),
    })
    return this.#client
  }

  #answer(answer: Answer): void {
    const { port } = this.#opening
    const bytes = answer.value ?? answer.error
    port.postMessage(answer, bytes === undefined ? [] : [bytes.buffer as ArrayBuffer])
    this.#wake()
  }

  #wake(): void {
    const { signals } = this.#opening
    Atomics.add(signals, ANSWERS, 1)
    Atomics.notify(signals, ANSWERS)
  }
}

function backendOf(security: PlainSecurity): AuthenticationBackend {
  return 'plain' in security ? plain(security.plain) : curve.client(security.curve)
}

function isStream(value: unknown): value is RemoteStream {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Octets of their own, which can be handed over without a copy. */
function owned(bytes: Buffer): Uint8Array {
  return Uint8Array.from(bytes)
}

if (workerData?.signals === undefined) {
  throw new UsageError('WORKER_MISSING', 'this file is the worker thread of pseud/sync: import pseud/sync')
}
new Service(workerData as Opening).start()
