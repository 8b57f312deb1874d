// The pseudo-terminal of the tests, tested: it is one for whoever runs in it, and shows what a person would see.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Display } from './support/display.ts'
import { terminalPythonOr } from './support/python.ts'
import { CTRL_C, Terminal, type TerminalOptions } from './support/terminal.ts'

const python = terminalPythonOr('the pseudo-terminal of the tests')
const tests = suite('terminal')
const test = python === undefined ? tests.skip : tests
const open: Terminal[] = []
tests.after.each(async () => {
  for (const terminal of open.splice(0)) await terminal.close()
})

function node(source: string, options?: TerminalOptions): Terminal {
  const terminal = new Terminal(python!, [process.execPath, '-e', source], options)
  open.push(terminal)
  return terminal
}

test('a command sees a terminal of the size of the window, and its exit code is told', async () => {
  const terminal = node(
    'const { isTTY, columns, rows } = process.stdout; console.log(isTTY, process.stdin.isTTY, columns, rows); process.exitCode = 7',
    { columns: 91, rows: 33 },
  )
  assert.equal(await terminal.ended(), { code: 7, restored: true })
  assert.equal(terminal.display.lines, ['true true 91 33'])
})

test('what is typed arrives, line by line and, where that was asked for, key by key', async () => {
  const terminal = node(`
    process.stdin.once('data', (line) => {
      process.stdin.setRawMode(true)
      console.log('line ' + JSON.stringify(String(line)))
      process.stdin.once('data', (key) => { console.log('key ' + key); process.stdin.setRawMode(false); process.exit() })
    })`)
  terminal.type('hello\n')
  await terminal.shows(/line "hello\\n"/)
  terminal.type('q')
  assert.equal(await terminal.ended(), { code: 0, restored: true })
  assert.equal(terminal.display.lines, ['hello', 'line "hello\\n"', 'key q'])
})

test('a terminal that is left in raw mode is found out', async () => {
  const terminal = node("process.stdin.setRawMode(true); process.kill(process.pid, 'SIGKILL')")
  assert.equal(await terminal.ended(), { code: 137, restored: false })
})

test('the window can be resized, and Ctrl-C is a signal', async () => {
  const terminal = node(`
    console.log('ready')
    setInterval(() => {}, 1000)
    process.stdout.on('resize', () => console.log(process.stdout.columns + ' x ' + process.stdout.rows))
    process.on('SIGINT', () => process.exit(130))`)
  await terminal.shows(/ready/)
  terminal.resize(40, 10)
  await terminal.shows(/40 x 10/)
  terminal.type(CTRL_C)
  assert.is((await terminal.ended()).code, 130)
})

test('a command that is still there when its test is over is ended', async () => {
  const terminal = node("console.log('ready'); setInterval(() => {}, 1000)")
  await terminal.shows(/ready/)
  await terminal.close()
  assert.ok(terminal.isOver)
})

tests('the display wraps, scrolls, moves, erases, paints', () => {
  const display = new Display(5, 3)
  display.write('1\r\n2\r\nabcdefg')
  assert.equal([display.all, display.history], [['1', '2', 'abcde', 'fg'], ['1']])
  display.write('\u001b[2;2HX\u001b[0K\u001b[1;1H\u001b[1;3')
  display.write('1mA\u001b[0mB')
  assert.equal(display.lines, ['AB', 'aX', 'fg'])
  assert.equal([display.styleOf('A'), display.styleOf('B')], ['1;31', ''])
  display.write('\u001b[?1049h\u001b[?25l\u001b[2J\u001b[Hother')
  assert.equal([display.lines, display.isAlternate, display.cursorVisible], [['other'], true, false])
  display.write('\u001b[?1049l\u001b[?25h')
  assert.equal([display.lines, display.isAlternate], [['AB', 'aX', 'fg'], false])
  display.write('\u001b[2;1H\u001b[J')
  assert.equal(display.lines, ['AB'])
  // A row that is full is no new row until something follows.
  display.write('\r\u001b[A12345\r6')
  assert.equal(display.lines, ['62345'])
  assert.throws(() => display.write('\u001b[3;4r'), 'not known')
})

tests.run()
