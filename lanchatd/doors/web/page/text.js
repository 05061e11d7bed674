// What people write, looked at: links in it, who is named in it, and when it was.

// Nothing that would end a link in the text around it; the browser's own parser judges the rest.
const LINK = /https?:\/\/[^\s<>"`{}|\\^]+/giu;
const BEHIND = /[.,:;!?'*_~»”’…)\]]$/u;

/** Cut a text into what is a link and what is not.
 * @param {string} text
 * @returns {{text: string, link: string | null}[]}
 */
export function pieces(text) {
  /** @type {{text: string, link: string | null}[]} */
  const found = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = withoutEnd(match[0]);
    const link = target(shown);
    if (link === null) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index), link: null });
    found.push({ text: shown, link });
    end = match.index + shown.length;
  }
  if (end < text.length) found.push({ text: text.slice(end), link: null });
  return found;
}

/** Without what belongs to the sentence: "(see http://a/b_(c))." means http://a/b_(c)
 * @param {string} link
 */
function withoutEnd(link) {
  while (BEHIND.test(link)) {
    const last = link.at(-1);
    const [open, close] = last === ")" ? ["(", ")"] : last === "]" ? ["[", "]"] : ["", ""];
    if (open && count(link, open) >= count(link, close ?? "")) break;
    link = link.slice(0, -1);
  }
  return link;
}

/** @param {string} text @param {string} letter */
const count = (text, letter) => text.split(letter).length - 1;

/** Where it leads; null if that is nowhere, or if it is made to look like another place.
 * @param {string} link
 */
function target(link) {
  try {
    const url = new URL(link);
    return url.hostname && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}

// Scripts that are written without spaces between words.
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const IN_WORD = /[\p{L}\p{N}_]/u;

/** @param {string} text */
export const folded = (text) => text.normalize("NFKC").toLowerCase();

/** Whether a text holds a nick as a word of its own, in whatever case.
 * @param {string} text @param {string} nick
 */
export function names(text, nick) {
  const [within, name] = [folded(text), folded(nick)];
  for (let at = within.indexOf(name); name && at >= 0; at = within.indexOf(name, at + 1)) {
    const before = Array.from(within.slice(0, at)).findLast((letter) => !/\p{M}/u.test(letter)) ?? "";
    const after = String.fromCodePoint(within.codePointAt(at + name.length) ?? 32);
    const [first = "", last = ""] = [name.at(0), name.at(-1)];
    if (!joined(before, first) && !joined(last, after) && !/[\p{M}-]/u.test(after)) return true;
  }
  return false;
}

/** Whether two letters side by side are of one word.
 * @param {string} one @param {string} other
 */
const joined = (one, other) =>
  IN_WORD.test(one) && IN_WORD.test(other) && !UNSPACED.test(one) && !UNSPACED.test(other);

// How many colours nicks have in the style sheet.
const HUES = 8;

/** The colour of a nick: always the same one.
 * @param {string} nick
 */
export function hue(nick) {
  let sum = 0;
  for (const letter of nick) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return `hue${sum % HUES}`;
}

/** @param {string} nick */
export const initial = (nick) => (Array.from(nick.replace(/^[_.-]+/u, ""))[0] ?? "?").toUpperCase();

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const FULL_DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** @param {number} at */
export const timeOf = (at) => TIME.format(at);
/** @param {number} at */
export const momentOf = (at) => MOMENT.format(at);

/** The day of a moment, to compare. @param {number} at */
export const dayOf = (at) => new Date(at).toDateString();

/** The day of a moment, for people. @param {number} at @param {number} [now] */
export function dayShown(at, now = Date.now()) {
  if (dayOf(at) === dayOf(now)) return "Today";
  if (dayOf(at) === dayOf(now - 86_400_000)) return "Yesterday";
  return (now - at < 300 * 86_400_000 ? DAY : FULL_DAY).format(at);
}

/** @param {number} many @param {string} one @param {string} [more] */
export const counted = (many, one, more = `${one}s`) => `${many.toLocaleString()} ${many === 1 ? one : more}`;
