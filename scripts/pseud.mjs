// The `pseud` command against the sources: `node scripts/pseud.mjs call tcp://127.0.0.1:5555 lower ABC`. Bundles it to a file of its own in
// build/cli and imports it in this process.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundleCommand, home } from './bundle-command.mjs'

const outfile = path.join(home, 'build/cli', `pseud-${process.pid}.mjs`)
await bundleCommand(outfile)
process.on('exit', () => rmSync(outfile, { force: true }))
process.setSourceMapsEnabled(true)
await import(pathToFileURL(outfile))
