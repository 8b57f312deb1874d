// What a soak leaves behind: a section of docs/reliability.md and its chart.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

export interface Sample {
  /** Since the beginning. */
  readonly minute: number
  /** Octets. */
  readonly rss: number
  /** After a collection, which only some samples make. */
  readonly heapUsed?: number
  /** p99 since the last. */
  readonly lateMs?: number
}

export interface SoakReport {
  readonly command: string
  readonly lines: readonly string[]
  readonly errors: Readonly<Record<string, number>>
  readonly faults: readonly { readonly minute: number; readonly name: string }[]
  readonly samples: readonly Sample[]
}

const PAGE = 'docs/reliability.md'
const CHART = 'docs/reliability/soak.svg'
const [BEGIN, END] = ['<!-- soak: made by npm run soak -- --save -->', '<!-- /soak -->']
const MIB = 2 ** 20
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [760, 300, 50, 30, 30]
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.r{stroke:#0969da}.h{stroke:#8c959f}.f{stroke:#cf222e;stroke-width:1;opacity:.5}.a{stroke:#8c959f;stroke-width:.5}
polyline{fill:none;stroke-width:1.5}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.r{stroke:#4493f8}.h{stroke:#9198a1}.f{stroke:#f85149}}`

/** By least squares. */
export function slopePerMinute(points: readonly (readonly [minute: number, value: number])[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const across = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0)
  return across / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
}

export function saveReport(report: SoakReport): void {
  mkdirSync('docs/reliability', { recursive: true })
  writeFileSync(CHART, chartOf(report))
  const page = readFileSync(PAGE, 'utf8')
  const [before, after] = [page.slice(0, page.indexOf(BEGIN)), page.slice(page.indexOf(END) + END.length)]
  const failures = Object.entries(report.errors).map(([kind, count]) => `| ${kind} | ${count} |`)
  const section = [
    BEGIN,
    '',
    `\`${report.command}\`, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}:`,
    '',
    ...report.lines.map((line) => `- ${line}`),
    '',
    '![RSS and heap of the server over time; vertical lines are faults](reliability/soak.svg)',
    '',
    '| a call that failed | calls |',
    '|---|---|',
    ...failures,
    '',
    '| minute | fault |',
    '|---|---|',
    ...report.faults.map(({ minute, name }) => `| ${minute.toFixed(1)} | ${name} |`),
    '',
    END,
  ]
  writeFileSync(PAGE, before + section.join('\n') + after)
}

function chartOf({ samples, faults }: SoakReport): string {
  const lastMinute = Math.max(...samples.map(({ minute }) => minute))
  const most = Math.max(...samples.map(({ rss }) => rss)) / MIB
  const x = (minute: number): string => (LEFT + ((WIDTH - LEFT - 10) * minute) / lastMinute).toFixed(1)
  const y = (mib: number): string => (HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * mib) / most).toFixed(1)
  const line = (kind: string, of: (sample: Sample) => number | undefined): string => {
    const points = samples.flatMap((sample) => {
      const octets = of(sample)
      return octets === undefined ? [] : [`${x(sample.minute)},${y(octets / MIB)}`]
    })
    return `<polyline class="${kind}" points="${points.join(' ')}"/>`
  }
  const scale = [0, 0.5, 1].map((share) => {
    const mib = most * share
    return `<line class="a" x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(mib)}" y2="${y(mib)}"/><text x="${LEFT - 6}" y="${y(mib)}" text-anchor="end">${mib.toFixed(0)}</text>`
  })
  const time = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const minute = lastMinute * share
    return `<text x="${x(minute)}" y="${HEIGHT - 10}" text-anchor="middle">${minute.toFixed(0)} min</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    '<title>Memory of the server during the soak</title>',
    `<style>${STYLE}</style>`,
    '<text x="0" y="14">MiB: RSS (upper line), heap after a collection (lower line); each vertical line is a fault</text>',
    ...scale,
    ...time,
    ...faults.map(
      ({ minute }) =>
        `<line class="f" x1="${x(minute)}" x2="${x(minute)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`,
    ),
    line('r', ({ rss }) => rss),
    line('h', ({ heapUsed }) => heapUsed),
    '</svg>',
    '',
  ].join('\n')
}
