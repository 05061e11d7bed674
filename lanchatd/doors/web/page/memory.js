// What the browser remembers: the nick and the settings for all tabs, the rooms for this one. A browser that
// keeps nothing (a private window, a full disk) only forgets sooner.

/** @param {() => Storage} storage */
function memory(storage) {
  return {
    /** @param {string} name @returns {any} */
    get(name) {
      try {
        return JSON.parse(storage().getItem(`lanchat.${name}`) ?? "null");
      } catch {
        return null;
      }
    },
    /** @param {string} name @param {unknown} value */
    set(name, value) {
      try {
        storage().setItem(`lanchat.${name}`, JSON.stringify(value));
      } catch {
        // It is not kept.
      }
    },
  };
}

export const everywhere = memory(() => localStorage);
export const thisTab = memory(() => sessionStorage);

// How many rooms are remembered by how far they were read.
const MOST_ROOMS = 200;

/** How far a room was read; the log's name tells whether the ids are still of the same log, null: whichever it was.
 * @param {string} room @param {string | null} log
 * @returns {number | null}
 */
export function readUntil(room, log) {
  const kept = everywhere.get("read")?.[room];
  return (log === null || kept?.log === log) && Number.isInteger(kept?.id) ? kept.id : null;
}

/** @param {string} room @param {string} log @param {number} id @param {boolean} [back] also if it was further before */
export function keepRead(room, log, id, back = false) {
  const all = everywhere.get("read") ?? {};
  if (all[room]?.log === log && all[room].id >= id && !back) return;
  delete all[room];
  all[room] = { log, id };
  const names = Object.keys(all);
  if (names.length > MOST_ROOMS) delete all[names[0] ?? ""];
  everywhere.set("read", all);
}
