// rpc_proxy.py over the libzmq of the `zeromq` package: a ROUTER in front, a DEALER behind, zmq_proxy in between.
// Usage: rpc_proxy.mjs [ENDPOINT ...]: connects the back to these, or binds it when there are none. Ends with its stdin.
import * as zmq from 'zeromq'

const front = new zmq.Router()
const back = new zmq.Dealer()
await front.bind('tcp://127.0.0.1:0')
const endpoints = process.argv.slice(2)
for (const endpoint of endpoints) back.connect(endpoint)
if (endpoints.length === 0) await back.bind('tcp://127.0.0.1:0')
console.log(JSON.stringify([front.lastEndpoint, back.lastEndpoint]))
// Not by process.exit: the addon waits for its proxy, which has no end.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume()
await new zmq.Proxy(front, back).run()
