// What is known of one room or conversation, in order: talk by the ids of its log, and between it what was told
// beside the log. Parts of a log may be missing: it knows which parts it has.

/** @typedef {import("./entry.js").Entry} Entry */

// Lines of one room that are kept in memory; the oldest go, and can be fetched again.
export const MOST_KEPT = 20_000;

export class Timeline {
  constructor() {
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Map<number, Entry>} */
    this.byId = new Map();
    /** The parts of the log that are here: first and last ids, in order.
     * @type {[number, number][]} */
    this.parts = [];
    this.complete = false; // nothing is older than the first entry
  }

  /** @param {number} id */
  has(id) {
    return this.parts.some(([first, last]) => first <= id && id <= last);
  }

  /** Whether nothing is missing between two ids.
   * @param {number} from @param {number} to
   */
  whole(from, to) {
    return this.parts.some(([first, last]) => first <= from && to <= last);
  }

  /** This part of the log is here now, whatever of it was there to show.
   * @param {number} first @param {number} last
   */
  cover(first, last) {
    const apart = this.parts.filter(([from, to]) => to < first - 1 || last + 1 < from);
    for (const [from, to] of this.parts) {
      if (to < first - 1 || last + 1 < from) continue;
      first = Math.min(first, from);
      last = Math.max(last, to);
    }
    this.parts = [...apart, /** @type {[number, number]} */ ([first, last])].sort((a, b) => a[0] - b[0]);
    if (first <= 1) this.complete = true;
  }

  /** Put one at the end. @param {Entry} entry */
  append(entry) {
    this.entries.push(entry);
    if (entry.id !== null) this.byId.set(entry.id, entry);
    if (this.entries.length > MOST_KEPT * 1.1) this.forget(this.entries.length - MOST_KEPT);
  }

  /** Put talk in its place by its id; what is here already stays.
   * @param {Entry[]} talk in the order of their ids
   */
  insert(talk) {
    const fresh = talk.filter(({ id }) => id !== null && !this.byId.has(id));
    if (!fresh.length) return;
    /** @type {Entry[]} */
    const merged = [];
    let next = 0;
    for (const entry of this.entries) {
      if (entry.id !== null) {
        for (; next < fresh.length; next += 1) {
          const one = /** @type {Entry} */ (fresh[next]);
          if (/** @type {number} */ (one.id) > entry.id) break;
          merged.push(one);
        }
      }
      merged.push(entry);
    }
    // What is newer than all talk here stands before what was told since, if that is older history.
    this.entries = merged.concat(fresh.slice(next));
    for (const one of fresh) this.byId.set(/** @type {number} */ (one.id), one);
  }

  /** The last talk before a place in the entries. @param {number} place */
  talkBefore(place) {
    for (let at = place - 1; at >= 0; at -= 1) {
      const entry = this.entries[at];
      if (entry && entry.id !== null) return entry;
    }
    return null;
  }

  /** Whether lines are missing right before this place. @param {number} place */
  gapBefore(place) {
    const id = this.entries[place]?.id ?? null;
    if (id === null) return false;
    const before = this.talkBefore(place);
    return before !== null && before.id !== null && !this.whole(before.id, id);
  }

  /** The first id of which it is known what is there. */
  get begins() {
    return this.parts[0]?.[0] ?? null;
  }

  get first() {
    return this.entries.find(({ id }) => id !== null) ?? null;
  }

  get last() {
    return this.talkBefore(this.entries.length);
  }

  /** Let the oldest go. @param {number} many */
  forget(many) {
    for (const { id } of this.entries.splice(0, many)) if (id !== null) this.byId.delete(id);
    const first = this.first?.id;
    if (first == null) return;
    this.complete = false;
    this.parts = this.parts
      .filter(([, last]) => last >= first)
      .map(([from, last]) => [Math.max(from, first), last]);
  }

  clear() {
    this.entries = [];
    this.byId.clear();
    this.parts = [];
    this.complete = false;
  }
}
