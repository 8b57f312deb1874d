// Those who do not wish the server well, in a process of their own: connections that send junk, that say nothing, and peers that have logged in and ask for
// more than they read. All by node:net alone, but for the slow readers.
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pseud'
import { Noise } from '../support/noise.ts'
import type { LoadApi } from './server.ts'
import { answer } from './worker.ts'

const silent = new Set<Socket>()
const readers: Client<LoadApi>[] = []
let attacking = false
let junk = 0
let junkOver: Promise<void> | undefined

answer({
  /** Connections that send some octets of nonsense and stay until they are thrown out, so many a second. */
  junk: ({ port, perSecond, seed }: { port: number; perSecond: number; seed: number }): void => {
    attacking = true
    junkOver = sendJunk(port, perSecond, seed)
  },
  /** So many connections that say nothing; thrown out, they come again. */
  silent: ({ port, count }: { port: number; count: number }): void => {
    attacking = true
    for (let i = 0; i < count; i++) keepSilent(port, i)
  },
  /** So many peers that have a stream each of which they read an item a second. */
  slowReaders: async ({ endpoint, count }: { endpoint: string; count: number }): Promise<void> => {
    attacking = true
    for (let i = 0; i < count; i++) {
      const client = new Client<LoadApi>('load').connect(endpoint)
      await client.ready({ timeoutMs: 60_000 })
      readers.push(client)
      void readSlowly(client)
    }
  },
  stop: async (): Promise<{ junk: number }> => {
    attacking = false
    await junkOver
    for (const socket of silent) socket.destroy()
    await Promise.all(readers.splice(0).map((client) => client.close()))
    return { junk }
  },
})

async function sendJunk(port: number, perSecond: number, seed: number): Promise<void> {
  const noise = new Noise(seed)
  const begun = performance.now()
  for (; attacking; await pause(5)) {
    for (const due = ((performance.now() - begun) * perSecond) / 1000; junk < due; junk++) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.2.${1 + (junk % 8)}` })
      socket.on('error', () => {})
      const octets = noise.octets(1 + noise.random(200))
      // Half of them begin as ZMTP does.
      if (noise.random(2) === 0) octets[0] = 0xff
      socket.once('connect', () => socket.write(octets))
      socket.resume()
      setTimeout(() => socket.destroy(), 1000)
    }
  }
}

function keepSilent(port: number, number: number): void {
  if (!attacking) return
  // From several addresses: of one, no more than a few hundred are let wait for their handshake.
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${1 + (number % 8)}` })
  silent.add(socket)
  socket.on('error', () => {})
  socket.resume()
  socket.once('close', () => {
    silent.delete(socket)
    setTimeout(keepSilent, 1000, port, number)
  })
}

async function readSlowly(client: Client<LoadApi>): Promise<void> {
  try {
    for await (const _ of client.endless('x'.repeat(1000))) {
      if (!attacking) break
      await pause(1000)
    }
  } catch {
    // Thrown out, as may happen to such.
  }
}
