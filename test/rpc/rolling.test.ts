// A fleet of three servers is restarted, one after the other and again and again, while a client calls it without a pause.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { buildSync } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Client, type RpcError } from '../../src/rpc/index.ts'
import { sleep, within } from '../support/within.ts'

const test = suite('RPC rolling restart')
const folder = path.resolve(process.env.PSEUD_TEST_DIR ?? 'build/test', `rolling-${process.pid}`)
const file = path.join(folder, 'server.mjs')
const children = new Set<ChildProcess>()

const SERVERS = 3
const RESTARTS = 3

class FleetServer {
  readonly endpoint: Promise<string>
  /** The orders that it has taken, when it has ended. */
  readonly taken: Promise<number[]>
  readonly #child: ChildProcess

  constructor(endpoint: string) {
    this.#child = spawn(process.execPath, [file, endpoint], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.add(this.#child)
    const lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
    this.endpoint = lines.next().then(({ value }) => value as string)
    const ended = new Promise((resolve) => this.#child.once('close', resolve))
    this.taken = this.endpoint
      .then(() => lines.next())
      .then(async ({ value }) => {
        await ended
        children.delete(this.#child)
        return JSON.parse(value) as number[]
      })
  }

  /** Asks it to drain and to end. */
  end(): Promise<number[]> {
    this.#child.kill('SIGTERM')
    return within(15_000, this.taken, 'the end of a server')
  }
}

test.before(() => {
  buildSync({
    stdin: {
      contents: readFileSync('test/support/rolling-child.ts', 'utf8').replaceAll('../../', './'),
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    outfile: file,
  })
})

test.after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

test('three servers restarted three times each under load, with drain(): no call that may be repeated fails, none runs twice', async () => {
  const fleet = Array.from({ length: SERVERS }, () => new FleetServer('tcp://127.0.0.1:0'))
  const endpoints = await within(15_000, Promise.all(fleet.map(({ endpoint }) => endpoint)))
  const client = new Client('fleet', {
    endpoints,
    idempotent: ['add'],
    reconnect: { minMs: 10, maxMs: 100 },
  })
  await client.ready({ timeoutMs: 10_000 })

  let loading = true
  let added = 0
  let ordered = 0
  const wrong: string[] = []
  const failed: [string, string][] = []
  const taken: number[] = []
  const adding = async (): Promise<void> => {
    while (loading) {
      try {
        if ((await client.add(added, 1)) === undefined) wrong.push('no sum')
        added++
      } catch (error) {
        wrong.push(String(error))
      }
      await sleep(1)
    }
  }
  const ordering = async (): Promise<void> => {
    while (loading) {
      const number = ordered++
      try {
        if ((await client.order(number, number % 20)) !== number) wrong.push(`order ${number}`)
      } catch (error) {
        failed.push([(error as RpcError).code, (error as RpcError).executed])
      }
    }
  }
  const load = Promise.all([
    ...Array.from({ length: 10 }, () => adding()),
    ...Array.from({ length: 20 }, () => ordering()),
  ])
  for (let round = 0; round < RESTARTS; round++) {
    for (let i = 0; i < SERVERS; i++) {
      taken.push(...(await fleet[i]!.end()))
      fleet[i] = new FleetServer(endpoints[i]!)
      await within(15_000, fleet[i]!.endpoint, 'the start of a server')
    }
  }
  loading = false
  await within(15_000, load, 'the last calls')
  const stats = client.stats()
  await client.close()
  for (const server of fleet) taken.push(...(await server.end()))

  assert.equal(wrong, [])
  assert.ok(added > 100 && ordered > 100, `${added} sums, ${ordered} orders`)
  // What rows 3 to 5 allow: a connection that broke, and then it cannot be known.
  assert.equal(
    failed.filter(([code, executed]) => code !== 'UNAVAILABLE' || executed !== 'maybe'),
    [],
  )
  assert.is(new Set(taken).size, taken.length, 'an order was taken twice')
  assert.ok(taken.length >= ordered - failed.length, 'an order was answered that nobody took')
  assert.is(stats.failed, failed.length)
  console.log(
    `REPORT: ${SERVERS * RESTARTS} restarts, ${added} sums, ${ordered} orders, ${failed.length} of them lost`,
  )
})

test.run()
