// How others join, for who wants to tell them: shown when it is asked for, as the addresses are then.

import { element, make } from "./dom.js";

export function listenToInvite() {
  const invite = element("invite", HTMLDetailsElement);
  invite.addEventListener("toggle", () => {
    if (invite.open) void show();
  });
}

async function show() {
  const ways = element("invite-ways", HTMLUListElement);
  const code = element("invite-code", HTMLImageElement);
  try {
    const answer = await fetch("join");
    if (!answer.ok) throw new Error(answer.statusText);
    const lines = (await answer.text()).trimEnd().split("\n");
    ways.replaceChildren(...lines.map((line) => make("li", "way", line)));
    code.src = "qr.svg";
    code.hidden = false;
  } catch {
    ways.replaceChildren(make("li", "way", "The server does not answer."));
    code.hidden = true;
  }
}
