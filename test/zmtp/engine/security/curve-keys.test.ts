import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { publicKeyOf } from '../../../../src/zmtp/engine/security/curve-box.ts'

const test = suite('curve keys')

// RFC 7748, section 6.1.
const ALICE_SECRET = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'
const ALICE_PUBLIC = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'
const BOB_SECRET = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'
const BOB_PUBLIC = 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'

test('a secret key is taken in where node:crypto compares the two halves of a JWK, and it is asked once', () => {
  const crypto = process.getBuiltinModule('node:crypto')
  const { createPrivateKey } = crypto
  let refused = 0
  crypto.createPrivateKey = ((input: { format: string }) => {
    if (input.format !== 'jwk') return createPrivateKey(input as Parameters<typeof createPrivateKey>[0])
    refused++
    throw new TypeError('Invalid JWK OKP key')
  }) as typeof createPrivateKey
  try {
    assert.is(publicKeyOf(Buffer.from(ALICE_SECRET, 'hex')).toString('hex'), ALICE_PUBLIC)
    assert.is(publicKeyOf(Buffer.from(BOB_SECRET, 'hex')).toString('hex'), BOB_PUBLIC)
    assert.is(refused, 1)
  } finally {
    crypto.createPrivateKey = createPrivateKey
  }
})

test.run()
