import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { TransportContext } from '../../../src/zmtp/transport/context.ts'
import { awaitInproc, bindInproc, inprocPair, unbindInproc } from '../../../src/zmtp/transport/inproc.ts'
import type { Link, LinkOwner } from '../../../src/zmtp/transport/transport.ts'
import { sleep, until } from '../../support/within.ts'

const test = suite('inproc')

class Log implements LinkOwner {
  text = ''
  written = 0
  closed = 0
  onChunk(chunk: Buffer): void {
    this.text += chunk.toString()
  }
  room(): undefined {}
  onFilled(): void {}
  onWritten(): void {
    this.written++
  }
  onClose(): void {
    this.closed++
  }
}

function started(): { near: Link; far: Link; nearLog: Log; farLog: Log } {
  const [near, far] = inprocPair('inproc://pair')
  const nearLog = new Log()
  const farLog = new Log()
  near.start(nearLog)
  far.start(farLog)
  return { near, far, nearLog, farLog }
}

test('carries bytes both ways in order and reports each write once', async () => {
  const { near, far, nearLog, farLog } = started()
  near.write([Buffer.from('he'), Buffer.from('llo')])
  near.write([Buffer.from('!')])
  far.write([Buffer.from('yes')])
  assert.is(near.pendingBytes, 6)
  await until(() => farLog.text === 'hello!' && nearLog.text === 'yes')
  assert.is(nearLog.written, 2)
  assert.is(near.pendingBytes, 0)
})

test('keeps what is written before the other end starts', async () => {
  const [near, far] = inprocPair('inproc://pair')
  near.start(new Log())
  near.write([Buffer.from('early')])
  await sleep(5)
  const log = new Log()
  far.start(log)
  await until(() => log.text === 'early')
})

test('a paused end receives nothing and the writer sees it pending, until it resumes', async () => {
  const { near, far, farLog } = started()
  far.pause()
  near.write([Buffer.from('wait')])
  await sleep(5)
  assert.is(farLog.text, '')
  assert.is(near.pendingBytes, 4)
  far.resume()
  await until(() => farLog.text === 'wait')
})

test('what was written is not changed by the writer afterwards', async () => {
  const { near, farLog } = started()
  const piece = Buffer.from('before')
  near.write([piece])
  piece.fill('x')
  await until(() => farLog.text === 'before')
})

test('end delivers what was written, then closes both ends once', async () => {
  const { near, far, nearLog, farLog } = started()
  near.write([Buffer.from('last')])
  near.end()
  near.write([Buffer.from('never')])
  await until(() => nearLog.closed === 1 && farLog.closed === 1)
  assert.is(farLog.text, 'last')
  far.destroy()
  await sleep(5)
  assert.is(farLog.closed, 1)
})

test('destroy closes both ends, once', async () => {
  const { near, far, nearLog, farLog } = started()
  near.write([Buffer.from('x')])
  near.destroy()
  near.destroy()
  await until(() => nearLog.closed === 1 && farLog.closed === 1)
  far.destroy()
  await sleep(5)
  assert.equal([nearLog.closed, farLog.closed], [1, 1])
})

test('a name is bound once; dialers that came before are told, unless they gave up', () => {
  const context = new TransportContext()
  const told: string[] = []
  const stop = awaitInproc(context, 'a', { onBound: () => told.push('gave up') })
  awaitInproc(context, 'a', { onBound: () => told.push('waits') })
  stop()
  assert.is(bindInproc(context, 'a', { accept: () => {} }), true)
  assert.equal(told, ['waits'])
  assert.is(bindInproc(context, 'a', { accept: () => {} }), false)
  unbindInproc(context, 'a')
  assert.is(bindInproc(context, 'a', { accept: () => {} }), true)
  awaitInproc(context, 'b', { onBound: () => {} })()
  assert.is(context.inprocWaiting.size, 0)
})

test.run()
