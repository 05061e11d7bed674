// The door: who one is, and which rooms one was in.

import { element, setText } from "./dom.js";
import { everywhere, thisTab } from "./memory.js";

const LOBBY = "#lobby";
// A nick that is somebody's: what they know proves that it is theirs.
const OWNED = new Set(["nick_owned", "wrong_secret", "members_only", "not_encrypted", "too_many_tries"]);
const MOST_ROOMS = 50; // that a server lets one be in, unless somebody told it otherwise

/** What the server says of a nick with an owner, as it is done here: there is a field for what proves it.
 * @param {string} why
 */
const atTheField = (why) =>
  why
    .replace(/: (\S+) PASSWORD or \1 CODE\./, ", type your password or a code.")
    .replace(/: (\S+) CODE, or \1 PASSWORD\./, ": type your code or password.");

/** The room that the address names, empty if it names none. */
export function roomInAddress() {
  try {
    const name = decodeURIComponent(location.hash).replace(/^#+/, "");
    return name && `#${name}`;
  } catch {
    return "";
  }
}

/** Rooms to be in, the one to be shown first. */
export function wantedRooms() {
  const known = thisTab.get("rooms") ?? everywhere.get("rooms");
  const rooms = Array.isArray(known) && known.length ? known.map(String) : [LOBBY];
  const first = roomInAddress() || String(thisTab.get("current") ?? rooms[0]);
  const all = first.startsWith("#") ? [first, ...rooms.filter((room) => room !== first)] : rooms;
  return all.slice(0, MOST_ROOMS);
}

/** Keep what a reload, and the next time, begin with. @param {import("./state.js").State} state */
export function remember(state) {
  const rooms = [...state.places.values()].filter(({ isRoom }) => isRoom).map(({ name }) => name);
  for (const memory of [thisTab, everywhere]) {
    memory.set("nick", state.nick);
    memory.set("rooms", rooms);
  }
  thisTab.set("current", state.current?.name);
}

export function forgetRooms() {
  thisTab.set("rooms", null);
  everywhere.set("rooms", null);
  location.hash = "";
}

export class Door {
  /** @param {(nick: string, secret: string) => void} join */
  constructor(join) {
    this.room = element("door", HTMLElement);
    this.chat = element("chat", HTMLElement);
    this.nick = element("nick", HTMLInputElement);
    this.error = element("join-error", HTMLElement);
    this.button = element("join-button", HTMLButtonElement);
    this.proof = element("proof", HTMLElement);
    this.secret = element("secret", HTMLInputElement);
    const { protocol, hostname } = location;
    // Elsewhere others could read a password on its way; a code is worth nothing when it was used.
    const safe = protocol === "https:" || hostname === "localhost" || /^(127\.|\[::1\]$)/.test(hostname);
    if (!safe) setText(element("secret-label", HTMLElement), "Code (a password is taken by https alone)");
    setText(element("where", HTMLElement), location.host);
    element("join", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.button.disabled = true;
      join(this.nick.value.trim(), this.secret.value);
      this.secret.value = "";
    });
  }

  /** Whether one stands before it. */
  get shut() {
    return this.chat.hidden;
  }

  /** One is in. */
  open() {
    this.room.hidden = true;
    this.chat.hidden = false;
  }

  /** One is out; why, in words and as a code of the server's. @param {string} why @param {string} [code] */
  close(why, code = "") {
    this.proof.hidden = !OWNED.has(code);
    this.button.disabled = false;
    this.room.hidden = false;
    this.chat.hidden = true;
    this.tell(atTheField(why));
    this.nick.ariaInvalid = String(why !== "");
    this.nick.value ||= String(everywhere.get("nick") ?? "");
    document.title = "Join the chat";
    (this.proof.hidden ? this.nick : this.secret).focus();
  }

  /** @param {string} why one has to wait */
  tell(why) {
    setText(this.error, why);
  }
}
