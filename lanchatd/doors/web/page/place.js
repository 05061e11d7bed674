// One room or private conversation: what was said in it, who is here, and how far it was read.

import { keepRead, readUntil } from "./memory.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {{nick: string, away?: string, operator?: boolean, encrypted?: boolean}} Member */

export class Place {
  /** @param {string} name a room (#dev), or the nick of who one talks to */
  constructor(name) {
    this.name = name;
    this.timeline = new Timeline();
    this.topic = "";
    this.here = 0;
    /** @type {Map<string, Member>} */
    this.members = new Map();
    this.log = "";
    /** The newest id that the server gave without a gap; null before the first. @type {number | null} */
    this.cursor = null;
    this.newest = 0; // the newest id that there is
    /** How far it was read; null: everything that was there when one came. @type {number | null} */
    this.read = null;
    /** Whether this browser did not know it before. */
    this.firstTime = false;
    this.toldRead = 0; // how far the server knows that it was read
    this.unread = 0; // of a conversation; a room counts by its ids
    this.mentions = 0;
    /** In a room, the mark of what is new stands behind this id. @type {number | null} */
    this.marker = null;
    /** In a conversation, it stands before this entry. @type {Entry | null} */
    this.firstNew = null;
    this.draft = "";
  }

  /** Whether the mark of what is new stands before this entry.
   * @param {Entry} entry @param {Entry | null} before the talk before it
   */
  marked(entry, before) {
    if (entry.id === null) return entry === this.firstNew;
    return this.marker !== null && entry.id > this.marker && (before?.id ?? 0) <= this.marker;
  }

  unmark() {
    this.marker = null;
    this.firstNew = null;
  }

  /** One is in it, and what is there. @param {import("./connection.js").Event} event */
  entered({ log, last, topic }) {
    if (this.log !== log) {
      // Another log than the one we knew, or the first time here.
      if (this.log) this.timeline.clear();
      this.log = log;
      this.cursor = null;
      // Who comes for the first time has nothing to catch up with.
      const known = readUntil(this.name, log);
      this.firstTime = known === null;
      this.read = known ?? Number(last);
      keepRead(this.name, log, this.read);
    }
    this.newest = last;
    this.toldRead = 0;
    if (last === 0) this.timeline.complete = true;
    if (this.read !== null && this.read < last) this.marker ??= this.read;
    this.topic = topic ?? "";
  }

  /** Who is here now, by what the server tells. @param {import("./connection.js").Event} event */
  people({ type, here, nicks, from, to, away, members }) {
    const known = this.members.get(from);
    switch (type) {
      case "members":
        this.members = new Map(members.map((/** @type {Member} */ member) => [member.nick, member]));
        this.here = here;
        break;
      case "joined":
        for (const nick of nicks) if (!this.members.has(nick)) this.members.set(nick, { nick });
        this.here = here;
        break;
      case "left":
        for (const nick of nicks) this.members.delete(nick);
        this.here = here;
        break;
      case "renamed":
        if (known) this.members.set(to, { ...known, nick: to });
        this.members.delete(from);
        break;
      case "away":
      case "back":
        // What is undefined is not away.
        if (known) this.members.set(from, { ...known, away });
    }
  }

  get isRoom() {
    return this.name.startsWith("#");
  }

  /** How many lines are unread. */
  get waiting() {
    return this.isRoom ? Math.max(0, this.newest - (this.read ?? this.newest)) : this.unread;
  }
}
