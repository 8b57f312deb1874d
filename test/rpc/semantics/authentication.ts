// Who is not let in, by every way of proving who one is: told once and for all, with no call run and no loop of attempts.
import * as assert from 'uvu/assert'
import {
  type AuthenticationBackend,
  type Client,
  curve,
  method,
  plain,
  type RpcError,
  UnauthorizedError,
} from '../../../src/rpc/index.ts'
import { sleep, within } from '../../support/within.ts'
import { failure, type Rows, type World } from './world.ts'

const SERVER = curve.keyPair()

interface Way {
  readonly server: () => AuthenticationBackend
  /** What a client shows that gives `password`; a function is a provider. */
  readonly client: (password: string | (() => Promise<string>)) => AuthenticationBackend
}

const WAYS: Readonly<Record<string, Way>> = {
  plain: {
    server: () => plain({ users: { alice: 'right' } }),
    client: (password) => plain({ user: 'alice', password }),
  },
  'a login in HELLO': {
    server: () => curve.server({ secretKey: SERVER.secretKey, login: { alice: 'right' } }),
    client: (password) =>
      curve.client({
        serverKey: SERVER.publicKey,
        login:
          typeof password === 'function'
            ? async () => ({ user: 'alice', password: await password() })
            : { user: 'alice', password },
      }),
  },
}

/** A server that asks, and what it has seen. */
async function asking(
  world: World,
  security: AuthenticationBackend,
): Promise<{ at: string; runs: () => number; server: ReturnType<World['server']> }> {
  const server = world.server('remote', { security })
  let runs = 0
  server.registerRpc({
    run: method((ctx) => {
      runs++
      return ctx.user
    }),
  })
  server.on('error', () => {})
  return { at: await server.bind(world.endpoint()), runs: () => runs, server }
}

function watched(client: Client): string[] {
  const seen: string[] = []
  client.on('status', ({ status }) => seen.push(status))
  return seen
}

function isRefused(error: RpcError): void {
  assert.instance(error, UnauthorizedError)
  assert.equal([error.code, error.executed], ['UNAUTHENTICATED', 'no'])
}

/** Refused for good: calls that wait, `ready`, and calls that come later all say so, and no further attempt is made. */
async function isRefusedForGood(
  world: World,
  security: AuthenticationBackend,
  at: string,
): Promise<string[]> {
  const client = world.client('remote', { security })
  client.on('error', () => {})
  const statuses = watched(client)
  const waiting = [client.run(), client.with({ idempotencyKey: 'a' }).run(), client.ready()]
  client.connect(at)
  for (const one of waiting) isRefused(await failure(one as Promise<unknown>))
  isRefused(await failure(client.run()))
  const attempts = statuses.length
  await sleep(150)
  assert.equal(statuses.slice(attempts), [], 'another attempt')
  assert.equal(statuses.at(-1), 'refused')
  assert.equal([client.stats().queued, client.stats().inFlight], [0, 0])
  return statuses
}

const rows: Record<string, (world: World) => Promise<void>> = {}

for (const [name, { server, client: shows }] of Object.entries(WAYS)) {
  rows[`row 32: ${name}: refused is terminal, and pending calls are UNAUTHENTICATED, not run`] = async (
    world,
  ) => {
    const { at, runs, server: asker } = await asking(world, server())
    const statuses = await isRefusedForGood(world, shows('wrong'), at)
    assert.is(statuses.includes('retrying'), false)
    assert.equal([runs(), asker.stats().unauthenticated, asker.peers.size], [0, 1, 0])
  }

  rows[`row 32: ${name}: a provider is asked once more, and what it then gives counts`] = async (world) => {
    const { at, runs, server: asker } = await asking(world, server())
    // A port is over with its connection: whoever is refused there has nothing to dial again.
    if (world.transport === 'MessagePort') {
      await isRefusedForGood(
        world,
        shows(async () => 'stale'),
        at,
      )
      return
    }
    const passwords = ['stale', 'right']
    let asked = 0
    const client = world.client('remote', { security: shows(async () => passwords[asked++] ?? 'none') })
    const statuses = watched(client)
    const waiting = [client.run(), client.run()]
    client.connect(at)
    waiting.push(client.run())
    assert.equal(await within(10_000, Promise.all(waiting)), ['alice', 'alice', 'alice'])
    assert.equal([asked, runs(), asker.stats().unauthenticated], [2, 3, 1])
    assert.equal(
      statuses.filter((status) => status === 'retrying' || status === 'refused'),
      ['retrying'],
    )
  }

  rows[`row 32: ${name}: a provider that gives the wrong thing twice is not asked again`] = async (world) => {
    const { at, runs, server: asker } = await asking(world, server())
    let asked = 0
    await isRefusedForGood(
      world,
      shows(async () => `wrong ${++asked}`),
      at,
    )
    const times = world.transport === 'MessagePort' ? 1 : 2
    assert.equal([asked, runs(), asker.stats().unauthenticated], [times, 0, times])
  }
}

export const authentication: Rows = rows
