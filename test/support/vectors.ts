// Reads captured sessions, test/vectors/*.hex: `#` comments (the first lines say where the octets come from), `name:
// value` settings, and lines `C>S <octets>` or `S>C <octets>` in the order they went over; octets as in `octets()`.
import { readdirSync, readFileSync } from 'node:fs'
import { octets } from './engine.ts'

export interface Session {
  name: string
  settings: Record<string, string>
  lines: { from: 'C' | 'S'; bytes: Buffer }[]
}

export function sessions(): Session[] {
  return readdirSync('test/vectors')
    .filter((file) => file.endsWith('.hex'))
    .sort()
    .map((file) => readSession(file))
}

export function readSession(file: string): Session {
  const session: Session = { name: file.replace(/\.hex$/, ''), settings: {}, lines: [] }
  for (const line of readFileSync(`test/vectors/${file}`, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const wire = /^([CS])>[CS] (.*)$/.exec(line)
    const setting = /^(\w+): (.*)$/.exec(line)
    if (wire !== null) session.lines.push({ from: wire[1] as 'C' | 'S', bytes: octets(wire[2]!) })
    else if (setting !== null) session.settings[setting[1]!] = setting[2]!
    else throw new Error(`${file}: what is "${line}"?`)
  }
  return session
}
