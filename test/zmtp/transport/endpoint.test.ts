import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatEndpoint, formatTcp, parseEndpoint } from '../../../src/zmtp/transport/endpoint.ts'

const test = suite('endpoint')

test('reads and writes back the forms of tcp, ipc and inproc', () => {
  for (const text of [
    'tcp://127.0.0.1:5555',
    'tcp://localhost:1',
    'tcp://my-host_1.example:65535',
    'tcp://[::1]:5555',
    'tcp://[fe80::1%eth0]:5555',
    'tcp://10.0.0.1:0;127.0.0.1:5555',
    'ipc:///tmp/a b.sock',
    'ipc://relative/path',
    'inproc://any name://at all',
  ]) {
    assert.is(formatEndpoint(parseEndpoint(text, 'connect')), text)
  }
  assert.is(formatTcp('::', 1), 'tcp://[::]:1')
})

test('M10: * is any interface and any port, for bind only', () => {
  assert.equal(parseEndpoint('tcp://*:*', 'bind'), { transport: 'tcp', host: '*', port: 0 })
  assert.equal(parseEndpoint('tcp://lo:0', 'bind'), { transport: 'tcp', host: 'lo', port: 0 })
  assert.equal(parseEndpoint('ipc://*', 'bind'), { transport: 'ipc', path: '*' })
})

const refused: [text: string, purpose: 'bind' | 'connect' | 'both'][] = [
  ['', 'both'],
  ['tcp', 'both'],
  ['://x', 'both'],
  ['tcp://', 'both'],
  ['ipc://', 'both'],
  ['inproc://', 'both'],
  ['tcp://127.0.0.1', 'both'],
  ['tcp://:5555', 'both'],
  ['tcp://host:', 'both'],
  ['tcp://host:99999', 'both'],
  ['tcp://host:65536', 'both'],
  ['tcp://host:22x', 'both'],
  ['tcp://host:-1', 'both'],
  ['tcp://ho st:1', 'both'],
  ['tcp://::1:5555', 'both'],
  ['tcp://[]:5555', 'both'],
  ['tcp://[host]:5555', 'both'],
  ['tcp://*:5555', 'connect'],
  ['tcp://host:*', 'connect'],
  ['ipc://*', 'connect'],
  ['tcp://127.0.0.1:0;127.0.0.1:1', 'bind'],
  ['ipc://@', 'both'],
  ['ipc://a\0b', 'both'],
]

for (const [text, purpose] of refused) {
  for (const side of purpose === 'both' ? (['bind', 'connect'] as const) : [purpose]) {
    test(`M11: ${side} refuses ${JSON.stringify(text)} with BAD_ENDPOINT`, () => {
      try {
        parseEndpoint(text, side)
      } catch (error) {
        assert.is((error as { code: string }).code, 'BAD_ENDPOINT')
        return
      }
      assert.unreachable()
    })
  }
}

test('names an unknown transport with a code of its own', () => {
  assert.throws(
    () => parseEndpoint('udp://127.0.0.1:1', 'bind'),
    (error: { code: string }) => error.code === 'UNSUPPORTED_TRANSPORT',
  )
})

test('M13: an ipc path of 107 octets is taken, one of 108 refused, counted in UTF-8', () => {
  parseEndpoint(`ipc://${'a'.repeat(107)}`, 'bind')
  for (const path of ['a'.repeat(108), 'é'.repeat(54)]) {
    assert.throws(
      () => parseEndpoint(`ipc://${path}`, 'bind'),
      (error: { code: string }) => error.code === 'PATH_TOO_LONG',
    )
  }
})

test('an error quotes a long endpoint shortened', () => {
  assert.throws(
    () => parseEndpoint(`tcp://${'x'.repeat(10_000)}`, 'bind'),
    (error: Error) => error.message.length < 300,
  )
})

test.run()
