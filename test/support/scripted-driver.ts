/**
 * Stands in for a connection, below a Pipe: records what is sent, says when it is congested, and delivers scripted messages on
 * resume, as a driver does with what its engine still holds.
 */
import type { Broadcast } from '../../src/base/broadcast.ts'
import type { Outlet, Pipe } from '../../src/zmtp/routing/pipe.ts'

export class ScriptedDriver implements Outlet {
  congested = false
  peer: { major: number; minor: number } | undefined = { major: 3, minor: 1 }
  paused = false
  /** Whole messages, as text. */
  readonly sent: string[][] = []
  /** Calls in order. */
  readonly calls: string[] = []
  /** Run inside `resume`. */
  onResume: (() => void) | undefined
  #message: string[] = []

  sendPart(body: Buffer, more: boolean): void {
    this.#message.push(body.toString())
    if (more) return
    this.sent.push(this.#message)
    this.#message = []
  }

  broadcast({ parts }: Broadcast): void {
    parts.forEach((part, i) => {
      this.sendPart(part, i < parts.length - 1)
    })
  }

  sendCommand(name: string, data: Buffer): void {
    this.calls.push(`${name} ${data}`)
  }

  pause(): void {
    this.paused = true
    this.calls.push('pause')
  }

  resume(): void {
    this.paused = false
    this.calls.push('resume')
    this.onResume?.()
  }

  /** Messages of one part, as text. */
  get texts(): string[] {
    return this.sent.map((parts) => parts.join('|'))
  }
}

export function parts(...texts: string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text))
}

export function texts(message: readonly Buffer[] | undefined): string[] | undefined {
  return message?.map(String)
}

/** Connects `pipe` to a new scripted driver. */
export function connect(pipe: Pipe): ScriptedDriver {
  const driver = new ScriptedDriver()
  pipe.setOutlet(driver)
  return driver
}
