export interface Program {
  readonly name: string
  /** Body of an async function with `zmq` in scope. */
  readonly program: string
  /** It does not end by itself. */
  readonly lives?: true
  /** It ends no sooner than after this many ms. */
  readonly waits?: number
}

export declare const life: readonly Program[]
