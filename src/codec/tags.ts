/**
 * The MessagePack byte table, and the extension codes that are ours: the format in one place. Knows no value, no
 * memory. Layouts (spec: https://github.com/msgpack/msgpack/blob/master/spec.md; all integers big-endian):
 *
 *     00-7f  integer 0..127             c0 nil     c2 false   c3 true   (c1: never used)
 *     80-8f  map, 0..15 pairs           c4 c5 c6   binary     length in 1, 2, 4 octets
 *     90-9f  array, 0..15 items         c7 c8 c9   extension  length in 1, 2, 4 octets, then the code
 *     a0-bf  string, 0..31 octets       ca cb      float 32, 64
 *     e0-ff  integer -32..-1            cc cd ce cf unsigned 8, 16, 32, 64   d0 d1 d2 d3 signed 8, 16, 32, 64
 *                                       d4 d5 d6 d7 d8  extension of 1, 2, 4, 8, 16 octets: the code, then the data
 *     d9 da db  string, length in 1, 2, 4 octets;  dc dd  array, de df  map: count in 2, 4 octets
 */

export const FIXMAP = 0x80
export const FIXARRAY = 0x90
export const FIXSTR = 0xa0
export const NIL = 0xc0
export const FALSE = 0xc2
export const TRUE = 0xc3
export const BIN8 = 0xc4
export const BIN16 = 0xc5
export const BIN32 = 0xc6
export const EXT8 = 0xc7
export const EXT16 = 0xc8
export const EXT32 = 0xc9
export const FLOAT32 = 0xca
export const FLOAT64 = 0xcb
export const UINT8 = 0xcc
export const UINT16 = 0xcd
export const UINT32 = 0xce
export const UINT64 = 0xcf
export const INT8 = 0xd0
export const INT16 = 0xd1
export const INT32 = 0xd2
export const INT64 = 0xd3
export const FIXEXT1 = 0xd4
export const FIXEXT2 = 0xd5
export const FIXEXT4 = 0xd6
export const FIXEXT8 = 0xd7
export const FIXEXT16 = 0xd8
export const STR8 = 0xd9
export const STR16 = 0xda
export const STR32 = 0xdb
export const ARRAY16 = 0xdc
export const ARRAY32 = 0xdd
export const MAP16 = 0xde
export const MAP32 = 0xdf
export const NEGATIVE_FIXINT = 0xe0

/** The timestamp of the MessagePack specification. */
export const EXT_TIMESTAMP = -1

// Ours. 32..47 are reserved from users: those not listed are kept for later and refused as unknown.
export const EXT_FIRST = 32
export const EXT_LAST = 47
/** Two's complement, big-endian, as few octets as hold it: integers beyond 64 bits, and bigints that fit a number. */
export const EXT_BIGINT = 32
/** `undefined`: one octet 00. */
export const EXT_UNDEFINED = 33
/** An array index without an element: one octet 00. Only directly inside an array. */
export const EXT_HOLE = 34
/** key, value, key, value, ...: MessagePack values one after the other. */
export const EXT_MAP = 35
/** MessagePack values one after the other. */
export const EXT_SET = 36
/** name, message, and when there are any: code (or nil), cause. */
export const EXT_ERROR = 37
/** One octet for the kind (memory.ts), then the elements, little-endian. */
export const EXT_MEMORY = 38
/** A string that UTF-8 cannot hold (a lone surrogate): UTF-16 code units, big-endian. */
export const EXT_STRING16 = 39
/** Only as the first item of an array, whose other items are the values of an object: one octet, the number of its shape. */
export const EXT_SHAPE = 40
/** In the same place: the number that the shape of this object has from now on, then its keys, MessagePack strings. */
export const EXT_DEFINITION = 41
