// By hand, with ws and msgpackr: one message of a WebSocket for each call and each answer, a Map of open calls; no timeouts, no errors.
import { once } from 'node:events'
import { pack, unpack } from 'msgpackr'
import { WebSocket, WebSocketServer } from 'ws'
import { echo, type Kind, OpenCalls } from './kind.ts'

export const websocket: Kind = {
  serve: async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
    server.on('connection', (socket) => {
      socket.on('message', (data) => {
        const [, id, , [value]] = unpack(data)
        socket.send(pack([1, id, echo(value)]))
      })
    })
    await once(server as never, 'listening')
    return server.address().port
  },
  connect: async (port) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
    await once(socket as never, 'open')
    const open = new OpenCalls()
    socket.on('message', (data) => {
      const [, id, value] = unpack(data)
      open.settle(id, value)
    })
    return { call: (value) => open.begin((id) => socket.send(pack([0, id, 'echo', [value]]))) }
  },
}
