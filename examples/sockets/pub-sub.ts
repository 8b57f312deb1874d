// PUB and SUB: each subscriber gets the messages whose first part begins with a topic that it asked for; others cost it nothing.
// Run `node scripts/run-example.mjs sockets/pub-sub`.
import assert from 'node:assert/strict'
import { Subscriber, XPublisher } from 'pseud/zmtp'

// XPUB is a PUB that hears who asks for what. A PUB would drop what it says before anybody has asked.
const publisher = new XPublisher()
await publisher.bind('tcp://127.0.0.1:*')

async function listen(...topics: string[]): Promise<string[]> {
  const subscriber = new Subscriber()
  subscriber.connect(publisher.lastEndpoint!)
  subscriber.subscribe('end', ...topics)
  const heard: string[] = []
  for await (const [topic, text] of subscriber) {
    if (String(topic) === 'end') break
    heard.push(`${topic}: ${text}`)
  }
  subscriber.close()
  return heard
}
const sport = listen('sport')
const all = listen('sport', 'weather')

const asked = new Set<string>()
while (asked.size < 3) asked.add(String((await publisher.receive())[0]).slice(1)) // each begins with 1 for yes, 0 for no longer

await publisher.send(['weather.north', 'rain'])
await publisher.send(['sport', 'two to one'])
await publisher.send(['politics', 'nobody hears this'])
await publisher.send(['weather.south', 'sun'])
await publisher.send('end')

assert.deepEqual(await sport, ['sport: two to one'])
assert.deepEqual(await all, ['weather.north: rain', 'sport: two to one', 'weather.south: sun'])
publisher.close()
console.log((await all).join(', '))
