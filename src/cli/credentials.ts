/**
 * Who we say we are, for commands that connect: options and environment to the `security` of a Client. Secrets come from files and the
 * environment, never from the command line, which others see and shells remember.
 */
import { readFileSync } from 'node:fs'
import { type AuthenticationBackend, curve, plain } from '../rpc/index.ts'
import { misused } from './failure.ts'
import type { Option } from './option.ts'
import type { Given } from './parse.ts'

export const CREDENTIAL_OPTIONS: readonly Option[] = [
  {
    name: 'user',
    value: 'NAME',
    env: 'PSEUD_USER',
    help: 'User name: for a password (PLAIN, or a login inside CURVE); without one, the name that is claimed.',
  },
  {
    name: 'password-file',
    value: 'FILE',
    help: 'File with the password, of which the first line counts; or the environment variable PSEUD_PASSWORD.',
  },
  {
    name: 'server-key',
    value: 'KEY',
    env: 'PSEUD_SERVER_KEY',
    help: 'Public key of the server, 40 characters of Z85: the connection is encrypted (CURVE).',
  },
  {
    name: 'key-file',
    value: 'FILE',
    env: 'PSEUD_KEY_FILE',
    help: 'Our key pair, as `pseud keygen FILE` writes it; without one a new pair is made.',
  },
]

export interface ClientCredentials {
  readonly security?: AuthenticationBackend
  readonly userId?: string
}

export function clientCredentials(options: Given, env: NodeJS.ProcessEnv): ClientCredentials {
  const user = options.text('user')
  const password = passwordOf(options, env)
  const serverKey = options.text('server-key')
  const keyFile = options.text('key-file')
  if (password !== undefined && user === undefined) throw misused('a password needs --user')
  if (serverKey !== undefined) {
    return {
      security: curve.client({
        serverKey,
        ...(keyFile !== undefined && readKeyPair(keyFile)),
        ...(user !== undefined && password !== undefined && { login: { user, password } }),
      }),
    }
  }
  if (options.has('key-file')) throw misused('--key-file needs --server-key, the public key of the server')
  if (user === undefined) return {}
  return password === undefined ? { userId: user } : { security: plain({ user, password }) }
}

/** Throws a Failure when the file cannot be read or holds none. */
export function readKeyPair(file: string): { publicKey: string; secretKey: string } {
  const text = readText(file)
  let pair: Partial<Record<'publicKey' | 'secretKey', unknown>> = {}
  try {
    pair = JSON.parse(text)
  } catch {
    // What it holds is not repeated: it may be a secret.
  }
  const { publicKey, secretKey } = pair ?? {}
  if (typeof publicKey !== 'string' || typeof secretKey !== 'string') {
    throw misused(`${file} holds no key pair`, '`pseud keygen FILE` writes one.')
  }
  return { publicKey, secretKey }
}

/** Throws a Failure. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw misused(`cannot read ${file}: ${reasonOf(error)}`)
  }
}

export function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'it may not be read'
  if (code === 'EISDIR') return 'it is a folder'
  return error instanceof Error ? error.message : String(error)
}

function passwordOf(options: Given, env: NodeJS.ProcessEnv): string | undefined {
  const file = options.text('password-file')
  if (file === undefined) return env.PSEUD_PASSWORD
  return readText(file).split(/\r?\n/, 1)[0]
}
