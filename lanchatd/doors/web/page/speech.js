// What a typed line means where it was typed: the server's business, or the page's own.

/** @typedef {import("./outgoing.js").Fields} Fields */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {{to: "server", fields: Fields} | {to: "page", command: string, rest: string} | {to: "nobody", why: string}} Meaning */

// What the page shows in a way of its own, or does itself.
const OWN = new Set(["query", "search", "rooms", "list", "who", "names", "history", "join", "j", "part", "leave", "quit", "exit", "q", "help"]);
// What is said to a whole room, and must not slip out of a private conversation.
const ALOUD = new Set(["me", "topic"]);

/** @param {string} line @param {Place} place @returns {Meaning} */
export function meaning(line, place) {
  const command = /^\/([^\s/]+)\s*(.*)$/s.exec(line);
  const name = command?.[1]?.toLowerCase() ?? "";
  const rest = command?.[2] ?? "";
  if (OWN.has(name)) return { to: "page", command: name, rest };
  if (place.isRoom) return { to: "server", fields: { line, room: place.name } };
  if (ALOUD.has(name)) return { to: "nobody", why: `/${name} is for rooms: here you talk with ${place.name} alone.` };
  if (command) return { to: "server", fields: { line } };
  return { to: "server", fields: { line: `/msg ${place.name} ${line.startsWith("//") ? line.slice(1) : line}` } };
}

/** What was typed in this place to make this line; null if it was typed elsewhere.
 * @param {Fields} fields @param {Place} place
 */
export function typedIn(fields, place) {
  if (place.isRoom) return fields.room === place.name ? fields.line : null;
  const begin = `/msg ${place.name} `;
  return fields.line.startsWith(begin) ? fields.line.slice(begin.length) : null;
}
