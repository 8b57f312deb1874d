// What the benchmarks use of their peers, so that `npm run check` does not need those of bench/package.json installed.
declare module 'msgpackr' {
  export function pack(value: unknown): Buffer
  // biome-ignore lint/suspicious/noExplicitAny: as its own declarations say
  export function unpack(bytes: Uint8Array): any

  export class Packr {
    constructor(options: { useRecords?: boolean; structures?: object[]; int64AsType: 'number' | 'bigint' })
    pack(value: unknown): Buffer
    unpack(bytes: Uint8Array): unknown
  }
}

declare module '@msgpack/msgpack' {
  export class Encoder {
    encode(value: unknown): Uint8Array
  }
  export class Decoder {
    decode(bytes: Uint8Array): unknown
  }
}

declare module 'cbor-x' {
  export class Encoder {
    constructor(options: { useRecords: boolean })
    encode(value: unknown): Buffer
    decode(bytes: Uint8Array): unknown
  }
}

declare module 'ws' {
  export class WebSocket {
    constructor(url: string, options?: { perMessageDeflate: boolean })
    on(event: 'open', listener: () => void): this
    on(event: 'message', listener: (data: Buffer) => void): this
    on(event: 'error', listener: (error: Error) => void): this
    send(data: Uint8Array): void
  }
  export class WebSocketServer {
    constructor(options: { host: string; port: number; perMessageDeflate: boolean })
    on(event: 'connection', listener: (socket: WebSocket) => void): this
    on(event: 'listening', listener: () => void): this
    on(event: 'error', listener: (error: Error) => void): this
    address(): { port: number }
  }
}

declare module '@grpc/grpc-js' {
  export interface Unary {
    readonly request: never
  }
  export interface ServerStream extends Unary {
    write(item: unknown): boolean
    once(event: 'drain', listener: () => void): this
    end(): void
  }
  export class Server {
    addService(definition: object, handlers: object): void
    bindAsync(at: string, credentials: object, done: (error: Error | null, port: number) => void): void
  }
  export const ServerCredentials: { createInsecure(): object }
  export const credentials: { createInsecure(): object }
  // biome-ignore lint/suspicious/noExplicitAny: a class whose methods are those of the definition
  export function makeGenericClientConstructor(definition: object, name: string): any
}

declare module 'socket.io' {
  export class Server {
    constructor(server: import('node:http').Server, options: { transports: string[] })
    on(event: 'connection', listener: (socket: Socket) => void): this
  }
  export interface Socket {
    on(event: string, listener: (argument: never, acknowledge: (value: unknown) => void) => void): this
  }
}

declare module 'socket.io-client' {
  export function io(url: string, options: { transports: string[] }): ClientSocket
  export interface ClientSocket {
    on(event: 'connect', listener: () => void): this
    on(event: 'connect_error', listener: (error: Error) => void): this
    emit(event: string, argument: unknown, acknowledge: (value: never) => void): this
  }
}
