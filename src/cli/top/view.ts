/**
 * The page of `pseud top`: a title, the counters (counter-lines.ts), the peers (peer-lines.ts), as much of it as the window holds. Pure: reports and
 * the size of the window in, lines out.
 */
import { shownShort } from '../figures.ts'
import { columnsOf, cropped, printable } from '../printable.ts'
import { counterLines } from './counter-lines.ts'
import { peerLines } from './peer-lines.ts'
import { ratedPeers, type View } from './samples.ts'

export function linesOf(view: View): string[] {
  const { last, columns, rows, trouble, paint } = view
  const above = [title(view), '', ...counterLines(view)]
  const peers = ratedPeers(last, view.before)
  const room = rows - above.length - 2
  if (room < 2) return withTrouble(above.slice(0, rows), trouble, columns, paint)
  const shown = peers.slice(0, peers.length + last.report.omitted > room ? room - 1 : room)
  const hidden = peers.length - shown.length + last.report.omitted
  const more = hidden === 0 ? [] : [paint('dim', cropped(`… ${shownShort(hidden)} more`, columns))]
  return withTrouble([...above, '', ...peerLines(shown, view), ...more], trouble, columns, paint)
}

function withTrouble(
  lines: string[],
  trouble: string | undefined,
  columns: number,
  paint: View['paint'],
): string[] {
  // In the empty line below the title, so that nothing moves.
  if (trouble !== undefined && lines.length > 1) lines[1] = paint('red', cropped(printable(trouble), columns))
  return lines
}

function title({ endpoint, last, columns, paint }: View): string {
  const time = ` ${last.report.time.toISOString().slice(11, 19)} UTC`
  const name = printable(last.report.name)
  const text = cropped(name === '' ? endpoint : `${name} at ${endpoint}`, Math.max(0, columns - time.length))
  const left = text.startsWith(name) ? paint('bold', name) + text.slice(name.length) : text
  const space = columns - columnsOf(text) - time.length
  return space < 0 ? left : `${left}${' '.repeat(space)}${paint('dim', time)}`
}
