// One thing to show: a line of talk, or what was told beside it.

import { names } from "./text.js";

/** @typedef {"said" | "acted" | "topic" | "private" | "presence" | "info" | "error"} Kind */
/** One thing to show. `changed` counts up when it is another one than was shown; `quote` is what somebody wrote
 * within what the server says.
 * @typedef {{kind: Kind, id: number | null, from: string, text: string, at: number,
 *   own: boolean, mention: boolean, changed: number, nicks?: string[], quote?: string}} Entry */

/** What the server told beside the log, or the page itself.
 * @param {Kind} kind @param {string} text @param {string} [at]
 * @returns {Entry}
 */
export function local(kind, text, at) {
  const moment = at ? Date.parse(at) : Date.now();
  return { kind, id: null, from: "", text, at: moment, own: false, mention: false, changed: 0 };
}

/** What somebody said, as the server tells it to the one of this nick.
 * @param {import("./connection.js").Event} event @param {string} nick
 * @returns {Entry}
 */
export function entryOf(event, nick) {
  const { type, from, text, at } = event;
  const own = from === nick;
  const mention = !own && type !== "topic" && names(text, nick);
  const kind = /** @type {Kind} */ (type);
  return { kind, id: event.id ?? null, from, text, at: Date.parse(at), own, mention, changed: 0 };
}
