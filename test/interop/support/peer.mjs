// A libzmq peer in a process of its own, by the `zeromq` package: one JSON command a line on stdin, in turn, and one
// JSON answer a line on stdout. Ends when stdin does, so that it never outlives the test that started it.
import { createInterface } from 'node:readline'
import * as zmq from 'zeromq'
import { Actor } from './actions.mjs'

const actor = new Actor(zmq)
let turn = Promise.resolve()

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const command = JSON.parse(line)
    turn = turn.then(() => answer(command))
  })
  .on('close', () => process.exit(0))

async function answer(command) {
  try {
    const value = await actor.run(command)
    print({ id: command.id, value: value ?? null })
  } catch (error) {
    print({ id: command.id, error: `${error.code ?? ''} ${error.stack}` })
  }
}

function print(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
