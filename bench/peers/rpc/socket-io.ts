// socket.io over WebSocket, by its acknowledgements: JSON, and what it sends around it.
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import { echo, type Kind, listening, type Person } from './kind.ts'

export const socketIo: Kind = {
  serve: async () => {
    const http = createServer()
    new Server(http, { transports: ['websocket'] }).on('connection', (socket) => {
      socket.on('echo', (value: Person, acknowledge) => acknowledge(echo(value)))
    })
    return await listening(http)
  },
  connect: async (port) => {
    const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'] })
    await new Promise<void>((resolve, reject) => socket.on('connect', resolve).on('connect_error', reject))
    return { call: (value) => new Promise((resolve) => socket.emit('echo', value, resolve)) }
  },
}
