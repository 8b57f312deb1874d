import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Slab } from '../../../src/base/slab.ts'
import * as command from '../../../src/zmtp/wire/command.ts'
import { octets } from '../../support/engine.ts'

const test = suite('command')

test('recognises a command by its whole name, in its case', () => {
  const bytes = octets('ee 05 "READY" 41 ee')
  assert.ok(command.isCommand(bytes, 1, 8, command.COMMAND_READY))
  assert.ok(command.isCommand(bytes, 1, 7, command.COMMAND_READY))
  assert.not(command.isCommand(bytes, 1, 6, command.COMMAND_READY), 'cut short')
  assert.not(command.isCommand(octets('05 "ready"'), 0, 6, command.COMMAND_READY))
  assert.not(command.isCommand(octets('06 "READY" 00'), 0, 7, command.COMMAND_READY))
})

test('finds where the data begins, or that the name does not fit', () => {
  const start = (text: string) => command.startOfData(octets(text), 0, octets(text).length)
  assert.is(start(''), -1)
  assert.is(start('00'), -1)
  assert.is(start('01'), -1)
  assert.is(start('01 41'), 2)
  assert.is(start('01 41 42'), 2)
  assert.is(start('ff 41'), -1)
})

test('writes PING with its time to live in steps of 100 ms, never above 655', () => {
  const ttl = (ms: number) => command.bodyOfPing(ms).toString('hex')
  assert.is(ttl(0), '0450494e470000')
  assert.is(ttl(99), '0450494e470000')
  assert.is(ttl(2000), '0450494e470014')
  assert.is(ttl(65_500), '0450494e47028f')
  assert.is(ttl(10_000_000), '0450494e47028f')
})

test('reads the time to live as up to 6,553.5 s, and refuses a PING that has none', () => {
  assert.is(command.readTtlMs(octets('0014'), 0, 2), 2000)
  assert.is(command.readTtlMs(octets('ffff'), 0, 2), 6_553_500)
  for (const data of ['', '00']) {
    const bytes = octets(data)
    assert.throws(() => command.readTtlMs(bytes, 0, bytes.length), hasCode('BAD_COMMAND'))
  }
})

test('echoes the first 16 octets of a context', () => {
  assert.is(command.bodyOfPong(octets('ee aa*3 ee'), 1, 4).toString('hex'), '04504f4e47aaaaaa')
  assert.is(command.bodyOfPong(octets('aa*17'), 0, 17).toString('hex'), `04504f4e47${'aa'.repeat(16)}`)
  assert.is(command.bodyOfPong(octets(''), 0, 0).toString('hex'), '04504f4e47')
})

test('writes ERROR and reads its reason, which must fill the data', () => {
  assert.is(command.bodyOfError('400').toString('hex'), '054552524f5203343030')
  const reason = (text: string) => command.readErrorReason(octets(text), 0, octets(text).length)
  assert.is(reason('03 "400"'), '400')
  assert.is(reason('00'), '')
  for (const text of ['', '01', '02 41', '00 41']) {
    assert.throws(() => reason(text), hasCode('BAD_COMMAND'), text)
  }
})

test('prints what a peer says without controls, escapes and high octets', () => {
  const bytes = octets('1b "[31m~ " 5c 0d 0a 00 7f ff')
  assert.is(command.printable(bytes, 0, bytes.length), '\\x1b[31m~ \\x5c\\x0d\\x0a\\x00\\x7f\\xff')
  assert.is(command.printable(octets('61*300'), 0, 300).length, 255)
  assert.is(command.readName(octets('04 "PING" 00'), 0, 6), 'PING')
})

test('does not read a name beyond the end of its command', () => {
  const bytes = octets('5e "RROR" 03 "400" "the next frame"')
  assert.is(command.readName(bytes, 0, 9), 'RROR\\x03400')
})

test('finds the reason of an ERROR in both spellings: as in the RFC, and as PLAIN servers of libzmq 4.3 send it', () => {
  for (const text of ['05 "ERROR" 03 "400"', '5e "RROR" 03 "400"']) {
    const bytes = octets(text)
    const at = command.startOfReason(bytes, 0, bytes.length)
    assert.is(command.readErrorReason(bytes, at, bytes.length), '400', text)
  }
  for (const text of ['05 "READY"', '5e "RROX" 00', '05 "ERRO"']) {
    assert.is(command.startOfReason(octets(text), 0, octets(text).length), -1, text)
  }
})

test('appends octets to a slab', () => {
  const slab = new Slab()
  command.writeBytes(slab, octets('aabb'))
  command.writeBytes(slab, octets('cc'))
  assert.is(slab.bytes.toString('hex', 0, slab.at), 'aabbcc')
})

function hasCode(code: string) {
  return (error: { code?: string }) => error.code === code
}

test.run()
