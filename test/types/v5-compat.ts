// Compiled, never run: programs for version 5, as they are written in TypeScript. A line behind @ts-expect-error must be an error.
import * as zmq from '../../src/zmtp/v5-compat/index.ts'

export function server(): zmq.Socket {
  const socket: zmq.Socket = zmq.socket('rep')
  socket.identity = `server ${process.pid}`
  socket.on('message', (...parts: Buffer[]) => {
    socket.send(parts.map((part) => part.toString()))
  })
  socket.on('message', (request: Buffer, more?: Buffer) => {
    socket.send(['re', request, more ?? null, 1], zmq.ZMQ_SNDMORE).send('end', null, (error?: Error) => {
      if (error) throw error
    })
  })
  socket.on('connect_retry', (value: number, address: string, error?: Error) => [value, address, error])
  socket.bind('tcp://*:5555', (error) => error?.message)
  socket.bindSync('tcp://*:5556')
  return socket.monitor(500, 0).unmonitor()
}

export function options(): unknown[] {
  const socket = zmq.createSocket('sub', { linger: 0, rcvbuf: 1024 })
  socket.subscribe('a').subscribe(Buffer.from('b')).unsubscribe('a')
  socket.linger += 1
  const address: string | null = socket.last_endpoint
  const value: string | number | boolean | null = socket.getsockopt(zmq.ZMQ_RCVHWM)
  socket.setsockopt('reconnect_ivl', 10).setsockopt(zmq.options.linger, 5)
  zmq.Context.setMaxSockets(zmq.Context.getMaxSockets() + 1)
  const { public: key, secret }: { public: string; secret: string } = zmq.curveKeypair()
  const closed: boolean = socket.close().closed
  return [address, value, key, secret, closed, zmq.version, zmq.STATE_CLOSED]
}

export const type: zmq.SocketType = 'xreq'
zmq.proxy(zmq.socket('router'), zmq.socket('dealer'))
zmq.proxy(zmq.socket('xpub'), zmq.socket('xsub'), new zmq.Socket('push'))
// @ts-expect-error
zmq.socket('nothing')
// @ts-expect-error
zmq.socket('push').send('x', 'more')
// @ts-expect-error
zmq.socket('push').setsockopt('lingering', 1)
// @ts-expect-error
zmq.socket('push').last_endpoint = 'x'
// @ts-expect-error
zmq.socket('push').connect()
