// bind and unbind, and their synchronous forms: what stands in lastEndpoint, when a name is free again, what is refused and how, and
// socket files. Each error is held against what the native package gives.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Dealer, type Event, Router, type Socket } from '../../../src/zmtp/index.ts'
import { code, overAll, strings } from '../../support/sockets.ts'
import { until, within } from '../../support/within.ts'

const test = suite('binding')

interface Failure {
  code: string
  errno: number
  message: string
  address: string | undefined
}

/** What it throws or rejects with; `undefined` when it does neither. */
async function failure(run: () => unknown): Promise<Failure | undefined> {
  try {
    await run()
  } catch (error) {
    const { code, errno, message, address } = error as Failure
    return { code, errno, message, address }
  }
  return undefined
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'p-'))
  try {
    await within(20_000, run(folder), 'the test')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A socket file whose process is dead. */
function leaveSocketFile(file: string): void {
  const script = `require('net').createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`
  try {
    execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' })
  } catch {} // it ends by SIGKILL, which is the point
  assert.ok(existsSync(file))
}

overAll(test, 'bindSync: when it returns, lastEndpoint is the real one and a peer can connect', async (s) => {
  const router = s.use(new Router())
  assert.is(router.bindSync(s.address()), undefined)
  const address = router.lastEndpoint!
  assert.not.match(address, /:0$/)
  const dealer = s.use(new Dealer())
  dealer.connect(address)
  await dealer.send('hello')
  const [id, text] = await router.receive()
  assert.is(String(text), 'hello')
  await router.send([id!, 'back'])
  assert.equal(strings(await dealer.receive()), ['back'])
})

overAll(
  test,
  'unbindSync: when it returns, the address is free, even for a bindSync in the same turn',
  async (s) => {
    const router = s.use(new Router())
    router.bindSync(s.address())
    const address = router.lastEndpoint!
    const dealer = s.use(new Dealer({ routingId: 'D', reconnectInterval: 5 }))
    dealer.connect(address)
    await dealer.send('first')
    assert.is(String((await router.receive())[1]), 'first')
    const sent = router.send(['D', 'last words'])
    assert.is(router.unbindSync(address), undefined)
    const next = s.use(new Router())
    next.bindSync(address)
    assert.is(next.lastEndpoint, address)
    await sent
    // As with unbind the connections that were made there end, after what is queued; the dealer finds the new one.
    assert.equal(strings(await dealer.receive()), ['last words'])
    await until(() => router.counters.peers === 0)
    await dealer.send('second')
    assert.is(String((await next.receive())[1]), 'second')
    assert.is(await code(() => router.unbindSync(address)), 'ENOENT')
  },
)

overAll(test, 'close frees the name within the call, too', async (s) => {
  const first = s.use(new Router())
  first.bindSync(s.address())
  const address = first.lastEndpoint!
  first.close()
  const second = s.use(new Router())
  second.bindSync(address)
  assert.is(second.lastEndpoint, address)
})

overAll(test, 'bind and bindSync may be mixed: what one bound the other unbinds', async (s) => {
  const router = s.use(new Router())
  await router.bind(s.address())
  const first = router.lastEndpoint!
  router.unbindSync(first)
  router.bindSync(first)
  await router.unbind(first)
  await router.bind(first)
  assert.is(router.lastEndpoint, first)
})

// The codes are those that the native package gives for bindSync.
const REFUSED: [address: string, code: string][] = [
  ['tcp://', 'EINVAL'],
  ['', 'EINVAL'],
  ['tcp://127.0.0.1', 'EINVAL'],
  ['foo://x', 'EPROTONOSUPPORT'],
  ['tcp://192.0.2.200:1234', 'EADDRNOTAVAIL'],
  [`ipc:///tmp/${'x'.repeat(120)}`, 'ENAMETOOLONG'],
  ['ipc:///no/such/folder/socket', 'ENOENT'],
]

test('bindSync throws at the call what bind rejects with: code, number, text and address', async () => {
  const taken = new Router()
  taken.bindSync('tcp://127.0.0.1:*')
  const occupied = taken.lastEndpoint!
  taken.bindSync('inproc://occupied')
  for (const [address, expected] of [
    ...REFUSED,
    [occupied, 'EADDRINUSE'],
    ['inproc://occupied', 'EADDRINUSE'],
  ] as const) {
    const socket = new Router()
    let thrown: unknown
    try {
      socket.bindSync(address)
    } catch (error) {
      thrown = error
    }
    const sync = await failure(() => {
      throw thrown
    })
    assert.is(sync?.code, expected, address)
    assert.is(sync?.address, address)
    assert.equal(await failure(() => socket.bind(address)), sync, address)
    // It stays as usable as before.
    assert.is(socket.lastEndpoint, null)
    socket.bindSync('inproc://free')
    socket.close()
  }
  taken.close()
})

test('bindSync and unbindSync check argument and state as bind does', async () => {
  const router = new Router()
  for (const run of [router.bindSync, router.unbindSync]) {
    assert.throws(
      () => run.call(router, 5 as never),
      /^TypeError: Address must be a string$|Address must be a string/,
    )
  }
  assert.equal(await failure(() => router.unbindSync('tcp://127.0.0.1:5555')), {
    code: 'ENOENT',
    errno: 2,
    message: 'No such endpoint',
    address: 'tcp://127.0.0.1:5555',
  })
  const bind = router.bind('tcp://127.0.0.1:*')
  const text = 'Socket is blocked by a bind or unbind operation'
  for (const run of [() => router.bindSync('inproc://y'), () => router.unbindSync('inproc://y')]) {
    assert.throws(run, (error: Failure) => error.code === 'EBUSY' && error.message === text)
  }
  await bind
  router.close()
  for (const run of [() => router.bindSync('inproc://y'), () => router.unbindSync('inproc://y')]) {
    assert.is((await failure(run))?.code, 'EBADF')
  }
  assert.throws(() => router.bindSync(5 as never), /Address must be a string/)
})

test('bindSync and unbindSync leave a pending receive waiting', async () => {
  const router = new Router()
  router.bindSync('tcp://127.0.0.1:*')
  const arrived = router.receive()
  router.unbindSync(router.lastEndpoint!)
  router.bindSync('inproc://beside')
  const dealer = new Dealer()
  dealer.connect('inproc://beside')
  await dealer.send('x')
  assert.is(String((await within(5000, arrived, 'the message'))[1]), 'x')
  for (const socket of [dealer, router]) socket.close()
})

test('bindSync reports bind and bind:error, unbindSync close, with the addresses of the native package', async () => {
  const router = new Router()
  const events: Event[] = []
  const end = new Promise((resolve) => router.events.on('end', resolve))
  for (const type of ['bind', 'bind:error', 'close'] as const)
    router.events.on(type, (event) => events.push(event))
  router.bindSync('tcp://127.0.0.1:*')
  const address = router.lastEndpoint!
  await code(() => router.bindSync(address))
  router.unbindSync(address)
  router.close()
  await end
  assert.equal(
    events.map(({ type, ...rest }) => [type, (rest as { address: string }).address]),
    [
      ['bind', address],
      ['close', undefined],
      ['bind:error', address.slice('tcp://'.length)],
      ['close', address],
    ],
  )
  assert.is((events[2] as unknown as { error: Failure }).error.code, 'EADDRINUSE')
})

test('a name that only a name service knows: bindSync refuses it and says why, bind asks', async () => {
  const router = new Router()
  const refusal = await failure(() => router.bindSync('tcp://a.name.invalid:5555'))
  assert.is(refusal?.code, 'ENOTSUP')
  assert.match(refusal?.message ?? '', /a\.name\.invalid.*use bind/)
  assert.is((await failure(() => router.bind('tcp://a.name.invalid:5555')))?.code, 'ENODEV')
  router.close()
})

test('a runtime that cannot listen at once: bindSync refuses and leaves the port alone, bind waits', async () => {
  const prototype = net.Server.prototype as unknown as { _listen2: (...args: unknown[]) => void }
  const method = prototype._listen2
  const atOnce = 'BoundSocket' in net
  prototype._listen2 = function (...args) {
    setImmediate(() => method.apply(this, args))
  }
  const router = new Router()
  try {
    const refusal = await failure(() => router.bindSync('tcp://127.0.0.1:*'))
    if (!atOnce) assert.match(refusal?.message ?? '', /does not listen within the call.*use bind/)
    assert.is(refusal?.code, atOnce ? undefined : 'ENOTSUP')
    await router.bind('tcp://127.0.0.1:*')
    const taken = router.lastEndpoint!
    const other = new Router()
    assert.is((await failure(() => other.bind(taken)))?.code, 'EADDRINUSE')
    other.close()
    const dealer = new Dealer()
    dealer.connect(taken)
    await dealer.send('x')
    await router.receive()
    dealer.close()
  } finally {
    prototype._listen2 = method
    router.close()
  }
})

const WILDCARDS: [address: string, ipv6: boolean, endpoint: RegExp][] = [
  ['tcp://*:*', false, /^tcp:\/\/0\.0\.0\.0:\d+$/],
  ['tcp://*:0', false, /^tcp:\/\/0\.0\.0\.0:\d+$/],
  ['tcp://127.0.0.1:0', false, /^tcp:\/\/127\.0\.0\.1:\d+$/],
  ['tcp://lo:*', false, /^tcp:\/\/127\.0\.0\.1:\d+$/],
  ['tcp://localhost:*', false, /^tcp:\/\/127\.0\.0\.1:\d+$/],
  ['tcp://*:*', true, /^tcp:\/\/\[::\]:\d+$/],
  ['tcp://lo:*', true, /^tcp:\/\/\[::1\]:\d+$/],
  ['tcp://[::1]:*', true, /^tcp:\/\/\[::1\]:\d+$/],
  ['tcp://[::]:0', true, /^tcp:\/\/\[::\]:\d+$/],
  ['tcp://127.0.0.1:*', true, /^tcp:\/\/127\.0\.0\.1:\d+$/],
]

for (const [address, ipv6, endpoint] of WILDCARDS) {
  test(`M10: ${address}${ipv6 ? ' with ipv6' : ''} becomes what peers can connect to, by bind and by bindSync`, async () => {
    for (const bind of [
      (socket: Socket) => socket.bind(address),
      (socket: Socket) => socket.bindSync(address),
    ]) {
      const router = new Router({ ipv6 })
      await bind(router)
      const bound = router.lastEndpoint!
      assert.match(bound, endpoint)
      assert.not.match(bound, /:0$/)
      const dealer = new Dealer({ ipv6, linger: 0 })
      dealer.connect(bound.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]'))
      await dealer.send('x')
      await within(5000, router.receive(), `a message to ${bound}`)
      for (const socket of [dealer, router]) socket.close()
    }
  })
}

test('M10: ipc://* is a fresh path, gone with its folder after unbindSync, unbind or close', async () => {
  const ends: ((socket: Router, address: string) => unknown)[] = [
    (socket, address) => socket.unbindSync(address),
    (socket, address) => socket.unbind(address),
    (socket) => socket.close(),
  ]
  for (const end of ends) {
    const router = new Router()
    router.bindSync('ipc://*')
    const file = router.lastEndpoint!.slice('ipc://'.length)
    assert.ok(existsSync(file))
    await end(router, router.lastEndpoint!)
    assert.not(existsSync(path.dirname(file)))
    router.close()
  }
})

test('M13: a socket file that was left behind is replaced, by bind and by bindSync', () =>
  inFolder(async (folder) => {
    const file = path.join(folder, 's')
    for (const bind of [(r: Router) => r.bind(`ipc://${file}`), (r: Router) => r.bindSync(`ipc://${file}`)]) {
      leaveSocketFile(file)
      const router = new Router()
      await bind(router)
      const dealer = new Dealer()
      dealer.connect(`ipc://${file}`)
      await dealer.send('x')
      await within(5000, router.receive(), 'the message')
      for (const socket of [router, dealer]) socket.close()
      assert.not(existsSync(file))
    }
  }))

test('M13: a socket file that somebody listens on is refused with EADDRINUSE, and its owner undisturbed', () =>
  inFolder(async (folder) => {
    const address = `ipc://${path.join(folder, 's')}`
    const owner = new Router()
    await owner.bind(address)
    const rival = new Router()
    assert.is((await failure(() => rival.bind(address)))?.code, 'EADDRINUSE')
    assert.is((await failure(() => rival.bindSync(address)))?.code, 'EADDRINUSE')
    // Also within one socket.
    assert.is((await failure(() => owner.bindSync(address)))?.code, 'EADDRINUSE')
    const dealer = new Dealer()
    dealer.connect(address)
    await dealer.send('to the owner')
    await within(5000, owner.receive(), 'the message')
    for (const socket of [owner, rival, dealer]) socket.close()
  }))

test('M13: any other file is never touched, and a folder that does not exist is ENOENT', () =>
  inFolder(async (folder) => {
    const file = path.join(folder, 'f')
    writeFileSync(file, 'precious')
    const router = new Router()
    for (const bind of [(to: string) => router.bind(to), (to: string) => router.bindSync(to)]) {
      assert.is((await failure(() => bind(`ipc://${file}`)))?.code, 'EADDRINUSE')
      assert.ok(existsSync(file))
      assert.is((await failure(() => bind(`ipc://${folder}/none/such`)))?.code, 'ENOENT')
    }
    router.close()
  }))

test('M14: abstract ipc names are bound once and are free after unbind, or are refused with a reason', async () => {
  const address = `ipc://@pseud-test-${process.pid}`
  const [router, rival, dealer] = [new Router(), new Router(), new Dealer()]
  const canSay = Number(process.versions.node.split('.')[0]) >= 21 && process.platform === 'linux'
  if (canSay) {
    router.bindSync(address)
    assert.is(router.lastEndpoint, address)
    dealer.connect(address)
    await dealer.send('x')
    await within(5000, router.receive(), 'the message')
    assert.is((await failure(() => rival.bindSync(address)))?.code, 'EADDRINUSE')
    assert.is((await failure(() => rival.bind(address)))?.code, 'EADDRINUSE')
    router.unbindSync(address)
    await rival.bind(address)
    assert.is((await failure(() => rival.bind(`ipc://@${'x'.repeat(107)}`)))?.code, 'ENAMETOOLONG')
  } else {
    for (const run of [
      () => router.bind(address),
      () => router.bindSync(address),
      () => dealer.connect(address),
    ]) {
      const error = await Promise.resolve()
        .then(run)
        .catch((caught) => caught)
      assert.is(error?.code, 'EINVAL')
      assert.match(error.cause.message, /abstract names of this runtime/)
    }
  }
  assert.is((await failure(() => rival.bind('ipc://@')))?.code, 'EINVAL')
  for (const socket of [router, rival, dealer]) socket.close()
})

test.run()
