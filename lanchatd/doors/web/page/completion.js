// What a word that is being typed may become: commands, nicks and rooms.

import { folded } from "./text.js";

/** @typedef {{name: string, args: string, help: string}} Command */
/** @typedef {{commands: Command[], nicks: string[], rooms: string[]}} Known */
/** @typedef {{text: string, shown: string, about: string}} Choice */
/** @typedef {{start: number, end: number, choices: Choice[]}} Completion */

/** What the page does itself. @type {Command[]} */
export const OWN_COMMANDS = [{ name: "/query", args: "NICK", help: "talk with one member only" }];

/** The commands in what the server answers to /help: a row each, its usage and behind two spaces what it does.
 * @param {string} text
 * @returns {Command[]}
 */
export function commandsIn(text) {
  const rows = [...text.matchAll(/^(\/\S+)(?: (\S.*?))? {2,}(\S.*)$/gm)];
  const found = rows.map(([, name = "", args = "", help = ""]) => ({ name, args, help }));
  return [...found, ...OWN_COMMANDS].sort((one, other) => one.name.localeCompare(other.name));
}

/** The commands that fit what stands in the row, as one types it. @param {string} text @param {Command[]} commands */
export function hints(text, commands) {
  const match = /^\/([^\s/]*)( ?)/.exec(text);
  if (!match) return [];
  const name = `/${(match[1] ?? "").toLowerCase()}`;
  // Behind the name it is the one command's arguments that are told.
  return commands.filter((command) => (match[2] ? command.name === name : command.name.startsWith(name)));
}

/** What the word before the cursor may become.
 * @param {string} text @param {number} cursor @param {Known} known
 * @returns {Completion | null}
 */
export function completion(text, cursor, known) {
  const before = text.slice(0, cursor);
  const word = /\S*$/u.exec(before)?.[0] ?? "";
  const start = cursor - word.length;
  if (!word) return null;
  /** @type {Choice[]} */
  let choices = [];
  if (start === 0 && word.startsWith("/")) {
    choices = hints(word, known.commands).map(({ name, args, help }) => ({ text: `${name} `, shown: `${name} ${args}`.trim(), about: help }));
  } else if (word.startsWith("#")) {
    choices = matching(known.rooms, word).map((room) => ({ text: `${room} `, shown: room, about: "" }));
  } else {
    const at = word.startsWith("@") ? "@" : "";
    // At the start of a line one speaks to somebody.
    const behind = start === 0 ? ": " : " ";
    choices = matching(known.nicks, word.slice(at.length)).map((nick) => ({ text: at + nick + behind, shown: nick, about: "" }));
  }
  return choices.length ? { start, end: cursor, choices } : null;
}

/** @param {string[]} names @param {string} begin */
function matching(names, begin) {
  const wanted = folded(begin);
  return names.filter((name) => folded(name).startsWith(wanted));
}
