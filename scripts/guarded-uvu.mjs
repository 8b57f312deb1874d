// What test files get when they import `uvu`: the same suites, counted. uvu forgets a suite that nobody ran, tests that
// were registered after `.run()`, and everything beside an `only`; this writes down what was registered, started and
// settled, into the file that scripts/test.mjs names, so that the runner can tell "all passed" from "nothing ran".
import { closeSync, openSync, writeSync } from 'node:fs'
import * as uvu from 'uvu'

const report = process.env.PSEUD_TEST_REPORT ? openSync(process.env.PSEUD_TEST_REPORT, 'a') : undefined
const pending = new Map()

export function suite(name = '', state = undefined) {
  const real = uvu.suite(name, state)
  const counted = (title, handler) => {
    pending.set(counted, (pending.get(counted) ?? 0) + 1)
    real(title, counting(name, title, handler))
  }
  counted.before = guardedHook(real.before, `${name}: before`)
  counted.before.each = real.before.each
  counted.after = guardedHook(real.after, `${name}: after`)
  counted.after.each = real.after.each
  counted.only = (title, handler) => {
    note({ only: `${name}: ${title}` })
    pending.set(counted, (pending.get(counted) ?? 0) + 1)
    real.only(title, counting(name, title, handler))
  }
  counted.skip = (title) => {
    note({ skipped: `${name}: ${title ?? '(no title)'}` })
    real.skip()
  }
  counted.run = () => {
    pending.delete(counted)
    real.run()
  }
  counted.suiteName = name
  return counted
}

export const test = suite()

function counting(name, title, handler) {
  note({ registered: 1 })
  return async (context) => {
    note({ started: `${name}: ${title}` })
    try {
      await handler(context)
    } catch (error) {
      // Whoever only asks whether anything fails has the answer.
      if (process.env.PSEUD_TEST_BAIL) process.exit(1)
      throw error
    }
    note({ settled: 1 })
  }
}

// uvu swallows what these throw and reports no test at all.
function guardedHook(hook, name) {
  return (handler) =>
    hook(async (context) => {
      try {
        await handler(context)
      } catch (error) {
        console.error(error)
        note({ hookFailed: name })
        throw error
      }
    })
}

function note(line) {
  if (report !== undefined) writeSync(report, `${JSON.stringify(line)}\n`)
}

process.on('exit', () => {
  for (const [counted, count] of pending) note({ neverRun: `${counted.suiteName}: ${count} tests` })
  note({ exit: 1 })
  if (report !== undefined) closeSync(report)
})
