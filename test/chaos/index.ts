// The 64 faults in the order of the list.
import type { Fault } from './fault.ts'
import { IDENTITIES } from './faults/identities.ts'
import { KILLS } from './faults/kills.ts'
import { LINKS } from './faults/links.ts'
import { MIXTURES } from './faults/mixtures.ts'
import { NETWORKS } from './faults/networks.ts'
import { OCTETS } from './faults/octets.ts'
import { RATES } from './faults/rates.ts'
import { STRANGERS } from './faults/strangers.ts'
import { SYSTEMS } from './faults/systems.ts'
import { TIME } from './faults/time.ts'
import { USER_CODE } from './faults/user-code.ts'

export const FAULTS: readonly Fault[] = [
  IDENTITIES,
  KILLS,
  LINKS,
  MIXTURES,
  NETWORKS,
  OCTETS,
  RATES,
  STRANGERS,
  SYSTEMS,
  TIME,
  USER_CODE,
]
  .flat()
  .sort((a, b) => a.number - b.number)
