// The lists at both sides: rooms and conversations with what is unread in them, and who is here.

import { element, make, onceAFrame, setText, written } from "./dom.js";
import { readUntil } from "./memory.js";
import { counted, hue, initial } from "./text.js";

/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./acts.js").Acts} Acts */

const MOST_OTHERS = 30;
const MOST_MEMBERS = 200;

export class Lists {
  /** @param {State} state @param {Acts} acts */
  constructor(state, acts) {
    this.state = state;
    this.acts = acts;
    this.update = onceAFrame(() => {
      this.showPlaces();
      this.showPeople();
    });
  }

  showPlaces() {
    const { state } = this;
    const places = [...state.places.values()];
    const rooms = places.filter(({ isRoom }) => isRoom);
    const privates = places.filter(({ isRoom }) => !isRoom);
    fill(element("rooms", HTMLElement), rooms.map((place) => this.placeRow(place)));
    fill(element("privates", HTMLElement), privates.map((place) => this.placeRow(place)));
    element("private-title", HTMLElement).hidden = !privates.length;
    const others = state.others.filter(({ room }) => !state.places.has(room)).slice(0, MOST_OTHERS);
    element("others-title", HTMLElement).hidden = !others.length;
    fill(
      element("others", HTMLElement),
      others.map(({ room, here, last, topic }) => {
        const read = readUntil(room, null);
        const unread = last !== undefined && read !== null ? Math.max(0, last - read) : 0;
        return {
          key: `${room} ${unread} ${here}`,
          make: () => {
            const count = make("span", unread ? "count" : "muted", unread ? String(unread) : String(here));
            const means = make("span", "unseen", unread ? " new lines: join" : " here: join");
            const button = make("button", "place", written("span", "label", room), count, means);
            button.title = topic;
            button.addEventListener("click", () => this.acts.join(room));
            return button;
          },
        };
      }),
    );
    const elsewhere = places.filter((place) => place !== state.current);
    const mentions = elsewhere.reduce((sum, place) => sum + place.mentions, 0);
    const unread = elsewhere.reduce((sum, place) => sum + place.waiting, 0);
    const badge = element("elsewhere", HTMLElement);
    badge.hidden = !unread;
    badge.className = mentions ? "count loud" : "count";
    setText(badge, shortened(mentions || unread));
    setText(element("my-nick", HTMLElement), state.nick);
    const tile = element("my-tile", HTMLElement);
    setText(tile, initial(state.nick));
    tile.className = `tile ${hue(state.nick)}`;
    setText(element("my-state", HTMLElement), state.away ? "away" : "");
    element("away", HTMLInputElement).checked = state.away;
    setText(element("server", HTMLElement), state.server);
  }

  /** @param {Place} place */
  placeRow(place) {
    const { waiting, mentions, name } = place;
    const current = place === this.state.current;
    return {
      key: `${name} ${waiting} ${mentions} ${current}`,
      make: () => {
        const count = make("span", mentions ? "count loud" : "count", waiting ? shortened(waiting) : "");
        const named = mentions && place.isRoom ? `, ${counted(mentions, "time")} named` : "";
        const means = make("span", "unseen", waiting ? ` new${named}` : "");
        const button = make("button", "place", written("span", "label", name), count, means);
        if (waiting && !current) button.classList.add("unread");
        if (current) button.ariaCurrent = "page";
        button.addEventListener("click", () => this.acts.choose(place));
        return button;
      },
    };
  }

  showPeople() {
    const { current, nick } = this.state;
    const members = current?.isRoom ? [...current.members.values()] : [];
    members.sort((one, other) => one.nick.localeCompare(other.nick));
    const shown = members.slice(0, MOST_MEMBERS);
    fill(
      element("members", HTMLElement),
      shown.map((member) => ({
        key: JSON.stringify([member, member.nick === nick]),
        make: () => {
          const marks = [
            member.nick === nick ? "you" : "",
            member.operator ? "operator" : "",
            member.away === undefined ? "" : member.away ? `away: ${member.away}` : "away",
          ].filter(Boolean);
          const tile = make("span", `tile ${hue(member.nick)}`, initial(member.nick));
          tile.ariaHidden = "true";
          const button = make("button", "person", tile, written("span", "label", member.nick), written("span", "muted", marks.join(", ")));
          if (member.away !== undefined) button.classList.add("away");
          button.title = member.nick === nick ? "" : `Talk with ${member.nick} alone`;
          button.disabled = member.nick === nick;
          button.addEventListener("click", () => this.acts.query(member.nick));
          return button;
        },
      })),
    );
    const more = (current?.here ?? 0) - shown.length;
    setText(element("more-members", HTMLElement), current?.isRoom && more > 0 ? `and ${counted(more, "other")}` : "");
    setText(element("here", HTMLElement), current?.isRoom ? String(current.here) : "");
    setText(element("title", HTMLElement), current?.name ?? "");
    setText(element("topic", HTMLElement), current?.isRoom ? current.topic : "private conversation");
    element("topic", HTMLElement).title = current?.topic ?? "";
    element("show-people", HTMLElement).hidden = !current?.isRoom;
    element("people", HTMLElement).hidden = !current?.isRoom;
    const rooms = [...this.state.places.values()].filter(({ isRoom }) => isRoom).length;
    element("part", HTMLElement).hidden = current?.isRoom === true && rooms < 2;
    element("part", HTMLElement).ariaLabel = current?.isRoom ? `Leave ${current.name}` : "Close this conversation";
  }
}

/** @param {number} many */
const shortened = (many) => (many > 999 ? "999+" : String(many));

/** Make a list be these rows: what is the same stays, so that a focus is not lost.
 * @param {HTMLElement} list @param {{key: string, make: () => HTMLElement}[]} rows
 */
function fill(list, rows) {
  const { children } = list;
  rows.forEach(({ key, make: makeRow }, at) => {
    const there = /** @type {HTMLElement | undefined} */ (children[at]);
    if (there?.dataset.key === key) return;
    const had = there?.contains(document.activeElement);
    const row = make("li", "", makeRow());
    row.dataset.key = key;
    if (there) there.replaceWith(row);
    else list.append(row);
    if (had) /** @type {HTMLElement} */ (row.firstElementChild).focus();
  });
  while (children.length > rows.length) children[rows.length]?.remove();
}
