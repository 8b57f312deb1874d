// Two ends of an interop scenario brought together: opened, linked, each aware of the other, exchanging what they have. Says nothing of which
// types and libraries those are.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as assert from 'uvu/assert'
import { sleep, within } from '../../support/within.ts'
import type { Doer } from './peer.ts'
import { type End, exchange, expectedFrom, optionsOf, subscribes } from './scenario.ts'

/** `tcp6` is tcp by ::1. */
export type Transport = 'tcp' | 'tcp6' | 'ipc'

const directory = mkdtempSync(path.join(tmpdir(), 'pseud-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
let made = 0

/** Where to bind, so that the system or this process chooses the rest. */
export function anywhere(transport: Transport): string {
  if (transport === 'ipc') return `ipc://${path.join(directory, `${++made}`)}`
  return transport === 'tcp' ? 'tcp://127.0.0.1:0' : 'tcp://[::1]:0'
}

export async function open(end: End, options: Record<string, unknown> = {}): Promise<void> {
  await end.doer.run({
    do: 'socket',
    name: end.name,
    type: end.type,
    options: { ...optionsOf(end), ...options },
  })
}

/** Binds one end and connects the other; returns where. */
export async function link(binder: End, connecter: End, transport: Transport): Promise<string> {
  const endpoint = (await binder.doer.run({
    do: 'bind',
    name: binder.name,
    endpoint: anywhere(transport),
  })) as string
  await connecter.doer.run({ do: 'connect', name: connecter.name, endpoint })
  return endpoint
}

export async function close(...ends: End[]): Promise<void> {
  for (const end of ends) await end.doer.run({ do: 'close', name: end.name })
}

/** Has the subscriber, if there is one, subscribe to everything, and waits until the publisher knows of it. */
export async function acquaint(a: End, b: End): Promise<void> {
  if (subscribes(a.type)) await within(10_000, meet(b, a), 'the subscription')
  if (subscribes(b.type)) await within(10_000, meet(a, b), 'the subscription')
}

async function meet(publisher: End, subscriber: End): Promise<void> {
  await subscriber.doer.run({ do: 'subscribe', name: subscriber.name, topics: [''] })
  const hears = (text: string, ms: number) =>
    subscriber.doer.run({ do: 'hear', name: subscriber.name, text, ms }) as Promise<boolean>
  const say = (text: string) => publisher.doer.run({ do: 'greet', name: publisher.name, parts: [text] })
  for (let met = false; !met; met = await hears('hello', 20)) await say('hello')
  await say('now')
  assert.ok(await hears('now', 5000))
}

/** Each end gets what the other has to send, in order and unharmed. */
export async function checkExchange(ours: End, theirs: End, ms = 30_000): Promise<void> {
  await acquaint(ours, theirs)
  const [weGot, theyGot] = await within(ms, exchange(ours, theirs), 'the exchange')
  checkSame(weGot, expectedFrom(theirs), 'what we got')
  checkSame(theyGot, expectedFrom(ours), 'what they got')
}

/** Compares digests, and says which is the first that is wrong, not all of them. */
export function checkSame(got: readonly string[], wanted: readonly string[], what = 'what came'): void {
  const wrong = wanted.findIndex((digest, i) => got[i] !== digest)
  if (wrong >= 0)
    throw new Error(`${what}: ${got[wrong]} is not ${wanted[wrong]}, number ${wrong} of ${wanted.length}`)
  assert.is(got.length, wanted.length)
}

/** What of `got` does not come from `all` in the order of `all`. */
export function strays(got: readonly string[], all: readonly string[]): string[] {
  let at = 0
  return got.filter((digest) => {
    const found = all.indexOf(digest, at)
    if (found >= 0) at = found + 1
    return found < 0
  })
}

/** Waits until a socket that is watched has had the event so many times. */
export async function seen(doer: Doer, name: string, event: string, times = 1): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(10)) {
    if ((await eventsOf(doer, name, event)) >= times) return
  }
  throw new Error(`no ${event} event at ${name}`)
}

export async function eventsOf(doer: Doer, name: string, event: string): Promise<number> {
  const events = (await doer.run({ do: 'events', name })) as Record<string, number>
  return events[event] ?? 0
}
