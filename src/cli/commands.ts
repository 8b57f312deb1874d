// The table of commands, in the order in which they are listed.
import type { Command } from './command.ts'
import { call } from './commands/call.ts'

export const COMMANDS: readonly Command[] = [call]
