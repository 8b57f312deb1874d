/**
 * The calling thread's end of the line to its worker thread: puts a question, and sleeps until the answer is there. The thread is asleep
 * for good if it sleeps on a worker that is dead, and no event can tell it so: it wakes up now and then and asks for a sign of life.
 * Knows nothing of calls.
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Worker,
  type WorkerOptions,
} from 'node:worker_threads'
import { realClock } from '../base/clock.ts'
import { RpcError } from '../rpc/index.ts'
import {
  ANSWERS,
  type Answer,
  BEATS,
  ENDED,
  type Opening,
  type Question,
  type Request,
  SIGNALS,
} from './messages.ts'

// How often a sleeping thread asks for a sign of life, and how many times in vain before it gives the worker up: more while that starts,
// which takes long on a busy machine.
const PROBE_MS = 1000
const PROBES_MAX = 5
const PROBES_MAX_AT_START = 15

export class Line {
  readonly #worker: Worker
  readonly #probeMs: number
  readonly #port: MessagePort
  readonly #signals = new Int32Array(new SharedArrayBuffer(SIGNALS * Int32Array.BYTES_PER_ELEMENT))
  #lastId = 0
  #cause: unknown
  #isBroken = false

  /** `start` starts the worker thread, by options that hold the `Opening`. */
  constructor(
    start: (options: WorkerOptions) => Worker,
    opening: Omit<Opening, 'port' | 'signals'>,
    probeMs: number = PROBE_MS,
  ) {
    this.#probeMs = probeMs
    const { port1, port2 } = new MessageChannel()
    const workerData: Opening = { ...opening, port: port2, signals: this.#signals }
    this.#port = port1
    // What this process was started with, such as `--input-type`, is not meant for it.
    this.#worker = start({ name: 'pseud/sync', workerData, transferList: [port2], execArgv: [] })
    this.#worker.on('error', (error) => {
      this.#cause ??= error
    })
    this.#worker.on('exit', () => {
      this.#isBroken = true
    })
    // Neither keeps the process alive.
    this.#worker.unref()
    this.#port.unref()
  }

  /**
   * The answer to `request`; `undefined` when there is none after `timeoutMs`. Throws `RpcError` UNAVAILABLE when the worker thread is dead
   * or gives no sign of life.
   */
  ask(request: Request, timeoutMs: number, transfer: readonly ArrayBuffer[] = []): Answer | undefined {
    if (this.#isBroken) throw this.#dead('no')
    const signals = this.#signals
    const id = ++this.#lastId
    this.#post({ id, request }, transfer)
    const due = realClock.now() + timeoutMs
    let beats = Atomics.load(signals, BEATS)
    let probes = 0
    for (;;) {
      // Before looking: an answer that comes between looking and sleeping makes the sleep end at once.
      const answers = Atomics.load(signals, ANSWERS)
      const answer = this.#take(id)
      if (answer !== undefined) return answer
      if (Atomics.load(signals, ENDED) === 1) throw this.#dead('maybe')
      const left = due - realClock.now()
      if (left <= 0) return undefined
      if (Atomics.wait(signals, ANSWERS, answers, Math.min(left, this.#probeMs)) !== 'timed-out') continue
      const now = Atomics.load(signals, BEATS)
      probes = now === beats ? probes + 1 : 0
      beats = now
      if (probes > (now === 0 ? PROBES_MAX_AT_START : PROBES_MAX)) throw this.#dead('maybe')
      this.#post({ id: 0 })
    }
  }

  /** The worker thread has been told to end. `force`: it did not answer to that. */
  end(force: boolean): void {
    this.#port.close()
    if (force) this.#worker.terminate().catch(() => {})
  }

  #post(question: Question, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(question, transfer)
  }

  /** The answer to question `id`, if it is there. Answers to earlier ones came after their caller had given up. */
  #take(id: number): Answer | undefined {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { message: Answer } | undefined
      if (received === undefined || received.message.id === id) return received?.message
    }
  }

  #dead(executed: 'no' | 'maybe'): RpcError {
    this.#isBroken = true
    this.#worker.terminate().catch(() => {})
    return new RpcError('UNAVAILABLE', 'the worker thread of this SyncClient has died, or hangs', {
      executed,
      ...(this.#cause !== undefined && { cause: this.#cause }),
    })
  }
}
