import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IdTable, type Numbered } from '../../src/base/id-table.ts'

class Item implements Numbered<Item> {
  readonly id: number
  chained: Item | undefined = undefined

  constructor(id: number) {
    this.id = id
  }
}

const test = suite('IdTable')

test('does what a Map does, for 20,000 random steps over ids that collide, go beyond 32 bits and come again', () => {
  const table = new IdTable<Item>()
  const map = new Map<number, Item>()
  let seed = 1
  for (let i = 0; i < 20_000; i++) {
    seed = (seed * 48_271) % 0x7fff_ffff
    const id = (seed % 3) * 2 ** 40 + (seed % 5) * 4096 + (seed % 31)
    const item = map.get(id)
    assert.is(table.get(id), item)
    assert.is(table.has(id), item !== undefined)
    if (item === undefined) {
      const added = new Item(id)
      table.add(added)
      map.set(id, added)
    } else {
      assert.is(table.delete(item), true)
      assert.is(item.chained, undefined)
      map.delete(id)
    }
    assert.is(table.size, map.size)
  }
  assert.equal(new Set(table.values()), new Set(map.values()))
})

test('knows an item from another of the same number, and gives the newer one', () => {
  const table = new IdTable<Item>()
  const [old, young, stranger] = [new Item(3), new Item(3), new Item(3)]
  assert.is(table.delete(stranger), false)
  table.add(old)
  table.add(young)
  assert.is(table.delete(stranger), false)
  assert.is(table.get(3), young)
  assert.is(table.delete(young), true)
  assert.is(table.get(3), old)
})

test('gives all items in the order of their numbers, though these begin anew meanwhile', () => {
  const table = new IdTable<Item>()
  const numbers = [0x7fff_fffe, 0x7fff_ffff, 1, 2, 3]
  for (const id of [2, 0x7fff_ffff, 3, 1, 0x7fff_fffe]) table.add(new Item(id))
  assert.equal(
    table.values().map(({ id }) => id),
    numbers,
  )
})

test('grows for 5,000 items that are looked at by number, and is as new once all of them have gone', () => {
  const table = new IdTable<Item>()
  const items = Array.from({ length: 5000 }, (_, i) => new Item(i * 3))
  for (const item of items) table.add(item)
  assert.equal(table.values(), items)
  for (const item of items) assert.is(table.delete(item), true)
  assert.equal([table.size, table.values(), table.get(3)], [0, [], undefined])
  table.add(items[1]!)
  assert.is(table.get(3), items[1])
})

test.run()
