// What a person does: says something, opens a room, looks for what was said.

import { ask } from "./dom.js";
import { thisTab } from "./memory.js";
import { meaning } from "./speech.js";
import { folded } from "./text.js";

/** @typedef {import("./connection.js").Event} Event */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./state.js").RoomRow} RoomRow */
/** @typedef {{
 *   state: import("./state.js").State, connection: import("./connection.js").Connection,
 *   past: import("./history.js").History, lines: import("./lines.js").Lines, input: import("./input.js").Input,
 *   search: import("./search.js").Search, layout: import("./layout.js").Layout, door: import("./door.js").Door,
 *   commands: () => import("./completion.js").Command[],
 * }} Parts */

/** What is of this type. @param {string} type @returns {(event: Event) => boolean} */
export const ofType = (type) => (event) => event.type === type;

export class Acts {
  /** @param {() => Parts} parts of the page; they know one another, so they are there a little later */
  constructor(parts) {
    this.parts = parts;
  }

  /** Say what was typed. @param {string} line @returns {boolean} whether it was taken */
  say(line) {
    const { state, connection, input, lines } = this.parts();
    const place = state.current;
    if (!place) return false;
    const meant = meaning(line, place);
    if (meant.to === "page") {
      this.command(meant.command, meant.rest.trim(), place);
      return true;
    }
    const why = "This line is too long: a line has at most about 4,000 letters.";
    if (meant.to === "nobody") input.refuse(meant.why);
    else if (!connection.say(meant.fields)) input.refuse(why);
    else {
      lines.toEnd();
      return true;
    }
    return false;
  }

  /** One that the page does itself. @param {string} command @param {string} rest @param {Place} place */
  command(command, rest, place) {
    const { state, connection, layout, search, commands } = this.parts();
    switch (command) {
      case "query":
        if (rest) this.query(rest);
        else state.tell("Say who: /query NICK", "error");
        break;
      case "search":
        layout.openSearch();
        if (rest) void search.look(rest);
        break;
      case "join":
      case "j":
        if (rest) this.join(rest);
        else state.tell("Say which room: /join ROOM", "error");
        break;
      case "part":
      case "leave":
        if (rest || place.isRoom) connection.say({ line: `/part ${rest}`.trim(), room: place.name });
        else state.close(place);
        break;
      case "quit":
      case "exit":
      case "q":
        this.leave();
        break;
      case "rooms":
      case "list":
        this.ask("/rooms", ofType("rooms"), (event) => {
          state.event(event);
          const rows = event.rooms.map((/** @type {RoomRow} */ row) => `${row.room} (${row.here})${row.topic ? `: ${row.topic}` : ""}`);
          state.tell(rows.join("\n"));
        });
        break;
      case "who":
      case "names":
        if (rest) connection.say({ line: `/who ${rest}` });
        else {
          this.refreshPeople();
          layout.openPeople();
        }
        break;
      case "history":
        void this.lookBack(place, rest);
        break;
      default:
        state.tell(commands().map(({ name, args, help }) => `${name} ${args}`.trim() + `: ${help}`).join("\n"));
    }
  }

  /** Ask the server, and be told if it can't answer.
   * @param {string} line @param {(event: Event) => boolean} wants @param {(answer: Event) => void} then
   */
  ask(line, wants, then) {
    const { state, connection } = this.parts();
    const room = state.current?.isRoom ? { room: state.current.name } : {};
    connection
      .question({ line, ...room }, wants)
      .then(then, (/** @type {Error} */ error) => state.tell(error.message, "error"));
  }

  /** @param {string} name */
  join(name) {
    const { state, connection, layout } = this.parts();
    const room = name.startsWith("#") ? name : `#${name}`;
    const place = [...state.places.values()].find((known) => folded(known.name) === folded(room));
    if (place) this.choose(place);
    else if (!connection.say({ line: `/join ${room}` })) state.tell("That name is too long.", "error");
    layout.closeDrawers();
  }

  /** Talk with one member only. @param {string} nick */
  query(nick) {
    this.choose(this.parts().state.place(nick));
  }

  /** @param {Place} place */
  choose(place) {
    const { state, layout, input } = this.parts();
    layout.closeDrawers();
    state.open(place);
    if (layout.typesAtOnce) input.focus();
  }

  /** The room above or below. @param {number} step */
  next(step) {
    const { state } = this.parts();
    const places = [...state.places.values()];
    const at = places.findIndex((place) => place === state.current) + step;
    const next = places[(at + places.length) % places.length];
    if (next) this.choose(next);
  }

  /** By a button, which is near others: it asks first. */
  async part() {
    const { state, connection } = this.parts();
    const place = state.current;
    if (!place?.isRoom) {
      if (place) state.close(place);
    } else if (await ask(`Leave ${place.name}?`, "Leave")) connection.say({ line: "/part", room: place.name });
  }

  /** Who is here now: what the server tells as it happens leaves out who is away. */
  refreshPeople() {
    const { state } = this.parts();
    if (state.current?.isRoom) this.ask("/who", ofType("members"), (members) => state.event(members));
  }

  leave() {
    const { state, connection, door } = this.parts();
    connection.leave();
    thisTab.set("nick", null);
    state.places.clear();
    state.current = null;
    door.close("");
  }

  /** Go where something was said. @param {import("./search.js").Found} found */
  async jump(found) {
    const { state, past, lines, layout } = this.parts();
    if (found.id === null) return;
    const place = state.places.get(found.room);
    if (!place) {
      this.join(found.room);
      state.tell(`You were not in ${found.room}: once you are, show it again.`);
      return;
    }
    this.choose(place);
    layout.closeDrawers();
    try {
      if (await past.around(place, found.id)) lines.jump(found.id);
      else state.tell("That line is not kept any more.", "error");
    } catch (error) {
      state.tell(error instanceof Error ? error.message : "", "error");
    }
  }

  /** @param {Place} place @param {string} rest what stands behind /history */
  async lookBack(place, rest) {
    const { state, past, lines } = this.parts();
    if (!place.isRoom) return;
    try {
      if (!/before/i.test(rest)) {
        await past.older(place);
        return;
      }
      const last = await past.page(place, `/history ${rest}`);
      if (last) lines.jump(last);
      else state.tell("There is nothing before that.");
    } catch (error) {
      state.tell(error instanceof Error ? error.message : "", "error");
    }
  }
}
