// A client in a process of its own, to be stopped: it answers `one`, and never answers `never`. Prints a line when it is ready; the
// argument is where its server is.
import { Client } from '../../src/rpc/index.ts'

const client = new Client('remote', { userId: 'stopped' })
client.registerRpc({ one: () => 1, never: () => new Promise(() => {}) })
await client.connect(process.argv[2]!).ready({ timeoutMs: 20_000 })
console.log('ready')
