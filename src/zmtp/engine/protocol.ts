// What a Driver needs of whatever is spoken over its link: Engine speaks ZMTP, RawEngine nothing at all. Types only.
import type { Engine } from './engine.ts'

export type Protocol = Pick<
  Engine,
  | 'body'
  | 'bodyStart'
  | 'bodyEnd'
  | 'more'
  | 'commandName'
  | 'output'
  | 'peer'
  | 'error'
  | 'spent'
  | 'question'
  | 'handleBytes'
  | 'handleEnd'
  | 'handleResume'
  | 'handleTimeout'
  | 'handleVerdict'
  | 'pollDeadline'
  | 'poll'
  | 'sendPart'
  | 'broadcast'
  | 'beginPart'
  | 'endPart'
  | 'abandonPart'
  | 'sendCommand'
>
