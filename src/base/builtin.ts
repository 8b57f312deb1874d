// Modules of Node that a program may never need: each costs every start of a process that imports it milliseconds (bench/start-up.bench.ts), so
// they are loaded at their first use. Who may ask for which is who may import it (test/architecture.test.ts).

/** What gives the module `id`, and loads it when it is asked for the first time. */
export function builtin<Id extends keyof BuiltIn>(id: Id): () => BuiltIn[Id] {
  let module: BuiltIn[Id] | undefined
  return () => {
    module ??= process.getBuiltinModule(id)
    return module
  }
}

interface BuiltIn {
  'node:crypto': typeof import('node:crypto')
  'node:dns/promises': typeof import('node:dns/promises')
  'node:worker_threads': typeof import('node:worker_threads')
}
