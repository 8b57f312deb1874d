// Bars as SVG: one group for each subject, one bar for each contender, each group to a scale of its own, because units differ. Readable on light and on dark
// ground by `prefers-color-scheme`. Knows nothing of aims.
import { short } from './judge.ts'

export interface Bar {
  readonly label: string
  readonly value: number
  readonly min: number
  readonly max: number
}

export interface Group {
  readonly title: string
  readonly bars: readonly Bar[]
}

const WIDTH = 760
const LEFT = 170
const RIGHT = 90
const BAR = 14
const GAP = 4
const TITLE = 24
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600}.b{fill:#8c959f}.o{fill:#0969da}.s{stroke:#1f2328;stroke-width:1}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.b{fill:#6e7681}.o{fill:#4493f8}.s{stroke:#e6edf3}}`

/** Those of ours are the bars whose label begins with `pseud` or speaks of it. */
export function chartOf(title: string, groups: readonly Group[]): string {
  const pieces: string[] = []
  let y = TITLE
  for (const { title: words, bars } of groups) {
    y += TITLE
    pieces.push(`<text class="t" x="0" y="${y - 8}">${escaped(words)}</text>`)
    const most = Math.max(...bars.map(({ max }) => max))
    for (const { label, value, min, max } of bars) {
      const at = (of: number): string => (LEFT + ((WIDTH - LEFT - RIGHT) * of) / most).toFixed(1)
      const width = (Number(at(value)) - LEFT).toFixed(1)
      const middle = y + BAR / 2
      const kind = /^pseud|'pseud'/.test(label) ? 'o' : 'b'
      pieces.push(
        `<text x="${LEFT - 8}" y="${y + 11}" text-anchor="end">${escaped(label)}</text>`,
        `<rect class="${kind}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}"/>`,
        `<line class="s" x1="${at(min)}" y1="${middle}" x2="${at(max)}" y2="${middle}"/>`,
        `<text x="${Number(at(max)) + 6}" y="${y + 11}">${short(value)}</text>`,
      )
      y += BAR + GAP
    }
  }
  const height = y + GAP
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<text class="t" x="0" y="14">${escaped(title)}</text>`,
    ...pieces,
    '</svg>',
    '',
  ].join('\n')
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
