// Bare node:net: the frames of support/bare-frames.ts with msgpackr in them, and no features at all; and, for one call at a time, octets that are sent
// back as they come, which nothing that encodes, decodes or tells calls apart can beat.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { pack, unpack } from 'msgpackr'
import { FrameReader, FrameWriter } from '../../support/bare-frames.ts'
import { echo, type Kind, listening, OpenCalls } from './kind.ts'

export const bare: Kind = {
  serve: () =>
    listening(
      createServer((socket) => {
        const writer = new FrameWriter(socket.setNoDelay())
        const reader = new FrameReader((chunk, start, end) => {
          const [, id, , [value]] = unpack(chunk.subarray(start, end))
          writer.write(pack([1, id, echo(value)]))
        })
        socket.on('data', (data) => reader.read(data))
      }),
    ),
  connect: async (port) => {
    const socket = await connected(port)
    const writer = new FrameWriter(socket)
    const open = new OpenCalls()
    const reader = new FrameReader((chunk, start, end) => {
      const [, id, value] = unpack(chunk.subarray(start, end))
      open.settle(id, value)
    })
    socket.on('data', (data) => reader.read(data))
    return { call: (value) => open.begin((id) => writer.write(pack([0, id, 'echo', [value]]))) }
  },
}

/** One at a time. The octets are those of the call above; what comes back is taken for the answer once all of it is there. */
export const rawEcho: Kind = {
  serve: () =>
    listening(
      createServer((socket) => {
        socket.setNoDelay().on('data', (data) => socket.write(data))
      }),
    ),
  connect: async (port) => {
    const socket = await connected(port)
    let missing = 0
    let settle: () => void = () => {}
    socket.on('data', (data) => {
      missing -= data.length
      if (missing === 0) settle()
    })
    let octets: Buffer | undefined
    return {
      call: async (value) => {
        octets ??= pack([0, 1, 'echo', [value]])
        missing = octets.length
        const answered = new Promise<void>((resolve) => {
          settle = resolve
        })
        socket.write(octets)
        await answered
        return value
      },
    }
  },
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}
