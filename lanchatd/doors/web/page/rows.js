// How one line looks, in the document.

import { make, written } from "./dom.js";
import { dayOf, dayShown, hue, initial, momentOf, pieces, timeOf } from "./text.js";

/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {HTMLLIElement & {entry?: Entry, looks?: string}} Row */

const TOGETHER_MS = 5 * 60_000; // lines of one person that stand under one name

/** What a row looks like, in a word: another word, another row. @param {Place} place @param {number} at @param {number} flashed the id that stands out */
export function looksOf(place, at, flashed) {
  const { timeline } = place;
  const entry = /** @type {Entry} */ (timeline.entries[at]);
  const before = timeline.entries[at - 1];
  const day = !before || dayOf(before.at) !== dayOf(entry.at);
  const mark = place.marked(entry, entry.id === null ? null : timeline.talkBefore(at));
  const gap = timeline.gapBefore(at);
  const grouped =
    before !== undefined && !day && !mark && !gap && entry.kind === before.kind && entry.from === before.from &&
    (entry.kind === "said" || entry.kind === "private") && Math.abs(entry.at - before.at) < TOGETHER_MS;
  const flash = entry.id !== null && entry.id === flashed;
  return `${day ? "d" : ""}${mark ? "m" : ""}${gap ? "g" : ""}${grouped ? "+" : ""}${flash ? "f" : ""}${entry.changed}`;
}

/** @param {Entry} entry @param {string} looks by `looksOf` @param {() => void} fillGap @returns {Row} */
export function buildRow(entry, looks, fillGap) {
  /** @type {Row} */
  const row = make("li", `row ${entry.kind}`);
  row.entry = entry;
  row.looks = looks;
  if (looks.includes("g")) {
    const load = make("button", "gap", "Lines are missing here. Load them");
    load.addEventListener("click", fillGap);
    row.append(load);
  }
  if (looks.includes("d")) row.append(make("div", "day", make("span", "", dayShown(entry.at))));
  if (looks.includes("m")) row.append(make("div", "new", make("span", "", "New")));
  const line = make("div", "line");
  if (entry.mention) line.classList.add("mention");
  if (looks.includes("f")) line.classList.add("flash");
  const talk = entry.kind === "said" || entry.kind === "private";
  const time = make("time", "time", timeOf(entry.at));
  time.dateTime = new Date(entry.at).toISOString();
  time.title = momentOf(entry.at);
  if (talk && looks.includes("+")) {
    // Who reads with their ears hears the name all the same.
    line.classList.add("again");
    line.append(make("span", "unseen", `${entry.from}: `), time);
  } else if (talk) {
    const tile = make("span", `tile ${hue(entry.from)}`, initial(entry.from));
    tile.ariaHidden = "true";
    line.append(tile, make("div", "who", written("span", `name ${hue(entry.from)}`, entry.from), " ", time));
  } else {
    line.append(time);
  }
  line.append(content(entry));
  row.append(line);
  return row;
}

/** What somebody wrote or the server told, as nodes. @param {Entry} entry */
function content(entry) {
  switch (entry.kind) {
    case "said":
    case "private":
      return written("div", "text", ...linked(entry.text));
    case "acted":
      return written("div", "text", make("b", hue(entry.from), entry.from), " ", ...linked(entry.text));
    case "topic":
      return written("div", "text", make("b", "", entry.from), ...(entry.text ? [" set the topic: ", ...linked(entry.text)] : [" cleared the topic"]));
    case "presence":
      return written("div", "text", `${(entry.nicks ?? []).join(", ")} ${entry.text} `, ...(entry.quote ? [make("q", "", entry.quote)] : []));
    default:
      return written("div", "text", ...linked(entry.text));
  }
}

/** A text with its links to click. @param {string} text */
export function linked(text) {
  return pieces(text).map(({ text: shown, link }) => {
    if (link === null) return shown;
    const made = make("a", "", shown);
    made.href = link;
    made.target = "_blank";
    made.rel = "noopener noreferrer nofollow";
    return made;
  });
}
