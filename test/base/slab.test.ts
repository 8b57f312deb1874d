import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clear, giveChunk, Mark, Slab } from '../../src/base/slab.ts'

const test = suite('Slab')

function write(slab: Slab, text: string): void {
  const bytes = Buffer.from(text)
  slab.reserve(bytes.length)
  bytes.copy(slab.bytes, slab.at)
  slab.at += bytes.length
}

function taken(slab: Slab): { text: string; pieces: Buffer[]; chunks: Buffer[] } {
  const pieces: Buffer[] = []
  const chunks: Buffer[] = []
  slab.take(pieces, chunks)
  const text = Buffer.concat(pieces).toString()
  return { text, pieces, chunks }
}

test('holds no memory until something is written, and none after it was taken', () => {
  const slab = new Slab()
  assert.is(slab.bytes.length, 0)
  write(slab, 'hello')
  assert.is(slab.byteLength, 5)
  const { text, chunks } = taken(slab)
  assert.is(text, 'hello')
  assert.is(chunks.length, 1)
  assert.is(slab.bytes.length, 0)
  assert.is(slab.byteLength, 0)
  for (const chunk of chunks) giveChunk(chunk)
})

test('keeps the order of small writes, a body by reference, and writes after it', () => {
  const slab = new Slab()
  const body = Buffer.alloc(100_000, 'b')
  write(slab, 'head')
  slab.append(body)
  write(slab, 'tail')
  assert.is(slab.byteLength, 100_008)
  const { text, pieces } = taken(slab)
  assert.is(text, `head${body}tail`)
  assert.ok(pieces.includes(body), 'the large body was not copied')
})

test('reserve gives the room asked for in one piece: 1 octet, 4 KiB + 1, 64 KiB, 1 MiB', () => {
  const slab = new Slab()
  for (const size of [1, 4097, 65536, 1 << 20]) {
    slab.reserve(size)
    assert.ok(slab.end - slab.at >= size)
    slab.bytes.fill(0x61, slab.at, slab.at + size)
    slab.at += size
  }
  const expected = 1 + 4097 + 65536 + (1 << 20)
  assert.is(slab.byteLength, expected)
  assert.is(taken(slab).text, 'a'.repeat(expected))
})

test('reserve within the chunk changes nothing', () => {
  const slab = new Slab()
  slab.reserve(10)
  const { bytes, at } = slab
  slab.reserve(100)
  assert.is(slab.bytes, bytes)
  assert.is(slab.at, at)
})

test('rollback forgets what was written since, across chunks and references, and keeps what was before', () => {
  const slab = new Slab()
  write(slab, 'kept')
  const mark = new Mark()
  slab.save(mark)
  write(slab, 'lost')
  slab.append(Buffer.from('lost too'))
  write(slab, 'x'.repeat(70_000))
  slab.rollback(mark)
  assert.is(slab.byteLength, 4)
  write(slab, '!')
  assert.is(taken(slab).text, 'kept!')
})

test('rollback to an empty slab leaves an empty slab that works', () => {
  const slab = new Slab()
  const mark = new Mark()
  slab.save(mark)
  write(slab, 'lost')
  slab.rollback(mark)
  assert.is(slab.byteLength, 0)
  write(slab, 'next')
  assert.is(taken(slab).text, 'next')
})

test('gather copies what was written since the mark, with or without bytes before it in the chunk', () => {
  for (const before of ['', 'before']) {
    const slab = new Slab()
    write(slab, before)
    const mark = new Mark()
    slab.save(mark)
    write(slab, 'one')
    slab.append(Buffer.from('two'))
    write(slab, 'y'.repeat(70_000))
    assert.is(slab.gather(mark).toString(), `onetwo${'y'.repeat(70_000)}`)
    slab.rollback(mark)
    assert.is(taken(slab).text, before)
  }
})

test('a mark saved before anything sealed stays valid when its octets are sealed later', () => {
  const slab = new Slab()
  write(slab, 'a')
  const mark = new Mark()
  slab.save(mark)
  slab.append(Buffer.from('b'))
  write(slab, 'c')
  slab.rollback(mark)
  write(slab, 'd')
  assert.is(taken(slab).text, 'ad')
})

test('chunks given back are used again, and the free list is bounded', () => {
  const slab = new Slab()
  write(slab, 'x')
  const first = taken(slab).chunks[0]!
  giveChunk(first)
  write(slab, 'y')
  assert.is(taken(slab).chunks[0], first)
  for (let i = 0; i < 300; i++) giveChunk(Buffer.allocUnsafeSlow(4096))
  for (let i = 0; i < 100; i++) giveChunk(Buffer.allocUnsafeSlow(65536))
  giveChunk(Buffer.alloc(10))
})

test('a slab that filled its small chunk starts with a large one next time, and goes back when it is quiet', () => {
  const slab = new Slab()
  write(slab, 'x'.repeat(5000))
  taken(slab)
  write(slab, 'x')
  assert.is(slab.bytes.length, 65536)
  taken(slab)
  write(slab, 'x')
  assert.is(slab.bytes.length, 4096)
})

test('a shared range grows while what comes next lies behind it, and is one piece', () => {
  const slab = new Slab()
  const bytes = Buffer.from('onetwothreefour')
  assert.ok(slab.share(bytes, 0, 3))
  assert.ok(slab.share(bytes, 3, 6))
  assert.ok(slab.share(bytes, 6, 11))
  assert.is(slab.byteLength, 11)
  const { text, pieces, chunks } = taken(slab)
  assert.is(text, 'onetwothree')
  assert.is(pieces.length, 1)
  assert.is(pieces[0]!.buffer, bytes.buffer, 'it was not copied')
  assert.is(chunks.length, 0, 'and is not ours to give back')
  assert.ok(slab.share(bytes, 11, 15))
  assert.is(taken(slab).text, 'four')
})

test('a range is shared at the beginning or in a row only; what is written after it comes after it', () => {
  const slab = new Slab()
  const bytes = Buffer.from('onetwothree')
  const other = Buffer.from('four')
  assert.ok(slab.share(bytes, 0, 3))
  assert.not(slab.share(bytes, 6, 11), 'something was left out')
  assert.ok(slab.share(other, 0, 4), 'the row goes on in other memory')
  write(slab, 'five')
  assert.not(slab.share(bytes, 3, 6), 'not the beginning')
  write(slab, 'six')
  slab.append(Buffer.from('seven'))
  assert.not(slab.share(bytes, 3, 6))
  assert.is(slab.byteLength, 3 + 4 + 4 + 3 + 5)
  assert.is(taken(slab).text, 'onefourfivesixseven')
})

test('rollback and gather leave a shared range as it was when the mark was saved', () => {
  const slab = new Slab()
  const bytes = Buffer.from('shared')
  slab.share(bytes, 0, 3)
  const mark = new Mark()
  slab.save(mark)
  write(slab, 'lost')
  assert.is(slab.gather(mark).toString(), 'lost')
  slab.rollback(mark)
  assert.is(slab.byteLength, 3)
  write(slab, '!')
  assert.is(taken(slab).text, 'sha!')
})

test('empties lists of any length', () => {
  for (const length of [0, 1, 8, 9, 1000]) {
    const list = new Array(length).fill(1)
    clear(list)
    assert.equal(list, [])
  }
})

test.run()
