// Puts the page together: what the server tells goes to the state, and what changed there to the document.

import { Attention } from "./attention.js";
import { OWN_COMMANDS, commandsIn } from "./completion.js";
import { Connection, randomName } from "./connection.js";
import { element, onceAFrame, ask as question, setText } from "./dom.js";
import { History } from "./history.js";
import { Input } from "./input.js";
import { Layout } from "./layout.js";
import { Lines } from "./lines.js";
import { Lists } from "./lists.js";
import { everywhere, thisTab } from "./memory.js";
import { Search } from "./search.js";
import { meaning, typedIn } from "./speech.js";
import { State } from "./state.js";
import { folded } from "./text.js";

/** @typedef {import("./connection.js").Event} Event */
/** @typedef {import("./outgoing.js").Line} Line */
/** @typedef {import("./state.js").Place} Place */

const LOBBY = "#lobby";
const MOST_ROOMS = 50; // that a server lets one be in, unless somebody told it otherwise
const SLOW_MS = 400; // a line without an answer for so long is shown as one that waits

const device = randomName();
let commands = OWN_COMMANDS;

/** @type {State} */
const state = new State({
  places: () => {
    lists.update();
    title();
  },
  lines: (place) => {
    if (place === state.current) lines.update();
  },
  people: (place) => {
    if (place === state.current) lists.update();
  },
  spoken: (place, entry) => {
    const watched = looksAt(place);
    attention.spoken(place, entry, watched);
    if (place === state.current) attention.say(`${entry.from}: ${entry.text}`);
    else if (entry.mention) attention.say(`${entry.from} in ${place.name}: ${entry.text}`);
  },
  told: (entry) => attention.say(entry.text),
  watched: looksAt,
  wanted: () =>
    [...connection.outgoing.lines.values()].some(({ fields, sentAt }) => sentAt !== null && /^\/join /i.test(fields.line)),
  opened,
});

const address = new URL("ws", location.href);
address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
const connection = new Connection(address.href.replace(/[?#].*/, ""), {
  hello: () => ({ nick: state.nick, device, rooms: state.rooms() }),
  event: received,
  refused,
  changed: onceAFrame(showConnection),
});
const past = new History(connection, state);
const attention = new Attention(state, (place) => state.open(place));
const layout = new Layout();
const title = onceAFrame(() => {
  attention.title();
  remember();
});

const lines = new Lines({
  older: async (place) => {
    if (past.reading.has(place)) return;
    lines.loading = true;
    await past.older(place);
    lines.loading = false;
    lines.update();
  },
  gap: (place, before, behind) => void past.newer(place, before.id ?? 0, behind.id ?? 0),
  seen: (place, last) => {
    if (!document.hasFocus()) return;
    if (last === null) state.readAll(place);
    else if (last.id !== null) state.readTo(place, last.id);
  },
});
const lists = new Lists(state, { open: choose, join, query });
const search = new Search(past, (found) => void jump(found));
const input = new Input(
  () => ({
    commands,
    nicks: [...new Set([...state.talkers, ...(state.current?.members.keys() ?? [])])].filter((nick) => nick !== state.nick),
    rooms: [...new Set([...state.places.keys(), ...state.others.map(({ room }) => room)])].filter((name) => name.startsWith("#")),
  }),
  say,
);

// -- coming in

const joinForm = element("join", HTMLFormElement);
const nickRow = element("nick", HTMLInputElement);

/** Rooms to be in, the one to be shown first. */
function wantedRooms() {
  const named = decodeURIComponent(location.hash).replace(/^#+/, "");
  const known = thisTab.get("rooms") ?? everywhere.get("rooms");
  const rooms = Array.isArray(known) && known.length ? known.map(String) : [LOBBY];
  const first = named ? `#${named}` : String(thisTab.get("current") ?? rooms[0]);
  const all = first.startsWith("#") ? [first, ...rooms.filter((room) => room !== first)] : rooms;
  return all.slice(0, MOST_ROOMS);
}

/** @param {string} nick */
function comeIn(nick) {
  state.nick = nick;
  if (!state.places.size) for (const room of wantedRooms()) state.place(room);
  element("join-button", HTMLButtonElement).disabled = true;
  connection.connect();
}

/** The door, with why one stands there. @param {string} why */
function showDoor(why) {
  element("join-button", HTMLButtonElement).disabled = false;
  element("door", HTMLElement).hidden = false;
  element("chat", HTMLElement).hidden = true;
  setText(element("join-error", HTMLElement), why);
  nickRow.ariaInvalid = String(why !== "");
  nickRow.value ||= state.nick || String(everywhere.get("nick") ?? "");
  document.title = "Join the chat";
  nickRow.focus();
}

/** @param {string} code @param {string} text */
function refused(code, text) {
  // A room that one may not be in must not keep one out of the others.
  if (code === "bad_room" || code === "too_many_rooms") {
    thisTab.set("rooms", null);
    everywhere.set("rooms", null);
    state.places.clear();
    location.hash = "";
  }
  thisTab.set("nick", null);
  showDoor(text);
}

joinForm.addEventListener("submit", (event) => {
  event.preventDefault();
  comeIn(nickRow.value.trim());
});

/** What is kept for a reload, and for the next time. */
function remember() {
  if (!connection.welcomed) return;
  const rooms = [...state.places.values()].filter(({ isRoom }) => isRoom).map(({ name }) => name);
  thisTab.set("nick", state.nick);
  everywhere.set("nick", state.nick);
  thisTab.set("rooms", rooms);
  everywhere.set("rooms", rooms);
  thisTab.set("current", state.current?.name);
}

// -- what the server tells

/** @param {Event} event @param {Line | null} line the line that it answers */
function received(event, line) {
  if (line) {
    answered(event, line);
    return;
  }
  const first = event.type === "welcome" && element("chat", HTMLElement).hidden;
  if (first) {
    element("door", HTMLElement).hidden = true;
    element("chat", HTMLElement).hidden = false;
    layout.settle();
    ask("/help", (answer) => answer.type === "notice" && /^\/help/m.test(answer.text), (answer) => {
      commands = commandsIn(answer.text);
    });
  }
  state.event(event);
  if (first) {
    ask("/rooms", (answer) => answer.type === "rooms", (rooms) => state.event(rooms));
    if (layout.typesAtOnce) input.focus();
  }
}

/** @param {string} line @param {(event: Event) => boolean} wants @param {(answer: Event) => void} then */
function ask(line, wants, then) {
  const { current } = state;
  connection
    .question(current?.isRoom ? { line, room: current.name } : { line }, wants)
    .then(then, (/** @type {Error} */ error) => state.tell(error.message, "error"));
}

/** @param {Event} event @param {Line} line */
function answered(event, line) {
  const [, command = ""] = /^\/(\S+)/.exec(line.fields.line) ?? [];
  if (event.type === "error") {
    const place = state.current;
    const typed = place && typedIn(line.fields, place);
    state.tell(event.text, "error");
    if (typed) input.giveBack(typed);
  } else if (command === "away" || command === "back") {
    state.away = command === "away";
    lists.update();
  }
}

// -- what a person does

/** @param {string} line @returns {boolean} whether it was taken */
function say(line) {
  const place = state.current;
  if (!place) return false;
  const meant = meaning(line, place);
  if (meant.to === "nobody") {
    input.refuse(meant.why);
    return false;
  }
  if (meant.to === "page") {
    act(meant.command, meant.rest.trim(), place);
    return true;
  }
  if (!connection.say(meant.fields)) {
    input.refuse("This line is too long: a line has at most about 4,000 letters.");
    return false;
  }
  lines.toEnd();
  setTimeout(showUnsent, SLOW_MS);
  return true;
}

/** @param {string} command @param {string} rest @param {Place} place */
function act(command, rest, place) {
  switch (command) {
    case "query":
      if (rest) query(rest);
      else state.tell("Say who: /query NICK", "error");
      break;
    case "search":
      layout.openSearch();
      if (rest) void search.look(rest);
      break;
    case "join":
    case "j":
      if (rest) join(rest);
      else state.tell("Say which room: /join ROOM", "error");
      break;
    case "part":
    case "leave":
      part(place);
      break;
    case "quit":
    case "exit":
    case "q":
      leave();
      break;
    case "rooms":
    case "list":
      ask("/rooms", (event) => event.type === "rooms", (event) => {
        state.event(event);
        const rows = event.rooms.map((/** @type {import("./state.js").RoomRow} */ { room, here, topic }) => `${room} (${here})${topic ? `: ${topic}` : ""}`);
        state.tell(rows.join("\n"));
      });
      break;
    case "who":
    case "names":
      if (rest) connection.say({ line: `/who ${rest}` });
      else {
        refreshPeople();
        layout.openPeople();
      }
      break;
    case "history":
      void lookBack(place, rest);
      break;
    default:
      state.tell(commands.map(({ name, args, help }) => `${name} ${args}`.trim() + `: ${help}`).join("\n"));
  }
}

/** @param {string} name */
function join(name) {
  const room = name.startsWith("#") ? name : `#${name}`;
  const place = [...state.places.values()].find((known) => folded(known.name) === folded(room));
  if (place) choose(place);
  else if (!connection.say({ line: `/join ${room}` })) state.tell("That name is too long.", "error");
  layout.closeDrawers();
}

/** @param {string} nick */
function query(nick) {
  choose(state.place(nick));
}

/** @param {Place} place */
function choose(place) {
  layout.closeDrawers();
  state.open(place);
  if (layout.typesAtOnce) input.focus();
}

/** @param {Place} place */
function part(place) {
  if (place.isRoom) connection.say({ line: `/part ${place.name}`, room: place.name });
  else state.close(place);
}

/** The button is near others: it asks first. @param {Place | null} place */
async function askToPart(place) {
  if (place && (!place.isRoom || (await question(`Leave ${place.name}?`, "Leave")))) part(place);
}

/** Who is here now: what the server tells as it happens leaves out who is away. */
function refreshPeople() {
  const { current } = state;
  if (current?.isRoom) ask("/who", (event) => event.type === "members" && event.room === current.name, (members) => state.event(members));
}

function leave() {
  connection.leave();
  thisTab.set("nick", null);
  state.places.clear();
  state.current = null;
  showDoor("");
}

/** @param {Place} place */
function opened(place) {
  if (shown) shown.draft = input.text;
  shown = place;
  input.text = place.draft;
  input.refuse("");
  input.row.placeholder = place.isRoom ? `Say something in ${place.name}` : `Say something to ${place.name} alone`;
  input.row.ariaLabel = input.row.placeholder;
  element("log", HTMLElement).ariaLabel = `Lines of ${place.name}`;
  lines.open(place);
  showUnsent();
  if (place.isRoom) window.history.replaceState(null, "", place.name);
  if (lines.stuck && document.hasFocus()) state.readAll(place);
}
/** @type {Place | null} */
let shown = null;

/** @param {import("./search.js").Found} found */
async function jump(found) {
  if (found.id === null) return;
  const place = state.places.get(found.room);
  if (!place) {
    join(found.room);
    state.tell(`You were not in ${found.room}: once you are, show it again.`);
    return;
  }
  choose(place);
  layout.closeSearchIfNarrow();
  try {
    if (await past.around(place, found.id)) lines.jump(found.id);
    else state.tell("That line is not kept any more.", "error");
  } catch (error) {
    state.tell(error instanceof Error ? error.message : "", "error");
  }
}

/** @param {Place} place @param {string} rest what stands behind /history */
async function lookBack(place, rest) {
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

/** @param {Place} place @returns {boolean} */
function looksAt(place) {
  return place === state.current && lines.place === place && lines.stuck && !document.hidden && document.hasFocus();
}

// -- the connection is shown

function showUnsent() {
  const place = state.current;
  if (!place) return;
  const slow = performance.now() / 1000 - SLOW_MS / 1000;
  const waiting = connection.unsent.filter(({ sentAt }) => sentAt === null || sentAt < slow);
  lines.showUnsent(waiting.map(({ fields }) => typedIn(fields, place)).filter((text) => text !== null));
}

function showConnection() {
  const { status, sentAway, why } = connection;
  const trouble = element("trouble", HTMLElement);
  trouble.hidden = status === "here" || status === "off";
  let text = "Connecting…";
  if (status === "waiting") {
    text = sentAway ? why : `${why || "The connection is lost."} Trying again; what you type meanwhile is sent then.`;
    if (!connection.welcomed) {
      setText(element("join-error", HTMLElement), why || "The server does not answer. Trying again…");
    }
  }
  setText(element("trouble-text", HTMLElement), text);
  element("retry", HTMLElement).hidden = status !== "waiting";
  setText(element("retry", HTMLElement), sentAway ? "Come back" : "Try now");
  element("other-nick", HTMLElement).hidden = !why.includes("nick");
  showUnsent();
}

element("retry", HTMLElement).addEventListener("click", () => connection.connect());
element("other-nick", HTMLElement).addEventListener("click", () => {
  connection.stop();
  showDoor("");
});

// -- settings, keys, and the window

element("part", HTMLElement).addEventListener("click", () => void askToPart(state.current));
element("show-people", HTMLElement).addEventListener("click", refreshPeople);
element("leave", HTMLElement).addEventListener("click", leave);
element("open-room", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const name = element("room-name", HTMLInputElement);
  if (name.value.trim()) join(name.value.trim());
  name.value = "";
});
element("rename", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const nick = element("new-nick", HTMLInputElement);
  if (nick.value.trim()) connection.say({ line: `/nick ${nick.value.trim()}` });
  nick.value = "";
});

/** @param {string} id @param {boolean} on @param {(on: boolean, box: HTMLInputElement) => void} change */
function setting(id, on, change) {
  const box = element(id, HTMLInputElement);
  box.checked = on;
  box.addEventListener("change", () => change(box.checked, box));
}
setting("away", false, (on) => connection.say({ line: on ? "/away" : "/back" }));
setting("sound", attention.sound, (on) => attention.setSound(on));
setting("notify", attention.notify, async (on, box) => {
  box.checked = await attention.setNotify(on);
});
element("notify", HTMLInputElement).disabled = !attention.mayNotify;
element("no-notify", HTMLElement).hidden = attention.mayNotify;
state.showPresence = everywhere.get("presence") !== false;
setting("presence", state.showPresence, (on) => {
  state.showPresence = on;
  everywhere.set("presence", on);
});

addEventListener("focus", () => {
  if (state.current && lines.stuck) state.readAll(state.current);
  else lines.scrolled();
});
addEventListener("blur", () => {
  if (state.current && !state.current.waiting) state.current.unmark();
});
addEventListener("hashchange", () => {
  const name = decodeURIComponent(location.hash);
  if (name && name !== state.current?.name && connection.here) join(name);
});
addEventListener("beforeunload", (event) => {
  if (connection.unsent.length) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (element("chat", HTMLElement).hidden || event.isComposing) return;
  const { key, target } = event;
  const typing = target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
  if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) {
    const places = [...state.places.values()];
    const at = places.findIndex((place) => place === state.current) + (key === "ArrowUp" ? -1 : 1);
    const next = places[(at + places.length) % places.length];
    if (next) choose(next);
    event.preventDefault();
  } else if (key === "Escape" && !event.defaultPrevented) {
    if (!layout.escape()) lines.toEnd();
  } else if (target === input.row && (key === "PageUp" || key === "PageDown")) {
    lines.log.scrollBy({ top: lines.log.clientHeight * (key === "PageUp" ? -0.9 : 0.9) });
    event.preventDefault();
  } else if (!typing && key.length === 1 && key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey && !document.querySelector("dialog[open]")) {
    // What is typed anywhere is meant for the row.
    input.focus();
  }
});

setText(element("where", HTMLElement), location.host);
const nick = thisTab.get("nick");
if (typeof nick === "string" && nick) comeIn(nick);
else showDoor("");
