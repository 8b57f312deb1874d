/**
 * What somebody sees who sits in front of a terminal: octets in, rows of characters out. As much of ECMA-48 and xterm as programs use that
 * redraw in place; anything else throws, for a test that draws it may look right here and wrong everywhere else.
 */

export interface Cell {
  readonly text: string
  /** SGR codes in force, such as `1;31`; empty: none. */
  readonly style: string
}

const BLANK: Cell = { text: ' ', style: '' }
// A sequence from ESC on, once it is whole.
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are made of them
const SEQUENCE = /^\u001b(?:\[([?>]?)([\d;]*)([@-~])|([78c=>]))/
const STYLE_OFF: Readonly<Record<string, readonly string[]>> = {
  '22': ['1', '2'],
  '23': ['3'],
  '24': ['4'],
  '27': ['7'],
}

interface Page {
  rows: Cell[][]
  x: number
  y: number
}

export class Display {
  columns: number
  rows: number
  /** Rows that have left the screen at its top. */
  readonly history: string[] = []
  /** A page of its own, of which nothing is left when it is given up. */
  isAlternate = false
  cursorVisible = true
  #page: Page
  #other: Page
  #style: string[] = []
  #rest = ''
  // The cursor stands behind the last column: the next character begins a new row.
  #full = false

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.#page = { rows: [], x: 0, y: 0 }
    this.#other = { rows: [], x: 0, y: 0 }
    this.resize(columns, rows)
  }

  /** The rows of the screen without what is blank at their ends, down to the last one that is not empty. */
  get lines(): string[] {
    const lines = this.#page.rows.map(textOf)
    while (lines.at(-1) === '') lines.pop()
    return lines
  }

  /** All that was printed, also what has scrolled away. */
  get all(): string[] {
    return [...this.history, ...this.lines]
  }

  /** The style of the first place where `text` stands. */
  styleOf(text: string): string | undefined {
    for (const row of this.#page.rows) {
      const at = row
        .map((cell) => cell.text)
        .join('')
        .indexOf(text)
      if (at >= 0) return row[at]!.style
    }
    return undefined
  }

  /** Rows below the new height go; those above it stay where they are. */
  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    for (const page of [this.#page, this.#other]) {
      while (page.rows.length > rows && page.y < page.rows.length - 1) page.rows.pop()
      while (page.rows.length > rows) this.#keep(page.rows.shift()!)
      while (page.rows.length < rows) page.rows.push([])
      for (const row of page.rows) row.length = Math.min(row.length, columns)
      page.x = Math.min(page.x, columns - 1)
      page.y = Math.min(page.y, rows - 1)
    }
    this.#full = false
  }

  write(text: string): void {
    let rest = this.#rest + text
    while (rest !== '') {
      if (rest[0] === '\u001b') {
        const match = SEQUENCE.exec(rest)
        if (match === null) {
          if (rest.length > 32)
            throw new Error(`a sequence that is not known: ${JSON.stringify(rest.slice(0, 32))}`)
          break
        }
        const [whole, mark = '', parameters = '', final = '', short = ''] = match
        rest = rest.slice(whole.length)
        if (short === '') this.#control(mark, parameters, final)
        else if (short === 'c') throw new Error('a reset of the whole terminal')
        continue
      }
      const character = String.fromCodePoint(rest.codePointAt(0)!)
      rest = rest.slice(character.length)
      this.#put(character)
    }
    this.#rest = rest
  }

  #put(character: string): void {
    const page = this.#page
    if (character === '\r') page.x = 0
    else if (character === '\n') this.#feed()
    else if (character === '\b') page.x = Math.max(0, page.x - 1)
    else if (character === '\t') page.x = Math.min(this.columns - 1, ((page.x >> 3) << 3) + 8)
    else if (character === '\u0007') return
    else if (character < ' ') throw new Error(`a control character: ${JSON.stringify(character)}`)
    else {
      if (this.#full) {
        page.x = 0
        this.#feed()
      }
      const row = page.rows[page.y]!
      while (row.length < page.x) row.push(BLANK)
      row[page.x] = { text: character, style: this.#style.join(';') }
      this.#full = page.x === this.columns - 1
      if (!this.#full) page.x++
      return
    }
    this.#full = false
  }

  #feed(): void {
    const page = this.#page
    if (page.y < this.rows - 1) {
      page.y++
      return
    }
    const row = page.rows.shift()!
    if (!this.isAlternate) this.#keep(row)
    page.rows.push([])
  }

  #keep(row: Cell[]): void {
    this.history.push(textOf(row))
  }

  #control(mark: string, parameters: string, final: string): void {
    const page = this.#page
    const numbers = parameters.split(';').map(Number)
    const count = Math.max(1, numbers[0]!)
    this.#full = false
    if (mark === '?') {
      this.#mode(numbers, final)
      return
    }
    switch (final) {
      case 'A':
        page.y = Math.max(0, page.y - count)
        return
      case 'B':
        page.y = Math.min(this.rows - 1, page.y + count)
        return
      case 'C':
        page.x = Math.min(this.columns - 1, page.x + count)
        return
      case 'D':
        page.x = Math.max(0, page.x - count)
        return
      case 'G':
        page.x = Math.min(this.columns, count) - 1
        return
      case 'H':
        page.y = Math.min(this.rows, count) - 1
        page.x = Math.min(this.columns, Math.max(1, numbers[1] ?? 1)) - 1
        return
      case 'J':
        this.#erase(numbers[0]!)
        return
      case 'K':
        this.#eraseLine(numbers[0]!)
        return
      case 'm':
        this.#paint(parameters.split(';'))
        return
      default:
        throw new Error(`a sequence that is not known: ESC [ ${mark}${parameters}${final}`)
    }
  }

  #mode(numbers: readonly number[], final: string): void {
    for (const number of numbers) {
      if (number === 25) this.cursorVisible = final === 'h'
      else if (number === 1049 && this.isAlternate !== (final === 'h')) this.#turn()
      // Line wrap, and marks around what is drawn at once.
      else if (![7, 1049, 2026].includes(number)) throw new Error(`a mode that is not known: ${number}`)
    }
  }

  #turn(): void {
    this.isAlternate = !this.isAlternate
    const page = this.#page
    this.#page = this.#other
    this.#other = page
    if (this.isAlternate)
      this.#page = { rows: Array.from({ length: this.rows }, () => []), x: page.x, y: page.y }
  }

  /** 0: from the cursor on; 2: all. */
  #erase(what: number): void {
    const page = this.#page
    if (what === 0) this.#eraseLine(0)
    for (let y = what === 0 ? page.y + 1 : 0; y < this.rows; y++) page.rows[y] = []
  }

  #eraseLine(what: number): void {
    const page = this.#page
    if (what === 0) page.rows[page.y]!.length = Math.min(page.x, page.rows[page.y]!.length)
    else page.rows[page.y] = []
  }

  #paint(codes: readonly string[]): void {
    for (const code of codes) {
      if (code === '' || code === '0') this.#style = []
      else if (code in STYLE_OFF) this.#style = this.#style.filter((on) => !STYLE_OFF[code]!.includes(on))
      else if (code === '39') this.#style = this.#style.filter((on) => !/^(?:3|9)\d$/.test(on))
      else this.#style = [...this.#style.filter((on) => on !== code), code]
    }
  }
}

function textOf(row: readonly Cell[]): string {
  return row
    .map((cell) => cell?.text ?? ' ')
    .join('')
    .trimEnd()
}
