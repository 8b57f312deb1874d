// Memory, in processes started for each round: what an idle client costs its server, and what it costs where it is, against a bare net.Socket;
// and a million kept messages of 16 B against Buffers of the same octets. Resident memory after a collection, more than before.
import { readFileSync } from 'node:fs'
import { IDLE_CLIENTS, IDLE_SERVER, KEPT, SUBJECTS } from './subjects.ts'
import { announceMissing, type Contender, isWanted, measure, plan } from './support/measure.ts'
import { Helper } from './support/process.ts'

const CLIENTS = 10_000
// Descriptors that a process has besides its connections.
const SPARE_DESCRIPTORS = 200
const MESSAGES = 1_000_000
const FLAGS = ['--expose-gc']

plan('memory', SUBJECTS.memory!)
if (isWanted(IDLE_SERVER, 'memory') || isWanted(IDLE_CLIENTS, 'memory')) await measureIdle()
if (isWanted(KEPT, 'memory')) await measureKept()

/** Both ends are weighed at once: the rounds of the second subject are those of the first, when that was measured. */
async function measureIdle(): Promise<void> {
  const weighed: Record<string, Ends[]> = { net: [], pseud: [] }
  const limit = descriptorLimit()
  const clients = Math.min(CLIENTS, limit - SPARE_DESCRIPTORS)
  const scaled = clients < CLIENTS ? `, SCALED DOWN to ${clients} clients: ulimit -n is ${limit}` : ''
  if (scaled !== '') announceMissing('memory', `${CLIENTS} clients`, `only ${clients}: ulimit -n is ${limit}`)
  for (const [subject, end] of [
    [IDLE_SERVER, 'server'],
    [IDLE_CLIENTS, 'client'],
  ] as const) {
    await measure({
      bench: 'memory',
      subject,
      unit: 'octets each',
      detail: `${clients} connections${scaled}`,
      rounds: 5,
      warmups: 0,
      contenders: [
        ['node:net', 'net'],
        ['pseud', 'pseud'],
      ].map(
        ([name = '', kind = '']): Contender => ({
          name,
          result: async () => (await idle(kind, 100)).connected,
          rate: async () => {
            let ends = end === 'client' ? weighed[kind]!.shift() : undefined
            if (ends === undefined) {
              ends = await idle(kind, clients)
              if (end === 'server') weighed[kind]!.push(ends)
            }
            return ends[end] / clients
          },
        }),
      ),
    })
  }
}

/** Octets that each end took for all of them. */
interface Ends {
  server: number
  client: number
  connected: number
}

async function idle(kind: string, clients: number): Promise<Ends> {
  const [server, client] = [
    new Helper('memory', [kind, 'server'], FLAGS),
    new Helper('memory', [kind, 'client'], FLAGS),
  ]
  const port = await server.ask<number>('listen')
  await client.ask('prepare')
  const before = await Promise.all([server.ask<number>('weigh'), client.ask<number>('weigh')])
  await client.ask('connect', { port, clients })
  const connected = await server.ask<number>('connected', clients)
  const after = await Promise.all([server.ask<number>('weigh'), client.ask<number>('weigh')])
  await Promise.all([server.end(), client.end()])
  return { server: after[0] - before[0], client: after[1] - before[1], connected }
}

async function measureKept(): Promise<void> {
  await measure({
    bench: 'memory',
    subject: KEPT,
    unit: 'MiB',
    rounds: 5,
    warmups: 0,
    contenders: [
      ['Buffers', 'buffers'],
      ['zeromq', 'zeromq'],
      ['pseud', 'pseud'],
    ].map(
      ([name = '', kind = '']): Contender => ({
        name,
        result: async () => (await keep(kind, 10_000)).digest,
        rate: async () => (await keep(kind, MESSAGES)).octets / 2 ** 20,
      }),
    ),
  })
}

async function keep(kind: string, count: number): Promise<{ octets: number; digest: string }> {
  const [keeper, sender] = [
    new Helper('memory', [kind, 'keeper'], FLAGS),
    new Helper('memory', [kind, 'sender'], FLAGS),
  ]
  const port = await keeper.ask<number>('listen')
  const before = await keeper.ask<number>('weigh')
  const kept = keeper.ask<string>('kept', count)
  kept.catch(() => {})
  await sender.ask('send', { port, count })
  const digest = await kept
  const octets = (await keeper.ask<number>('weigh')) - before
  await Promise.all([keeper.end(), sender.end()])
  return { octets, digest }
}

/** Of this process, and so of those it starts; where nobody says, none. */
function descriptorLimit(): number {
  try {
    const [, soft = ''] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === '' ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
