// The row to type in: it grows, Enter says, Shift-Enter makes a line, Tab completes, the commands show as one types.

import { completion, hints } from "./completion.js";
import { ask, element, make, setText } from "./dom.js";
import { counted } from "./text.js";

/** @typedef {import("./completion.js").Known} Known */
/** @typedef {import("./completion.js").Choice} Choice */

const MOST_HINTS = 8;
const MOST_UNASKED = 5; // lines that are said at once without a question
const MOST_RECALLED = 50;

export class Input {
  /** @param {() => Known} known @param {(line: string) => boolean} say returns whether the line was taken */
  constructor(known, say) {
    this.known = known;
    this.say = say;
    this.row = element("text", HTMLTextAreaElement);
    this.list = element("hints", HTMLElement);
    this.error = element("say-error", HTMLElement);
    this.send = element("send", HTMLButtonElement);
    /** @type {import("./completion.js").Completion | null} */
    this.cycle = null; // what Tab goes through
    this.chosen = -1;
    this.closed = false; // the hints, by Escape, until the row is another
    /** @type {string[]} */
    this.said = [];
    this.recalled = -1;
    const form = element("say", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
      this.row.focus();
    });
    // A touch on the button leaves the keyboard open.
    this.send.addEventListener("pointerdown", (event) => event.preventDefault());
    this.row.addEventListener("keydown", (event) => this.key(event));
    this.row.addEventListener("input", () => {
      this.cycle = null;
      this.closed = false;
      this.recalled = -1;
      this.changed();
    });
    this.row.addEventListener("blur", () => this.showHints([]));
  }

  get text() {
    return this.row.value;
  }

  set text(text) {
    this.row.value = text;
    this.cycle = null;
    this.changed();
  }

  /** Put back what was refused, if nothing else is being typed. @param {string} text */
  giveBack(text) {
    if (!this.text) this.text = text;
  }

  /** @param {string} text */
  refuse(text) {
    setText(this.error, text);
  }

  focus() {
    this.row.focus({ preventScroll: true });
  }

  async submit() {
    const lines = this.text.split("\n").map((line) => line.trimEnd()).filter(Boolean);
    if (!lines.length) return;
    if (lines.length > MOST_UNASKED && !(await ask(`Say these ${counted(lines.length, "line")}, one after the other?`, "Say them"))) {
      this.focus();
      return;
    }
    const typed = this.text;
    // What is pasted is text, also where a line of it begins like a command.
    const said = lines.map((line, at) => (at > 0 && line.startsWith("/") ? `/${line}` : line));
    this.refuse("");
    const refused = said.findIndex((line) => !this.say(line));
    if (refused >= 0) {
      this.text = lines.slice(refused).join("\n");
      return;
    }
    this.said = [typed, ...this.said.filter((other) => other !== typed)].slice(0, MOST_RECALLED);
    this.recalled = -1;
    this.text = "";
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    // The Enter that ends a composed word is not one that says.
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const open = !this.list.hidden;
    const { key } = event;
    let taken = true;
    if (key === "Enter" && !event.shiftKey) {
      if (open && this.cycle === null && this.chosen >= 0) this.take(this.chosen);
      else void this.submit();
    } else if (key === "Tab") taken = this.tab(event.shiftKey ? -1 : 1);
    else if (key === "Escape" && (open || this.cycle)) {
      this.cycle = null;
      this.closed = true;
      this.showHints([]);
    } else if (open && key === "ArrowDown") this.choose(this.chosen + 1);
    else if (open && key === "ArrowUp") this.choose(this.chosen - 1);
    else if (key === "ArrowUp" && (!this.text || this.recalled >= 0)) taken = this.recall(1);
    else if (key === "ArrowDown" && this.recalled >= 0) taken = this.recall(-1);
    else taken = false;
    if (taken) event.preventDefault();
  }

  /** @param {number} step */
  recall(step) {
    const at = this.recalled + step;
    if (at >= this.said.length) return true;
    this.text = this.said[at] ?? "";
    this.recalled = Math.max(-1, at);
    this.closed = true;
    this.showHints([]);
    return true;
  }

  /** Complete, or go on through what fits. Returns whether there is anything: else Tab goes to the next control.
   * @param {number} step
   */
  tab(step) {
    if (this.closed) return false;
    if (!this.cycle) {
      this.cycle = completion(this.text, this.row.selectionStart, this.known());
      if (!this.cycle) return false;
      this.chosen = step > 0 ? -1 : 0;
    }
    const count = this.cycle.choices.length;
    this.take((this.chosen + step + count) % count);
    if (count === 1) this.cycle = null;
    return true;
  }

  /** Put a choice in place of the word. @param {number} at */
  take(at) {
    const cycle = this.cycle ?? completion(this.text, this.text.length, this.known());
    const choice = cycle?.choices[at];
    if (!cycle || !choice) return;
    const { value } = this.row;
    this.row.value = value.slice(0, cycle.start) + choice.text + value.slice(cycle.end);
    const cursor = cycle.start + choice.text.length;
    this.row.setSelectionRange(cursor, cursor);
    if (this.cycle) this.cycle = { ...cycle, end: cursor };
    this.chosen = at;
    this.changed();
  }

  changed() {
    this.row.style.height = "auto";
    // A long placeholder would make it grow too.
    if (this.text) this.row.style.height = `${this.row.scrollHeight + 2}px`;
    this.send.disabled = !this.text.trim();
    const { cycle } = this;
    if (cycle && cycle.choices.length > 1) this.showHints(cycle.choices, this.chosen);
    else if (!this.closed) {
      const { commands } = this.known();
      const fit = this.text.startsWith("//") ? [] : hints(this.text, commands);
      this.showHints(fit.map(({ name, args, help }) => ({ text: name, shown: `${name} ${args}`.trim(), about: help })));
    }
  }

  /** @param {number} at */
  choose(at) {
    const { children } = this.list;
    this.chosen = (at + children.length) % children.length;
    [...children].forEach((child, place) => (child.ariaSelected = String(place === this.chosen)));
    this.row.setAttribute("aria-activedescendant", `hint${this.chosen}`);
  }

  /** @param {Choice[]} choices @param {number} [chosen] */
  showHints(choices, chosen = -1) {
    this.list.hidden = !choices.length;
    this.row.removeAttribute("aria-activedescendant");
    // Around the chosen one, if they are many.
    const first = Math.max(0, Math.min(chosen - MOST_HINTS + 1, choices.length - MOST_HINTS));
    const shown = choices.slice(first, first + MOST_HINTS).map((choice, place) => {
      const row = make("div", "hint", make("b", "", choice.shown), " ", choice.about);
      row.id = `hint${place}`;
      row.role = "option";
      row.ariaSelected = "false";
      row.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        this.take(first + place);
      });
      return row;
    });
    this.list.replaceChildren(...shown);
    if (chosen >= 0) {
      const real = this.chosen;
      this.choose(chosen - first);
      this.chosen = real;
    } else this.chosen = -1;
  }
}
