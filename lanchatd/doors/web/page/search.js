// The panel to search in: what was found, the newest first; a click goes there.

import { element, make, setText, written } from "./dom.js";
import { linked } from "./rows.js";
import { counted, dayShown, hue, timeOf } from "./text.js";

/** @typedef {import("./entry.js").Entry & {room: string}} Found */

export class Search {
  /** @param {import("./history.js").History} history @param {(found: Found) => void} jump */
  constructor(history, jump) {
    this.history = history;
    this.jump = jump;
    this.words = element("words", HTMLInputElement);
    this.state = element("search-state", HTMLElement);
    this.results = element("results", HTMLElement);
    this.more = element("more-results", HTMLButtonElement);
    this.turn = 0;
    element("search-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.look(this.words.value.trim());
    });
    this.more.addEventListener("click", () => void this.look(""));
  }

  /** Look for these words; without any, go on. @param {string} words */
  async look(words) {
    const fresh = words !== "";
    if (!fresh && !this.more.isConnected) return;
    const turn = (this.turn += 1);
    if (fresh) {
      this.words.value = words;
      this.results.replaceChildren();
    }
    this.more.hidden = true;
    setText(this.state, "Searching…");
    try {
      const { found, more } = await this.history.search(words);
      if (turn !== this.turn) return;
      this.results.append(...found.map((one) => this.row(one)));
      this.more.hidden = !more;
      const count = this.results.childElementCount;
      setText(this.state, count ? `${counted(count, "line")}${more ? ", and there are more" : ""}` : "Nothing was found. All words have to be in one line.");
    } catch (error) {
      if (turn === this.turn) setText(this.state, error instanceof Error ? error.message : "");
    }
  }

  /** @param {Found} found */
  row(found) {
    const when = `${dayShown(found.at)} ${timeOf(found.at)}`;
    const head = make("div", "who", written("b", hue(found.from), found.from), " in ", written("span", "", found.room), make("span", "time", when));
    const go = make("button", "small", "Show in the room", make("span", "unseen", ` what ${found.from} said ${when}`));
    go.addEventListener("click", () => this.jump(found));
    return make("li", "result", head, written("div", "text", ...linked(found.text)), go);
  }
}
