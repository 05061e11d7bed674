// Puts the page together: what the server tells goes to the state, and what changed there to the document.

import { Acts, ofType } from "./acts.js";
import { Attention } from "./attention.js";
import { OWN_COMMANDS, commandsIn } from "./completion.js";
import { Connection } from "./connection.js";
import { DeviceKey, browserName } from "./device.js";
import { element, onceAFrame, setText } from "./dom.js";
import { Door, forgetRooms, remember, roomInAddress, wantedRooms } from "./door.js";
import { History } from "./history.js";
import { Input } from "./input.js";
import { listenToInvite } from "./invite.js";
import { Layout } from "./layout.js";
import { Lines } from "./lines.js";
import { Lists } from "./lists.js";
import { thisTab } from "./memory.js";
import { unreported } from "./reading.js";
import { Search } from "./search.js";
import { listenToControls, listenToKeys } from "./settings.js";
import { typedIn } from "./speech.js";
import { State } from "./state.js";

/** @typedef {import("./connection.js").Event} Event */
/** @typedef {import("./outgoing.js").Line} Line */
/** @typedef {import("./place.js").Place} Place */

const SLOW_MS = 400; // a line without an answer for so long is shown as one that waits

const READ_MS = 3000; // how often one's other devices are told how far was read

const device = browserName(navigator.userAgent);
/** @type {DeviceKey | null} */
let key = null;
const keyLooked = DeviceKey.own().then((found) => {
  key = found;
});
// What proves that the nick is one's own; for as long as the page is open, and nowhere else.
let secret = "";
let commands = OWN_COMMANDS;
/** Rooms for which the hello had no place. @type {string[]} */
let late = [];
/** @type {Place | null} */
let shown = null;

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
    attention.spoken(place, entry, looksAt(place));
    if (place === state.current) attention.say(`${entry.from}: ${entry.text}`);
    else if (entry.mention) attention.say(`${entry.from} in ${place.name}: ${entry.text}`);
  },
  told: (entry) => attention.say(entry.text),
  watched: looksAt,
  wanted: () =>
    [...connection.outgoing.lines.values()].some(({ asked, fields, sentAt }) => !asked && sentAt !== null && /^\/join /i.test(fields.line)),
  opened,
});

const address = new URL("ws", location.href);
address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
const connection = new Connection(address.href.replace(/[?#].*/, ""), {
  hello,
  challenged,
  event: received,
  refused,
  changed: onceAFrame(showConnection),
});
const past = new History(connection, state);
const attention = new Attention(state, (place) => state.open(place));
const layout = new Layout();
const door = new Door(comeIn);
const title = onceAFrame(() => {
  if (door.shut) return;
  attention.title();
  remember(state);
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
/** @type {Acts} */
const acts = new Acts(() => ({ state, connection, past, lines, input, search, layout, door, commands: () => commands }));
const lists = new Lists(state, acts);
const search = new Search(past, (found) => void acts.jump(found));
const input = new Input(
  () => ({
    commands,
    nicks: [...new Set([...state.talkers, ...(state.current?.members.keys() ?? [])])].filter((nick) => nick !== state.nick),
    rooms: [...new Set([...state.places.keys(), ...state.others.map(({ room }) => room)])].filter((name) => name.startsWith("#")),
  }),
  (line) => {
    setTimeout(showUnsent, SLOW_MS);
    return acts.say(line);
  },
);

// -- in and out

/** @param {string} nick @param {string} [proof] a password or code */
function comeIn(nick, proof = "") {
  state.nick = nick;
  secret = proof;
  if (!state.places.size) for (const room of wantedRooms()) state.place(room);
  void keyLooked.then(() => connection.connect());
}

/** @param {string} [proof] of the key @returns {object} who one is */
function hello(proof) {
  const { rooms, late: others } = state.rooms();
  late = others;
  return { nick: state.nick, ...(secret && { secret }), ...(key && { key: key.shown, proof }), device, rooms };
}

/** The server asks for the proof of the key. @param {Event} event @returns {Promise<object>} who one is, with it */
async function challenged({ challenge, server }) {
  try {
    return hello(await key?.proof({ challenge, server }));
  } catch {
    key = null;
    return hello();
  }
}

/** @param {string} code @param {string} text */
function refused(code, text) {
  if (code === "bad_proof" && key) {
    key = null; // somebody in between says that the page is elsewhere: without it, one is asked
    connection.connect();
    return;
  }
  // A room that one may not be in must not keep one out of the others.
  if (code === "bad_room" || code === "too_many_rooms") {
    forgetRooms();
    state.places.clear();
    state.current = null;
  }
  thisTab.set("nick", null);
  door.close(text, code);
}

// -- what the server tells

/** @param {Event} event @param {Line | null} line the line that it answers */
function received(event, line) {
  if (line) {
    answered(event, line);
    return;
  }
  const first = event.type === "welcome" && door.shut;
  if (first) {
    door.open();
    layout.settle();
  }
  state.event(event);
  if (event.type === "welcome") {
    if (event.by !== "password") secret = ""; // a code is good once
    for (const room of late.splice(0)) acts.ask(`/join ${room}`, ofType("welcome"), (answer) => state.event(answer));
  }
  if (!first) return;
  const isHelp = (/** @type {Event} */ { type, text }) => type === "notice" && /^\/help/m.test(text);
  acts.ask("/help", isHelp, (answer) => {
    commands = commandsIn(answer.text);
  });
  acts.ask("/rooms", ofType("rooms"), (rooms) => state.event(rooms));
  if (layout.typesAtOnce) input.focus();
}

/** @param {Event} event @param {Line} line */
function answered(event, line) {
  const [, command = ""] = /^\/(\S+)/.exec(line.fields.line) ?? [];
  if (event.type === "error") {
    const typed = state.current && typedIn(line.fields, state.current);
    state.tell(event.text, "error");
    if (typed) input.giveBack(typed);
  } else if (command === "register") {
    state.account = true;
  } else if (command === "away" || command === "back") {
    state.away = command === "away";
    lists.update();
  }
}

function tellRead() {
  const read = connection.here ? unreported(state) : null;
  if (read) connection.tell({ read });
}

// -- what is shown

/** Another place is shown now. @param {Place} place */
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

/** @param {Place} place @returns {boolean} */
function looksAt(place) {
  return place === state.current && lines.place === place && lines.stuck && !document.hidden && document.hasFocus();
}

function showUnsent() {
  const place = state.current;
  if (!place) return;
  const slow = (performance.now() - SLOW_MS) / 1000;
  const waiting = connection.unsent.filter(({ sentAt }) => sentAt === null || sentAt < slow);
  lines.showUnsent(waiting.map(({ fields }) => typedIn(fields, place)).filter((text) => text !== null));
}

function showConnection() {
  const { status, sentAway, welcomed, why } = connection;
  element("trouble", HTMLElement).hidden = status === "here" || status === "off";
  let text = "Connecting…";
  if (status === "waiting") {
    text = sentAway ? why : `${why || "The connection is lost."} Trying again; what you type meanwhile is sent then.`;
    if (!welcomed) door.tell(why || "The server does not answer. Trying again…");
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
  door.close("");
});
listenToControls(acts, attention);
listenToInvite();
listenToKeys(acts);

addEventListener("focus", () => {
  if (state.current && lines.stuck) state.readAll(state.current);
  else lines.scrolled();
});
addEventListener("blur", () => {
  if (state.current && !state.current.waiting) state.current.unmark();
});
setInterval(tellRead, READ_MS);
document.addEventListener("visibilitychange", tellRead);
addEventListener("hashchange", () => {
  const name = roomInAddress();
  if (name && name !== state.current?.name && connection.here) acts.join(name);
});
addEventListener("beforeunload", (event) => {
  if (connection.unsent.length) event.preventDefault();
});

const nick = thisTab.get("nick");
if (typeof nick === "string" && nick) comeIn(nick);
else door.close("");
