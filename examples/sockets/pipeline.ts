// PUSH and PULL: tasks go round to whoever takes them, results come together. A worker that is slow is sent no more than it takes.
// Run `node scripts/run-example.mjs sockets/pipeline`.
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { Pull, Push } from 'pseud/zmtp'

const TASKS = 300
const tasks = new Push({ sendHighWaterMark: 10 })
const results = new Pull()
await tasks.bind('tcp://127.0.0.1:*')
await results.bind('tcp://127.0.0.1:*')

async function work(name: string): Promise<void> {
  const from = new Pull({ receiveHighWaterMark: 10 })
  const to = new Push()
  to.connect(results.lastEndpoint!)
  from.connect(tasks.lastEndpoint!)
  for await (const [task] of from) {
    if (String(task) === 'stop') break
    await to.send([name, task!, Number(task) ** 2])
  }
  from.close()
  to.close() // what it has sent still leaves
}
const workers = ['anna', 'bert', 'carl'].map(work)
while (tasks.counters.peers < workers.length) await setTimeout(5) // or the first to come would get most

async function handOut(): Promise<void> {
  for (let task = 0; task < TASKS; task++) await tasks.send(task) // waits while nobody takes any
}
const handedOut = handOut()

const squares = new Map<number, number>()
const share = new Map<string, number>()
for await (const [name, task, square] of results) {
  squares.set(Number(task), Number(square))
  share.set(String(name), (share.get(String(name)) ?? 0) + 1)
  if (squares.size === TASKS) break
}
await handedOut
for (const _ of workers) await tasks.send('stop') // goes round, too: one for each
await Promise.all(workers)

assert.equal(squares.get(17), 289)
tasks.close()
results.close()
console.log([...share].map(([name, count]) => `${name} ${count}`).join(', '))
