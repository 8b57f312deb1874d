/**
 * Every call and every message of a run has one line here, and in the end each line has one ending: sent = delivered + rejected + dropped +
 * unconfirmed. Nothing twice, nothing altered, order kept for each pair, no promise left pending. Knows no sockets: both ends tell it.
 */
import * as assert from 'uvu/assert'
import { RpcError } from '../../src/rpc/index.ts'
import { until } from '../support/within.ts'

/** A call, and how it ended. */
export interface CallLine {
  readonly number: number
  readonly what: string
  /** It may run more than once: it is declared idempotent. */
  readonly repeatable: boolean
  state: 'pending' | 'result' | 'error' | 'aborted'
  error?: RpcError
  /** How often the other side has begun to run it. */
  runs: number
}

export interface CallOptions {
  readonly what?: string
  readonly repeatable?: boolean
  /** What it must resolve to; default: its number. */
  readonly expected?: unknown
  /** The reason of a signal that may end it. */
  readonly reason?: unknown
  /** Whoever runs it does not tell. */
  readonly untold?: boolean
}

const CODE = /^[A-Z][A-Z_]+$/

export class Ledger {
  readonly calls: CallLine[] = []
  readonly flows: Flow[] = []
  /** What was found wrong while it ran. */
  readonly wrong: string[] = []
  readonly #untold = new Set<number>()
  #number = 0

  /** Makes a call under a number of its own, which it must resolve to; the line is settled when the promise resolves, which never rejects. */
  async call(start: (number: number) => PromiseLike<unknown>, options: CallOptions = {}): Promise<CallLine> {
    const number = this.#number++
    const { what = 'call', repeatable = false, expected = number } = options
    const line: CallLine = { number, what, repeatable, state: 'pending', runs: 0 }
    this.calls.push(line)
    if (options.untold === true) this.#untold.add(number)
    try {
      const value = await start(number)
      this.#settle(line, 'result')
      if (value !== expected)
        this.wrong.push(`${what} ${number} gave ${String(value)}, not ${String(expected)}`)
    } catch (error) {
      if (options.reason !== undefined && error === options.reason) this.#settle(line, 'aborted')
      else this.#fail(line, error)
    }
    return line
  }

  /** The other side has begun to run the call of this number. */
  ran(number: number): void {
    const line = this.calls[number]
    if (line === undefined) this.wrong.push(`call ${number} ran, which nobody has made`)
    else line.runs++
  }

  flow(name: string, options: FlowOptions = {}): Flow {
    const flow = new Flow(name, options)
    this.flows.push(flow)
    return flow
  }

  get pending(): number {
    return this.calls.filter((line) => line.state === 'pending').length
  }

  /** So many calls of each ending: `{ result: 10, 'UNAVAILABLE maybe': 3 }`. */
  get endings(): Record<string, number> {
    const endings: Record<string, number> = {}
    for (const line of this.calls) {
      const ending = line.error === undefined ? line.state : `${line.error.code} ${line.error.executed}`
      endings[ending] = (endings[ending] ?? 0) + 1
    }
    return endings
  }

  /** Waits until nothing is pending; says what still is. */
  async settled(ms = 10_000): Promise<void> {
    await until(() => this.pending === 0, ms, 'the end of all calls').catch(() => {
      const open = this.calls.filter((line) => line.state === 'pending')
      assert.unreachable(
        `${open.length} of ${this.calls.length} calls are pending, the first is ${open[0]?.what} ${open[0]?.number}`,
      )
    })
  }

  /** Throws when the sum is not right. */
  check(): void {
    const wrong = this.wrong.slice()
    for (const line of this.calls) {
      const problem = problemOf(line, this.#untold.has(line.number))
      if (problem !== undefined) wrong.push(`${line.what} ${line.number}: ${problem}`)
    }
    for (const flow of this.flows) wrong.push(...flow.problems().map((text) => `${flow.name}: ${text}`))
    if (wrong.length > 0) {
      const more = wrong.length > 8 ? `\n… and ${wrong.length - 8} more` : ''
      assert.unreachable(`the ledger is wrong:\n${wrong.slice(0, 8).join('\n')}${more}\n${this.summary}`)
    }
  }

  get summary(): string {
    const calls = this.calls.length > 0 ? [`calls ${JSON.stringify(this.endings)}`] : []
    return [...calls, ...this.flows.map((flow) => flow.summary)].join('; ')
  }

  #settle(line: CallLine, state: CallLine['state']): void {
    if (line.state !== 'pending') this.wrong.push(`${line.what} ${line.number} settled twice`)
    line.state = state
  }

  #fail(line: CallLine, error: unknown): void {
    this.#settle(line, 'error')
    if (error instanceof RpcError && CODE.test(error.code) && ['no', 'maybe', 'yes'].includes(error.executed))
      line.error = error
    else this.wrong.push(`${line.what} ${line.number} ended with ${String(error)}, which is no RpcError`)
  }
}

function problemOf({ state, runs, error, repeatable }: CallLine, untold: boolean): string | undefined {
  if (state === 'pending') return 'is pending'
  if (untold) return undefined
  if (runs > 1 && !repeatable) return `ran ${runs} times`
  if (state === 'result' && runs === 0) return 'has a result, but never ran'
  if (error?.executed === 'no' && runs > 0) return `ran, but ended with ${error.code} 'no'`
  if (error?.executed === 'yes' && runs === 0) return `never ran, but ended with ${error.code} 'yes'`
  return undefined
}

// -- messages -------------------------------------------------------------------------------------------------------------

export interface FlowOptions {
  /** The socket that sends, and the one that receives, as far as they are ours: their counters are held against the ledger. */
  readonly sender?: { readonly counters: Counted }
  readonly receiver?: { readonly counters: Counted }
  /** The pattern drops where a queue is full: what was dropped has to be counted. */
  readonly drops?: boolean
}

interface Counted {
  readonly sent: number
  readonly dropped: number
  readonly queuedToSend: number
  readonly queuedToReceive: number
}

/** Messages from one socket to another, numbered: four octets, then octets that follow from them. */
export class Flow {
  readonly name: string
  readonly delivered: number[] = []
  readonly rejected: Set<number> = new Set()
  /** How many connections broke: what they held, nobody can know. */
  breaks = 0
  /** What the receiver says that it has thrown away, when it is in another process. */
  dropped = 0
  sent = 0
  readonly #options: FlowOptions
  readonly #wrong: string[] = []
  readonly #open = new Set<number>()

  constructor(name: string, options: FlowOptions) {
    this.name = name
    this.#options = options
  }

  /** Sends the next message of `size` octets at least; resolves when the socket has taken or refused it, and never rejects. */
  async send(take: (body: Buffer) => Promise<unknown>, size = 4): Promise<boolean> {
    const number = this.sent++
    this.#open.add(number)
    try {
      await take(bodyOf(number, size))
      return true
    } catch {
      this.rejected.add(number)
      return false
    } finally {
      this.#open.delete(number)
    }
  }

  /** A message has arrived. */
  got(body: Buffer): void {
    const number = body.length < 4 ? -1 : body.readUInt32BE(0)
    if (number < 0 || !body.equals(bodyOf(number, body.length))) this.#wrong.push(`altered: ${shown(body)}`)
    else this.delivered.push(number)
  }

  get lost(): number {
    return this.sent - this.rejected.size - this.delivered.length
  }

  problems(): string[] {
    const { delivered, rejected } = this
    const wrong = this.#wrong.slice()
    if (this.#open.size > 0) wrong.push(`${this.#open.size} sends are pending`)
    let gaps = 0
    let last = -1
    for (const number of delivered) {
      if (number >= this.sent) wrong.push(`${number} was never sent`)
      if (rejected.has(number)) wrong.push(`${number} was refused, and arrived`)
      if (number <= last) wrong.push(`${number} came after ${last}`)
      for (let missing = last + 1; missing < number; missing++) {
        if (rejected.has(missing)) continue
        gaps++
        while (missing < number && !rejected.has(missing)) missing++
      }
      last = Math.max(last, number)
    }
    if (!this.#options.drops && gaps > this.breaks)
      wrong.push(`${gaps} gaps, but ${this.breaks} connections broke`)
    wrong.push(...this.#problemsOfSum())
    return wrong
  }

  /** sent = delivered + rejected + dropped + queued + unconfirmed, by the counters of both ends. */
  #problemsOfSum(): string[] {
    const sender = this.#options.sender?.counters
    const receiver = this.#options.receiver?.counters
    const wrong: string[] = []
    const accepted = this.sent - this.rejected.size
    const droppedThere = this.dropped + (receiver?.dropped ?? 0) + (receiver?.queuedToReceive ?? 0)
    if (sender !== undefined && sender.sent + sender.dropped + sender.queuedToSend !== accepted)
      wrong.push(
        `took ${accepted}, but counts ${sender.sent} sent, ${sender.dropped} dropped, ${sender.queuedToSend} queued`,
      )
    const known = this.delivered.length + droppedThere + (sender?.dropped ?? 0) + (sender?.queuedToSend ?? 0)
    const unconfirmed = accepted - known
    if (unconfirmed < 0) wrong.push(`${-unconfirmed} more are accounted for than were sent`)
    if (unconfirmed > 0 && this.breaks === 0)
      wrong.push(`${unconfirmed} are nowhere, and no connection broke`)
    return wrong
  }

  get summary(): string {
    return `${this.name}: sent ${this.sent}, delivered ${this.delivered.length}, rejected ${this.rejected.size}, breaks ${this.breaks}`
  }
}

/** What message `number` of a flow holds. */
export function bodyOf(number: number, size: number): Buffer {
  const body = Buffer.alloc(Math.max(4, size), (number * 31 + size) & 0xff)
  body.writeUInt32BE(number, 0)
  return body
}

function shown(body: Buffer): string {
  return `${body.length} octets, ${body.subarray(0, 12).toString('hex')}…`
}
