// Numbers as people read them, in few characters: counts, octets, ages. Times of calls are shown by latencies.ts.

/** `12,345`. */
export function shownCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** Six characters at most: `0`, `1.5`, `99,999`, `123k`, `4.5M`. */
export function shownShort(value: number): string {
  if (value < 10 && !Number.isInteger(value)) return value.toFixed(1)
  if (value < 99_999.5) return shownCount(value)
  return scaled(value, 1000, ['', 'k', 'M', 'G', 'T'])
}

/** `0 B`, `512 B`, `1.5 KB`, `12 MB`. */
export function shownOctets(octets: number): string {
  return scaled(octets, 1024, [' B', ' KB', ' MB', ' GB', ' TB'])
}

/** `7s`, `3m12s`, `2h05m`, `4d11h`. */
export function shownAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  ) as [number, number, number]
  if (days > 0) return `${days}d${two(hours)}h`
  if (hours > 0) return `${hours}h${two(minutes)}m`
  return minutes > 0 ? `${minutes}m${two(seconds % 60)}s` : `${seconds}s`
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let at = 0
  let rest = value
  while (rest >= step * 0.9995 && at < units.length - 1) {
    rest /= step
    at++
  }
  const digits = at === 0 || rest >= 99.5 ? rest.toFixed(0) : String(Number(rest.toPrecision(2)))
  return digits + units[at]
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
