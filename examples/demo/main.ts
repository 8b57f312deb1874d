// A server and a client of pseud, a libzmq peer and, where there is one, a Python peer, each in its own process, call each other.
// Run `npm run demo`: every call is printed with its time; exit code 0 when all went well.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type CallReport, colours, format, plain } from './report.ts'

const DEADLINE_MS = 60_000
const SERVER = new URL('./server.ts', import.meta.url)
const CLIENT = new URL('./client.ts', import.meta.url)
const LIBZMQ_PEER = new URL('./libzmq-peer.ts', import.meta.url)
const PYTHON_PEER = new URL('./python_peer.py', import.meta.url)
const colourful = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
const paint = colourful ? colours : plain
const started = performance.now()
const children = new Set<ChildProcess>()
const totals = { calls: 0, failed: 0 }

/** A process of the demo. `ready` resolves to the endpoint that it reports, `ended` when it is over. */
class Actor {
  readonly ready: Promise<string>
  readonly ended: Promise<void>
  readonly #child: ChildProcess

  constructor(name: string, file: string, args: string[]) {
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, PSEUD_DEMO: '1' },
    })
    children.add(child)
    this.#child = child
    let resolveReady: (endpoint: string) => void
    this.ready = new Promise((resolve) => {
      resolveReady = resolve
    })
    createInterface({ input: child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text) as CallReport | { ready: string }
      if ('ready' in line) resolveReady(line.ready)
      else show(line)
    })
    child.stdin!.on('error', () => {})
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        children.delete(child)
        if (code !== 0) {
          totals.failed++
          console.log(paint('bad', `  the ${name} ended with ${signal ?? `exit code ${code}`}`))
          end()
        }
        resolve()
      })
    })
  }

  stop(): Promise<void> {
    this.#child.stdin!.end()
    return this.ended
  }
}

const node = (name: string, file: URL, ...args: string[]) =>
  new Actor(name, process.execPath, [...process.execArgv, fileURLToPath(file), ...args])

function show(line: CallReport): void {
  totals.calls++
  if (!line.ok) totals.failed++
  console.log(format(line, paint))
}

function findPython(): string | undefined {
  const candidates = process.env.PSEUD_PYTHON ? [process.env.PSEUD_PYTHON] : ['python3', '/usr/bin/python3']
  return candidates.find((python) => spawnSync(python, ['-c', 'import zmq, msgpack']).status === 0)
}

function end(): never {
  for (const child of children) child.kill('SIGKILL')
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const verdict =
    totals.failed === 0 ? paint('good', 'all as expected') : paint('bad', `${totals.failed} failed`)
  console.log(`\n  ${totals.calls} calls, ${verdict}, in ${seconds} s`)
  process.exit(totals.failed === 0 ? 0 : 1)
}

setTimeout(() => {
  totals.failed++
  console.log(paint('bad', `  not over after ${DEADLINE_MS / 1000} s`))
  end()
}, DEADLINE_MS)

const python = findPython()
console.log(
  `\n  ${paint('title', 'pseud')}: functions call each other across processes, in both directions, over ZeroMQ`,
)
console.log(`  ${paint('dim', 'server, client: pseud · libzmq: the zeromq package · python: pyzmq')}\n`)

const server = node('server', SERVER, 'tcp://127.0.0.1:0')
const endpoint = await server.ready
const libzmq = node('libzmq-peer', LIBZMQ_PEER, endpoint)
const pythonPeer =
  python === undefined ? undefined : new Actor('python peer', python, [fileURLToPath(PYTHON_PEER), endpoint])
const endpoints = [endpoint, await libzmq.ready]
if (pythonPeer !== undefined) endpoints.push(await pythonPeer.ready)

await node('client', CLIENT, ...endpoints).ended
await Promise.all([libzmq.stop(), pythonPeer?.stop()])
await server.stop()
if (python === undefined) {
  console.log(`\n  ${paint('dim', 'No Python with zmq and msgpack here: its peer was left out.')}`)
}
end()
