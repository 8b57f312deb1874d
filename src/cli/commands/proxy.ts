/**
 * `pseud proxy`: clients at the front, servers at the back, both of which know one address each and come and go. It is the Proxy of `pseud/zmtp`
 * between a ROUTER and a DEALER; what passes is not looked at.
 */

import { Dealer, Proxy as Device, Router } from '../../zmtp/index.ts'
import type { Command, Invocation } from '../command.ts'
import { endpointOf } from '../endpoint.ts'
import { Failure, Stopped } from '../failure.ts'
import { until } from '../until.ts'
import { jsonOf } from '../values.ts'

export const proxy: Command = {
  name: 'proxy',
  summary: 'Deals the calls of clients out to many servers.',
  usage: ['FRONT BACK'],
  about: [
    'Listens at both endpoints: clients connect to FRONT, servers to BACK (pseud serve --connect, or server.connect in a program). Each call goes to the next of the servers that are connected; where none is, calls wait.',
    'A ROUTER and a DEALER, as zmq_proxy: programs with any ZeroMQ library can be at either side. It does not look at what passes, asks nobody who they are, and does not encrypt: put it where its network is trusted. Behind several servers calls with one answer go well; a stream of more than 64 items, or taking a call back, wants its server to be the only one.',
    'Ctrl-C ends it and prints what has passed.',
  ],
  args: [2, 2],
  options: [],
  examples: [
    ['pseud proxy :5555 :5556', 'Clients at port 5555, servers at 5556.'],
    ['pseud serve api.js --connect :5556', 'A server behind it; start as many as there is work.'],
  ],
  run,
}

async function run({ args, screen, stop }: Invocation): Promise<number> {
  const [front = '', back = ''] = args.map(endpointOf)
  const device = new Device(new Router(), new Dealer())
  const { frontEnd, backEnd } = device
  try {
    await listen(frontEnd, front)
    await listen(backEnd, back)
  } catch (error) {
    frontEnd.close()
    backEnd.close()
    throw error
  }
  const running = device.run()
  const ends = { front: frontEnd.lastEndpoint, back: backEnd.lastEndpoint }
  if (screen.json) await screen.print(jsonOf({ proxying: ends }))
  else await screen.print(`clients at ${ends.front}, servers at ${ends.back}`)
  await until(stop)
  const clients = { ...frontEnd.counters }
  const servers = { ...backEnd.counters }
  device.terminate()
  await running
  const passed = {
    calls: servers.sent,
    answers: clients.sent,
    waiting: servers.queuedToSend,
    dropped: clients.dropped + servers.dropped,
    clients: clients.peers,
    servers: servers.peers,
  }
  if (screen.json) await screen.print(jsonOf({ passed }))
  else
    await screen.print(
      Object.entries(passed)
        .map(([name, count]) => `${name} ${count}`)
        .join('  '),
    )
  return stop.reason instanceof Stopped && stop.reason.signal === 'SIGPIPE' ? stop.reason.exitCode : 0
}

async function listen(socket: Router | Dealer, endpoint: string): Promise<void> {
  try {
    await socket.bind(endpoint)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'somebody else does' : message
    throw new Failure(1, `cannot listen at ${endpoint}: ${why}`, [], code)
  }
}
