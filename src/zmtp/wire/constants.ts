// The numbers of ZMTP 3.1 (RFC 37), named once: greeting offsets, flag bits, size bounds. Imports nothing.

/*
 * Greeting, 64 octets:
 *
 *   0        1 .. 8    9          10     11     12 .. 31    32          33 .. 63
 *   ff       padding   7f         major  minor  mechanism   as-server   filler
 */
export const GREETING_SIZE = 64
export const SIGNATURE_FIRST = 0xff
export const SIGNATURE_LAST = 0x7f
export const SIGNATURE_LAST_AT = 9
export const MAJOR_AT = 10
export const MINOR_AT = 11
export const MECHANISM_AT = 12
export const MECHANISM_SIZE = 20
export const AS_SERVER_AT = 32

/** What we announce; peers from 3.0 on are accepted. */
export const VERSION_MAJOR = 3
export const VERSION_MINOR = 1

/*
 * Frame: flags (1), body length (1, or 8 with LONG), body. A command is one frame: COMMAND excludes MORE.
 */
export const FLAG_MORE = 0x01
export const FLAG_LONG = 0x02
export const FLAG_COMMAND = 0x04
export const FLAGS_RESERVED = 0xf8

export const SHORT_HEADER_SIZE = 2
export const LONG_HEADER_SIZE = 9
/** The largest body whose length fits one octet. */
export const SHORT_BODY_MAX = 255
/** No body above this is ever received, whatever the limits say: lengths stay 31-bit integers. */
export const BODY_MAX = 0x7fff_ffff

/** Longest command name, property name, identity and ERROR reason: their length is one octet. */
export const NAME_MAX = 255
export const IDENTITY_MAX = 255
/** A property value's length is 31 bits. */
export const VALUE_MAX = 0x7fff_ffff
/** Known peers send 2 to 6 properties. */
export const PROPERTIES_MAX = 64

/** PING: what is echoed at most, the unit of the time to live, and the largest one that libzmq reads right (#4226). */
export const PING_CONTEXT_MAX = 16
export const PING_TTL_UNIT_MS = 100
export const PING_TTL_MAX = 655
