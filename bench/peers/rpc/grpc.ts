// gRPC by @grpc/grpc-js: unary calls, and a server stream that waits for its `drain`. Messages are made by msgpackr, as by its other rivals: no
// slower than protobufjs, so that what is compared is the calls.
import * as grpc from '@grpc/grpc-js'
import { pack, unpack } from 'msgpackr'
import { echo, type Kind, type Person, person } from './kind.ts'

const messages = {
  requestSerialize: pack,
  requestDeserialize: unpack,
  responseSerialize: pack,
  responseDeserialize: unpack,
}
const definition = {
  echo: { path: '/bench.Bench/Echo', requestStream: false, responseStream: false, ...messages },
  items: { path: '/bench.Bench/Items', requestStream: false, responseStream: true, ...messages },
}

export const grpcKind: Kind = {
  serve: () => {
    const server = new grpc.Server()
    server.addService(definition, {
      echo: ({ request }: grpc.Unary, done: (error: null, value: Person) => void) =>
        done(null, echo(request)),
      items: async (call: grpc.ServerStream) => {
        const count: number = call.request
        for (let i = 0; i < count; i++) {
          if (!call.write(person(i))) await new Promise<void>((resolve) => call.once('drain', resolve))
        }
        call.end()
      },
    })
    return new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      )
    })
  },
  connect: async (port) => {
    const Client = grpc.makeGenericClientConstructor(definition, 'Bench')
    const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure())
    return {
      call: (value) =>
        new Promise((resolve, reject) => {
          client.echo(value, (error: Error | null, answer: Person) =>
            error === null ? resolve(answer) : reject(error),
          )
        }),
      items: (count, onItem) =>
        new Promise((resolve, reject) => {
          client.items(count).on('data', onItem).on('end', resolve).on('error', reject)
        }),
    }
  },
}
