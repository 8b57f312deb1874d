// The table of commands, in the order in which they are listed.
import type { Command } from './command.ts'
import { bench } from './commands/bench.ts'
import { call } from './commands/call.ts'
import { keygen } from './commands/keygen.ts'
import { list } from './commands/list.ts'
import { ping } from './commands/ping.ts'
import { proxy } from './commands/proxy.ts'
import { serve } from './commands/serve.ts'
import { top } from './commands/top.ts'

export const COMMANDS: readonly Command[] = [serve, call, list, ping, bench, top, proxy, keygen]
