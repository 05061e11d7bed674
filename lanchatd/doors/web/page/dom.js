// The document, in few words. What people wrote only ever becomes text: nothing here reads markup.

/** The element with this id, of this kind.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no ${kind.name} #${id}`);
  return found;
}

/** A new element with a class and what is in it: texts and elements.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {(string | Node)[]} content
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

/** What somebody wrote, in an element that finds its own direction.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {(string | Node)[]} content
 */
export function written(tag, className, ...content) {
  const made = make(tag, className, ...content);
  made.dir = "auto";
  return made;
}

/** Set a text, but touch the document only if it is another one.
 * @param {Element} at
 * @param {string} text
 */
export function setText(at, text) {
  if (at.textContent !== text) at.textContent = text;
}

/** Call once in the next frame, however often it is asked for; also in a tab that nobody sees.
 * @param {() => void} call
 * @returns {() => void}
 */
export function onceAFrame(call) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    const run = () => {
      if (!asked) return;
      asked = false;
      call();
    };
    // A hidden tab gets no frames, and its title still has to count.
    if (document.hidden) setTimeout(run, 200);
    else {
      requestAnimationFrame(run);
      setTimeout(run, 500);
    }
  };
}

/** Ask something that can be answered by yes or no.
 * @param {string} question
 * @param {string} yes what the button says that does it
 * @returns {Promise<boolean>}
 */
export function ask(question, yes) {
  const dialog = element("ask", HTMLDialogElement);
  setText(element("ask-text", HTMLElement), question);
  setText(element("ask-yes", HTMLElement), yes);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}
