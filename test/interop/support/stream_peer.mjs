// STREAM by libzmq, through the `zeromq` package, in a process of its own. Ends when its standard input does.
//
//     play NAME              plays a scenario of stream.mjs and prints its lines as JSON
//     echo                   binds a Stream, prints its endpoint, and sends everything back
//     pour ENDPOINT SEED     sends octets to an echo, and prints the digests of what comes back
import * as zmq from 'zeromq'
import { echo, play, pour } from './stream.mjs'

process.stdin.resume().on('close', () => process.exit(0))
const [what, ...args] = process.argv.slice(2)
const made = () => new zmq.Stream({ sendHighWaterMark: 0, linger: 0 })

if (what === 'play') {
  console.log(JSON.stringify(await play(args[0], zmq)))
} else if (what === 'echo') {
  const stream = made()
  await stream.bind('tcp://127.0.0.1:0')
  console.log(stream.lastEndpoint)
  await echo(stream)
} else {
  console.log(JSON.stringify(await pour(made(), args[0], args[1])))
}
