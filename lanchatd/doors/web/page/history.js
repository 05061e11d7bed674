// What was said before: pages of a room's log, fetched as one scrolls, and the lines that hold some words.

import { entryOf } from "./entry.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./connection.js").Event} Event */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./entry.js").Entry} Entry */

const PAGE = 100;

/** @param {Event} event */
const isPast = (event) => event.type === "past";

export class History {
  /** @param {Connection} connection @param {State} state */
  constructor(connection, state) {
    this.connection = connection;
    this.state = state;
    /** Places that are being read, so that nobody reads the same twice. @type {Set<Place>} */
    this.reading = new Set();
  }

  /** Fetch what was said before the first line that is here. @param {Place} place */
  older(place) {
    return this.before(place, place.timeline.begins ?? place.newest + 1);
  }

  /** Fetch what is missing behind a line: what comes next.
   * @param {Place} place @param {number} id @param {number} next the first line that is here again
   */
  async newer(place, id, next) {
    // A page may come short: what is long does not fit, and what is ignored is left out.
    let end = Math.min(id + PAGE + 1, next);
    for (let pages = 0; end > id + 1 && pages < PAGE; pages += 1) {
      const first = await this.before(place, end, id + 1);
      if (first === null) return;
      end = first;
    }
  }

  /** Fetch the lines before this id.
   * @param {Place} place @param {number} id @param {number} [from] the first one that is wanted
   * @returns {Promise<number | null>} the first one that was looked at; null if none is kept, or no connection
   */
  async before(place, id, from = Math.max(1, id - PAGE)) {
    if (this.reading.has(place) || !this.connection.here) return null;
    this.reading.add(place);
    try {
      const { first, found } = await this.fetch(place, `/history ${Math.max(1, id - from)} before id ${id}`);
      if (first !== null) {
        place.timeline.cover(first, place.timeline.has(id) ? id : id - 1);
        place.timeline.insert(found);
      } else if (id <= (place.timeline.begins ?? id)) {
        // The oldest are no longer kept.
        place.timeline.complete = true;
      } else place.timeline.cover(from - 1, id);
      return first;
    } catch {
      return null; // the connection went; it is asked for again when it is back
    } finally {
      this.reading.delete(place);
      this.state.shown.lines(place);
    }
  }

  /** Fetch a line and what is around it. Returns whether it is there.
   * @param {Place} place @param {number} id
   */
  async around(place, id) {
    if (!place.timeline.byId.has(id)) {
      await this.page(place, `/history ${PAGE} before id ${Math.min(id + PAGE / 2, place.newest + 1)}`);
    }
    return place.timeline.byId.has(id);
  }

  /** Fetch what a command of the room's history answers. Returns the id of its last line, if there is any.
   * @param {Place} place @param {string} line
   */
  async page(place, line) {
    const { first, found } = await this.fetch(place, line);
    const last = found.at(-1)?.id ?? null;
    if (first === null || last === null) return null;
    place.timeline.cover(first, last);
    place.timeline.insert(found);
    this.state.shown.lines(place);
    return last;
  }

  /** What was said, but for who is ignored, and the first id that was looked at; null if nothing is kept there.
   * @param {Place} place @param {string} line
   * @returns {Promise<{first: number | null, found: Entry[]}>}
   */
  async fetch(place, line) {
    const past = await this.connection.question({ line, room: place.name }, isPast);
    /** @type {Event[]} */
    const events = past.events ?? [];
    const found = events.filter(({ room }) => room === place.name).map((event) => entryOf(event, this.state.nick));
    return { first: past.first ?? null, found };
  }

  /** The newest lines that hold these words; without any, the next ones.
   * @param {string} words
   * @returns {Promise<{found: (Entry & {room: string})[], more: boolean}>}
   */
  async search(words) {
    const past = await this.connection.question({ line: `/search ${words}`.trim() }, isPast);
    /** @type {Event[]} */
    const events = past.events ?? [];
    const found = events.map((event) => ({ ...entryOf(event, this.state.nick), room: String(event.room) }));
    return { found, more: past.more === true };
  }
}
