// The three columns of a wide window, the drawers of a narrow one, and a phone's keyboard.

import { element } from "./dom.js";
import { everywhere } from "./memory.js";

const NARROW = matchMedia("(max-width: 800px)");

/** @typedef {"places" | "people" | "search"} Side */

export class Layout {
  constructor() {
    this.talk = element("talk", HTMLElement);
    this.shade = element("shade", HTMLElement);
    this.chat = element("chat", HTMLElement);
    /** The drawer that is open, or the column at the right. @type {Side | null} */
    this.open = null;
    this.people = everywhere.get("people") !== false;
    for (const side of /** @type {Side[]} */ (["places", "people", "search"])) {
      element(`show-${side}`, HTMLElement).addEventListener("click", () => this.toggle(side));
    }
    for (const close of document.querySelectorAll("[data-close]")) close.addEventListener("click", () => this.escape());
    element("close-search", HTMLElement).addEventListener("click", () => this.escape());
    this.shade.addEventListener("click", () => this.escape());
    NARROW.addEventListener("change", () => this.show(null));
    // iOS lays its keyboard over the page; what is left of it is the visual viewport.
    const fit = () => {
      if (!visualViewport) return;
      document.documentElement.style.setProperty("--height", `${visualViewport.height}px`);
      if (visualViewport.offsetTop) scrollTo(0, 0);
    };
    visualViewport?.addEventListener("resize", fit);
    visualViewport?.addEventListener("scroll", fit);
    fit();
  }

  /** Whether a focus on the row opens no keyboard that covers half of the screen. */
  get typesAtOnce() {
    return matchMedia("(pointer: fine)").matches;
  }

  settle() {
    this.show(null);
  }

  /** @param {Side} side */
  toggle(side) {
    if (!NARROW.matches && side === "people" && this.open !== "search") {
      this.people = !this.people;
      everywhere.set("people", this.people);
    }
    this.show(this.open === side || (side === "people" && !NARROW.matches) ? null : side);
  }

  /** @param {Side | null} side */
  show(side) {
    const was = this.open;
    this.open = side;
    const narrow = NARROW.matches;
    const drawer = narrow && side !== null;
    this.chat.dataset.open = side ?? "";
    this.chat.classList.toggle("no-people", !this.people || side === "search");
    element("search", HTMLElement).hidden = side !== "search";
    this.shade.hidden = !drawer;
    this.talk.inert = drawer;
    // A drawer that is shut is out of reach of the Tab key too.
    element("places", HTMLElement).inert = narrow && side !== "places";
    element("people", HTMLElement).inert = narrow ? side !== "people" : !this.people || side === "search";
    element("show-places", HTMLElement).ariaExpanded = String(side === "places");
    element("show-search", HTMLElement).ariaExpanded = String(side === "search");
    element("show-people", HTMLElement).ariaExpanded = String(narrow ? side === "people" : this.people && side !== "search");
    if (side === "search") element("words", HTMLElement).focus();
    else if (drawer) element(side, HTMLElement).querySelector("button")?.focus();
    else if (was && (narrow || was === "search")) element(`show-${was}`, HTMLElement).focus();
  }

  openSearch() {
    if (this.open !== "search") this.show("search");
  }

  openPeople() {
    if (NARROW.matches) this.show("people");
    else if (!this.people) this.toggle("people");
  }

  closeDrawers() {
    if (NARROW.matches && this.open) this.show(null);
  }

  /** Close what is open. Returns whether anything was. */
  escape() {
    if (!this.open) return false;
    this.show(null);
    return true;
  }
}
