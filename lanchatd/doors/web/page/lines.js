// The lines of the place that is shown. The document holds a window of them, at most `MOST_ROWS`; what one looks
// at never moves, whatever comes before, behind or into it, unless one is at the end and goes with it.

import { element, make, onceAFrame, setText, written } from "./dom.js";
import { buildRow, looksOf } from "./rows.js";
import { counted } from "./text.js";

/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {{older: (place: Place) => void, gap: (place: Place, before: Entry, behind: Entry) => void, seen: (place: Place, last: Entry | null) => void}} Wishes */
/** @typedef {import("./rows.js").Row} Row */

const MOST_ROWS = 1500;
const AT_THE_END = 200; // rows while one is at the end, and further ones a step as one scrolls
const STEP = 120;
const NEAR = 800; // pixels from an end of the window, where it is extended

export class Lines {
  /** @param {Wishes} wishes what is asked for as one scrolls */
  constructor(wishes) {
    this.wishes = wishes;
    this.log = element("log", HTMLElement);
    this.list = element("lines", HTMLElement);
    this.unsent = element("unsent", HTMLElement);
    this.top = element("top", HTMLElement);
    this.newest = element("newest", HTMLButtonElement);
    /** @type {Place | null} */
    this.place = null;
    this.low = 0;
    this.high = 0;
    /** The last entry that was there, to find the window again. @type {Entry | null} */
    this.lowEntry = null;
    this.stuck = true; // one is at the end, and goes with it
    this.loading = false;
    this.flashed = 0;
    /** @type {Map<Entry, Row>} */
    this.rows = new Map();
    this.update = onceAFrame(() => this.sync());
    this.log.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.newest.addEventListener("click", () => this.toEnd());
    // The row to type in grows, a keyboard opens, a phone is turned: the end stays the end.
    new ResizeObserver(() => {
      if (this.stuck) this.log.scrollTop = this.log.scrollHeight;
    }).observe(this.log);
  }

  /** Show another place: from where it was read, or its end. @param {Place} place */
  open(place) {
    this.place = place;
    this.list.replaceChildren();
    this.rows.clear();
    this.flashed = 0;
    const { entries } = place.timeline;
    this.high = entries.length;
    this.low = Math.max(0, this.high - AT_THE_END);
    this.stuck = true;
    this.sync();
    const mark = this.list.querySelector(".new");
    if (mark && place.waiting) {
      const end = this.log.scrollTop;
      this.log.scrollTop = Math.min(end, this.offsetOf(mark) - this.log.clientHeight / 4);
      this.scrolled();
    }
  }

  /** Scroll to the end and stay there. */
  toEnd() {
    if (!this.place) return;
    this.stuck = true;
    this.sync();
    this.scrolled();
  }

  /** Show this line in the middle, and make it stand out. @param {number} id */
  jump(id) {
    const entry = this.place?.timeline.byId.get(id);
    if (!this.place || !entry) return;
    const at = this.place.timeline.entries.indexOf(entry);
    this.stuck = false;
    this.flashed = id;
    this.low = Math.max(0, at - STEP);
    this.high = Math.min(this.place.timeline.entries.length, at + STEP);
    this.lowEntry = this.place.timeline.entries[this.low] ?? null;
    this.sync();
    const row = this.rows.get(entry);
    if (!row) return;
    row.tabIndex = -1;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    this.scrolled();
  }

  // -- the document follows

  sync() {
    const { place } = this;
    if (!place) return;
    const { entries } = place.timeline;
    this.window(entries);
    const anchor = this.stuck ? null : this.anchor();
    const wanted = new Set(entries.slice(this.low, this.high));
    let row = /** @type {Row | null} */ (this.list.firstElementChild);
    for (let at = this.low; at < this.high; at += 1) {
      const entry = /** @type {Entry} */ (entries[at]);
      while (row && !wanted.has(/** @type {Entry} */ (row.entry))) row = this.drop(row);
      const looks = looksOf(place, at, this.flashed);
      let shown = this.rows.get(entry);
      if (!shown || shown.looks !== looks) {
        const fresh = buildRow(entry, looks, () => this.fillGap(place, entry));
        if (shown === row) row = /** @type {Row | null} */ (row?.nextElementSibling ?? null);
        shown?.remove();
        shown = fresh;
        this.rows.set(entry, shown);
        this.list.insertBefore(shown, row);
      } else if (shown === row) {
        row = /** @type {Row | null} */ (row.nextElementSibling);
      } else {
        this.list.insertBefore(shown, row);
      }
    }
    while (row) row = this.drop(row);
    this.lowEntry = entries[this.low] ?? null;
    this.showTop(place);
    if (this.stuck) this.log.scrollTop = this.log.scrollHeight;
    else if (anchor) this.log.scrollTop += anchor.row.getBoundingClientRect().top - anchor.top;
    this.showNewest(place, entries);
    // A page that is not full has nothing to scroll: it is filled from the past. So is one that looks at its
    // beginning, as what was fetched may have been by who is ignored.
    const full = this.log.scrollHeight >= this.log.clientHeight + NEAR;
    if (!full || (!this.stuck && this.log.scrollTop < NEAR)) this.wantOlder();
  }

  /** Which entries are in the document. @param {Entry[]} entries */
  window(entries) {
    if (this.stuck) {
      this.high = entries.length;
      this.low = Math.max(0, Math.min(this.low, this.high - AT_THE_END));
      if (this.high - this.low > 2 * AT_THE_END) this.low = this.high - AT_THE_END;
      return;
    }
    // Entries may have come before the window: it is where its first one is.
    const moved = this.lowEntry ? entries.indexOf(this.lowEntry) - this.low : 0;
    const wasEnd = this.high;
    this.low = Math.max(0, this.low + moved);
    this.high = Math.min(entries.length, Math.max(this.low, wasEnd + moved));
    if (entries.length - this.high < STEP && this.high - this.low < MOST_ROWS) this.high = entries.length;
  }

  /** @param {Row} row @returns {Row | null} the next one */
  drop(row) {
    const next = /** @type {Row | null} */ (row.nextElementSibling);
    if (row.entry && this.rows.get(row.entry) === row) this.rows.delete(row.entry);
    row.remove();
    return next;
  }

  /** The first row that is seen, and where. */
  anchor() {
    const { top } = this.log.getBoundingClientRect();
    const rows = /** @type {HTMLCollectionOf<Row>} */ (this.list.children);
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {Row} */ (rows[middle]).getBoundingClientRect().bottom > top) high = middle;
      else low = middle + 1;
    }
    const row = rows[low];
    return row ? { row, top: row.getBoundingClientRect().top } : null;
  }

  /** @param {Element} at */
  offsetOf(at) {
    return at.getBoundingClientRect().top - this.log.getBoundingClientRect().top + this.log.scrollTop;
  }

  /** @param {Place} place */
  showTop(place) {
    const { complete } = place.timeline;
    let text = "";
    if (this.low > 0 || this.loading) text = "Loading…";
    else if (!place.isRoom) {
      text = `Only you and ${place.name} read this. It is kept nowhere: when you close or reload this page, it is gone.`;
    } else if (complete) {
      text = place.newest ? `This is the beginning of ${place.name}.` : `Nothing has been said in ${place.name} yet. Say hello!`;
    }
    setText(this.top, text);
  }

  /** @param {Place} place @param {Entry[]} entries */
  showNewest(place, entries) {
    this.newest.hidden = this.stuck;
    if (this.stuck) return;
    const waiting = place.waiting;
    const below = this.high < entries.length || this.log.scrollHeight - this.log.scrollTop > this.log.clientHeight * 2;
    setText(this.newest, waiting ? `↓ ${counted(waiting, "new line")}` : "↓ Newest");
    this.newest.hidden = !waiting && !below;
  }

  // -- one scrolls

  scrolled() {
    const { place, log } = this;
    if (!place) return;
    const { entries } = place.timeline;
    const below = log.scrollHeight - log.scrollTop - log.clientHeight;
    // Lines that came meanwhile and are not in the document yet take nobody away from the end.
    this.stuck = below < 30 && (this.stuck || this.high >= entries.length);
    if (log.scrollTop < NEAR) {
      if (this.low > 0) this.extend(-STEP);
      else this.wantOlder();
    } else if (!this.stuck && below < NEAR && this.high < entries.length) this.extend(STEP);
    const gap = this.visibleGap();
    if (gap) this.fillGap(place, gap);
    this.wishes.seen(place, this.stuck ? null : this.lastSeen());
    this.showNewest(place, entries);
  }

  /** @param {number} rows how many more, upwards if negative */
  extend(rows) {
    const count = this.place?.timeline.entries.length ?? 0;
    if (rows < 0) {
      this.low = Math.max(0, this.low + rows);
      if (this.high - this.low > MOST_ROWS) this.high = this.low + MOST_ROWS;
    } else {
      this.high = Math.min(count, this.high + rows);
      if (this.high - this.low > MOST_ROWS) this.low = this.high - MOST_ROWS;
    }
    this.lowEntry = this.place?.timeline.entries[this.low] ?? null;
    this.stuck = false;
    this.sync();
  }

  wantOlder() {
    const { place } = this;
    if (place?.isRoom && this.low === 0 && !place.timeline.complete) this.wishes.older(place);
  }

  /** @param {Place} place @param {Entry} behind */
  fillGap(place, behind) {
    const before = place.timeline.talkBefore(place.timeline.entries.indexOf(behind));
    if (before) this.wishes.gap(place, before, behind);
  }

  /** The line behind a gap that is in view. */
  visibleGap() {
    const view = this.log.getBoundingClientRect();
    for (const gap of this.list.querySelectorAll(".gap")) {
      const { top, bottom } = gap.getBoundingClientRect();
      if (bottom > view.top && top < view.bottom) return /** @type {Row} */ (gap.parentElement).entry ?? null;
    }
    return null;
  }

  /** The last line that is wholly in view. */
  lastSeen() {
    const { bottom } = this.log.getBoundingClientRect();
    const rows = /** @type {HTMLCollectionOf<Row>} */ (this.list.children);
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {Row} */ (rows[middle]).getBoundingClientRect().bottom > bottom + 1) high = middle;
      else low = middle + 1;
    }
    return rows[low - 1]?.entry ?? null;
  }

  /** What was typed and is not there yet. @param {string[]} texts */
  showUnsent(texts) {
    const shown = texts.slice(0, 20).map((text) => {
      const said = written("span", "text", text);
      return make("li", "row", make("div", "line pending", said, make("span", "time", "not sent yet")));
    });
    if (texts.length > 20) shown.push(make("li", "row", make("div", "line pending", `and ${texts.length - 20} more`)));
    this.unsent.replaceChildren(...shown);
    if (this.stuck) this.log.scrollTop = this.log.scrollHeight;
  }
}
