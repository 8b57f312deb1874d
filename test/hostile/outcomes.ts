/**
 * What must come of the given rows: our codes for the placeholders of inputs.json, the octet that decides, what is delivered, the moment of a
 * timer. Where a row's text conflicts with what was decided, CONFLICTS says what is done instead, and why; nothing else differs.
 * Own rows carry the same beside them, in `ours`.
 */
import type { CodecRow, CurveRow, ZmtpRow } from './rows.ts'

/** Ours for each placeholder; where several are, the table of the row says which. `-` and the like: it lives. */
const CODES: Readonly<Record<string, readonly (string | undefined)[]>> = {
  // Lives; or the peer has gone before it was known.
  '-': [undefined, 'PEER_CLOSED'],
  // Where we refuse, and where we are refused.
  AUTH: ['AUTHENTICATION_FAILED', 'PEER_ERROR'],
  COMMAND: ['UNEXPECTED_COMMAND'],
  // A box that does not open; a key of low order gets no box at all.
  CRYPTO: ['CRYPTO_FAILED', 'KEY_EXCHANGE_FAILED'],
  ENVELOPE: [undefined],
  FLAGS: ['BAD_FLAGS'],
  FRAMES: ['TOO_MANY_FRAMES'],
  HS_TIMEOUT: ['HANDSHAKE_TIMEOUT'],
  IDENTITY: ['BAD_IDENTITY'],
  KEY_EXCHANGE: ['KEY_EXCHANGE_FAILED'],
  MALFORMED: ['BAD_COMMAND'],
  MECHANISM: ['MECHANISM_MISMATCH'],
  METADATA: ['BAD_METADATA'],
  NONCE: ['NONCE_REUSED'],
  ORPHAN: [undefined],
  PEER_TYPE: ['INCOMPATIBLE_SOCKET_TYPE'],
  REMOTE_ERROR: ['PEER_ERROR'],
  SIGNATURE: ['BAD_SIGNATURE'],
  SIZE: ['FRAME_TOO_LARGE'],
  STALLED: ['STALLED'],
  SUBS: ['TOPICS_TOO_LARGE', 'TOO_MANY_TOPICS'],
  TTL: ['SILENT_PEER'],
  VERSION: ['UNSUPPORTED_VERSION'],
  'early-eof': ['PEER_CLOSED'],
  // The octets of the codec.
  ACCEPT: [undefined],
  BAD_BYTE: ['BAD_BYTE'],
  COUNT: ['TOO_MANY_VALUES'],
  DEPTH: ['TOO_DEEP'],
  // No Date can hold it, or nobody has registered it.
  EXT: ['BAD_EXTENSION', 'UNKNOWN_EXTENSION'],
  KEY: ['BAD_KEY'],
  TRAILING: ['TRAILING'],
  TRUNCATED: ['TRUNCATED'],
  UTF8: ['BAD_UTF8'],
}

/** What is done instead of what a row says, and why. */
export const CONFLICTS: Readonly<Record<string, { readonly done: string; readonly why: string }>> = {
  G24: {
    done: 'HANDSHAKE_TIMEOUT',
    why: 'as-server is not looked at, for libzmq servers say 0 (decision 0017): it is a client until it fails to say HELLO',
  },
  G25: { done: 'HANDSHAKE_TIMEOUT', why: 'as G24: no octet of as-server is looked at' },
  S12: {
    done: 'HANDSHAKE_TIMEOUT',
    why: 'as G24, from the other side: HELLO goes out, and nothing comes back; PLAIN shows its password to whoever answers',
  },
  S20: {
    done: 'lives',
    why: 'checklist C24 has SUBSCRIBE and CANCEL ignored by who is no publisher (decision 0003): dropped, counted, no data',
  },
  V21: {
    done: 'UNEXPECTED_COMMAND',
    why: 'only as long as READY was not written: from then on nobody can tell it from a MESSAGE that waited (decision 0017)',
  },
  K08: {
    done: 'lives; counted by the engine',
    why: 'no event: a stranger could have as many of them as it likes; `ignoredCommands` of the engine has the number (decision 0003)',
  },
  R47: {
    done: 'INVALID_ARGUMENT',
    why: 'what follows args is the map of meta (protocol.md), so a number there fails that call; further elements are ignored',
  },
  R61: {
    done: 'NOT_FOUND',
    why: 'the row leaves a choice: a Client may serve as well, and this one has no such function',
  },
}

export interface ZmtpOutcome {
  /** Of the event. Without it, the connection lives, or ends as the peer wants. */
  readonly code?: string
  /** How many octets, the greeting with them, decide. */
  readonly at?: number
  /** The handshake is over by then. */
  readonly ready?: boolean
  /** The event before `disconnect`, of a handshake that is not over: `handshake:error:protocol` unless it says otherwise. */
  readonly event?: string
  /** It ends when so much time has passed since the connection came, or since its last octet. */
  readonly timerMs?: number
  /** What reaches the application, parts joined by `|`. */
  readonly delivered?: readonly string[]
  /** And what more when the peer has gone. */
  readonly afterwards?: readonly string[]
  /** The server wants us to come again later. */
  readonly later?: boolean
  /** What the socket counts as dropped. */
  readonly dropped?: number
  /** The handshake is not over, so no PING can be sent. */
  readonly mute?: boolean
  /** Options of the socket. */
  readonly settings?: Record<string, unknown>
  /** It is the socket, not the engine, that decides. */
  readonly bySocket?: boolean
}

const HI = { delivered: ['hi'] }
const OTHER = 'handshake:error:other'
const AUTH = 'handshake:error:auth'
const TOO_LATE = { code: 'HANDSHAKE_TIMEOUT', timerMs: 30_000, event: OTHER }

const ZMTP: Readonly<Record<string, ZmtpOutcome>> = {
  // "close": its `-` is no code, and with ours the log knows that it was a probe.
  G01: { code: 'PEER_CLOSED', event: OTHER },
  G02: TOO_LATE,
  G03: { code: 'BAD_SIGNATURE', at: 1 },
  G05: { code: 'UNSUPPORTED_VERSION', at: 10 },
  G06: { code: 'UNSUPPORTED_VERSION', at: 1 },
  G07: { code: 'UNSUPPORTED_VERSION', at: 11 },
  G10: HI,
  G11: HI,
  G13: { code: 'MECHANISM_MISMATCH', at: 64 },
  G15: { code: 'MECHANISM_MISMATCH', at: 64 },
  G16: { code: 'MECHANISM_MISMATCH', at: 64 },
  G17: { code: 'MECHANISM_MISMATCH', at: 64 },
  G19: { code: 'MECHANISM_MISMATCH', at: 64 },
  G22: { code: 'MECHANISM_MISMATCH', at: 64 },
  G23: HI,
  G24: TOO_LATE,
  G25: TOO_LATE,
  G26: HI,
  G28: { code: 'BAD_FLAGS', at: 65 },
  G29: { code: 'BAD_SIGNATURE', at: 1 },
  G31: { code: 'BAD_SIGNATURE', at: 1 },
  G32: { code: 'BAD_SIGNATURE', at: 1 },
  G33: TOO_LATE,
  G34: { code: 'UNSUPPORTED_VERSION', at: 11 },
  G35: HI,
  G36: { code: 'BAD_FLAGS', at: 65 },
  G37: TOO_LATE,
  F03: { code: 'BAD_FLAGS', at: 95, ready: true },
  F04: { code: 'BAD_FLAGS', at: 95, ready: true },
  F07: { code: 'BAD_FLAGS', at: 95, ready: true },
  F11: { code: 'FRAME_TOO_LARGE', at: 103, ready: true },
  F12: { code: 'FRAME_TOO_LARGE', at: 103, ready: true },
  F13: { code: 'FRAME_TOO_LARGE', at: 103, ready: true },
  F14: { code: 'FRAME_TOO_LARGE', at: 103, ready: true },
  F19: { code: 'STALLED', ready: true, timerMs: 30_000 },
  F21: { code: 'BAD_COMMAND', at: 67 },
  F23: { code: 'BAD_COMMAND', at: 68 },
  F25: { code: 'UNEXPECTED_COMMAND', at: 94 },
  F27: { code: 'TOO_MANY_FRAMES', at: 2144, ready: true },
  F28: { code: 'TOO_MANY_FRAMES', at: 3168, ready: true },
  F31: { delivered: ['part1|part2'] },
  F32: { code: 'PEER_CLOSED', ready: true },
  F33: { code: 'BAD_COMMAND', at: 96, ready: true },
  F35: { code: 'BAD_FLAGS', at: 95, ready: true },
  N01: HI,
  N02: { code: 'BAD_METADATA', at: 100 },
  N04: { code: 'BAD_METADATA', at: 94 },
  N05: { code: 'BAD_METADATA', at: 94 },
  N07: { code: 'BAD_METADATA', at: 95 },
  N08: { code: 'BAD_METADATA', at: 98 },
  N11: { code: 'INCOMPATIBLE_SOCKET_TYPE', at: 91 },
  N12: { code: 'INCOMPATIBLE_SOCKET_TYPE', at: 94 },
  N14: { code: 'INCOMPATIBLE_SOCKET_TYPE', at: 88 },
  N15: { code: 'BAD_IDENTITY', at: 370 },
  N17: HI,
  N19: { code: 'BAD_METADATA', at: 108 },
  N20: HI,
  N21: HI,
  N24: { code: 'UNEXPECTED_COMMAND', at: 124, ready: true },
  N26: { code: 'BAD_COMMAND', at: 72 },
  N27: { code: 'PEER_ERROR', at: 84 },
  N28: { code: 'UNEXPECTED_COMMAND', at: 65 },
  N29: { code: 'UNEXPECTED_COMMAND', at: 95 },
  N30: { code: 'UNEXPECTED_COMMAND', at: 76 },
  N31: { code: 'UNEXPECTED_COMMAND', at: 73 },
  N32: { code: 'UNEXPECTED_COMMAND', at: 76 },
  N33: HI,
  N34: { delivered: ['pipelined'] },
  P03: { code: 'BAD_COMMAND', at: 78 },
  P05: { code: 'BAD_COMMAND', at: 88 },
  P06: { code: 'AUTHENTICATION_FAILED', at: 74, event: AUTH },
  P07: { code: 'AUTHENTICATION_FAILED', at: 84, event: AUTH },
  P16: { code: 'AUTHENTICATION_FAILED', at: 84, event: AUTH },
  P17: { code: 'AUTHENTICATION_FAILED', at: 84, event: AUTH },
  P18: HI,
  C03: { code: 'BAD_COMMAND', at: 267 },
  C05: { code: 'BAD_COMMAND', at: 266 },
  C06: { code: 'BAD_COMMAND', at: 266 },
  C07: { code: 'BAD_COMMAND', at: 266 },
  C08: { code: 'CRYPTO_FAILED', at: 266 },
  C10: { code: 'KEY_EXCHANGE_FAILED', at: 266 },
  C11: { code: 'KEY_EXCHANGE_FAILED', at: 266 },
  C12: { code: 'KEY_EXCHANGE_FAILED', at: 266 },
  C13: { code: 'UNEXPECTED_COMMAND', at: 330 },
  C14: { code: 'UNEXPECTED_COMMAND', at: 94 },
  C15: { code: 'UNEXPECTED_COMMAND', at: 99 },
  C16: { code: 'UNEXPECTED_COMMAND', at: 65 },
  K04: {},
  K05: { code: 'SILENT_PEER', ready: true, timerMs: 100 },
  K07: {},
  K08: {},
  K10: { code: 'UNEXPECTED_COMMAND', at: 102, ready: true },
  K11: { code: 'TOPICS_TOO_LARGE', at: 4207, ready: true, bySocket: true },
  K12: {},
  K14: {},
  K15: {},
  K16: {},
  K17: {},
  K18: { code: 'TOO_MANY_TOPICS', at: 200_111, ready: true, bySocket: true },
  K19: { code: 'INCOMPATIBLE_SOCKET_TYPE', at: 94 },
  K20: { dropped: 1 },
  K21: { delivered: [''] },
  S02: { code: 'MECHANISM_MISMATCH', at: 64 },
  S03: { code: 'UNSUPPORTED_VERSION', at: 11 },
  S04: TOO_LATE,
  S05: { code: 'INCOMPATIBLE_SOCKET_TYPE', at: 91 },
  S07: { code: 'PEER_ERROR', at: 76, event: AUTH },
  S08: { code: 'PEER_ERROR', at: 75, event: AUTH },
  S09: { code: 'BAD_COMMAND', at: 75 },
  S10: { code: 'UNEXPECTED_COMMAND', at: 94 },
  S11: { code: 'UNEXPECTED_COMMAND', at: 84 },
  S12: TOO_LATE,
  S13: { code: 'CRYPTO_FAILED', at: 234 },
  S14: { code: 'BAD_COMMAND', at: 233 },
  S18: { code: 'UNEXPECTED_COMMAND', at: 65 },
  S19: { code: 'UNEXPECTED_COMMAND', at: 65 },
  S20: {},
  S21: { dropped: 1 },
  S23: {},
}

/** How a dialog of CURVE ends. */
export interface CurveOutcome {
  readonly code?: string
  readonly ready?: boolean
  readonly event?: string
  readonly delivered?: readonly string[]
}

const CURVE: Readonly<Record<string, CurveOutcome>> = {
  V01: { delivered: ['hello'] },
  V06: { event: OTHER },
  V22: { ready: true, delivered: ['hello'] },
  V23: { ready: true, delivered: ['hello'] },
  V25: { ready: true, delivered: ['hello'] },
  V27: { ready: true },
  V29: { ready: true },
  V30: { ready: true },
  V34: { ready: true },
  V36: { delivered: ['hello'] },
  V37: { ready: true },
  V38: { ready: true },
  V39: { delivered: [''] },
}

/** What the codec makes of octets. */
export interface CodecOutcome {
  readonly code?: string
  /** The value, where there is one. */
  readonly accepts?: unknown
  /** An Extension, where unknown ones are kept. */
  readonly kept?: boolean
  /** Of own rows: its value is no JSON; it is decoded and encoded again, and the octets are the same. */
  readonly again?: boolean
  /** It is all that a message may hold: the code where there is more around it, or where it is an argument. */
  readonly inside?: string
  readonly argument?: string
}

const CODEC: Readonly<Record<string, CodecOutcome>> = {
  D01: { code: 'TRUNCATED' },
  D02: { code: 'BAD_BYTE' },
  D04: { code: 'TRUNCATED' },
  D05: { code: 'TRUNCATED' },
  D06: { code: 'TRUNCATED' },
  D09: { code: 'TRUNCATED' },
  D10: { code: 'TRUNCATED' },
  D15: { code: 'TRUNCATED' },
  D17: { code: 'TRUNCATED' },
  D19: { code: 'TRUNCATED' },
  D20: { code: 'TRUNCATED' },
  D21: { code: 'TRUNCATED' },
  D22: { code: 'TRUNCATED' },
  D25: { code: 'TRUNCATED' },
  D26: { code: 'TRUNCATED' },
  D27: { code: 'TRUNCATED' },
  D28: { code: 'TRUNCATED' },
  D29: { code: 'TRUNCATED' },
  D30: { code: 'TRUNCATED' },
  D31: { code: 'TRUNCATED' },
  D33: { code: 'TRUNCATED' },
  D34: { code: 'TRUNCATED' },
  D35: { code: 'TRUNCATED' },
  D36: { code: 'TRUNCATED' },
  D41: { code: 'BAD_EXTENSION' },
  D42: { code: 'BAD_EXTENSION' },
  D43: { code: 'TOO_DEEP' },
  D44: { code: 'TOO_DEEP' },
  D45: { code: 'TOO_DEEP' },
  D46: { code: 'TOO_DEEP' },
  D47: { code: 'TOO_DEEP' },
  D49: { code: 'BAD_KEY' },
  D50: { code: 'BAD_KEY' },
  D51: { code: 'BAD_KEY' },
  D55: { accepts: { hasOwnProperty: 1 } },
  D57: { accepts: { toJSON: 1 } },
  D58: { accepts: { length: 2147483647 } },
  D59: { accepts: { a: 2 } },
  D61: { code: 'BAD_KEY' },
  D62: { code: 'BAD_KEY' },
  D63: { code: 'BAD_KEY' },
  D65: { code: 'BAD_KEY' },
  D68: { code: 'BAD_UTF8' },
  D69: { code: 'BAD_UTF8' },
  D70: { code: 'BAD_UTF8' },
  D77: { accepts: 'a' },
  D78: { accepts: { a: 1 } },
  D79: { accepts: Number.NaN },
  D81: { code: 'TRAILING' },
  D82: { code: 'TRAILING' },
  D83: { code: 'TRUNCATED' },
  D84: { code: 'TOO_MANY_VALUES' },
  D85: { code: 'TOO_MANY_VALUES' },
  D89: { code: 'TRUNCATED' },
  D90: { code: 'UNKNOWN_EXTENSION' },
  D91: { code: 'UNKNOWN_EXTENSION' },
  D92: { code: 'UNKNOWN_EXTENSION' },
  D93: { code: 'UNKNOWN_EXTENSION' },
  D94: { code: 'UNKNOWN_EXTENSION' },
  D97: { code: 'UNKNOWN_EXTENSION', kept: true },
  D98: { code: 'UNKNOWN_EXTENSION', kept: true },
  D99: { code: 'UNKNOWN_EXTENSION', kept: true },
}

export function codecOutcome(row: CodecRow): CodecOutcome {
  if (row.ours !== undefined) return row.ours
  const word = /^[A-Z0-9_]+/.exec(row.expect)?.[0] ?? ''
  // "accept", the value itself, and what says that it is as another row.
  const placeholder = CODES[word] === undefined || word === '' ? '-' : word
  const outcome = CODEC[row.id]
  return placeholder === '-' ? outcome! : checked(row, outcome, placeholder)
}

export function zmtpOutcome(row: ZmtpRow): ZmtpOutcome {
  return checked(row, (row.ours ?? ZMTP[row.id]) as ZmtpOutcome | undefined, row.code)
}

export function curveOutcome(row: CurveRow): CurveOutcome {
  if (row.ours !== undefined) return row.ours
  return { code: CODES[row.code]?.[0], ...CURVE[row.id] } as CurveOutcome
}

/** The outcome, if it is one that the row's own code allows. */
function checked<O extends { readonly code?: string }>(
  row: { readonly id: string; readonly ours?: object },
  outcome: O | undefined,
  code: string,
): O {
  if (outcome === undefined) throw new Error(`no outcome for ${row.id}`)
  if (row.ours !== undefined || CONFLICTS[row.id] !== undefined) return outcome
  if (!CODES[code]?.includes(outcome.code)) throw new Error(`${row.id}: ${code} is not ${outcome.code}`)
  return outcome
}
