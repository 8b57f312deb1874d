// The documents as the tests see them: which there are, and the blocks of code in each with where they stand. A block whose first line is a comment with
// the name of a file is that file; the files and the `sh` blocks below one heading of the second level belong together: a walk (walk.ts runs it).
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface Block {
  readonly document: string
  /** The heading of the second level above it; empty above the first. */
  readonly heading: string
  /** What stands behind the three back-ticks. */
  readonly language: string
  readonly code: string
  /** Of the first line of code, from 1. */
  readonly line: number
  /** The file that it is, where its first line says so. */
  readonly file: string | undefined
}

export interface Walk {
  readonly document: string
  readonly heading: string
  readonly title: string
  /** Files and `sh` blocks, in order. */
  readonly blocks: readonly Block[]
}

export const DOCUMENTS: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'bench/README.md',
  'examples/README.md',
  'examples/python/README.md',
  ...readdirSync('docs', { recursive: true })
    .map((name) => path.join('docs', String(name)).split(path.sep).join('/'))
    .filter((name) => name.endsWith('.md'))
    .sort(),
]

/** Its sessions are replayed by tests of its own, in test/cli/. */
export const REPLAYED: readonly string[] = ['docs/cli.md']

const FILE = /^(?:\/\/|#|<!--) ([\w./-]+\.\w+|Dockerfile)(?: -->)?$/

export function blocksIn(document: string): Block[] {
  const blocks: Block[] = []
  const lines = readFileSync(document, 'utf8').split('\n')
  let heading = ''
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (line.startsWith('## ')) heading = line.slice(3)
    if (!line.startsWith('```')) continue
    const end = lines.indexOf('```', i + 1)
    if (end < 0) throw new Error(`${document}:${i + 1}: this block has no end`)
    const code = lines.slice(i + 1, end)
    const file = FILE.exec(code[0] ?? '')?.[1]
    blocks.push({
      document,
      heading,
      language: line.slice(3).trim(),
      code: code.join('\n'),
      line: i + 2,
      file,
    })
    i = end
  }
  return blocks
}

/** Where files and commands stand together. Files without commands are a project, too: they compile, and nobody runs them. */
export function walksIn(document: string): Walk[] {
  if (REPLAYED.includes(document)) return []
  const walks = new Map<string, Block[]>()
  for (const block of blocksIn(document)) {
    const own = walks.get(block.heading) ?? []
    own.push(block)
    walks.set(block.heading, own)
  }
  return [...walks]
    .map(([heading, own]) => ({
      document,
      heading,
      title: `${document}: ${heading}`,
      blocks: own.filter(({ file, language }) => file !== undefined || language === 'sh'),
    }))
    .filter(({ blocks }) => blocks.some(({ file }) => file !== undefined))
}

/** What GitHub makes of a heading. */
export function anchorsOf(document: string): Set<string> {
  const anchors = new Set<string>()
  let inCode = false
  for (const line of readFileSync(document, 'utf8').split('\n')) {
    if (line.startsWith('```')) inCode = !inCode
    const words = inCode ? undefined : /^#{1,6} (.*)$/.exec(line)?.[1]
    if (words === undefined) continue
    const slug = words
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    let unique = slug
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`
    anchors.add(unique)
  }
  return anchors
}

export interface Link {
  readonly target: string
  readonly anchor: string
}

/** Links and pictures to places in this repository; what stands in code is none. */
export function linksIn(document: string): Link[] {
  const words = readFileSync(document, 'utf8')
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replaceAll(']', ' '))
  return [...words.matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, where = '']) => where)
    .filter((where) => !/^[a-z]+:/.test(where))
    .map((where) => {
      const [target = '', anchor = ''] = where.split('#')
      return { target, anchor }
    })
}
