// The rules of the page without a browser: node --test

import assert from "node:assert/strict";
import { test } from "node:test";

import { commandsIn, completion, hints } from "../../lanchatd/doors/web/page/completion.js";
import { Outgoing, encode } from "../../lanchatd/doors/web/page/outgoing.js";
import { meaning, typedIn } from "../../lanchatd/doors/web/page/speech.js";
import { browserName } from "../../lanchatd/doors/web/page/device.js";
import { unreported } from "../../lanchatd/doors/web/page/reading.js";
import { Place } from "../../lanchatd/doors/web/page/place.js";
import { State } from "../../lanchatd/doors/web/page/state.js";
import { dayShown, names, pieces } from "../../lanchatd/doors/web/page/text.js";
import { MOST_KEPT, Timeline } from "../../lanchatd/doors/web/page/timeline.js";

const outgoing = () => {
  let count = 0;
  return new Outgoing(() => String((count += 1)));
};
const refs = (lines) => lines.map(({ ref }) => ref);
const entry = (id) => ({ kind: "said", id, from: "bob", text: `line ${id}`, at: id * 1000, own: false, mention: false, changed: 0 });
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => entry(from + at));

test("lines are sent as fast as the server takes them, in order", () => {
  const lines = outgoing();
  lines.connected(0);
  for (let at = 0; at < 20; at += 1) lines.add({ line: `${at}` });
  assert.equal(lines.due(0).length, 15);
  assert.deepEqual(lines.due(0), []);
  assert.ok(lines.nextIn(0) > 0 && lines.nextIn(0) < 1);
  assert.deepEqual(refs(lines.due(1)), ["16", "17", "18", "19"]);
});

test("what was not answered is sent again with its ref, and a question of the page's own is not", () => {
  const lines = outgoing();
  lines.connected(0);
  const said = lines.add({ line: "hi", room: "#dev" });
  const asked = lines.add({ line: "/rooms" }, true);
  lines.due(0);
  assert.deepEqual(lines.disconnected(), [asked]);
  lines.connected(1);
  assert.deepEqual(lines.due(1), [said]);
  assert.equal(encode(said), '{"line":"hi","room":"#dev","ref":"1"}');
  assert.equal(lines.answered("1"), said);
  assert.equal(lines.answered("1"), null);
  assert.equal(lines.waitingSince, null);
});

test("a nick is changed when nothing is on its way, and waited for", () => {
  const lines = outgoing();
  lines.connected(0);
  for (const line of ["one", "/nick al", "two"]) lines.add({ line });
  assert.deepEqual(refs(lines.due(0)), ["1"]);
  lines.answered("1");
  assert.deepEqual(refs(lines.due(0)), ["2"]);
  assert.deepEqual(refs(lines.due(0)), []);
  lines.answered("2");
  assert.deepEqual(refs(lines.due(0)), ["3"]);
});

test("what came too fast is said a little later, one by one", () => {
  const lines = outgoing();
  lines.connected(0);
  for (const line of ["one", "two"]) lines.add({ line });
  lines.due(0);
  lines.tooFast("1", 0);
  lines.tooFast("2", 0);
  assert.deepEqual(lines.due(0.5), []);
  assert.deepEqual(refs(lines.due(1)), ["1"]);
  lines.answered("1");
  assert.deepEqual(refs(lines.due(10)), ["2"]);
});

test("a line that no server would take is refused", () => {
  assert.equal(outgoing().add({ line: "ü".repeat(2100) }), null);
  assert.notEqual(outgoing().add({ line: "ü".repeat(1900) }), null);
});

for (const [text, links] of [
  ["see http://a.b/c.", ["http://a.b/c"]],
  ["(http://a/b_(c)), then", ["http://a/b_(c)"]],
  ["HTTPS://EXAMPLE.org!", ["https://example.org/"]],
  ["javascript:alert(1) data:text/html,x //a.b/", []],
  ["http:// and http://u:p@bank.example/", []],
  ["<http://a/>\"http://b/\"", ["http://a/", "http://b/"]],
  ["例えばhttp://例え.jp/道です", ["http://xn--r8jz45g.jp/%E9%81%93%E3%81%A7%E3%81%99"]],
]) {
  test(`links in ${text}`, () => {
    const found = pieces(text);
    assert.equal(found.map((piece) => piece.text).join(""), text);
    assert.deepEqual(found.map(({ link }) => link).filter(Boolean), links);
  });
}

for (const [text, nick, named] of [
  ["alice: hi", "alice", true], ["hi @Alice!", "alice", true], ["malice", "alice", false], ["alice_b", "alice", false],
  ["alice-b", "alice", false], ["(alice)", "alice", true], ["ALICE", "alice", true], ["嗨李你好", "李", true],
  ["李さんは", "李", true], ["zoe\u0308", "Zoë", true], ["na\u0301rob", "rob", false], ["rob\u0301", "rob", false],
  ["robさん", "rob", true], ["", "rob", false],
]) {
  test(`${nick} is ${named ? "" : "not "}named by ${text}`, () => assert.equal(names(text, nick), named));
}

test("days have names", () => {
  const now = new Date(2026, 10, 27, 12).getTime();
  assert.equal(dayShown(now - 3_600_000, now), "Today");
  assert.equal(dayShown(now - 86_400_000, now), "Yesterday");
});

test("a log is put together from its parts, and knows where lines are missing", () => {
  const timeline = new Timeline();
  timeline.cover(90, 92);
  for (const one of range(90, 92)) timeline.append(one);
  timeline.cover(10, 12);
  timeline.insert(range(10, 12));
  assert.deepEqual(timeline.entries.map(({ id }) => id), [10, 11, 12, 90, 91, 92]);
  assert.deepEqual([0, 1, 2, 3, 4, 5].filter((at) => timeline.gapBefore(at)), [3]);
  timeline.cover(13, 89);
  timeline.insert([entry(50), entry(12), entry(90)]);
  assert.deepEqual(timeline.entries.map(({ id }) => id), [10, 11, 12, 50, 90, 91, 92]);
  assert.equal([0, 1, 2, 3, 4, 5, 6].some((at) => timeline.gapBefore(at)), false);
  assert.equal(timeline.complete, false);
  timeline.cover(1, 9);
  assert.equal(timeline.complete, true);
});

test("the oldest lines are let go when they are too many", () => {
  const timeline = new Timeline();
  const many = MOST_KEPT * 1.1 + 1;
  for (let id = 1; id <= many; id += 1) {
    timeline.cover(id, id);
    timeline.append(entry(id));
  }
  assert.equal(timeline.entries.length, MOST_KEPT);
  assert.equal(timeline.complete, false);
  assert.equal(timeline.has(1), false);
  assert.equal(timeline.first.id, many - MOST_KEPT + 1);
});

const HELP = `Anything else is said to the room; //x says /x.
/help [COMMAND]             what there is to type
/me TEXT                    say what you do
/msg NICK TEXT              say something to one member only
/rooms                      the rooms there are`;

test("the commands are the server's, and the page's own", () => {
  const found = commandsIn(HELP);
  assert.deepEqual(found.map(({ name }) => name), ["/help", "/me", "/msg", "/query", "/rooms"]);
  assert.deepEqual(found[2], { name: "/msg", args: "NICK TEXT", help: "say something to one member only" });
  assert.deepEqual(hints("/m", found).map(({ name }) => name), ["/me", "/msg"]);
  assert.deepEqual(hints("/msg bob", found).map(({ name }) => name), ["/msg"]);
  assert.deepEqual(hints("/me", found).length, 1);
  assert.deepEqual(hints("hi /m", found), []);
});

test("a word becomes a nick, a room or a command", () => {
  const known = { commands: commandsIn(HELP), nicks: ["bob", "Bobby"], rooms: ["#dev", "#design"] };
  const texts = (text) => completion(text, text.length, known)?.choices.map((choice) => choice.text) ?? null;
  assert.deepEqual(texts("bo"), ["bob: ", "Bobby: "]);
  assert.deepEqual(texts("hi @bobb"), ["@Bobby "]);
  assert.deepEqual(texts("see #des"), ["#design "]);
  assert.deepEqual(texts("/ms"), ["/msg "]);
  assert.equal(texts("xyz"), null);
  assert.equal(texts("bob "), null);
});

test("a line means what it means where it was typed", () => {
  const [room, bob] = [new Place("#dev"), new Place("bob")];
  assert.deepEqual(meaning("hi", room), { to: "server", fields: { line: "hi", room: "#dev" } });
  assert.deepEqual(meaning("/me x", room), { to: "server", fields: { line: "/me x", room: "#dev" } });
  assert.deepEqual(meaning("hi", bob), { to: "server", fields: { line: "/msg bob hi" } });
  assert.deepEqual(meaning("//etc", bob), { to: "server", fields: { line: "/msg bob /etc" } });
  assert.equal(meaning("/me x", bob).to, "nobody");
  assert.equal(meaning("/TOPIC x", bob).to, "nobody");
  assert.deepEqual(meaning("/away lunch", bob), { to: "server", fields: { line: "/away lunch" } });
  assert.deepEqual(meaning("/search a b", bob), { to: "page", command: "search", rest: "a b" });
  assert.equal(typedIn({ line: "/msg bob hi" }, bob), "hi");
  assert.equal(typedIn({ line: "/msg bob hi" }, room), null);
  assert.equal(typedIn({ line: "hi", room: "#dev" }, room), "hi");
});

const nobody = () => {};
/** A state that nobody looks at, but for the rooms in `watched`. */
const state = (...watched) =>
  new State({
    places: nobody, lines: nobody, people: nobody, spoken: nobody, opened: nobody, told: nobody, wanted: () => false,
    watched: ({ name }) => watched.includes(name),
  });
const welcome = (room, last, log = "l") => ({ type: "welcome", nick: "alice", room, log, last, topic: "", server: "s" });
const said = (room, id, text = "hi", from = "bob") => ({ type: "said", room, id, from, text, at: "2026-11-27T12:00:00.000Z" });

test("rooms count what nobody looked at, and go on where they were", () => {
  const chat = state("#lobby");
  chat.event(welcome("#lobby", 5));
  chat.event(welcome("#dev", 7));
  chat.event(said("#lobby", 6));
  chat.event(said("#dev", 8));
  chat.event(said("#dev", 9, "alice: look"));
  const [lobby, dev] = chat.places.values();
  assert.deepEqual([lobby.waiting, dev.waiting, dev.mentions, dev.marker], [0, 2, 1, 7]);
  assert.deepEqual(chat.rooms().rooms, [{ room: "#lobby", log: "l", after: 6 }, { room: "#dev", log: "l", after: 9 }]);
  chat.event(said("#dev", 9, "alice: look"));
  assert.equal(dev.timeline.entries.length, 2);
  chat.readAll(dev);
  assert.deepEqual([dev.waiting, dev.mentions], [0, 0]);
});

test("rooms that don't fit in one hello are joined after it", () => {
  const chat = state();
  const room = (number) => `#${"ü".repeat(29)}${number}`;
  for (let number = 10; number < 60; number += 1) {
    chat.event(welcome(room(number), 7));
    chat.event(said(room(number), 8));
  }
  const { rooms, late } = chat.rooms();
  assert.equal(rooms.length + late.length, 50);
  assert.ok(late.length > 0 && new TextEncoder().encode(JSON.stringify(rooms)).length < 4000);
  assert.equal(chat.places.get(late[0]).cursor, null);
});

test("another log begins anew", () => {
  const chat = state();
  chat.event(welcome("#lobby", 5));
  chat.event(said("#lobby", 6));
  chat.event({ type: "missed", room: "#lobby", log: "m", count: null });
  chat.event(welcome("#lobby", 1, "m"));
  chat.event(said("#lobby", 1, "new"));
  const [lobby] = chat.places.values();
  assert.deepEqual(lobby.timeline.entries.filter(({ id }) => id).map(({ text }) => text), ["new"]);
  assert.deepEqual(chat.rooms().rooms, [{ room: "#lobby", log: "m", after: 1 }]);
});

test("a private conversation follows who is renamed", () => {
  const chat = state();
  chat.event(welcome("#lobby", 0));
  chat.event({ type: "private", from: "bob", to: "alice", text: "psst", at: "2026-11-27T12:00:00.000Z" });
  chat.event({ type: "renamed", room: "#lobby", from: "bob", to: "rob", at: "2026-11-27T12:00:01.000Z" });
  assert.deepEqual([...chat.places.keys()], ["#lobby", "rob"]);
  assert.deepEqual([chat.places.get("rob").waiting, chat.places.get("rob").mentions], [1, 1]);
  chat.event({ type: "private", from: "rob", to: "alice", text: "again", at: "2026-11-27T12:00:02.000Z" });
  assert.equal(chat.places.get("rob").timeline.entries.length, 2);
});

test("who is here follows what is told, and rooms that one left are gone", () => {
  const chat = state();
  chat.event(welcome("#lobby", 0));
  chat.event(welcome("#dev", 0));
  const at = "2026-11-27T12:00:00.000Z";
  chat.event({ type: "members", room: "#lobby", here: 2, members: [{ nick: "alice" }, { nick: "bob", away: "" }] });
  chat.event({ type: "joined", room: "#lobby", nicks: ["carol"], others: 0, here: 3, at });
  chat.event({ type: "left", room: "#lobby", nicks: ["bob"], others: 0, here: 2, text: "bye", at });
  const lobby = chat.places.get("#lobby");
  assert.deepEqual([...lobby.members.keys()], ["alice", "carol"]);
  assert.deepEqual(lobby.timeline.entries.map(({ text, nicks, quote }) => [text, nicks, quote]), [["joined", ["carol"], ""], ["left", ["bob"], "bye"]]);
  chat.event({ type: "away", room: "#lobby", from: "carol", away: "lunch", at });
  assert.equal(lobby.members.get("carol").away, "lunch");
  chat.event({ type: "back", room: "#lobby", from: "carol", at });
  assert.equal(lobby.members.get("carol").away, undefined);
  chat.event({ type: "away", room: "#lobby", from: "nobody", away: "", at });
  assert.equal(lobby.members.has("nobody"), false);
  chat.event({ type: "parted", room: "#lobby" });
  assert.deepEqual([...chat.places.keys()], ["#dev"]);
  assert.equal(chat.current.name, "#dev");
});

test("what an owner has read on another device is read here, and what is read here is told those", () => {
  const chat = state();
  const at = "2026-11-27T12:00:00.000Z";
  const line = (id) => chat.event({ type: "said", id, room: "#dev", from: "bob", text: "hi", at });
  chat.event({ ...welcome("#lobby", 0), account: true });
  chat.event({ ...welcome("#dev", 7), account: true });
  const dev = chat.places.get("#dev");
  assert.equal(dev.waiting, 0); // as for anybody who comes for the first time
  chat.event({ type: "read", room: "#dev", id: 4 });
  assert.deepEqual([dev.waiting, dev.marker], [3, 4]);
  line(8);
  assert.equal(dev.waiting, 4);
  chat.event({ type: "read", room: "#dev", id: 3 });
  assert.equal(dev.waiting, 4);
  chat.event({ type: "read", room: "#dev", id: 8 });
  assert.deepEqual([dev.waiting, dev.marker, unreported(chat)], [0, null, null]);
  line(9);
  chat.readAll(dev);
  assert.deepEqual(unreported(chat), { room: "#dev", id: 9 });
  assert.equal(unreported(chat), null);
  chat.event({ type: "read", room: "#gone", id: 8 });
  chat.event(welcome("#dev", 9));
  assert.equal(unreported(chat), null); // a guest has no other devices
});

test("a browser is called what people call it", () => {
  const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36";
  const safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";
  assert.equal(browserName(chrome), "Chrome on Linux");
  assert.equal(browserName(`${chrome} Edg/139.0.0.0`), "Edge on Linux");
  assert.equal(browserName(safari), "Safari on iPhone");
  assert.equal(browserName("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"), "Firefox on Windows");
  assert.equal(browserName("Lynx"), "a browser");
});
