import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Slab } from '../../../src/base/slab.ts'
import { checkMetadata, type Metadata, readMetadata, writeMetadata } from '../../../src/zmtp/wire/metadata.ts'
import { octets, property } from '../../support/engine.ts'

const test = suite('metadata')

function read(...pieces: (Buffer | string)[]): Metadata {
  const bytes = Buffer.concat([
    Buffer.from([0xee]),
    ...pieces.map((piece) => (typeof piece === 'string' ? octets(piece) : piece)),
  ])
  // A tail that is not part of the list must not matter.
  return readMetadata(Buffer.concat([bytes, Buffer.alloc(300, 0xee)]), 1, bytes.length)
}

function refuses(code: string, ...pieces: (Buffer | string)[]): void {
  assert.throws(
    () => read(...pieces),
    (error: { code?: string }) => error.code === code,
    String(pieces[0]),
  )
}

function local(socketType: string, identity = '', properties: [string, Buffer][] = []): Metadata {
  return { socketType, identity: Buffer.from(identity), properties: new Map(properties) }
}

function written(metadata: Metadata): Buffer {
  const slab = new Slab()
  writeMetadata(slab, metadata)
  return Buffer.from(slab.bytes.subarray(0, slab.at))
}

test('writes Socket-Type first, then Identity, then the rest, and reads it back', () => {
  const bytes = written(local('DEALER', 'D1', [['X-Pseud', Buffer.from('2')]]))
  assert.equal(
    bytes,
    octets('0b "Socket-Type" 00000006 "DEALER" 08 "Identity" 00000002 "D1" 07 "X-Pseud" 00000001 32'),
  )
  const back = read(bytes)
  assert.is(back.socketType, 'DEALER')
  assert.equal(back.identity, Buffer.from('D1'))
  assert.equal([...back.properties.keys()], ['Socket-Type', 'Identity', 'X-Pseud'])
})

test('writes an empty Identity for REQ, DEALER and ROUTER and none for the others', () => {
  for (const type of ['REQ', 'DEALER', 'ROUTER']) assert.ok(written(local(type)).includes('Identity'), type)
  for (const type of ['REP', 'PUB', 'XPUB', 'SUB', 'XSUB', 'PUSH', 'PULL', 'PAIR']) {
    assert.not(written(local(type, 'me')).includes('Identity'), type)
  }
})

test('reads an empty list: the type is unknown, the identity empty', () => {
  const metadata = read('')
  assert.is(metadata.socketType, '')
  assert.is(metadata.identity.length, 0)
  assert.is(metadata.properties.size, 0)
})

test('looks names up in any case and keeps them as spelt', () => {
  const metadata = read(property('sOCKET-tYPE', 'SUB'), property('IDENTITY', 'me'))
  assert.is(metadata.socketType, 'SUB')
  assert.is(String(metadata.identity), 'me')
  assert.equal([...metadata.properties.keys()], ['sOCKET-tYPE', 'IDENTITY'])
})

test('keeps copies: the chunk may change afterwards', () => {
  const bytes = Buffer.concat([property('Identity', 'me'), property('X-a', 'value')])
  const metadata = readMetadata(bytes, 0, bytes.length)
  bytes.fill(0)
  assert.is(String(metadata.identity), 'me')
  assert.is(String(metadata.properties.get('X-a')), 'value')
})

test('keeps names of Object.prototype as names', () => {
  const metadata = read(property('__proto__', '{"isAdmin":true}'), property('constructor', 'x'))
  assert.is(String(metadata.properties.get('__proto__')), '{"isAdmin":true}')
  assert.is(({} as { isAdmin?: boolean }).isAdmin, undefined)
})

test('refuses a list that is cut anywhere but between two properties', () => {
  const bytes = Buffer.concat([property('Socket-Type', 'DEALER'), property('X-a', 'value')])
  const first = property('Socket-Type', 'DEALER').length
  for (let end = 0; end <= bytes.length; end++) {
    if (end === 0 || end === first || end === bytes.length) read(bytes.subarray(0, end))
    else refuses('BAD_METADATA', bytes.subarray(0, end))
  }
})

test('refuses one octet too many', () => {
  refuses('BAD_METADATA', property('Socket-Type', 'DEALER'), '41')
})

test('refuses value lengths of 2^31 and more', () => {
  refuses('BAD_METADATA', '03 "X-a" 80000000 41')
  refuses('BAD_METADATA', '03 "X-a" ffffffff 41')
  refuses('BAD_METADATA', '03 "X-a" 7fffffff 41')
})

test('refuses names that are empty or have other characters than letters, digits, - _ . +', () => {
  read(property('aZ09-_.+', 'x'))
  read(property('a'.repeat(255), 'x'))
  refuses('BAD_METADATA', property('', 'x'))
  for (const name of ['X a', 'X\n', '\x1b[31m', 'X:a', 'X\xe4', 'X\0']) {
    refuses('BAD_METADATA', property(name, 'x'))
  }
})

test('refuses a property that is given twice, in any case', () => {
  refuses('BAD_METADATA', property('Identity', 'a'), property('identity', 'b'))
  refuses('BAD_METADATA', property('X-a', ''), property('X-A', ''))
})

test('accepts 64 properties and refuses 65', () => {
  const some = (count: number) => Array.from({ length: count }, (_, i) => property(`X-${i}`, ''))
  assert.is(read(...some(64)).properties.size, 64)
  refuses('TOO_MANY_PROPERTIES', ...some(65))
})

test('accepts identities of 0 to 255 octets that do not begin with 00', () => {
  assert.is(read(property('Identity', '')).identity.length, 0)
  assert.is(read(property('Identity', Buffer.alloc(255, 0xff))).identity.length, 255)
  refuses('BAD_IDENTITY', property('Identity', Buffer.alloc(256, 0xff)))
  refuses('BAD_IDENTITY', property('Identity', Buffer.from([0, 1])))
  assert.throws(() => read(property('Identity', Buffer.alloc(256, 0xff))), /has 256 octets/)
  assert.throws(() => read(property('Identity', Buffer.from([0, 1]))), /begins with 00/)
})

test('makes an empty socket type one that nobody has, and prints any other safely', () => {
  assert.is(read(property('Socket-Type', '')).socketType, '(none)')
  assert.is(read(property('Socket-Type', '\x1b')).socketType, '\\x1b')
})

test('checks what we ourselves want to announce', () => {
  const refusesLocal = (code: string, metadata: Metadata) =>
    assert.throws(
      () => checkMetadata(metadata),
      (error: { code?: string }) => error.code === code,
    )
  checkMetadata(local('DEALER', 'x'.repeat(255), [['X-a', Buffer.alloc(0)]]))
  refusesLocal('BAD_IDENTITY', local('DEALER', 'x'.repeat(256)))
  refusesLocal('BAD_IDENTITY', local('DEALER', '\0a'))
  for (const name of ['', 'X a', 'x'.repeat(256), 'Socket-Type', 'identity']) {
    refusesLocal('BAD_METADATA', local('DEALER', '', [[name, Buffer.alloc(0)]]))
  }
})

test.run()
