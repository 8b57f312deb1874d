// The client's side of SOCKS 5, without a network: to the octet, in every delivery, and against proxies that mean no good.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { LinkError } from '../../../src/base/errors.ts'
import { SocksHandshake, type SocksProxy } from '../../../src/zmtp/transport/socks.ts'
import { feed } from '../../support/feed.ts'

const test = suite('socks')

const PROXY: SocksProxy = { host: 'proxy.example', port: 1080 }
const SECRET: SocksProxy = {
  ...PROXY,
  credentials: { username: Buffer.from('me'), password: Buffer.from('secret') },
}
// The first octets of a ZMTP greeting.
const GREETING = Buffer.from('ff00000000000000007f03014e554c4c', 'hex')

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** A handshake that has sent everything and waits for the reply. */
function requested(proxy: SocksProxy = PROXY, host = 'peer.example', port = 5555): SocksHandshake {
  const socks = new SocksHandshake(host, port, proxy)
  socks.takeOutput()
  socks.handleBytes(hex('05 00'))
  socks.takeOutput()
  return socks
}

function failure(run: () => void): LinkError {
  try {
    run()
  } catch (error) {
    return error as LinkError
  }
  throw new Error('nothing was thrown')
}

test('without credentials: offers no method but none, then asks for the name as it is', () => {
  const socks = new SocksHandshake('peer.example', 5555, PROXY)
  assert.is(socks.takeOutput().toString('hex'), '050100')
  assert.is(socks.takeOutput().length, 0)
  socks.handleBytes(hex('05 00'))
  assert.is(
    socks.takeOutput().toString('hex'),
    `050100030c${Buffer.from('peer.example').toString('hex')}15b3`,
  )
  assert.not(socks.connected)
})

test('with credentials: offers both methods, and says them only when asked', () => {
  const asked = new SocksHandshake('1.2.3.4', 80, SECRET)
  assert.is(asked.takeOutput().toString('hex'), '05020002')
  asked.handleBytes(hex('05 02'))
  assert.is(asked.takeOutput().toString('hex'), '01026d6506736563726574')
  asked.handleBytes(hex('01 00'))
  assert.is(asked.takeOutput().toString('hex'), '05010001010203040050')
  const spared = new SocksHandshake('1.2.3.4', 80, SECRET)
  spared.takeOutput()
  spared.handleBytes(hex('05 00'))
  assert.is(spared.takeOutput().toString('hex'), '05010001010203040050')
})

test('addresses are sent as addresses, IPv6 too', () => {
  const socks = new SocksHandshake('fd00::1', 65535, PROXY)
  socks.takeOutput()
  socks.handleBytes(hex('05 00'))
  assert.is(socks.takeOutput().toString('hex'), '05010004fd000000000000000000000000000001ffff')
})

const ADDRESSES = {
  'an IPv4 address': '01 7f000001 1f90',
  'an IPv6 address': '04 00000000000000000000000000000001 1f90',
  'a name': '03 09 736f6d657768657265 1f90',
  'an empty name': '03 00 1f90',
  'a name of 255 octets': `03 ff ${'61'.repeat(255)} 1f90`,
}

for (const [what, address] of Object.entries(ADDRESSES)) {
  test(`a reply with ${what} is read in every delivery, and what comes behind it is the peer's`, () => {
    const reply = hex(`05 00 00 ${address}`)
    feed(reply, (chunks) => {
      const socks = requested()
      for (const chunk of chunks) {
        assert.not(socks.connected)
        socks.handleBytes(chunk)
      }
      assert.ok(socks.connected)
      assert.is(socks.rest.length, 0)
    })
    feed(Buffer.concat([reply, GREETING]), (chunks) => {
      const socks = requested()
      let rest = Buffer.alloc(0)
      for (const chunk of chunks) {
        if (socks.connected) rest = Buffer.concat([rest, chunk])
        else {
          socks.handleBytes(chunk)
          rest = Buffer.from(socks.rest)
        }
      }
      assert.ok(socks.connected)
      assert.is(rest.toString('hex'), GREETING.toString('hex'))
    })
  })
}

test('a whole conversation with credentials, in every delivery: also ahead of the questions', () => {
  feed(hex('05 02 01 00 05 00 00 01 7f000001 1f90'), (chunks) => {
    const socks = new SocksHandshake('h', 1, SECRET)
    let sent = socks.takeOutput()
    for (const chunk of chunks) {
      socks.handleBytes(chunk)
      sent = Buffer.concat([sent, socks.takeOutput()])
    }
    assert.ok(socks.connected)
    assert.is(sent.toString('hex'), '0502000201026d65067365637265740501000301680001')
  })
})

const REFUSALS: [reply: string, text: RegExp][] = [
  ['01', /general failure \(SOCKS reply 1\)$/],
  ['02', /connection not allowed by its rules \(SOCKS reply 2\)$/],
  ['03', /network unreachable \(SOCKS reply 3\)$/],
  ['04', /host unreachable \(SOCKS reply 4\)$/],
  ['05', /connection refused \(SOCKS reply 5\)$/],
  ['06', /TTL expired \(SOCKS reply 6\)$/],
  ['07', /command not supported \(SOCKS reply 7\)$/],
  ['08', /address type not supported \(SOCKS reply 8\)$/],
  ['09', /unknown reply \(SOCKS reply 9\)$/],
  ['ff', /unknown reply \(SOCKS reply 255\)$/],
]

for (const [reply, text] of REFUSALS) {
  test(`reply ${reply} fails with its name, the proxy's and the peer's`, () => {
    const socks = requested()
    const error = failure(() => socks.handleBytes(hex(`05 ${reply} 00 01 00000000 0000`)))
    assert.is(error.code, 'PROXY_FAILED')
    assert.match(error.message, text)
    assert.match(error.message, /proxy\.example:1080 .* peer\.example:5555/)
    // It does not recover, and sends nothing more.
    assert.is(failure(() => socks.handleBytes(hex('05 00 00 01 00000000 0000'))).code, 'PROXY_FAILED')
    assert.not(socks.connected)
    assert.is(socks.takeOutput().length, 0)
  })
}

const HOSTILE: [what: string, proxy: SocksProxy, answers: string[], text: RegExp][] = [
  ['speaks HTTP', PROXY, ['48545450'], /no SOCKS 5 proxy/],
  ['speaks SOCKS 4', PROXY, ['00 5a'], /no SOCKS 5 proxy/],
  ['asks for credentials that there are none of', PROXY, ['05 ff'], /asks for credentials/],
  ['wants no method', SECRET, ['05 ff'], /wants none of our methods/],
  ['chooses what was not offered', PROXY, ['05 02'], /chose method 2/],
  ['chooses GSSAPI', SECRET, ['05 01'], /chose method 1/],
  ['refuses the credentials', SECRET, ['05 02', '01 01'], /refused user name and password/],
  ['answers credentials in another version', SECRET, ['05 02', '05 00'], /no SOCKS 5 proxy/],
  ['replies in another version', PROXY, ['05 00', '04 00'], /no SOCKS 5 proxy/],
  ['replies with an unknown kind of address', PROXY, ['05 00', '05 00 00 02 00000000'], /cannot be read/],
  ['refuses in two octets', PROXY, ['05 00', '05 05'], /connection refused/],
]

for (const [what, proxy, answers, text] of HOSTILE) {
  test(`a proxy that ${what} fails the attempt, however its octets come`, () => {
    const last = hex(answers.at(-1)!)
    feed(last, (chunks) => {
      const socks = new SocksHandshake('peer.example', 5555, proxy)
      for (const answer of answers.slice(0, -1)) {
        socks.takeOutput()
        socks.handleBytes(hex(answer))
      }
      const error = failure(() => {
        for (const chunk of chunks) {
          socks.takeOutput()
          socks.handleBytes(chunk)
        }
      })
      assert.is(error.code, 'PROXY_FAILED')
      assert.match(error.message, text)
    })
  })
}

test('a host name longer than SOCKS can say is refused before anything is sent', () => {
  const socks = new SocksHandshake('x'.repeat(256), 1, PROXY)
  socks.takeOutput()
  assert.match(failure(() => socks.handleBytes(hex('05 00'))).message, /longer than SOCKS can say/)
})

test('20,000 random conversations end connected or failed, and never with more than one reply kept', () => {
  let seed = 11
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return (seed >> 8) % below
  }
  for (let i = 0; i < 20_000; i++) {
    const socks = new SocksHandshake('h', 1, random(2) === 0 ? PROXY : SECRET)
    for (let chunks = 0; chunks < 8 && !socks.connected; chunks++) {
      socks.takeOutput()
      const chunk = Buffer.from(
        Array.from({ length: 1 + random(6) }, () =>
          random(3) > 0 ? [5, 0, 1, 2, 3, 4][random(6)]! : random(256),
        ),
      )
      try {
        socks.handleBytes(chunk)
      } catch (error) {
        assert.is((error as LinkError).code, 'PROXY_FAILED')
        break
      }
    }
  }
})

test.run()
