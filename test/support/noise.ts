// Octets that are nearly right, drawn from a seed: sessions with octets changed, dropped, doubled and inserted. PSEUD_FUZZ_SEED repeats a
// run.

export const SEED: number = Number(process.env.PSEUD_FUZZ_SEED ?? Date.now() % 2 ** 31)

export class Noise {
  /** All that is drawn follows from it. */
  state: number

  constructor(seed: number) {
    this.state = seed | 1
  }

  /** From 0 up to `below`, by xorshift: good enough to draw places and octets, and repeatable. */
  random(below: number): number {
    let { state } = this
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.state = state
    return (state >>> 0) % below
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random(list.length)]!
  }

  octets(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count)
    for (let i = 0; i < count; i++) bytes[i] = this.random(256)
    return bytes
  }

  /** `session` with one to four faults, two thirds of them behind octet `from`. Never empty. */
  mutated(session: Buffer, from: number): Buffer {
    let bytes: Buffer = Buffer.from(session)
    for (let times = this.random(4); times >= 0; times--) {
      const anywhere = this.random(3) === 0
      const at = anywhere
        ? this.random(bytes.length)
        : Math.min(bytes.length - 1, from + this.random(bytes.length))
      const rest = bytes.subarray(at)
      switch (this.random(6)) {
        case 0:
          bytes[at] = this.random(256)
          break
        case 1:
          bytes[at] = bytes[at]! ^ (1 << this.random(8))
          break
        case 2:
          bytes = Buffer.concat([bytes.subarray(0, at), rest.subarray(1 + this.random(8))])
          break
        case 3:
          bytes = Buffer.concat([bytes.subarray(0, at), this.octets(1), rest])
          break
        case 4:
          bytes = Buffer.concat([bytes.subarray(0, at), rest.subarray(0, this.random(20)), rest])
          break
        default:
          bytes = Buffer.concat([bytes.subarray(0, at), this.octets(this.random(40))])
      }
      if (bytes.length === 0) bytes = Buffer.from([0xff])
    }
    return bytes
  }
}
