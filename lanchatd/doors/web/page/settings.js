// The boxes, buttons and keys that a person sets and does things with.

import { element } from "./dom.js";
import { everywhere } from "./memory.js";

/** @typedef {import("./acts.js").Acts} Acts */

/** @param {string} id @param {boolean} on @param {(on: boolean, box: HTMLInputElement) => void} change */
function setting(id, on, change) {
  const box = element(id, HTMLInputElement);
  box.checked = on;
  box.addEventListener("change", () => change(box.checked, box));
}

/** A form of one row; what was typed there is gone when it was done.
 * @param {string} form @param {string} row @param {(text: string) => void} act
 */
function ask(form, row, act) {
  element(form, HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const input = element(row, HTMLInputElement);
    if (input.value.trim()) act(input.value.trim());
    input.value = "";
  });
}

/** @param {Acts} acts @param {import("./attention.js").Attention} attention */
export function listenToControls(acts, attention) {
  const { state, connection } = acts.parts();
  element("part", HTMLElement).addEventListener("click", () => void acts.part());
  element("show-people", HTMLElement).addEventListener("click", () => acts.refreshPeople());
  element("leave", HTMLElement).addEventListener("click", () => acts.leave());
  ask("open-room", "room-name", (name) => acts.join(name));
  ask("rename", "new-nick", (nick) => connection.say({ line: `/nick ${nick}` }));
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
}

/** Keys that mean the same wherever one is. @param {Acts} acts */
export function listenToKeys(acts) {
  const { door, input, layout, lines } = acts.parts();
  document.addEventListener("keydown", (event) => {
    if (door.shut || event.isComposing) return;
    const { key, target } = event;
    const typing = target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) {
      acts.next(key === "ArrowUp" ? -1 : 1);
      event.preventDefault();
    } else if (key === "Escape" && !event.defaultPrevented) {
      if (!layout.escape()) lines.toEnd();
    } else if (target === input.row && (key === "PageUp" || key === "PageDown")) {
      lines.log.scrollBy({ top: lines.log.clientHeight * (key === "PageUp" ? -0.9 : 0.9) });
      event.preventDefault();
    } else if (!typing && plain && key.length === 1 && key !== " " && !document.querySelector("dialog[open]")) {
      // What is typed anywhere is meant for the row.
      input.focus();
    }
  });
}
