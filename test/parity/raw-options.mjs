// Options by number, as subclasses may read and write them: every kind, every number of the stable API, and some that are none. Also those of a
// context.
import { ROWS } from './differences.mjs'
import { attempt, show, warned } from './tools.mjs'

const KINDS = ['Bool', 'Int32', 'Uint32', 'Int64', 'Uint64', 'String']
const IDS = [
  ...Array.from({ length: 95 }, (_, id) => id),
  99,
  100,
  200,
  1000,
  -1,
  17.9,
  2 ** 32 + 17,
  Number.NaN,
  Infinity,
]
const NO_IDS = [undefined, null, 'x', '17', true, {}, 17n]
const NAMELESS = '(14|31|41|58|59|60|89)'
const OF_ROUTER = '(33|51|56|61)'
const KEYS = '(48|49|50)'

/** Differences of reading (`'^'`) or writing (`'Option\\('`) options by number. */
function numberDifferences(name, before, after) {
  const at = (numbers) => new RegExp(`${before}${numbers}${after}`)
  return [
    { at: at(NAMELESS), here: /.*/, row: ROWS.nameless },
    { at: at(KEYS), here: /.*/, row: ROWS.curveKeys },
    { at: at(38), here: /.*/, row: ROWS.mandatory },
    ...(name === 'Reply' ? [{ at: at(OF_ROUTER), here: /EINVAL/, row: ROWS.nameless }] : []),
    ...(name === 'Router' ? [{ at: at(33), here: /.*/, row: ROWS.mandatory }] : []),
  ].map((difference) => ({ ...difference, sometimes: true }))
}

const TYPES = [
  'Pair',
  'Publisher',
  'Subscriber',
  'Request',
  'Reply',
  'Dealer',
  'Router',
  'Pull',
  'Push',
  'XPublisher',
  'XSubscriber',
  'Stream',
]

// What a file descriptor is called differs from run to run.
const FD = 14

const VALUES = {
  Bool: [true, false],
  Int32: [0, 1, 2, -1, 5, 0x64636261],
  Uint32: [0, 1, 2 ** 32 - 1, 5],
  Int64: [0, 1, -1, 5, 2 ** 40],
  Uint64: [0, 1, 2 ** 40],
  String: [
    '',
    'a',
    'abcd',
    'abcdefgh',
    null,
    Buffer.from([1, 0, 0, 0]),
    Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
  ],
}
const WRONG = { Bool: [1, 'true', null, undefined], String: [1, true, undefined, {}] }

/** Every member of the family of `name` that has an answer, whatever kind asks. */
async function readings(socket, id) {
  const readings = {}
  for (const kind of KINDS) readings[kind] = await attempt(() => socket[`get${kind}Option`](id))
  return show(readings)
}

export const rawOptions = [
  ...TYPES.map((name) => ({
    name: `reading ${name} by number`,
    run: async (zmq, sockets) => {
      const outcomes = {}
      if (!zmq[name]) return outcomes
      const socket = sockets.use(new zmq[name]())
      for (const id of IDS) if (id !== FD) outcomes[`${id}`] = await readings(socket, id)
      return outcomes
    },
    differs: numberDifferences(name, '^', '$'),
  })),
  ...['Dealer', 'Router', 'Subscriber', 'XPublisher', 'Publisher', 'Stream'].map((name) => ({
    name: `writing ${name} by number`,
    run: async (zmq) => {
      const outcomes = {}
      if (!zmq[name]) return outcomes
      for (const id of IDS) {
        if (id === FD) continue
        for (const kind of KINDS) {
          const socket = new zmq[name]()
          for (const value of VALUES[kind]) {
            outcomes[`set${kind}Option(${id}, ${show(value)})`] =
              `${await warned(() => socket[`set${kind}Option`](id, value))}, reads ${await readings(socket, id)}`
          }
          socket.close()
        }
      }
      return outcomes
    },
    differs: numberDifferences(name, 'Option\\(', ', '),
  })),
  {
    name: 'numbers and values of the wrong type, and arguments too many or too few',
    run: async (zmq, sockets) => {
      const outcomes = {}
      for (const [state, socket] of [
        ['open', sockets.use(new zmq.Dealer())],
        ['closed', new zmq.Dealer()],
      ]) {
        if (state === 'closed') socket.close()
        for (const kind of KINDS) {
          const get = `get${kind}Option`
          const set = `set${kind}Option`
          const run = async (method, ...args) => {
            outcomes[`${state}: ${method}(${args.map(show).join(', ')})`] = await warned(() =>
              socket[method](...args),
            )
          }
          for (const id of NO_IDS) {
            await run(get, id)
            await run(set, id, VALUES[kind][0])
            await run(set, id, {})
          }
          for (const value of WRONG[kind] ?? ['1', true, null, undefined, 5n]) {
            await run(set, 17, value)
            await run(set, 9999, value)
          }
          await run(get)
          await run(get, 17, 18)
          await run(set)
          await run(set, 17)
          await run(set, 17, VALUES[kind][1], 1)
          await run(get, 17)
          await run(set, 17, VALUES[kind][1])
          await run(get, 5)
          await run(set, 5, VALUES[kind][1])
        }
      }
      return outcomes
    },
  },
  {
    name: 'reading a context by number',
    run: async (zmq) => {
      const outcomes = {}
      const context = new zmq.Context()
      for (const id of [...IDS, ...NO_IDS]) {
        outcomes[show(id)] =
          `${await attempt(() => context.getInt32Option(id))}, ${await attempt(() => context.getBoolOption(id))}`
      }
      outcomes['no argument'] = await attempt(() => context.getInt32Option())
      outcomes['2 arguments'] = await attempt(() => context.getInt32Option(1, 2))
      return outcomes
    },
    differs: [{ at: /^(6|9|10)$/, here: /EINVAL.*EINVAL/, row: ROWS.nameless }],
  },
  {
    name: 'writing a context by number',
    run: async (zmq) => {
      const outcomes = {}
      for (const id of IDS) {
        const context = new zmq.Context()
        for (const value of [
          0,
          1,
          2,
          5,
          -1,
          -2,
          99,
          100,
          65535,
          65536,
          0x7fff_ffff,
          0x8000_0000,
          1.7,
          NaN,
          2 ** 32 + 1,
        ]) {
          outcomes[`${id} = ${value}`] =
            `${await attempt(() => context.setInt32Option(id, value))}, ${await attempt(() => context.getInt32Option(id))}`
        }
        for (const value of [true, false]) {
          outcomes[`${id} = ${value}`] =
            `${await attempt(() => context.setBoolOption(id, value))}, ${await attempt(() => context.getInt32Option(id))}`
        }
      }
      const context = new zmq.Context()
      for (const id of NO_IDS) outcomes[`id ${show(id)}`] = await attempt(() => context.setInt32Option(id, 1))
      for (const value of ['1', null, undefined, true, {}, 5n]) {
        outcomes[`value ${show(value)}`] = await attempt(() => context.setInt32Option(1, value))
        outcomes[`truth ${show(value)}`] = await attempt(() => context.setBoolOption(42, value))
      }
      outcomes['no argument'] = await attempt(() => context.setInt32Option())
      outcomes['1 argument'] = await attempt(() => context.setInt32Option(1))
      outcomes['3 arguments'] = await attempt(() => context.setInt32Option(1, 2, 3))
      outcomes['what is truth for a number'] = await attempt(() => context.setBoolOption(42, 1))
      return outcomes
    },
    differs: [{ at: /^(6|7|8|9|10) = /, here: /EINVAL.*EINVAL/, row: ROWS.nameless, sometimes: true }],
  },
  {
    name: 'options of a context by name',
    run: async (zmq) => {
      const outcomes = {}
      const context = new zmq.Context()
      for (const option of [
        'ioThreads',
        'maxSockets',
        'maxSocketsLimit',
        'threadPriority',
        'threadSchedulingPolicy',
        'maxMessageSize',
        'ipv6',
        'blocky',
        'maxSocket',
      ]) {
        outcomes[`${option}: default`] = `${option in context}, ${await attempt(() => context[option])}`
        for (const value of [
          0,
          1,
          2,
          5,
          -1,
          1.7,
          NaN,
          65535,
          65536,
          0x7fff_ffff,
          2 ** 32,
          true,
          false,
          null,
          undefined,
          '1',
          5n,
        ]) {
          outcomes[`${option} = ${show(value)}`] = await warned(() => {
            context[option] = value
            return context[option]
          })
        }
      }
      return outcomes
    },
  },
  {
    name: 'how many sockets a context takes',
    run: async (zmq) => {
      const outcomes = {}
      const context = new zmq.Context({ maxSockets: 3 })
      const open = []
      for (let i = 1; i <= 4; i++) {
        outcomes[`socket ${i} of 3`] = await attempt(() => {
          open.push(new zmq.Dealer({ context }))
          return 'made'
        })
      }
      for (const socket of open) socket.close()
      const other = new zmq.Context()
      const first = new zmq.Dealer({ context: other })
      outcomes['changed later'] = await attempt(() => {
        other.maxSockets = 1
        return other.maxSockets
      })
      first.close()
      return outcomes
    },
  },
]
