export declare function octetsOf(seed: string): Buffer
export declare function digestOf(octets: Uint8Array): string
export declare function echo(stream: object): Promise<void>
export declare function pour(stream: object, endpoint: string, seed: string): Promise<string[]>
export declare const scenarios: Readonly<Record<string, unknown>>
export declare function play(name: string, zmq: object): Promise<string[]>
