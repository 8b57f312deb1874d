// libzmq in C as a benchmark's other process: builds bench/libzmq/peer.c when it is first asked for, and speaks its lines. Where there is no
// compiler or no libzmq to link, says so instead of starting anything.
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Order, Outcome, Trips } from './flow.ts'
import type { Process } from './process.ts'

const SOURCE = 'bench/libzmq/peer.c'
const CFLAGS = ['-O2', '-Wall', '-pthread']

/** Why there is none, or where it is. */
export type Built = { readonly file: string } | { readonly reason: string }

let built: Built | undefined

export function buildLibzmq(): Built {
  built ??= compile()
  return built
}

function compile(): Built {
  const file = path.join(path.dirname(process.argv[1] ?? ''), 'libzmq-peer')
  const run = spawnSync('gcc', [...CFLAGS, '-o', file, SOURCE, '-lzmq'], { encoding: 'utf8' })
  if (run.error !== undefined)
    return { reason: `no gcc (${run.error.message}): apt-get install gcc libzmq3-dev` }
  if (run.status === 0) return { file }
  const [complaint = ''] = run.stderr.split('\n').filter((line) => line.includes('error'))
  return { reason: `${SOURCE} cannot be built: ${complaint.trim()}; apt-get install libzmq3-dev` }
}

export type Role = 'pull' | 'push' | 'rep' | 'req'

export class LibzmqProcess implements Process {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #answers: AsyncIterator<string>
  readonly #role: Role
  #expected: Promise<Outcome> | undefined
  #version: string | undefined

  constructor(file: string, role: Role) {
    this.#role = role
    this.#child = spawn(file, [role], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** As the peers in TypeScript understand them. */
  async ask<T>(name: string, argument?: unknown): Promise<T> {
    this.#version ??= await this.#answer()
    return (await this.#perform(name, argument)) as T
  }

  end(): void {
    this.#child.stdin.end()
  }

  async #perform(name: string, argument: unknown): Promise<unknown> {
    switch (name) {
      case 'version':
        return this.#version
      case 'listen':
        return { data: Number(await this.#say('listen')), progress: 0 }
      case 'connect':
        return await this.#say(`connect ${(argument as { data: number }).data}`)
      case 'send':
        return await this.#say(`send ${numbersOf(argument as Order)}`)
      case 'expect':
        // It receives from now on; the question for the outcome comes later.
        this.#expected = this.#say(`expect ${numbersOf(argument as Order)}`).then(outcomeOf)
        return undefined
      case 'outcome':
        return await this.#expected
      case 'trips':
        return tripsOf(await this.#say(`trips ${numbersOf(argument as Order)}`))
      default:
        throw new Error(`libzmq in C knows no ${name}`)
    }
  }

  async #say(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`)
    return await this.#answer()
  }

  async #answer(): Promise<string> {
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`libzmq in C, ${this.#role}, has ended`)
    return value
  }
}

function numbersOf({ count, size, hashed }: Order): string {
  return `${count} ${size} ${hashed ? 1 : 0}`
}

function outcomeOf(answer: string): Outcome {
  const [elapsed, digest = ''] = answer.split(' ')
  return { elapsedMs: Number(elapsed), digest }
}

function tripsOf(answer: string): Trips {
  const [median, digest = ''] = answer.split(' ')
  return { medianUs: Number(median), digest }
}
