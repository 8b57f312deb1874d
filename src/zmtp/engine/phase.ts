// The life of a connection as a table: phase x event -> phase, and which phase allows to send. All rules about order
// live here; docs/engine-states.md is made from it by scripts/engine-states.mjs. Imports nothing.
//
// Unsatisfying: within HANDSHAKE the order of commands belongs to the mechanism, so this table does not show it.

/** Waiting for the peer's 64 octets; ours are already in the output. */
export const GREETING = 0
/** Greetings agree; the mechanism's commands go back and forth. */
export const HANDSHAKE = 1
/** Both sides are ready: messages and commands. */
export const TRAFFIC = 2
/** The peer closed where it may. */
export const CLOSED = 3
/** Somebody's fault; `error` says whose. */
export const FAILED = 4

export const PHASES = ['GREETING', 'HANDSHAKE', 'TRAFFIC', 'CLOSED', 'FAILED'] as const

/** The peer's greeting is complete and acceptable. */
export const GREETED = 0
/** The mechanism is ready and the peer's metadata is acceptable. */
export const AGREED = 1
/** The peer closed, not inside a message. */
export const HUNG_UP = 2
/** A protocol error, a limit passed, a timer, or a close inside a message. */
export const FAULT = 3

export const EVENTS = ['GREETED', 'AGREED', 'HUNG_UP', 'FAULT'] as const

/** TRANSITIONS[phase][event]: what is not possible keeps the phase, so an ended connection stays ended. */
const TRANSITIONS: readonly (readonly number[])[] = [
  /* GREETING  */ [HANDSHAKE, GREETING, FAILED, FAILED],
  /* HANDSHAKE */ [HANDSHAKE, TRAFFIC, FAILED, FAILED],
  /* TRAFFIC   */ [TRAFFIC, TRAFFIC, CLOSED, FAILED],
  /* CLOSED    */ [CLOSED, CLOSED, CLOSED, CLOSED],
  /* FAILED    */ [FAILED, FAILED, FAILED, FAILED],
]

/** MAY_SEND[phase]: whether parts and commands may be sent. */
export const MAY_SEND: readonly boolean[] = [false, false, true, false, false]

/** The phase after `event` in `phase`. */
export function after(phase: number, event: number): number {
  return TRANSITIONS[phase]![event]!
}

/** The page docs/engine-states.md. */
export function describePhases(): string {
  const rows = PHASES.map((name, phase) => {
    const cells = EVENTS.map((_, event) => (after(phase, event) === phase ? '' : PHASES[after(phase, event)]))
    return `| ${name} | ${cells.join(' | ')} | ${MAY_SEND[phase] ? 'yes' : 'no'} |`
  })
  const arrows = PHASES.flatMap((name, phase) =>
    EVENTS.filter((_, event) => after(phase, event) !== phase).map(
      (event) => `  ${name} --> ${PHASES[after(phase, EVENTS.indexOf(event))]}: ${event}`,
    ),
  )
  return [
    '# States of a connection',
    '',
    'Generated from `src/zmtp/engine/phase.ts` by `node scripts/engine-states.mjs`; a test checks that it is current.',
    'A row is a phase, a column an event, a cell the phase that follows; an empty cell: the phase stays.',
    '',
    `| phase | ${EVENTS.join(' | ')} | may send |`,
    `|---|${EVENTS.map(() => '---|').join('')}---|`,
    ...rows,
    '',
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> GREETING',
    ...arrows,
    '  CLOSED --> [*]',
    '  FAILED --> [*]',
    '```',
    '',
  ].join('\n')
}
