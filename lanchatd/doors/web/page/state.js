// Who and where one is: the rooms and conversations, what is unread in them, and who is here. It knows nothing of
// the document nor of sockets; what the server tells goes in by `State.event`.

import { entryOf, local } from "./entry.js";
import { keepRead } from "./memory.js";
import { Place } from "./place.js";
import { readElsewhere } from "./reading.js";
import { folded } from "./text.js";

/** @typedef {import("./connection.js").Event} Event */
/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {import("./place.js").Member} Member */
/** @typedef {{room: string, here: number, topic: string, last?: number}} RoomRow */

// Of all rooms in a hello: a line has at most 4,096, and the nick, the device and its key stand there too.
const MOST_BYTES = 3500;

/** What changed, so that it is shown: the list of places, the lines of one, who is here, or a word to a person;
 * `watched` and `wanted` ask whether a person looks at a place, and waits for a room to open.
 * @typedef {{
 *   places: () => void,
 *   lines: (place: Place) => void,
 *   people: (place: Place) => void,
 *   spoken: (place: Place, entry: Entry) => void,
 *   watched: (place: Place) => boolean,
 *   opened: (place: Place) => void,
 *   told: (entry: Entry) => void,
 *   wanted: () => boolean,
 * }} Shown */

export class State {
  /** @param {Shown} shown */
  constructor(shown) {
    this.shown = shown;
    this.nick = "";
    this.server = "";
    this.account = false; // whether the nick is one's own
    this.away = false;
    this.showPresence = true;
    /** @type {Map<string, Place>} */
    this.places = new Map();
    /** @type {Place | null} */
    this.current = null;
    /** Rooms that one is not in. @type {RoomRow[]} */
    this.others = [];
    /** Who talked last, newest first. @type {string[]} */
    this.talkers = [];
  }

  get operator() {
    return [...this.places.values()].some(({ members }) => members.get(this.nick)?.operator === true);
  }

  /** The rooms as a hello names them: where they go on. What does not fit in one line is `late`: to be joined after.
   * @returns {{rooms: {room: string, log?: string, after?: number}[], late: string[]}}
   */
  rooms() {
    const rooms = [];
    const late = [];
    let bytes = 0;
    // The one that is shown first, as those that are late take a while.
    const places = [...this.places.values()].sort((a, b) => Number(b === this.current) - Number(a === this.current));
    for (const place of places) {
      if (!place.isRoom) continue;
      const { name, log, cursor } = place;
      const room = log && cursor !== null ? { room: name, log, after: cursor } : { room: name };
      bytes += new TextEncoder().encode(JSON.stringify(room)).length + 1;
      if (bytes <= MOST_BYTES) rooms.push(room);
      else {
        late.push(name);
        place.cursor = null;
      }
    }
    return { rooms, late };
  }

  /** The place of this name, made if there is none. @param {string} name */
  place(name) {
    const found = this.places.get(name);
    if (found) return found;
    const made = new Place(name);
    this.places.set(name, made);
    this.shown.places();
    return made;
  }

  /** @param {Place} place */
  open(place) {
    if (this.current === place) return;
    if (this.current && !this.current.waiting) this.current.unmark();
    this.current = place;
    this.shown.opened(place);
    this.shown.places();
  }

  /** @param {Place} place */
  close(place) {
    const known = [...this.places.keys()];
    const at = known.indexOf(place.name);
    this.places.delete(place.name);
    if (this.current === place) {
      const next = this.places.get(known[at - 1] ?? known[at + 1] ?? "");
      this.current = null;
      if (next) this.open(next);
    }
    this.shown.places();
  }

  // -- what the server tells

  /** @param {Event} event */
  event(event) {
    switch (event.type) {
      case "welcome":
        this.welcome(event);
        break;
      case "said":
      case "acted":
      case "topic":
        this.talk(event);
        break;
      case "private":
        this.whispered(event);
        break;
      case "joined":
      case "left":
        this.presence(event);
        break;
      case "renamed":
        this.renamed(event);
        break;
      case "away":
      case "back": {
        const place = this.places.get(event.room);
        if (!place) break;
        place.people(event);
        this.shown.people(place);
        break;
      }
      case "members":
        this.membersAre(event);
        break;
      case "rooms":
        this.others = event.rooms.filter((/** @type {RoomRow} */ { room }) => !this.places.has(room));
        this.shown.places();
        break;
      case "read":
        readElsewhere(this, event);
        break;
      case "parted": {
        const left = this.places.get(event.room);
        if (left) this.close(left);
        break;
      }
      case "missed":
        this.missed(event);
        break;
      case "notice":
      case "error":
        this.tell(event.text, event.type === "error" ? "error" : "info");
        break;
    }
  }

  /** @param {Event} event */
  welcome(event) {
    this.nick = event.nick;
    this.account = event.account === true;
    for (const [name, { log }] of this.places) {
      // What was asked for in another case is that room.
      if (!log && name !== event.room && folded(name) === folded(event.room)) this.places.delete(name);
    }
    const place = this.place(event.room);
    place.entered(event);
    this.others = this.others.filter(({ room }) => room !== place.name);
    const first = !this.server;
    this.server = event.server;
    if (!this.current || this.shown.wanted()) this.open(place);
    if (first && event.motd) this.tell([event.motd].flat().join("\n"));
    this.shown.places();
    this.shown.lines(place);
    this.shown.people(place);
  }

  /** @param {Event} event */
  talk(event) {
    const place = this.places.get(event.room);
    if (!place) return;
    const entry = entryOf(event, this.nick);
    const id = event.id;
    if (place.cursor !== null && id <= place.cursor) {
      place.timeline.insert([entry]);
    } else {
      place.timeline.cover(place.cursor === null ? id : place.cursor + 1, id);
      place.timeline.append(entry);
      place.cursor = id;
      place.newest = Math.max(place.newest, id);
      if (event.type === "topic") place.topic = event.text;
      this.arrived(place, entry, event.past === true && id <= (place.read ?? 0));
    }
    this.shown.lines(place);
  }

  /** A line of talk is there that was not before.
   * @param {Place} place @param {Entry} entry @param {boolean} known
   */
  arrived(place, entry, known) {
    if (known) return;
    if (entry.own) {
      place.unmark();
      place.mentions = 0;
      place.unread = 0;
      if (entry.id !== null) this.readTo(place, entry.id);
      return;
    }
    this.talked(entry.from);
    if (this.shown.watched(place)) {
      if (entry.id !== null) this.readTo(place, entry.id);
      this.shown.spoken(place, entry);
      return;
    }
    if (entry.id === null) place.firstNew ??= entry;
    else place.marker ??= entry.id - 1;
    if (!place.isRoom) place.unread += 1;
    if (entry.mention) place.mentions += 1;
    this.shown.spoken(place, entry);
    this.shown.places();
  }

  /** A person has seen a room up to this id. @param {Place} place @param {number} id */
  readTo(place, id) {
    if (place.read !== null && id <= place.read) return;
    place.read = id;
    place.firstTime = false;
    keepRead(place.name, place.log, id);
    if (!place.waiting) place.mentions = 0;
    this.shown.places();
  }

  /** A person has seen all of a place. @param {Place} place */
  readAll(place) {
    if (place.isRoom) this.readTo(place, place.newest);
    else if (place.unread) {
      place.unread = 0;
      place.mentions = 0;
      this.shown.places();
    }
  }

  /** @param {Event} event */
  whispered(event) {
    const own = event.from === this.nick;
    const place = this.place(own ? event.to : event.from);
    const entry = { ...entryOf(event, this.nick), mention: !own };
    place.timeline.append(entry);
    this.arrived(place, entry, false);
    this.shown.lines(place);
  }

  /** @param {Event} event */
  presence(event) {
    const place = this.places.get(event.room);
    if (!place) return;
    place.people(event);
    const others = event.others ? [`${event.others} others`] : [];
    const word = event.reason ? `${event.type} (${event.reason})` : event.type;
    const quote = String(event.text ?? "");
    const nicks = [...event.nicks.slice(0, 10), ...others];
    const more = event.nicks.length - 10;
    if (more > 0) nicks.push(`${more} more`);
    this.shown.people(place);
    if (!this.showPresence) return;
    const last = place.timeline.entries.at(-1);
    if (last?.kind === "presence" && last.text === word && !quote && !last.quote && last.nicks && last.nicks.length < 20) {
      last.nicks.push(...nicks);
      last.changed += 1;
    } else {
      place.timeline.append({ ...local("presence", word, event.at), nicks, quote });
    }
    this.shown.lines(place);
  }

  /** @param {Event} event */
  renamed(event) {
    const { from, to } = event;
    if (from === this.nick) this.nick = to;
    const whispers = this.places.get(from);
    if (whispers && !this.places.has(to)) {
      this.places.delete(from);
      whispers.name = to;
      this.places.set(to, whispers);
      if (whispers === this.current) this.shown.opened(whispers);
    }
    const place = this.places.get(event.room);
    if (place) {
      place.people(event);
      place.timeline.append(local("info", `${from} is now ${to}`, event.at));
      this.shown.lines(place);
      this.shown.people(place);
    }
    this.shown.places();
  }

  /** @param {Event} event */
  membersAre(event) {
    const place = this.places.get(event.room);
    if (!place) {
      const some = event.members.map((/** @type {Member} */ { nick }) => nick).join(", ");
      this.tell(`${event.here} in ${event.room}: ${some}`);
      return;
    }
    place.people(event);
    const own = place.members.get(this.nick);
    if (own) this.away = own.away !== undefined;
    this.shown.people(place);
    this.shown.places();
  }

  /** @param {Event} event */
  missed(event) {
    const place = this.places.get(event.room);
    if (!place) return;
    place.cursor = null;
    const many = event.count === null ? "The history of this room is another one now." : `${event.count} lines are no longer kept.`;
    place.timeline.append(local("info", many));
    this.shown.lines(place);
  }

  /** Say something beside the talk, where the person is.
   * @param {string} text @param {"info" | "error"} [kind]
   */
  tell(text, kind = "info") {
    const place = this.current;
    if (!place || !text) return;
    const entry = local(kind, text);
    place.timeline.append(entry);
    this.shown.told(entry);
    this.shown.lines(place);
  }

  /** @param {string} nick */
  talked(nick) {
    if (this.talkers[0] === nick) return;
    this.talkers = [nick, ...this.talkers.filter((other) => other !== nick)].slice(0, 100);
  }
}
