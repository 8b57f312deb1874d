/**
 * Who may come in, for `pseud serve`: options and files to the `security` of a Server. As for clients, secrets come from files.
 */
import type { ServerOptions } from '../rpc/index.ts'
import { readKeyPair, readText } from './credentials.ts'
import { misused } from './failure.ts'
import type { Option } from './option.ts'
import type { Given } from './parse.ts'
import type { Library } from './serving/library.ts'

export const SERVER_CREDENTIAL_OPTIONS: readonly Option[] = [
  {
    name: 'key-file',
    value: 'FILE',
    help: 'The key pair of the server, as pseud keygen FILE writes it: connections are encrypted (CURVE).',
  },
  {
    name: 'authorize',
    value: 'KEY[=USER]',
    many: true,
    help: 'The public key of a client that may come in, and who that is.',
  },
  {
    name: 'authorized-keys',
    value: 'FILE',
    help: 'The same from a file: KEY USER on each line; lines that begin with "# " are comments.',
  },
  {
    name: 'users',
    value: 'FILE',
    help: 'Who may come in by password: NAME:PASSWORD on each line. Inside CURVE with --key-file, else PLAIN, which encrypts nothing.',
  },
]

const KEY_LENGTH = 40

export function serverCredentials(library: Library, options: Given): Pick<ServerOptions, 'security'> {
  const keyFile = options.text('key-file')
  const keys = authorizedKeys(options)
  const usersFile = options.text('users')
  const users = usersFile === undefined ? undefined : usersOf(usersFile)
  if (keyFile === undefined) {
    if (keys.size > 0) throw misused('--authorize needs --key-file, the key pair of the server')
    return users === undefined ? {} : { security: library.plain({ users }) }
  }
  if (keys.size === 0 && users === undefined) {
    throw misused(
      '--key-file alone lets nobody in',
      'Say who may come in: --authorize, --authorized-keys or --users.',
    )
  }
  const { secretKey } = readKeyPair(keyFile)
  return {
    security: library.curve.server({
      secretKey,
      ...(keys.size > 0 && { authorize: keys }),
      ...(users !== undefined && { login: users }),
    }),
  }
}

/** User ids by key; that of a key without a user is the key. */
function authorizedKeys(options: Given): Map<string, string> {
  const keys = new Map<string, string>()
  const add = (text: string, separator: RegExp, where: string): void => {
    const key = text.slice(0, KEY_LENGTH)
    const rest = text.slice(KEY_LENGTH)
    // A key may hold an equals sign itself.
    if (key.length < KEY_LENGTH || (rest !== '' && !separator.test(rest))) {
      throw misused(`${where} is no public key, which are ${KEY_LENGTH} characters: ${JSON.stringify(text)}`)
    }
    keys.set(key, rest.replace(separator, '').trim() || key)
  }
  for (const text of options.texts('authorize')) add(text, /^=/, '--authorize')
  const file = options.text('authorized-keys')
  if (file !== undefined) for (const line of linesOf(file)) add(line, /^\s+/, `a line of ${file}`)
  return keys
}

function usersOf(file: string): Map<string, string> {
  return new Map(
    linesOf(file).map((line, at) => {
      const colon = line.indexOf(':')
      // What it holds is not repeated: it may be a password.
      if (colon < 1) throw misused(`line ${at + 1} of ${file} is not NAME:PASSWORD`)
      return [line.slice(0, colon), line.slice(colon + 1)]
    }),
  )
}

function linesOf(file: string): string[] {
  return readText(file)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.startsWith('# '))
}
