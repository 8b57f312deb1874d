// The rows of the scenario file that take long, because they count in hundreds of thousands.
import { leaks } from './semantics/leaks.ts'
import { stage, TRANSPORTS } from './semantics/world.ts'

for (const transport of TRANSPORTS) {
  const { test, world } = stage(`leaks over ${transport}`, transport)
  for (const [name, play] of Object.entries(leaks)) test(name, () => play(world))
  test.run()
}
