// Addresses and networks as octets, held against node:net's BlockList where that is right.
import { BlockList } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AcceptFilter, parseNetwork } from '../../../src/zmtp/transport/accept-filter.ts'
import { parseIp } from '../../../src/zmtp/transport/ip-address.ts'

const test = suite('accept-filter')

test('reads addresses as 4 or 16 octets, in every way that IPv6 is written', () => {
  for (const [text, octets] of [
    ['127.0.0.1', '7f000001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['fe80::fc:ff:fe00:1%eth0', 'fe8000000000000000fc00fffe000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::ffff:10.1.2.3', '00000000000000000000ffff0a010203'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002000300040005000601020304'],
    ['FD00::A', 'fd00000000000000000000000000000a'],
  ] as const) {
    assert.is(parseIp(text)?.toString('hex'), octets, text)
  }
  for (const text of [
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1::2::3',
    ':::',
    '12345::',
    '::1 ',
  ]) {
    assert.is(parseIp(text), undefined, text)
  }
})

// The native package takes those with a mark, too: as networks that one has to guess.
const NO_NETWORKS = [
  ...[
    '',
    '/8',
    '*',
    '*/0',
    'localhost',
    'lo',
    '127.0.0.1/',
    '127.0.0.1/33',
    '127.0.0.1/-1',
    '127.0.0.1/00',
    '127.0.0.1/8/8',
  ],
  ...[
    '127.0.0.1/0x8',
    '127.0.0.1 /8',
    ' 127.0.0.1',
    '127.0.0.1:5/8',
    '::1/129',
    '1::2::3',
    '[::1',
    '::1]',
    '[127.0.0.1]',
  ],
  ...['10.0.0.0/8,11.0.0.0/8', 'fe80::1%nope/64', `${'1'.repeat(300)}`],
  ...[
    '127',
    '127.1/8',
    '01.2.3.4',
    '0x7f.1',
    '127.0.0.1/8x',
    '127.0.0.1/08',
    '127.0.0.1/+8',
    '127.0.0.1/ 8',
    '127.0.0.1/8.5',
  ], // *
  ...['127.0.0.1\0x', 'fe80::1%lo/64'], // *
]

test('what is no network is not guessed at', () => {
  for (const text of NO_NETWORKS) assert.is(parseNetwork(text), undefined, text)
})

test('counts the bits of a network: none, a part of an octet, all where none are said', () => {
  for (const [network, inside, outside] of [
    ['0.0.0.0/0', ['1.2.3.4', '255.255.255.255', '::ffff:1.2.3.4'], ['::1', 'fd00::1']],
    ['::/0', ['::1', 'fe80::1%eth0', '1.2.3.4'], []],
    ['127.0.0.1', ['127.0.0.1', '::ffff:127.0.0.1'], ['127.0.0.2', '::127.0.0.1', '::1']],
    ['127.0.0.1/32', ['127.0.0.1'], ['127.0.0.0']],
    // What is behind the bits that count does not matter.
    ['127.0.0.9/30', ['127.0.0.8', '127.0.0.11'], ['127.0.0.7', '127.0.0.12']],
    ['10.0.0.0/9', ['10.127.255.255'], ['10.128.0.0']],
    ['128.0.0.0/1', ['200.1.1.1'], ['127.255.255.255']],
    ['[fd00::]/8', ['fd12::1'], ['fe12::1', '253.0.0.1']],
    ['::1', ['::1'], ['::2', '127.0.0.1']],
    ['2001:db8::/33', ['2001:db8:7fff::'], ['2001:db8:8000::']],
    ['::ffff:10.0.0.0/104', ['10.1.1.1', '::ffff:10.9.9.9'], ['11.1.1.1']],
  ] as [string, string[], string[]][]) {
    const filter = new AcceptFilter([parseNetwork(network)!])
    for (const address of inside) assert.ok(filter.admits(address), `${address} in ${network}`)
    for (const address of outside) assert.not(filter.admits(address), `${address} not in ${network}`)
    for (const address of ['', 'nonsense', '/run/socket']) assert.not(filter.admits(address))
  }
})

test('one of several networks is enough, and none admit nobody', () => {
  const filter = new AcceptFilter(['10.0.0.0/8', '::1', '192.0.2.0/24'].map((text) => parseNetwork(text)!))
  for (const address of ['10.1.1.1', '::1', '192.0.2.255']) assert.ok(filter.admits(address))
  for (const address of ['11.1.1.1', '::2', '192.0.3.0']) assert.not(filter.admits(address))
  assert.not(new AcceptFilter([]).admits('127.0.0.1'))
})

test('2,000 random networks and addresses mean what they mean to BlockList', () => {
  let seed = 7
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return (seed >> 8) % below
  }
  const address = (family: 4 | 6): string =>
    family === 4
      ? Array.from({ length: 4 }, () => random(4)).join('.')
      : `fd00:${Array.from({ length: 7 }, () => random(4).toString(16)).join(':')}`
  for (let i = 0; i < 2000; i++) {
    const family = random(2) === 0 ? 4 : 6
    const [network, peer, bits] = [address(family), address(family), random(family === 4 ? 33 : 129)]
    const list = new BlockList()
    list.addSubnet(network, bits, family === 4 ? 'ipv4' : 'ipv6')
    assert.is(
      new AcceptFilter([parseNetwork(`${network}/${bits}`)!]).admits(peer),
      list.check(peer, family === 4 ? 'ipv4' : 'ipv6'),
      `${peer} in ${network}/${bits}`,
    )
  }
})

test.run()
