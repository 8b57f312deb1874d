// The ways in which octets reach a socket over a real connection: whole, an octet per write, split at random, and beside an honest peer
// that is at work meanwhile.
import { Noise } from './noise.ts'
import type { RawPeer } from './raw-peer.ts'

export const WAYS = [
  'whole',
  'an octet per write',
  'split at random',
  'beside an honest peer at work',
] as const
export type Way = (typeof WAYS)[number]

/** Writes `bytes` in one of the ways; stops when the other side has closed. */
export async function deliver(peer: RawPeer, bytes: Buffer, way: Way, seed: number): Promise<void> {
  const noise = new Noise(seed)
  peer.socket.setNoDelay(true)
  for (let at = 0, writes = 0; at < bytes.length && !peer.closed; writes++) {
    const end = at + sizeOfPiece(way, noise, bytes.length - at)
    peer.write(bytes.subarray(at, end))
    at = end
    // Behind the first thousands the receiver need not look at each.
    if (writes < 2000 || writes % 32 === 0) await nextTurn()
  }
}

/** Waits until the event loop has looked at every socket once. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A number that is always the same for this text. */
export function seedOf(text: string): number {
  let seed = 7
  for (const octet of Buffer.from(text)) seed = (seed * 31 + octet) | 0
  return seed
}

function sizeOfPiece(way: Way, noise: Noise, left: number): number {
  if (way === 'an octet per write') return 1
  return way === 'split at random' ? Math.min(left, 1 + noise.random(40)) : left
}
