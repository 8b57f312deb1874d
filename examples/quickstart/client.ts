// Quickstart, the client: calls the functions of quickstart/server as if they were its own methods.
// Run `node scripts/run-example.mjs quickstart/client [endpoint]`; the server may be started before or after it.
import assert from 'node:assert/strict'
import { Client } from 'pseud'

const client = new Client('remote')
client.connect(process.argv[2] ?? 'tcp://127.0.0.1:5555')
const first = client.lower('ABC') // calls overlap: both are on the wire before either is awaited
const second = client.upper('def')
assert.equal(await first, 'abc')
assert.equal(await second, 'DEF')
console.log('abc DEF')
