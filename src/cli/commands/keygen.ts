// `pseud keygen`: a CURVE key pair. The secret key goes into a file that only its owner reads, or to a program that asks for it; never onto a
// terminal by itself, where it would stay in what can be scrolled back to.
import { writeFileSync } from 'node:fs'
import { curve } from '../../rpc/index.ts'
import type { Command, Invocation } from '../command.ts'
import { misused } from '../failure.ts'
import { jsonOf } from '../values.ts'

export const keygen: Command = {
  name: 'keygen',
  summary: 'Makes a key pair for encrypted connections (CURVE).',
  usage: ['FILE', '[--json]'],
  about: [
    'Writes { publicKey, secretKey } as JSON to FILE, which only its owner may read, and prints the public key. Keys are 40 characters of Z85, which zmq_curve_keypair and other ZeroMQ programs have, too. A file that is there stays as it is.',
    'Without FILE the pair is printed as JSON, where a program reads it or --json asks for it: onto a terminal no secret is printed by accident.',
  ],
  args: [0, 1],
  options: [],
  examples: [
    [
      'pseud keygen server.key',
      'For pseud serve --key-file server.key; clients get the public key that is printed.',
    ],
    ['pseud keygen | kubectl create secret ...', 'To another program, without a file.'],
  ],
  run,
}

async function run({ args, screen }: Invocation): Promise<undefined> {
  const [file] = args
  if (file === undefined && !screen.json) {
    throw misused(
      'keygen prints no secret onto a terminal',
      'Say which file is to have it: pseud keygen FILE',
      'pseud keygen --json prints it all the same.',
    )
  }
  const pair = curve.keyPair()
  if (file === undefined) {
    await screen.print(jsonOf(pair))
    return
  }
  try {
    writeFileSync(file, `${jsonOf(pair, 2)}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw misused(
      code === 'EEXIST' ? `${file} is there already, and stays` : `cannot write ${file}: ${message}`,
    )
  }
  const { publicKey } = pair
  await screen.print(screen.json ? jsonOf({ file, publicKey }) : publicKey)
}
