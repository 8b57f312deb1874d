import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  CodecError,
  LimitError,
  LinkError,
  ProtocolError,
  PseudError,
  UsageError,
} from '../../src/base/errors.ts'

const test = suite('errors')

test('every class carries its own name, a code, a message and its cause', () => {
  const cause = new Error('why')
  for (const Class of [UsageError, ProtocolError, LinkError]) {
    const error = new Class('SOME_CODE', 'what was wrong', { cause })
    assert.ok(error instanceof PseudError && error instanceof Error)
    assert.is(error.name, Class.name)
    assert.is(error.code, 'SOME_CODE')
    assert.is(error.cause, cause)
    assert.match(String(error), 'what was wrong')
  }
})

test('a limit error says which limit, its bound, and what was asked', () => {
  const error = new LimitError('FRAME_TOO_LARGE', 'maxFrameSize', 100, 101)
  assert.is(error.message, 'maxFrameSize is 100, got 101')
  assert.equal([error.limit, error.bound, error.value], ['maxFrameSize', 100, 101])
})

test('a codec error says where: an offset, a path, and a cause only when there is one', () => {
  const bare = new CodecError('BAD_BYTE', 'no')
  assert.equal([bare.offset, bare.path, 'cause' in bare], [undefined, undefined, false])
  const cause = new Error('inner')
  const error = new CodecError('NOT_ENCODABLE', 'no', { path: 'args[0]', offset: 3, cause })
  assert.equal([error.offset, error.path, error.cause], [3, 'args[0]', cause])
})

test.run()
