// Other processes of a load: each is a file of this folder. A promise that nobody handled ends one with 1.
import path from 'node:path'
import { OtherProcess } from '../support/other-process.ts'

export { answer } from '../support/other-process.ts'

export class Worker extends OtherProcess {
  /** Starts `NAME.js` beside the running file. */
  constructor(name: string, nodeFlags: readonly string[] = []) {
    const file = path.join(path.dirname(process.argv[1] ?? ''), `${name}.js`)
    // No source maps: the first error whose stack is looked at, be it by Node itself, would add 8 MiB to a heap that is measured.
    super(name, file, [], ['--unhandled-rejections=strict', '--expose-gc', ...nodeFlags])
  }
}
