/**
 * Topics and what belongs to each, found by prefix: a tree whose edges are runs of octets. Nothing here recurses, so the length of a topic
 * costs no stack; and no step copies more than one edge, so that neither long topics nor many of them that share a prefix cost more than
 * their octets. An edge is at most 64 octets and owns them: no topic that has gone is kept alive by a shorter one.
 */
import { copy, EMPTY } from '../../base/bytes.ts'

export class Topics<T> {
  /** How many topics have a value. */
  size = 0
  readonly #root: Node<T> = new Node(EMPTY)
  // The way from the root to where `#descend` stopped.
  readonly #way: Node<T>[] = []

  find(topic: Buffer): T | undefined {
    return this.#descend(topic) === topic.length ? this.#way.at(-1)!.value : undefined
  }

  /** Gives `topic` a value, in place of the one it had. */
  set(topic: Buffer, value: T): void {
    let at = this.#descend(topic)
    let node = this.#way.at(-1)!
    const child = at < topic.length ? node.child(topic[at]!) : undefined
    if (child !== undefined) {
      // The edge goes on differently, or beyond the topic: a new node stands where they part.
      const common = commonLength(child.edge, topic, at)
      node = node.split(child, common)
      at += common
    }
    while (at < topic.length) {
      const end = Math.min(topic.length, at + EDGE_MAX)
      const next = new Node<T>(copy(topic, at, end))
      node.adopt(next)
      node = next
      at = end
    }
    if (node.value === undefined) this.size++
    node.value = value
  }

  /** Forgets `topic` and its value. `false` when it had none. */
  delete(topic: Buffer): boolean {
    const way = this.#way
    if (this.#descend(topic) !== topic.length || way.at(-1)!.value === undefined) return false
    way.at(-1)!.value = undefined
    this.size--
    while (way.length > 1) {
      const node = way.pop()!
      const parent = way.at(-1)!
      if (node.value !== undefined) break
      if (node.childCount > 1) break
      if (node.childCount === 1) {
        parent.join(node)
        break
      }
      parent.disown(node)
    }
    return true
  }

  /** Appends the values of all topics that `body` begins with to `found`, the shortest first. */
  collect(body: Buffer, found: T[]): void {
    let node = this.#root
    let at = 0
    for (;;) {
      if (node.value !== undefined) found.push(node.value)
      if (at === body.length) return
      const child = node.child(body[at]!)
      if (child === undefined || commonLength(child.edge, body, at) < child.edge.length) return
      at += child.edge.length
      node = child
    }
  }

  /** Whether `body` begins with any topic. */
  matches(body: Buffer): boolean {
    let node = this.#root
    let at = 0
    while (node.value === undefined) {
      if (at === body.length) return false
      const child = node.child(body[at]!)
      if (child === undefined || commonLength(child.edge, body, at) < child.edge.length) return false
      at += child.edge.length
      node = child
    }
    return true
  }

  /** The values, in the order of the octets of their topics. */
  *[Symbol.iterator](): Generator<T> {
    const rest: Node<T>[] = [this.#root]
    for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
      if (node.value !== undefined) yield node.value
      rest.push(...node.children().reverse())
    }
  }

  /** Goes along `topic` as far as whole edges go; returns how many octets those are. */
  #descend(topic: Buffer): number {
    const way = this.#way
    way.length = 0
    let node = this.#root
    let at = 0
    for (;;) {
      way.push(node)
      if (at === topic.length) return at
      const child = node.child(topic[at]!)
      if (child === undefined || commonLength(child.edge, topic, at) < child.edge.length) return at
      at += child.edge.length
      node = child
    }
  }
}

class Node<T> {
  /** From the parent to here; at least one octet, but for the root. */
  edge: Buffer
  value: T | undefined
  // By the first octet of their edges; most nodes have none.
  #children: Map<number, Node<T>> | undefined

  constructor(edge: Buffer) {
    this.edge = edge
  }

  get childCount(): number {
    return this.#children?.size ?? 0
  }

  child(octet: number): Node<T> | undefined {
    return this.#children?.get(octet)
  }

  /** In the order of octets. */
  children(): Node<T>[] {
    if (this.#children === undefined) return []
    return [...this.#children.values()].sort((a, b) => a.edge[0]! - b.edge[0]!)
  }

  adopt(node: Node<T>): void {
    this.#children ??= new Map()
    this.#children.set(node.edge[0]!, node)
  }

  disown(node: Node<T>): void {
    this.#children?.delete(node.edge[0]!)
    if (this.#children?.size === 0) this.#children = undefined
  }

  /** Puts a node after the first `length` octets of the edge of `child`, and returns it. */
  split(child: Node<T>, length: number): Node<T> {
    const between = new Node<T>(copy(child.edge, 0, length))
    child.edge = copy(child.edge, length, child.edge.length)
    between.adopt(child)
    this.adopt(between)
    return between
  }

  /** Takes the only child of `node` in its place, if one edge can hold both. */
  join(node: Node<T>): void {
    for (const child of node.children()) {
      if (node.edge.length + child.edge.length > EDGE_MAX) return
      child.edge = Buffer.concat([node.edge, child.edge])
      this.adopt(child)
    }
  }
}

const EDGE_MAX = 64

/** How many octets of `edge` stand at `bytes[at]`. */
function commonLength(edge: Buffer, bytes: Buffer, at: number): number {
  const most = Math.min(edge.length, bytes.length - at)
  let length = 0
  while (length < most && edge[length] === bytes[at + length]) length++
  return length
}
