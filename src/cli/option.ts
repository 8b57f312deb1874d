// What an option of a command is: the parser goes by it, and the help prints it.

export interface Option {
  /** Without the dashes. */
  readonly name: string
  readonly short?: string
  /** What its value is called, such as `DURATION`; without one it is a flag. */
  readonly value?: string
  /** It may be given several times. */
  readonly many?: true
  /** Where its value comes from when it is not given. */
  readonly env?: string
  /** What holds when it is not given, as it would be written. */
  readonly fallback?: string
  readonly help: string
}
