export declare function withoutCycles(lines: readonly string[]): string[]
