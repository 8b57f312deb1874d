/**
 * Text of others for a terminal: what would move the cursor, change colours or turn the direction is shown as what it is, and the place that
 * the rest takes is known. Without this a peer writes with its name wherever it wants to on the screen of who looks at it.
 */

// Control characters, those that only format, halves of surrogates, and what is no character.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const NARROW = /^[ -~]*$/

/** `text` without anything that is not simply printed: an ESC is `\x1b`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0)!
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 4)}}`
  })
}

/** How many columns printable `text` takes. */
export function columnsOf(text: string): number {
  if (NARROW.test(text)) return text.length
  let columns = 0
  for (const character of text) columns += columnsOfOne(character)
  return columns
}

/** The beginning of printable `text` that fits, with an ellipsis where something is left out. */
export function cropped(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text
  if (columns < 1) return ''
  let kept = ''
  let left = columns - 1
  for (const character of text) {
    left -= columnsOfOne(character)
    if (left < 0) break
    kept += character
  }
  return `${kept}…`
}

/** `cropped`, and filled up with spaces: behind it, or in front of it. */
export function fitted(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const fits = cropped(text, columns)
  const space = ' '.repeat(Math.max(0, columns - columnsOf(fits)))
  return side === 'left' ? fits + space : space + fits
}

function columnsOfOne(character: string): number {
  if (WIDE.test(character)) return 2
  return /\p{M}/u.test(character) ? 0 : 1
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
