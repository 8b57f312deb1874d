// Inputs that are kept: test/fuzz/corpus/NAME.hex, one a line. They were found by `npm run fuzz -- --explore` and thinned out by
// `--minimise`, which leaves those that reach something that no other reaches; what once failed stands in NAME.found.hex and stays.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const FOLDER = 'test/fuzz/corpus'

export function readCorpus(name: string): Buffer[] {
  return readLines(`${FOLDER}/${name}.hex`)
}

/** Inputs that showed a defect once. */
export function readFound(name: string): Buffer[] {
  return readLines(`${FOLDER}/${name}.found.hex`)
}

export function writeCorpus(name: string, inputs: readonly Buffer[]): void {
  const lines = inputs.map((input) => input.toString('hex')).sort()
  writeFileSync(`${FOLDER}/${name}.hex`, `${[...new Set(lines)].join('\n')}\n`)
}

function readLines(file: string): Buffer[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Buffer.from(line, 'hex'))
}
