// What keeps a process alive, how it ends, with which exit code, and what it says on stderr. Each probe is a program of its own, with
// `zmq` in scope; `lives` says that it does not end by itself, `waits` that it ends no sooner than that many ms.

// A PULL that says hello and reads no further. Ends with its standard input.
const DEAF = `
  const server = require('node:net').createServer((socket) => {
    const greeting = Buffer.alloc(64)
    greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1])
    greeting.write('NULL', 12)
    socket.write(greeting)
    socket.write(Buffer.concat([Buffer.from([4, 26, 5]), Buffer.from('READY'), Buffer.from([11]), Buffer.from('Socket-Type'), Buffer.from([0, 0, 0, 4]), Buffer.from('PULL')]))
    setTimeout(() => socket.pause(), 50)
    socket.resume()
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)))
  process.stdin.resume().on('end', () => process.exit())
`

const all = (what) => `
  for (const name of ['Pair', 'Publisher', 'Subscriber', 'Request', 'Reply', 'Dealer', 'Router', 'Pull', 'Push', 'XPublisher', 'XSubscriber']) {
    const socket = new zmq[name]()
    ${what}
  }`

export const life = [
  // -- what does not keep it alive
  { name: 'nothing but the module', program: '' },
  { name: 'open sockets of every type', program: all('') },
  {
    name: 'bound sockets of every type',
    program: all(
      `await socket.bind('tcp://127.0.0.1:*'); await socket.bind('ipc://*'); await socket.bind('inproc://' + name)`,
    ),
  },
  {
    name: 'sockets of every type that dial nobody',
    program: all(`socket.connect('tcp://127.0.0.1:1'); socket.connect('inproc://nobody')`),
  },
  { name: 'observers', program: all('socket.events') },
  { name: 'closed sockets', program: all(`await socket.bind('tcp://127.0.0.1:*'); socket.close()`) },
  { name: 'a context', program: `new zmq.Context({ ioThreads: 2 })` },
  {
    name: 'two connected sockets after a conversation',
    program: `
      const reply = new zmq.Reply(), request = new zmq.Request()
      await reply.bind('tcp://127.0.0.1:*')
      request.connect(reply.lastEndpoint)
      for (let i = 0; i < 3; i++) {
        await request.send('question')
        await reply.receive()
        await reply.send('answer')
        await request.receive()
      }
      console.log('done')`,
  },
  {
    name: 'sockets with heartbeats',
    program: `
      const a = new zmq.Dealer({ heartbeatInterval: 300 }), b = new zmq.Dealer({ heartbeatInterval: 300 })
      await a.bind('tcp://127.0.0.1:*')
      b.connect(a.lastEndpoint)
      await b.send('x')
      await a.receive()`,
  },
  {
    name: 'a publisher with unsent messages for nobody',
    program: `const pub = new zmq.Publisher(); await pub.bind('tcp://127.0.0.1:*'); await pub.send('x')`,
  },
  {
    name: 'a subscriber that has subscribed at nobody',
    program: `const sub = new zmq.Subscriber(); sub.connect('tcp://127.0.0.1:1'); sub.subscribe('x')`,
  },
  {
    name: 'unread messages',
    program: `const a = new zmq.Pull(), b = new zmq.Push(); await a.bind('tcp://127.0.0.1:*'); b.connect(a.lastEndpoint); await b.send('x'); while (!a.readable) await new Promise((r) => setTimeout(r, 5))`,
  },
  {
    name: 'a loop that was left',
    program: `const a = new zmq.Pull(), b = new zmq.Push(); await a.bind('inproc://x'); b.connect('inproc://x'); await b.send('x'); for await (const m of a) break`,
  },
  {
    name: 'a receive whose time is over',
    program: `try { await new zmq.Dealer({ receiveTimeout: 50 }).receive() } catch (error) { console.log(error.code) }`,
    waits: 50,
  },
  {
    name: 'a send whose time is over',
    program: `try { await new zmq.Dealer({ sendTimeout: 50 }).send('x') } catch (error) { console.log(error.code) }`,
    waits: 50,
  },
  {
    name: 'operations that ended with close',
    program: `
      const a = new zmq.Dealer()
      const both = [a.receive().catch((e) => console.log(e.code)), a.send('x').catch((e) => console.log(e.code))]
      setTimeout(() => a.close(), 30)
      await Promise.all(both)`,
  },
  {
    name: 'a loop that ended with close',
    program: `const a = new zmq.Pull(); setTimeout(() => a.close(), 30); for await (const m of a); console.log('left')`,
  },
  {
    name: 'an events loop that ended with close',
    program: `const a = new zmq.Pull(); setTimeout(() => a.close(), 30); for await (const e of a.events) console.log(e.type); console.log('left')`,
  },
  { name: 'a bind that is under way', program: `new zmq.Dealer().bind('tcp://127.0.0.1:*')` },
  {
    name: 'a close that is put off',
    program: `const a = new zmq.Dealer(); const p = a.bind('tcp://127.0.0.1:*'); a.close(); await p; console.log(a.closed)`,
  },

  // -- what does
  {
    name: 'a pending receive of every type that receives',
    program: `for (const name of ['Pair', 'Subscriber', 'Request', 'Reply', 'Dealer', 'Router', 'Pull', 'XPublisher', 'XSubscriber']) new zmq[name]().receive()`,
    lives: true,
  },
  { name: 'a pending send', program: `new zmq.Push().send('x')`, lives: true },
  {
    name: 'a pending send of a connected socket',
    program: `const s = new zmq.Push({ sendHighWaterMark: 1, linger: 0 }); s.connect('tcp://127.0.0.1:1'); await s.send('x'); s.send('y')`,
    lives: true,
  },
  { name: 'a pending iteration', program: `for await (const m of new zmq.Pull());`, lives: true },
  { name: 'a pending events.receive', program: `await new zmq.Pull().events.receive()`, lives: true },
  {
    name: 'a pending iteration of events',
    program: `for await (const e of new zmq.Pull().events);`,
    lives: true,
  },
  { name: 'a listener for events', program: `new zmq.Pull().events.on('bind', () => {})`, lives: true },
  {
    name: 'a running proxy',
    program: `const a = new zmq.Router(), b = new zmq.Dealer(); await a.bind('tcp://127.0.0.1:*'); await b.bind('tcp://127.0.0.1:*'); await new zmq.Proxy(a, b).run()`,
    lives: true,
  },

  // -- messages that are unsent at the end
  {
    name: 'unsent messages, linger 0',
    program: `const d = new zmq.Dealer({ linger: 0 }); d.connect('tcp://127.0.0.1:1'); await d.send('x')`,
  },
  {
    name: 'unsent messages, linger 0, closed',
    program: `const d = new zmq.Dealer({ linger: 0 }); d.connect('tcp://127.0.0.1:1'); await d.send('x'); d.close()`,
  },
  {
    name: 'unsent messages, linger 50',
    program: `const d = new zmq.Dealer({ linger: 50 }); d.connect('tcp://127.0.0.1:1'); await d.send('x')`,
    waits: 50,
  },
  {
    name: 'unsent messages, linger 50, closed',
    program: `const d = new zmq.Dealer({ linger: 50 }); d.connect('tcp://127.0.0.1:1'); await d.send('x'); d.close()`,
    waits: 50,
  },
  {
    name: 'unsent messages, linger 800',
    program: `const d = new zmq.Dealer({ linger: 800 }); d.connect('tcp://127.0.0.1:1'); await d.send('x'); d.close()`,
    waits: 800,
  },
  {
    name: 'unsent messages, linger 800, not closed',
    program: `const d = new zmq.Push({ linger: 800 }); d.connect('tcp://127.0.0.1:1'); await d.send('x')`,
    waits: 800,
  },
  {
    name: 'unsent messages for a name that nobody binds',
    program: `const d = new zmq.Push({ linger: 800 }); d.connect('inproc://nobody'); await d.send('x')`,
  },
  {
    name: 'unsent messages, linger 800, of a context that is not blocky',
    program: `const d = new zmq.Dealer({ context: new zmq.Context({ blocky: false }), linger: 800 }); d.connect('tcp://127.0.0.1:1'); await d.send('x')`,
    waits: 800,
  },
  {
    name: 'unsent messages of a context that is not blocky',
    program: `const d = new zmq.Dealer({ context: new zmq.Context({ blocky: false }) }); d.connect('tcp://127.0.0.1:1'); await d.send('x')`,
  },
  {
    name: 'unsent messages of the default context made not blocky',
    program: `zmq.context.blocky = false; const d = new zmq.Dealer({ linger: 800 }); d.connect('tcp://127.0.0.1:1'); await d.send('x')`,
    waits: 800,
  },
  {
    name: 'unsent messages without limit',
    program: `const d = new zmq.Dealer(); d.connect('tcp://127.0.0.1:1'); await d.send('x'); d.close()`,
    lives: true,
  },
  {
    name: 'unsent messages without limit, not closed',
    program: `const d = new zmq.Request(); d.connect('tcp://127.0.0.1:1'); await d.send('x')`,
    lives: true,
  },
  {
    name: 'disconnected with messages unsent',
    program: `const d = new zmq.Dealer({ linger: 100 }); d.connect('tcp://127.0.0.1:1'); await d.send('x'); d.disconnect('tcp://127.0.0.1:1')`,
  },
  {
    name: 'an exit code',
    program: `process.exitCode = 3; const d = new zmq.Dealer({ linger: 50 }); d.connect('tcp://127.0.0.1:1'); await d.send('x')`,
    waits: 50,
  },

  {
    name: 'messages for a socket of this process that does not receive',
    program: `
      const a = new zmq.Pull({ receiveHighWaterMark: 1 }), b = new zmq.Push({ sendHighWaterMark: 10000 })
      await a.bind('inproc://x')
      b.connect('inproc://x')
      for (let i = 0; i < 1000; i++) await b.send(Buffer.alloc(10000))`,
  },
  ...[0, 200].map((linger) => ({
    name: `more than the system takes, for a peer that does not read, linger ${linger}`,
    waits: linger,
    program: `
      const child = require('node:child_process').spawn(process.execPath, ['-e', \`${DEAF}\`], { stdio: ['pipe', 'pipe', 'ignore'] })
      const port = await new Promise((resolve) => child.stdout.once('data', resolve))
      for (const end of [child, child.stdin, child.stdout]) end.unref()
      const push = new zmq.Push({ linger: ${linger} })
      push.connect('tcp://127.0.0.1:' + port)
      for (let i = 0; i < 500; i++) await push.send(Buffer.alloc(100000))
      await new Promise((resolve) => setTimeout(resolve, 100))`,
  })),

  {
    name: 'process.exit() with messages unsent, which waits for nobody',
    program: `const d = new zmq.Dealer(); d.connect('tcp://127.0.0.1:1'); await d.send('x'); process.exit(3)`,
  },

  // -- what is not caught
  { name: 'a rejection that nobody handles', program: `new zmq.Dealer({ receiveTimeout: 10 }).receive()` },
  {
    name: 'a bind that nobody waits for, and fails',
    program: `new zmq.Dealer().bind('tcp://127.0.0.1:nonsense')`,
  },
  { name: 'a connect that throws', program: `new zmq.Dealer().connect('nonsense')` },
  {
    name: 'nothing goes unhandled when a peer cannot be reached',
    program: `const d = new zmq.Dealer({ linger: 0 }); d.connect('tcp://no-such-host.invalid:1'); d.connect('ipc:///no/such/path'); d.connect('tcp://127.0.0.1:1'); await new Promise((r) => setTimeout(r, 200))`,
  },
  {
    name: 'nothing goes unhandled when a socket closes while it binds',
    program: `const d = new zmq.Dealer(); d.bind('tcp://127.0.0.1:*'); d.close()`,
  },
  {
    name: 'a late option',
    program: `const d = new zmq.Dealer(); d.connect('inproc://x'); d.backlog = 5; d.backlog = 6`,
  },
]
