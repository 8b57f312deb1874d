/** A deliberate difference: where, what ours does, and the row of docs/zeromq-differences.md that tells users. */
export interface Difference {
  /** Label of an outcome, or what labels match. */
  readonly at: string | RegExp
  /** Outcome of ours; what the native package does must be something else. */
  readonly here: string | RegExp
  /** First cell of the row. */
  readonly row: string
  /** Native outcomes vary, and may be ours. */
  readonly sometimes?: true
}

export interface Probe {
  readonly name: string
  /** Outcomes by label, or one. */
  readonly run: (zmq: object, sockets: object) => unknown
  readonly differs?: readonly Difference[]
}

export declare const sections: Readonly<Record<string, readonly Probe[]>>
