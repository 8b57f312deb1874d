/**
 * Who can be reached under which name: users by what they have proved, the newest connection first; where nobody proves anything, the claims,
 * of which the first that is made and lives counts. Knows names and their order, not what sessions do.
 */

/** A session, as far as its names go. */
export interface Named {
  readonly open: boolean
  /** It is about to go. */
  readonly leaving?: boolean
  readonly user: string | undefined
  readonly claimedName: string | undefined
}

interface Place {
  readonly user: string | undefined
  readonly name: string | undefined
}

export class Directory<Session extends Named> {
  readonly #claims: boolean
  // In the order of coming. Who has no name is in none of them.
  readonly #users = new Map<string, Session[]>()
  readonly #claimants = new Map<string, Session[]>()
  readonly #places = new Map<Session, Place>()

  /** `claims`: a claimed name counts, because there is nothing better. */
  constructor(claims: boolean) {
    this.#claims = claims
  }

  /** It is here, under the names that it has now. One that comes again with others goes behind those who have them. */
  enter(session: Session): void {
    const known = this.#places.get(session)
    const place = { user: session.user, name: this.#claims ? session.claimedName : undefined }
    if (known?.user === place.user && known?.name === place.name) return
    this.leave(session)
    this.#places.set(session, place)
    add(this.#users, place.user, session)
    add(this.#claimants, place.name, session)
  }

  leave(session: Session): void {
    const place = this.#places.get(session)
    if (place === undefined) return
    this.#places.delete(session)
    remove(this.#users, place.user, session)
    remove(this.#claimants, place.name, session)
  }

  /** Who is meant by that name: the user's newest session that is ready, else the first that claims it. */
  find(name: string): Session | undefined {
    return this.#users.get(name)?.findLast(isOpen) ?? this.#claimants.get(name)?.find(isOpen)
  }

  /** All sessions of a user. */
  ofUser(user: string): readonly Session[] {
    return this.#users.get(user) ?? []
  }

  /** All who have that name, proved or claimed, each once. */
  all(name: string): Session[] {
    return [...new Set([...this.ofUser(name), ...(this.#claimants.get(name) ?? [])])]
  }
}

const isOpen = (session: Named): boolean => session.open && session.leaving !== true

function add<Session>(map: Map<string, Session[]>, name: string | undefined, session: Session): void {
  if (name === undefined) return
  const sessions = map.get(name)
  if (sessions === undefined) map.set(name, [session])
  else sessions.push(session)
}

function remove<Session>(map: Map<string, Session[]>, name: string | undefined, session: Session): void {
  if (name === undefined) return
  const sessions = map.get(name)!
  sessions.splice(sessions.indexOf(session), 1)
  if (sessions.length === 0) map.delete(name)
}
