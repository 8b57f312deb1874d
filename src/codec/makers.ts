// Functions that all do the same, each for another shape: a copy of the template, whose properties are then set in order. V8 remembers for each
// place in the source which hidden classes and names it has met there; at a place that has met only one it stores a property in one
// step, and at a place that has met many it looks every name up in a table. A decoder may not make source (no eval, no `new Function`), so here are
// 24 copies to be given away: 33 against 100 ns for an object of five keys (decision 0026). Nothing to understand but the first. Who gets
// one is decided in making.ts.

/** Whoever gives the values, one after the other. */
export interface Items {
  item(depth: number): unknown
}

/** `t`: an object with the keys `k`, of which there are `n`, 1 to 12. `d` is passed on. */
export type Maker = (r: Items, t: Made, k: readonly string[], n: number, d: number) => Made
export type Made = Record<string, unknown>

/** The most keys that a maker can set. */
export const MAKER_KEYS_MAX = 12

// biome-ignore format: a table
export const MAKERS: readonly Maker[] = [
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
  (r, t, k, n, d) => { const o = { ...t }; o[k[0]!] = r.item(d); if (n === 1) return o; o[k[1]!] = r.item(d); if (n === 2) return o; o[k[2]!] = r.item(d); if (n === 3) return o;
    o[k[3]!] = r.item(d); if (n === 4) return o; o[k[4]!] = r.item(d); if (n === 5) return o; o[k[5]!] = r.item(d); if (n === 6) return o; o[k[6]!] = r.item(d); if (n === 7) return o;
    o[k[7]!] = r.item(d); if (n === 8) return o; o[k[8]!] = r.item(d); if (n === 9) return o; o[k[9]!] = r.item(d); if (n === 10) return o; o[k[10]!] = r.item(d); if (n === 11) return o;
    o[k[11]!] = r.item(d); return o },
]
