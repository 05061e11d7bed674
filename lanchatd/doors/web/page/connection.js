// The WebSocket: one text message is one JSON line, both ways. A lost connection is tried again, and goes on.

import { Outgoing, encode } from "./outgoing.js";

/** @typedef {{type: string} & Record<string, any>} Event */
/** @typedef {{line: import("./outgoing.js").Line, wants: (event: Event) => boolean, taken: boolean,
 *    got: Event | null, resolve: (got: Event) => void, reject: (error: Error) => void}} Question */
/** @typedef {"off" | "connecting" | "here" | "waiting"} Status */
/** @typedef {{
 *    hello: () => object,
 *    event: (event: Event, line: import("./outgoing.js").Line | null) => void,
 *    challenged: (event: Event) => Promise<object>,
 *    refused: (code: string, text: string) => void,
 *    changed: () => void,
 *  }} Owner */

const FIRST_RETRY_S = 1;
const LONGEST_RETRY_S = 30;
// A line without an answer for so long, or a server that is silent when it is asked: the way is cut. The server
// itself takes up to ten seconds to say that its disk hangs.
const PATIENCE_S = 15;
const PROBE_S = 60;
// Who was sent away does not come back by itself.
const SENT_AWAY = new Set(["kicked", "banned"]);
// Who found no place comes again.
const NO_PLACE = new Set(["full", "address_full", "too_often", "unnamed_full"]);

const now = () => performance.now() / 1000;

/** Random, also where `crypto.randomUUID` is not to be had, as on plain HTTP. */
function randomName() {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("");
}

export class Connection {
  /** @param {string} url @param {Owner} owner */
  constructor(url, owner) {
    this.url = url;
    this.owner = owner;
    const prefix = randomName();
    let count = 0;
    this.outgoing = new Outgoing(() => `${prefix}-${(count += 1)}`);
    /** @type {Status} */
    this.status = "off";
    this.why = ""; // what the server said at the end
    this.retryAt = 0;
    this.welcomed = false; // ever
    /** @type {Question[]} */
    this.questions = [];
    /** @type {WebSocket | null} */
    this.socket = null;
    this.retryS = FIRST_RETRY_S;
    this.sentAway = false;
    this.timer = 0;
    this.retryTimer = 0;
    this.heardAt = 0;
    this.probedAt = 0;
    this.tickedAt = now();
    setInterval(() => this.tick(), 1000);
    addEventListener("online", () => this.wake());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.wake();
    });
  }

  /** Whether what is said now is sent now. */
  get here() {
    return this.status === "here";
  }

  /** The lines of a person that are not acknowledged yet. */
  get unsent() {
    return [...this.outgoing.lines.values()].filter((line) => !line.asked);
  }

  connect() {
    this.abandon();
    clearTimeout(this.retryTimer);
    this.sentAway = false;
    this.why = "";
    this.set("connecting");
    const socket = new WebSocket(this.url);
    this.socket = socket;
    const current = () => this.socket === socket;
    socket.onopen = () => {
      if (!current()) return;
      this.heardAt = this.probedAt = now();
      this.outgoing.connected(now());
      socket.send(JSON.stringify(this.owner.hello()));
    };
    socket.onmessage = (message) => {
      if (current()) this.received(message.data);
    };
    socket.onclose = (end) => {
      if (current()) this.lost(end.reason);
    };
    // A name that leads nowhere takes minutes to fail by itself.
    setTimeout(() => {
      if (current() && this.status === "connecting") this.lost("");
    }, PATIENCE_S * 1000);
  }

  /** Leave, and stay away. */
  leave() {
    this.tell({ line: "/quit" });
    this.outgoing.lines.clear();
    this.stop();
  }

  /** Try no more, until one comes in anew; what was not said still will be. */
  stop() {
    this.abandon();
    clearTimeout(this.retryTimer);
    this.welcomed = false;
    this.set("off");
  }

  /** Try at once if a try is due later, and see whether a connection that slept is still one. */
  wake() {
    if (this.status === "waiting" && !this.sentAway) this.connect();
    else if (this.here && now() - this.heardAt > PATIENCE_S) this.probe();
  }

  /** Say what a person typed.
   * @param {import("./outgoing.js").Fields} fields
   * @returns {import("./outgoing.js").Line | null} null if it is too long
   */
  say(fields) {
    const line = this.outgoing.add(fields);
    this.send();
    return line;
  }

  /** Ask the server for the page itself; the answer is shown to nobody.
   * @param {import("./outgoing.js").Fields} fields
   * @param {(event: Event) => boolean} wants what is the answer
   * @returns {Promise<Event>}
   */
  question(fields, wants) {
    return new Promise((resolve, reject) => {
      const line = this.here ? this.outgoing.add(fields, true) : null;
      if (!line) {
        reject(new Error("There is no connection."));
        return;
      }
      this.questions.push({ line, wants, taken: false, got: null, resolve, reject });
      this.send();
    });
  }

  /** Tell the server something that needs no answer. @param {object} fields */
  tell(fields) {
    if (this.here) this.socket?.send(JSON.stringify(fields));
  }

  /** See whether the way is open, and what is new in the rooms that one is not in. */
  probe() {
    this.probedAt = now();
    this.question({ line: "/rooms" }, (event) => event.type === "rooms").then(
      (event) => this.owner.event(event, null),
      () => {},
    );
  }

  // -- what comes

  /** @param {unknown} data */
  received(data) {
    this.heardAt = now();
    /** @type {Event} */
    const event = JSON.parse(String(data));
    if (event.type === "challenge") {
      const { socket } = this;
      void this.owner.challenged(event).then((hello) => {
        if (socket && socket === this.socket) socket.send(JSON.stringify(hello));
      });
      return;
    }
    if (event.type === "welcome") {
      this.welcomed = true;
      this.retryS = FIRST_RETRY_S;
      if (!this.here) this.set("here");
    }
    if (event.type === "notice" && event.code === "shutdown") this.why = event.text;
    if (event.type === "ok" || event.type === "error") this.answer(event);
    else if (!this.answers(event)) this.owner.event(event, null);
    this.send();
  }

  /** @param {Event} event */
  answers(event) {
    // The server answers in order, so it is the oldest question's that waits for something like it.
    const question = this.questions.find(({ line, wants, got }) => line.sentAt !== null && !got && wants(event));
    if (!question) return false;
    question.got = event;
    this.settle(question);
    return true;
  }

  /** @param {Event} event */
  answer(event) {
    const refused = event.type === "error";
    if (refused && event.code === "too_fast" && event.ref) {
      this.outgoing.tooFast(event.ref, now());
      return;
    }
    if (refused && !event.ref) {
      if (this.status === "connecting") {
        if (NO_PLACE.has(event.code)) this.why = event.text;
        else this.refused(event.code, event.text);
        return;
      }
      // What takes longer is taken first, and may fail then.
      const failed = this.questions.find(({ taken }) => taken);
      if (failed) {
        this.questions.splice(this.questions.indexOf(failed), 1);
        failed.reject(new Error(event.text));
        return;
      }
      this.why = event.text;
      this.sentAway ||= SENT_AWAY.has(event.code);
    }
    const line = event.ref ? this.outgoing.answered(event.ref) : null;
    const question = line && this.questions.find((other) => other.line === line);
    if (!question) this.owner.event(event, line);
    else if (refused) {
      this.questions.splice(this.questions.indexOf(question), 1);
      question.reject(new Error(event.text));
    } else {
      question.taken = true;
      this.settle(question);
    }
  }

  /** A question is done when its line was taken and its answer is there, in whatever order.
   * @param {Question} question
   */
  settle(question) {
    if (!question.taken || !question.got) return;
    this.questions.splice(this.questions.indexOf(question), 1);
    question.resolve(question.got);
  }

  /** The hello was refused.
   * @param {string} code @param {string} text
   */
  refused(code, text) {
    if (this.welcomed && code === "nick_taken") {
      // It is our own: the server does not know yet that the last connection is gone.
      this.lost("Your last connection still holds your nick.");
      return;
    }
    if (this.welcomed && code === "no_broker") {
      // Nobody can come in at the moment: what the server needs for that is away.
      this.lost(text);
      return;
    }
    this.abandon();
    this.set("off");
    this.owner.refused(code, text);
  }

  // -- how it goes on

  send() {
    if (!this.here || !this.socket) return;
    clearTimeout(this.timer);
    for (const line of this.outgoing.due(now())) this.socket.send(encode(line));
    const next = this.outgoing.nextIn(now());
    if (next !== null) this.timer = setTimeout(() => this.send(), next * 1000);
    this.owner.changed();
  }

  /** @param {string} why */
  lost(why) {
    this.abandon();
    this.why ||= why;
    const inS = this.retryS * (0.8 + Math.random() * 0.4);
    this.retryS = Math.min(LONGEST_RETRY_S, this.retryS * 1.7);
    this.retryAt = now() + inS;
    if (!this.sentAway) this.retryTimer = setTimeout(() => this.connect(), inS * 1000);
    this.set("waiting");
  }

  /** The connection counts no more, whether or not its end has come. */
  abandon() {
    const { socket } = this;
    this.socket = null;
    socket?.close();
    this.outgoing.disconnected();
    for (const { reject } of this.questions.splice(0)) reject(new Error("The connection was lost."));
  }

  tick() {
    const slept = now() - this.tickedAt > PATIENCE_S;
    this.tickedAt = now();
    if (this.here) {
      const since = this.outgoing.waitingSince;
      if (since !== null && now() - since > PATIENCE_S && !slept) this.lost("The server does not answer.");
      else if (!document.hidden && (slept || now() - this.probedAt > PROBE_S)) this.probe();
    }
    if (this.status === "waiting") this.owner.changed();
  }

  /** @param {Status} status */
  set(status) {
    this.status = status;
    this.owner.changed();
    if (status === "here") this.send();
  }

  /** In how many seconds the next try is. */
  get retryIn() {
    return Math.max(0, Math.ceil(this.retryAt - now()));
  }
}
