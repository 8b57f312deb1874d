/** Lines for each watched socket. */
export type Report = Record<string, string[]>
export declare const CLOSED_EARLY: string
export declare const SCENARIOS: Readonly<Record<string, unknown>>
/** Runs one scenario and returns what its sockets have reported. */
export declare function play(zmq: object, name: string): Promise<Report>
