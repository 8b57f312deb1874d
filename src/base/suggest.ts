// "Did you mean …?": which of the names that exist is closest to the one that was typed.

/** The names of `names` that `typed` may have been meant to be, closest first, then in their order; at most three. */
export function suggestions(typed: string, names: Iterable<string>): string[] {
  const wanted = typed.toLowerCase()
  const near = Math.max(1, Math.floor(wanted.length / 3))
  const found: [distance: number, name: string][] = []
  for (const name of names) {
    const distance = distanceOf(wanted, name.toLowerCase())
    if (distance <= near) found.push([distance, name])
    // `add` for `math.add`.
    else if (name.toLowerCase().endsWith(`.${wanted}`)) found.push([near, name])
  }
  found.sort(([one], [other]) => one - other)
  return found.slice(0, 3).map(([, name]) => name)
}

/** Those of `suggestions` as they are said: `lower`, `lower or upper`. */
export function suggestion(typed: string, names: Iterable<string>): string | undefined {
  const found = suggestions(typed, names)
  return found.length === 0 ? undefined : found.join(' or ')
}

/** Letters to insert, leave out, replace, or swap with their neighbour. */
export function distanceOf(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1]
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        least = Math.min(least, beforeLast[j - 2]! + 1)
      }
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return last[other.length]!
}
