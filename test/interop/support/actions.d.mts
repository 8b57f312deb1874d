export interface Run {
  readonly seed: string
  readonly count: number
  /** Sizes of the parts of message n, taken in turn. */
  readonly shapes: readonly (readonly number[])[]
  /** Sizes of the parts of single messages, by their number. */
  readonly special?: Readonly<Record<number, readonly number[]>>
  /** So many messages make one digest of what their receiver reports. Default 1. */
  readonly per?: number
}
export interface Command {
  readonly do: string
  readonly [field: string]: unknown
}
export declare function partsOf(run: Run, n: number): Buffer[]
export declare function digestOf(parts: readonly Uint8Array[]): string
export declare class Tally {
  constructor(per?: number)
  add(parts: readonly Uint8Array[]): void
  end(): string[]
}
export declare class Actor {
  constructor(zmq: object)
  run(command: Command): unknown
  /** Closes whatever is open. */
  end(): void
}
