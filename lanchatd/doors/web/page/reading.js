// How far one has read, between one's own devices: what those tell, and what they are to be told.

import { keepRead } from "./memory.js";

/** @typedef {import("./connection.js").Event} Event */
/** @typedef {import("./state.js").State} State */

/** One has read a room up to an id, on another device. @param {State} state @param {Event} event */
export function readElsewhere(state, event) {
  const place = state.places.get(event.room);
  if (!place) return;
  place.toldRead = event.id;
  if (!place.firstTime && event.id <= (place.read ?? 0)) return;
  keepRead(place.name, place.log, event.id, place.firstTime);
  place.firstTime = false;
  place.read = event.id;
  if (place.waiting) place.marker = event.id;
  else {
    if (place !== state.current) place.marker = null;
    place.mentions = 0;
  }
  state.shown.places();
  state.shown.lines(place);
}

/** What the server is to be told next of how far an owner has read, null for nothing. It counts as told then.
 * @param {State} state
 * @returns {{room: string, id: number} | null}
 */
export function unreported(state) {
  if (!state.account) return null;
  const place = [...state.places.values()].find(({ isRoom, read, toldRead }) => isRoom && (read ?? 0) > toldRead);
  if (!place) return null;
  place.toldRead = place.read ?? 0;
  return { room: place.name, id: place.toldRead };
}
