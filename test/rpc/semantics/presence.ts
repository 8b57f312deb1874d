// Who is there and who is not: peers that go, stop, do not read, ask too much; users that are called by their names.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect as netConnect } from 'node:net'
import path from 'node:path'
import { buildSync } from 'esbuild'
import * as assert from 'uvu/assert'
import { encode } from '../../../src/codec/index.ts'
import { type CallContext, method, type Peer, RpcError, trustedPeer } from '../../../src/rpc/index.ts'
import { frame } from '../../support/engine.ts'
import { portOf, RawPeer } from '../../support/raw-peer.ts'
import { sleep, until, within } from '../../support/within.ts'
import { failure, gate, type Rows, type World } from './world.ts'

const KIB = 1024
const call = (id: number, name: string, ...args: unknown[]): Buffer => frame(0, encode([0, id, name, args]))

/** A DEALER made of octets, which answers nothing by itself, at a tcp or ipc endpoint. */
async function stranger(world: World, at: string): Promise<RawPeer> {
  const socket =
    world.transport === 'ipc' ? netConnect(at.slice('ipc://'.length)) : netConnect(portOf(at), '127.0.0.1')
  await once(socket, 'connect')
  const peer = new RawPeer(socket)
  world.keep({ close: async () => peer.destroy() })
  return peer.hello('DEALER').ready()
}

/** A client in a process of its own. */
async function childClient(world: World, at: string): Promise<ChildProcess> {
  const outfile = path.resolve(
    process.env.PSEUD_TEST_DIR ?? 'build/test',
    `stopped-${process.pid}-${world.transport}.mjs`,
  )
  buildSync({
    entryPoints: ['test/support/rpc-client-child.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    outfile,
  })
  const child = spawn(process.execPath, [outfile, at], { stdio: ['ignore', 'pipe', 'inherit'] })
  world.keep({
    close: async () => {
      child.kill('SIGKILL')
      rmSync(outfile, { force: true })
    },
  })
  await within(20_000, once(child.stdout!, 'data'), 'a client in another process')
  return child
}

export const presence: Rows = {
  'row 6: when a peer is lost its functions are told, generators end, results are dropped, and peergone comes once':
    async (world) => {
      const told = gate<unknown>()
      const ended = gate()
      const results = gate()
      const gone: unknown[] = []
      const { server, client } = await world.pair({
        wait: method(async (ctx: CallContext) => {
          await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
          told.open(ctx.signal.reason)
          results.open()
          return 'nobody takes it'
        }),
        async *items() {
          try {
            for (let n = 0; ; n++) yield n
          } finally {
            ended.open()
          }
        },
      })
      server.on('peergone', (peer) => gone.push(peer.id))
      const waiting = failure(client.wait())
      const items = client.items()[Symbol.asyncIterator]()
      await items.next()
      await until(() => server.stats().running === 2)
      await client.close()
      assert.is((await waiting).code, 'CLOSED')
      assert.is(((await within(5000, told.opened)) as RpcError).code, 'PEER_GONE')
      await within(5000, Promise.all([ended.opened, results.opened]))
      await until(() => server.stats().dropped >= 1 && gone.length === 1)
      const { running, waiting: waits, peers } = server.stats()
      assert.equal([running, waits, peers, server.peers.size, gone.length], [0, 0, 0, 0, 1])
    },

  'row 6: disconnectGraceMs lets functions end before they are told; state is free at once, and close tells all':
    async (world) => {
      const told: string[] = []
      const finish = gate()
      const begun = gate()
      const { server, client } = await world.pair(
        {
          short: method(async (ctx: CallContext) => {
            ctx.signal.addEventListener('abort', () => told.push('short'))
            await finish.opened
            told.push('finished')
          }),
          long: method(async (ctx: CallContext) => {
            ctx.signal.addEventListener('abort', () => told.push((ctx.signal.reason as RpcError).code))
            begun.open()
            await new Promise(() => {})
          }),
        },
        { server: { disconnectGraceMs: 60_000 } },
      )
      void failure(client.short())
      void failure(client.long())
      await within(5000, begun.opened)
      await client.close()
      await until(() => server.peers.size === 0)
      assert.equal([server.stats().running, told], [0, []])
      finish.open()
      await until(() => server.stats().dropped === 1)
      assert.equal(told, ['finished'])
      await server.close()
      assert.equal(told, ['finished', 'PEER_GONE'])
    },

  'row 17: a peer that does not read is read from no more, and others are served; above the hard bound it is ended':
    async (world) => {
      const finish = gate()
      const gone = gate<string | undefined>()
      const { server, client, at } = await world.pair(
        {
          big: () => new Uint8Array(64 * KIB),
          later: async () => {
            await finish.opened
            return new Uint8Array(128 * KIB)
          },
          small: () => 1,
        },
        { server: { limits: { slowPeerBytes: 1024 * KIB, deadPeerBytes: 4096 * KIB } } },
      )
      const known = new Set(server.peers.keys())
      const newest = (): Peer => [...server.peers.values()].find(({ id }) => !known.has(id))!
      server.on('peergone', (_peer, error) => gone.open((error as { code?: string } | undefined)?.code))
      const deaf = await stranger(world, at)
      await until(() => newest() !== undefined)
      deaf.socket.pause()
      for (let id = 1; id <= 200; id++) deaf.write(call(id, 'later'))
      for (let id = 1001; id <= 3000; id++) deaf.write(call(id, 'big'))
      await until(() => server.stats().running === 200)
      let handled = -1
      while (handled !== server.stats().handled) {
        handled = server.stats().handled
        await sleep(50)
      }
      // It goes no further than what the system's buffers and the soft bound hold.
      assert.ok(handled < 2000, `${handled} calls of a peer that does not read were handled`)
      assert.is(newest().notify('news'), false)
      assert.is(server.stats().notifiesDropped, 1)
      assert.is(await client.small(), 1)
      finish.open()
      assert.is(await within(10_000, gone.opened, 'its end'), 'SLOW_PEER')
      assert.is(server.peers.size, 1)
      assert.is(await client.small(), 1)
    },

  'row 18: above the bounds calls are refused with retryAfterMs, and peers take turns in the line': async (
    world,
  ) => {
    const order: string[] = []
    const gates = new Map<string, () => void>()
    const functions = {
      work: (name: string) => {
        order.push(name)
        return new Promise<void>((resolve) => gates.set(name, resolve))
      },
    }
    const limits = { maxRunningCalls: 1, maxRunningCallsPerPeer: 1, maxWaitingCalls: 5 }
    const { server, client: greedy, at } = await world.pair(functions, { server: { limits } })
    const modest = await world.client().connect(at).ready({ timeoutMs: 5000 })
    const calls = [0, 1, 2, 3].map((n) => greedy.work(`a${n}`) as Promise<void>)
    await until(() => server.stats().waiting === 3)
    calls.push(...[0, 1].map((n) => modest.work(`b${n}`) as Promise<void>))
    await until(() => server.stats().waiting === 5)
    const error = await failure(greedy.work('too much'))
    assert.equal([error.code, error.executed], ['RESOURCE_EXHAUSTED', 'no'])
    assert.ok(error.retryAfterMs! >= 100 && error.retryAfterMs! <= 30_000)
    assert.equal(error.details, { retryAfterMs: error.retryAfterMs })
    for (let n = 0; n < 6; n++) {
      await until(() => order.length === n + 1)
      gates.get(order[n]!)!()
    }
    await within(5000, Promise.all(calls))
    assert.equal(order, ['a0', 'b0', 'a1', 'b1', 'a2', 'a3'])
  },

  'row 19: an unknown function and a guard that refuses are answered at once, and nothing was run': async (
    world,
  ) => {
    const { server, client } = await world.pair({})
    let runs = 0
    server.registerPredicate('secret', () => false)
    server.registerPredicate('staff', () => {
      throw new RpcError('PERMISSION_DENIED', 'staff only')
    })
    server.registerRpc({ domain: 'secret' }, function hidden() {
      runs++
    })
    server.registerRpc({ domain: 'staff' }, function payroll() {
      runs++
    })
    for (const [name, code] of [
      ['nothing', 'NOT_FOUND'],
      ['hidden', 'NOT_FOUND'],
      ['payroll', 'PERMISSION_DENIED'],
    ] as const) {
      const error = await failure(client.call(name))
      assert.equal([error.code, error.executed], [code, 'no'])
    }
    assert.equal([runs, server.stats().refused], [0, 3])
  },

  'row 23: what is larger than the peer takes is not sent, and a frame above the limit ends who sends it':
    async (world) => {
      const limit = 64 * KIB
      const { server, client, at } = await world.pair(
        { echo: (value: unknown) => value, small: () => 1, big: () => new Uint8Array(limit) },
        { server: { maxMessageSize: limit }, client: { maxMessageSize: limit } },
      )
      const error = await failure(client.echo(new Uint8Array(limit)))
      assert.equal([error.code, error.executed], ['PAYLOAD_TOO_LARGE', 'no'])
      const answer = await failure(client.big())
      assert.equal([answer.code, answer.executed], ['PAYLOAD_TOO_LARGE', 'yes'])
      assert.is(await client.small(), 1)
      assert.is(server.stats().handled, 2)
      if (world.transport !== 'tcp' && world.transport !== 'ipc') return
      const raw = await stranger(world, at)
      // The header alone: its body need not come.
      raw.write(frame(0, Buffer.alloc(limit + 1)).subarray(0, 9))
      await raw.over()
      assert.is(await client.small(), 1)
    },

  'row 26: an idle peer that answers stays, one that falls silent is ended, and its calls with it': async (
    world,
  ) => {
    const heartbeat = { intervalMs: 50, timeoutMs: 500 }
    const { server, client, at } = await world.pair(
      { small: () => 1 },
      { server: { heartbeat }, client: { heartbeat } },
    )
    const [peer] = [...server.peers.values()]
    if (world.transport === 'MessagePort') await sleep(600)
    else {
      await until(() => peer!.rttMs !== undefined, 5000, 'a measured heartbeat')
      await sleep(1200)
    }
    assert.is(server.peers.get(peer!.id), peer)
    assert.is(await client.small(), 1)
    if (world.transport !== 'tcp' && world.transport !== 'ipc') return
    const gone = gate<string | undefined>()
    server.on('peergone', (_peer, error) => gone.open((error as { code?: string } | undefined)?.code))
    await stranger(world, at)
    await until(() => server.peers.size === 2)
    const silent = [...server.peers.values()].find(({ id }) => id !== peer!.id)!
    const error = await failure(silent.call('anything'))
    assert.equal([error.code, error.executed], ['UNAVAILABLE', 'maybe'])
    assert.is((error.cause as { code: string }).code, 'SILENT_PEER')
    assert.is(await gone.opened, 'SILENT_PEER')
    assert.is(await client.small(), 1)
  },

  'row 27: an unknown or gone user is refused at once; waitForPeerMs waits for it, and the stub follows it':
    async (world) => {
      const server = world.server()
      const at = await server.bind(world.endpoint())
      const stub = server.sendTo('ann')
      const patient = server.sendTo('ann', { waitForPeerMs: 20_000 })
      const refused = await failure(stub.who())
      assert.equal([refused.code, refused.executed], ['UNAVAILABLE', 'no'])
      for (const name of ['first', 'second']) {
        const waiting = patient.who()
        const client = world.client('remote', { userId: 'ann' })
        client.registerRpc('who', () => name)
        client.connect(at)
        assert.is(await within(10_000, waiting), name)
        assert.is(await stub.who(), name)
        await client.close()
        await until(() => server.peers.size === 0)
      }
      assert.is((await failure(stub.who())).code, 'UNAVAILABLE')
      const late = await failure(server.sendTo('ann', { waitForPeerMs: 20 }).who())
      assert.equal([late.code, late.executed], ['UNAVAILABLE', 'no'])
    },

  'row 28: the same user twice: both live and the newest is called, or the newer replaces the older': async (
    world,
  ) => {
    for (const sameUser of ['all', 'replace'] as const) {
      const server = world.server('remote', { security: trustedPeer(), sameUser })
      const at = await server.bind(world.endpoint())
      const clients = []
      for (const name of ['older', 'newer']) {
        const client = world.client('remote', { userId: 'ann' })
        client.registerRpc('who', () => name)
        await client.connect(at).ready({ timeoutMs: 5000 })
        clients.push(client)
      }
      assert.is(await server.sendTo('ann').who(), 'newer')
      if (sameUser === 'all') {
        assert.equal((await Promise.all(server.peersOf('ann').map((peer) => peer.call('who')))) as string[], [
          'older',
          'newer',
        ])
        await clients[1]!.close()
        await until(() => server.peers.size === 1)
        assert.is(await server.sendTo('ann').who(), 'older')
      } else {
        await until(() => server.peers.size === 1 && server.stats().peers === 1)
        assert.is((await failure(clients[0]!.call('x'))).code, 'UNAVAILABLE')
      }
    }
  },

  'row 29: notify goes once without an answer, says when it was dropped, and its errors reach the hooks alone':
    async (world) => {
      const heard: unknown[] = []
      const failed = gate<string>()
      const { server, client } = await world.pair({
        news: (text: string) => heard.push(text),
        fail: () => {
          throw new Error('not told')
        },
      })
      server.on('error', (error) => failed.open((error as Error).message))
      client.registerRpc('news', (text: string) => heard.push(text))
      assert.is(client.notify('news', ['to the server']), true)
      assert.is(client.notify('fail'), true)
      assert.is(client.notify('nothing'), true)
      assert.is(await within(5000, failed.opened), 'not told')
      assert.equal(server.broadcast.news('to all'), { sent: 1, dropped: 0 })
      await until(() => heard.length === 2 && server.stats().notifiesReceived === 3)
      assert.is(server.notify('nobody', 'news'), false)
      const { notifiesSent, notifiesDropped } = server.stats()
      // One for a function that is not there, one for a peer that is not.
      assert.equal([notifiesSent, notifiesDropped], [1, 2])
      await client.close()
      assert.is(client.notify('news', ['too late']), false)
      await until(() => server.peers.size === 0)
      assert.equal(server.broadcast.news('to nobody'), { sent: 0, dropped: 0 })
      assert.equal(heard, ['to the server', 'to all'])
    },

  'section 6, 8: names that every object has are no functions': async (world) => {
    const { server, client } = await world.pair({ a: { b: () => 1 } })
    for (const name of [
      'constructor',
      '__proto__',
      'prototype',
      'toString',
      'hasOwnProperty',
      'valueOf',
      'a.constructor',
      'a.__proto__.toString',
      'a.b.call',
      'a',
    ]) {
      const error = await failure(client.call(name))
      assert.equal([error.code, error.executed], ['NOT_FOUND', 'no'], name)
    }
    assert.is(await client.a.b(), 1)
    assert.is(server.stats().handled, 1)
  },

  'section 6, 11: a peer that is stopped is dead after the timeout, and nobody else notices': async (
    world,
  ) => {
    const heartbeat = { intervalMs: 100, timeoutMs: 600 }
    const { server, client, at } = await world.pair({ small: () => 1 }, { server: { heartbeat } })
    const child = await childClient(world, at)
    assert.is(await server.sendTo('stopped').one(), 1)
    const gone = gate<string | undefined>()
    server.on('peergone', (peer, error) => {
      if (peer.claimedName === 'stopped') gone.open((error as { code?: string } | undefined)?.code)
    })
    const open = failure(server.sendTo('stopped').never())
    child.kill('SIGSTOP')
    let stopped = true
    void gone.opened.then(() => {
      stopped = false
    })
    let served = 0
    while (stopped) {
      served += await client.small()
      await sleep(5)
    }
    assert.is(await gone.opened, 'SILENT_PEER')
    const error = await open
    assert.equal([error.code, error.executed], ['UNAVAILABLE', 'maybe'])
    assert.is((await failure(server.sendTo('stopped').one())).executed, 'no')
    assert.ok(served > 1)
    assert.is(server.peers.size, 1)
  },
}
