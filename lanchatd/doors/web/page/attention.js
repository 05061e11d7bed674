// What calls somebody back: the title, a sound, a notification; and what a screen reader says of new lines.

import { element, make, onceAFrame } from "./dom.js";
import { everywhere } from "./memory.js";

/** @typedef {import("./entry.js").Entry} Entry */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./state.js").State} State */

const MOST_READ_OUT = 5; // lines at once: of more it says how many

export class Attention {
  /** @param {State} state @param {(place: Place) => void} open */
  constructor(state, open) {
    this.state = state;
    this.open = open;
    this.sound = everywhere.get("sound") === true;
    this.notify = everywhere.get("notify") === true && "Notification" in window && Notification.permission === "granted";
    /** @type {AudioContext | null} */
    this.audio = null;
    /** @type {string[]} */
    this.toRead = [];
    this.announcer = element("announcer", HTMLElement);
    this.readOut = onceAFrame(() => this.announce());
    // A browser lets a page make sounds after somebody did something there.
    addEventListener("pointerdown", () => this.unlock(), { once: true });
    addEventListener("keydown", () => this.unlock(), { once: true });
  }

  /** Whether this browser would show notifications of this page at all. */
  get mayNotify() {
    return "Notification" in window && isSecureContext;
  }

  unlock() {
    if (this.sound && "AudioContext" in window) this.audio ??= new AudioContext();
  }

  /** @param {boolean} on */
  setSound(on) {
    this.sound = on;
    everywhere.set("sound", on);
    this.unlock();
    if (on) this.ring();
  }

  /** @param {boolean} on @returns {Promise<boolean>} whether they are on now */
  async setNotify(on) {
    this.notify = on && this.mayNotify && (await Notification.requestPermission()) === "granted";
    everywhere.set("notify", this.notify);
    return this.notify;
  }

  /** Somebody else said something. @param {Place} place @param {Entry} entry @param {boolean} watched */
  spoken(place, entry, watched) {
    if (!entry.mention || watched) return;
    if (this.sound) this.ring();
    if (!this.notify) return;
    const where = place.isRoom ? ` in ${place.name}` : "";
    const note = new Notification(`${entry.from}${where}`, { body: entry.text.slice(0, 200), tag: place.name, icon: "icon.svg" });
    note.onclick = () => {
      window.focus();
      this.open(place);
      note.close();
    };
  }

  ring() {
    navigator.vibrate?.(80);
    const { audio } = this;
    if (!audio) return;
    const [tone, volume] = [audio.createOscillator(), audio.createGain()];
    const at = audio.currentTime;
    tone.frequency.setValueAtTime(660, at);
    tone.frequency.setValueAtTime(880, at + 0.09);
    volume.gain.setValueAtTime(0.12, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.3);
  }

  /** Read a line out, once. @param {string} text */
  say(text) {
    this.toRead.push(text);
    this.readOut();
  }

  announce() {
    const lines = this.toRead.splice(0);
    const shown = lines.length > MOST_READ_OUT ? [`${lines.length} new lines`] : lines;
    this.announcer.append(...shown.map((line) => make("p", "", line)));
    // What was read out stays no longer than it takes.
    while (this.announcer.childElementCount > MOST_READ_OUT) this.announcer.firstElementChild?.remove();
  }

  title() {
    const places = [...this.state.places.values()];
    const mentions = places.reduce((sum, place) => sum + place.mentions, 0);
    const unread = places.reduce((sum, place) => sum + place.waiting, 0);
    const count = mentions ? `(${mentions}!) ` : unread ? `(${unread}) ` : "";
    const where = this.state.current?.name ?? "";
    document.title = `${count}${where}${where && this.state.server ? " · " : ""}${this.state.server || "Chat"}`;
  }
}
