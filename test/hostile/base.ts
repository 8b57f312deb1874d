/**
 * What a file of hostile rows must leave behind: nothing. Sockets of the system, handles of Node and what was rejected, thrown or warned of
 * meanwhile, compared with how it was before the first row.
 */
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { nextTurn } from '../support/delivery.ts'
import { openSockets } from '../support/hostile-world.ts'
import { until } from '../support/within.ts'

/** Adds, last, the tests that all is as it was. `close` is called before. */
export class Base {
  readonly #sockets = openSockets()
  readonly #heard: unknown[] = []

  constructor() {
    for (const event of ['unhandledRejection', 'uncaughtExceptionMonitor', 'warning'] as const) {
      process.on(event as 'warning', (what) => this.#heard.push([event, String(what)]))
    }
  }

  test(suite: Test, close: () => Promise<void>): void {
    suite('after all rows: nothing was rejected unheard, thrown or warned of', async () => {
      await nextTurn()
      assert.equal(this.#heard, [])
      assert.is(Reflect.get({}, 'isAdmin'), undefined, 'a prototype was changed')
    })
    suite('after all rows: no socket, handle or timer is left', async () => {
      await close()
      await until(() => openSockets() === this.#sockets, 5000, 'the end of all sockets')
      // What is left is of Node and of uvu: pipes of standard output, the timer of this very wait.
      const left = process.getActiveResourcesInfo().filter((kind) => !/^(Pipe|TTY|FS)|Timeout/.test(kind))
      assert.equal(left, [])
    })
  }
}
