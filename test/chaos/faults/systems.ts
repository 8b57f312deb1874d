/**
 * Faults 8, 10, 11, 39 to 43: what the process and the system refuse: exits, memory, threads, file descriptors, ports, names, files. A heap of
 * 256 MiB is one of 64 in short runs; descriptors run out by `ulimit -n 64` and a hoard of /dev/null.
 */
import dns from 'node:dns'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import * as assert from 'uvu/assert'
import * as ours from '../../../src/zmtp/index.ts'
import { openSockets } from '../../support/hostile-world.ts'
import { childFile } from '../child-file.ts'
import { type Fault, fault } from '../fault.ts'
import { statusOf, until, type World, within } from '../world.ts'

const MIB = 1024 * 1024
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The process exits in the middle of close(), with octets that nobody takes: no hang. */
async function exitInClose(world: World): Promise<void> {
  const server = world.server()
  const proxy = await world.proxy(await server.bind('tcp://127.0.0.1:0'))
  const child = await world.clientProcess(proxy.endpoint, { lingerMs: 60_000 })
  await child.run('ready', { timeoutMs: 10_000 })
  proxy.rule('up', { cutAt: proxy.passed.up, cutBy: 'stall' })
  await child.run('take', { size: 8 * MIB })
  child.child.write(JSON.stringify({ do: 'closeAndExit' }))
  assert.is(await child.child.ended(10_000), 0, 'close() was not under way, or the process hung')
  proxy.break('reset')
  await until(() => server.stats().peers === 0)
}

/** A server whose heap is nearly full under a load that would fill it many times: it refuses, and lives. */
async function smallHeap(world: World): Promise<void> {
  const heap = world.size(64, 256)
  const server = await world.serverProcess(
    'tcp://127.0.0.1:0',
    { limits: { maxRunningCalls: 50, maxRunningCallsPerPeer: 50, maxWaitingCalls: 50 } },
    { flags: [`--max-old-space-size=${heap}`] },
  )
  const client = world.client({ timeoutMs: 20_000 }).connect(server.endpoint)
  await client.ready({ timeoutMs: 10_000 })
  // Values, not octets: a list of small numbers takes far more heap than octets on the wire.
  const data = Array.from({ length: 20_000 }, (_, n) => n % 100)
  const total = world.size(300, 1500)
  for (let done = 0; done < total; done += 150) {
    await Promise.all(
      Array.from({ length: 150 }, () =>
        world.ledger.call((number) => client.take(number, data, 100), { expected: data.length }),
      ),
    )
  }
  await world.calls(client, 5)
  const { result, ...refused } = world.ledger.endings
  assert.ok(result! > 5, JSON.stringify(world.ledger.endings))
  assert.equal(Object.keys(refused), ['RESOURCE_EXHAUSTED no'])
}

/** A worker thread with open sockets is terminated: nothing of it is left in the process, and its peers are told. */
async function terminatedWorker(world: World): Promise<void> {
  const before = openSockets()
  for (let n = 0; n < world.size(2, 3); n++) {
    const worker = new Worker(new URL(`file://${childFile()}`), {
      argv: [
        'server',
        JSON.stringify({ endpoint: 'tcp://127.0.0.1:0', log: path.join(world.folder, 'worker') }),
      ],
      stdout: true,
      stdin: true,
    })
    const endpoint = await within(
      20_000,
      new Promise<string>((resolve) => worker.stdout.once('data', (text) => resolve(String(text).trim()))),
      'the worker',
    )
    const client = world.client().connect(endpoint)
    await client.ready({ timeoutMs: 10_000 })
    const lost = statusOf(client, 'lost')
    const caught = world.ledger.call((number) => client.never(number), { untold: true })
    await until(() => client.stats().inFlight === 1)
    await sleep(world.dice.random(20))
    await worker.terminate()
    await lost
    assert.equal((await caught).error?.code, 'UNAVAILABLE')
    await client.close()
  }
  await until(() => openSockets() === before, 5000, `descriptors back to ${before}: ${openSockets()}`)
}

interface Usage {
  readonly user: number
  readonly system: number
}

/** Accepting fails for want of descriptors: no tight loop; when some are free again, who waits comes in. */
async function noneToAccept(world: World): Promise<void> {
  const server = await world.serverProcess('tcp://127.0.0.1:0', {}, { prefix: 'ulimit -n 64' })
  const first = world.client().connect(server.endpoint)
  await first.ready({ timeoutMs: 10_000 })
  await server.run('hoard', { leave: 2 })
  const clients = Array.from({ length: 8 }, () => world.client({ reconnect: { minMs: 50, maxMs: 300 } }))
  for (const client of clients) client.connect(server.endpoint)
  await sleep(200)
  const before = await server.run<Usage>('cpu')
  await world.calls(first, 50)
  await sleep(600)
  const after = await server.run<Usage>('cpu')
  const cpuMs = (after.user + after.system - before.user - before.system) / 1000
  assert.ok(cpuMs < 500, `${cpuMs} ms of processor time in 600 ms: a tight loop`)
  await server.run('release')
  await Promise.all(clients.map((client) => client.ready({ timeoutMs: 10_000 })))
  for (const client of clients) await world.calls(client, 2)
}

/** Connecting fails for want of descriptors: told, tried again with delays, and in when some are free. */
async function noneToConnect(world: World): Promise<void> {
  const server = world.server({}, false)
  const proxy = await world.proxy(await server.bind('tcp://127.0.0.1:0'))
  const child = await world.clientProcess(proxy.endpoint, { reconnect: { minMs: 20, maxMs: 200 } }, 1, {
    prefix: 'ulimit -n 64',
  })
  await child.run('ready', { timeoutMs: 10_000 })
  await child.run('status')
  const told = async (text: string): Promise<boolean> =>
    (await child.run<string[]>('statuses')).some((status) => status.startsWith(text))
  // Whoever listens hangs up, until none is left to connect with.
  proxy.refuses = true
  proxy.break('reset')
  while (!(await told('lost'))) await sleep(5)
  await child.run('hoard', { leave: 0 })
  for (let n = 0; n < 400 && !(await told('retrying CONNECT_FAILED')); n++) {
    await child.run('hoard', { leave: 0 })
    await sleep(5)
  }
  assert.ok(await told('retrying CONNECT_FAILED'), String(await child.run('statuses')))
  const before = await child.run<Usage>('cpu')
  await sleep(600)
  const after = await child.run<Usage>('cpu')
  const cpuMs = (after.user + after.system - before.user - before.system) / 1000
  assert.ok(cpuMs < 500, `${cpuMs} ms of processor time in 600 ms`)
  const calls = child.run<Record<string, number>>('calls', { each: 5 })
  proxy.refuses = false
  await child.run('release')
  assert.equal(await calls, { result: 5 })
  world.forgetLogs()
}

/** The port is another's: bind rejects with the code; when it is free, the caller tries again, and it works. */
async function portTaken(world: World): Promise<void> {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const endpoint = `tcp://127.0.0.1:${(other.address() as { port: number }).port}`
  const server = world.server()
  const error = await server.bind(endpoint).then(
    () => undefined,
    (reason) => reason,
  )
  assert.equal([error?.code, (error?.cause as { code?: string })?.code], ['BIND_FAILED', 'EADDRINUSE'])
  const pull = world.socket(new ours.Pull())
  assert.is(
    await pull.bind(endpoint).then(
      () => '',
      (reason) => reason.code,
    ),
    'EADDRINUSE',
  )
  await new Promise((resolve) => other.close(resolve))
  await server.bind(endpoint)
  const client = world.client().connect(endpoint)
  await world.calls(client, 10)
}

/** Names that are not found, or mean another address next time: told, and the new address is used at the next try. */
async function names(world: World): Promise<void> {
  const [first, second] = [world.server(), world.server()]
  const endpoint = await first.bind('tcp://127.0.0.1:0')
  const port = endpoint.split(':').pop()
  const { lookup } = dns
  let answer: (done: (...args: unknown[]) => void, all: boolean) => void = () => {}
  let asked = 0
  dns.lookup = ((_name: string, options: unknown, callback: unknown) => {
    const done = (typeof options === 'function' ? options : callback) as (...args: unknown[]) => void
    const all = (options as { all?: boolean } | undefined)?.all === true
    asked++
    process.nextTick(() => answer(done, all))
  }) as never
  const at = (address: string) => (done: (...args: unknown[]) => void, all: boolean) =>
    all ? done(null, [{ address, family: 4 }]) : done(null, address, 4)
  const fails = (code: string) => (done: (...args: unknown[]) => void) =>
    done(Object.assign(new Error(`getaddrinfo ${code}`), { code, syscall: 'getaddrinfo' }))
  try {
    answer = fails('ENOTFOUND')
    const client = world.client()
    const errors: unknown[] = []
    client.on('status', ({ status, error }) => {
      if (status === 'retrying') errors.push((error?.cause as { code?: string } | undefined)?.code)
    })
    client.connect(`tcp://changes.example:${port}`)
    const waiting = world.calls(client, 5)
    await until(() => errors.length > 1, 5000, 'the failures of DNS')
    assert.ok(errors.includes('ENOTFOUND'), String(errors))
    answer = fails('EAI_AGAIN')
    await until(() => errors.includes('EAI_AGAIN'), 5000)
    // An address that this machine does not have.
    answer = at('127.0.0.2')
    await sleep(50)
    answer = at('127.0.0.1')
    await waiting
    // The name moves: the server at the old address goes, another is at the new one.
    await second.bind(`tcp://127.0.0.3:${port}`)
    const lost = statusOf(client, 'lost')
    answer = at('127.0.0.3')
    await first.close()
    await lost
    await within(10_000, world.calls(client, 5), 'calls at the new address')
    assert.is(second.stats().peers, 1)
    assert.ok(asked >= 3)
  } finally {
    dns.lookup = lookup
  }
}

/** Paths of IPC: left by a dead process, too long, not permitted, taken by a file. */
async function paths(world: World): Promise<void> {
  const file = path.join(world.folder, 'socket')
  const dead = await world.serverProcess(`ipc://${file}`)
  const client = world.client().connect(`ipc://${file}`)
  await world.calls(client, 5)
  const lost = statusOf(client, 'lost')
  await dead.kill()
  await lost
  assert.ok(statSync(file).isSocket(), 'the file was to be left')
  const heir = world.server()
  await heir.bind(`ipc://${file}`)
  await world.calls(client, 5)
  // One that lives keeps its path.
  const newcomer = world.server()
  assert.is((await refusal(newcomer.bind(`ipc://${file}`))).code, 'BIND_FAILED')
  await world.calls(client, 5)
  assert.is((await refusal(newcomer.bind(`ipc://${world.folder}/${'x'.repeat(120)}`))).code, 'PATH_TOO_LONG')
  writeFileSync(path.join(world.folder, 'precious'), 'data')
  const plain = await refusal(newcomer.bind(`ipc://${world.folder}/precious`))
  assert.is(plain.code, 'BIND_FAILED')
  assert.is(statSync(path.join(world.folder, 'precious')).size, 4, 'a file of another was removed')
  assert.is((await refusal(newcomer.bind(`ipc://${world.folder}/no/such/folder`))).code, 'BIND_FAILED')
  // Where root may not write either.
  let closed = '/sys'
  if (process.getuid?.() !== 0) {
    closed = path.join(world.folder, 'closed')
    mkdirSync(closed, { mode: 0o500 })
  }
  assert.is((await refusal(newcomer.bind(`ipc://${closed}/socket`))).code, 'BIND_FAILED')
}

function refusal(promise: Promise<unknown>): Promise<{ code?: string }> {
  return promise.then(
    () => ({}),
    (error) => error as { code?: string },
  )
}

export const SYSTEMS: readonly Fault[] = [
  fault(8, 'process exit in the middle of close()', exitInClose),
  fault(10, 'the heap near its limit at full load', smallHeap, { deadlineMs: 60_000 }),
  fault(11, 'a worker thread terminated with open sockets', terminatedWorker),
  fault(39, 'EMFILE on accept', noneToAccept),
  fault(40, 'EMFILE on connect', noneToConnect),
  fault(41, 'EADDRINUSE on bind', portTaken),
  fault(42, 'DNS fails, and changes', names),
  fault(43, 'IPC paths: stale, too long, not permitted', paths),
]
