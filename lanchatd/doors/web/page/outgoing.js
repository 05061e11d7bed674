// What was typed and is not acknowledged yet, in order, and when it is sent: as fast as the server takes it.
// A line goes again with a new connection. It has a ref, so that the server says it once.

/** @typedef {{line: string, room?: string}} Fields */
/** @typedef {{ref: string, fields: Fields, asked: boolean, alone: boolean, sentAt: number | null}} Line */

// Below what the server takes by default (20 lines at once, then 5 a second), as a network bunches them.
const BURST = 15;
const PER_S = 4.5;
const SLOWEST_PER_S = 0.2;
const IN_FLIGHT = 64;
const PAUSE_S = 1;
const LONGEST_PAUSE_S = 10;

// What a line may have in bytes, with the JSON around it.
export const LONGEST_LINE = 4096;

/** @param {Line} line */
export const encode = (line) => JSON.stringify({ ...line.fields, ref: line.ref });

export class Outgoing {
  /** @param {() => string} newRef */
  constructor(newRef) {
    this.newRef = newRef;
    /** @type {Map<string, Line>} */
    this.lines = new Map();
    this.perS = PER_S;
    this.level = BURST;
    this.filledAt = 0;
    this.pausedUntil = 0;
    this.pauseS = PAUSE_S;
    this.oneByOne = false;
  }

  /** Keep a line until it is answered. Returns null if no server would take it, as it is too long.
   * @param {Fields} fields
   * @param {boolean} asked it is a question of the page's own, which dies with the connection
   * @returns {Line | null}
   */
  add(fields, asked = false) {
    // What changes the meaning of the lines behind it is sent when nothing is on its way.
    const alone = /^\/nick\b/i.test(fields.line);
    const line = { ref: this.newRef(), fields, asked, alone, sentAt: null };
    if (new TextEncoder().encode(encode(line)).length > LONGEST_LINE) return null;
    this.lines.set(line.ref, line);
    return line;
  }

  /** The lines to send now (seconds); they count as sent.
   * @param {number} now
   */
  due(now) {
    /** @type {Line[]} */
    const due = [];
    if (now < this.pausedUntil) return due;
    this.level = Math.min(BURST, this.level + Math.max(0, now - this.filledAt) * this.perS);
    this.filledAt = now;
    let flying = 0;
    for (const line of this.lines.values()) {
      if (line.sentAt !== null) {
        flying += 1;
        if (line.alone) break;
        continue;
      }
      const most = line.alone || this.oneByOne ? 1 : IN_FLIGHT;
      if (this.level < 1 || flying >= most) break;
      this.level -= 1;
      line.sentAt = now;
      flying += 1;
      due.push(line);
      if (line.alone) break;
    }
    return due;
  }

  /** In how many seconds there is more to send; null: nothing, or not before the next answer.
   * @param {number} now
   */
  nextIn(now) {
    const waits = [...this.lines.values()].some((line) => line.sentAt === null);
    if (!waits) return null;
    if (now < this.pausedUntil) return this.pausedUntil - now;
    return this.level < 1 ? Math.max(0.01, (1 - this.level) / this.perS) : null;
  }

  /** When the oldest line was sent that has no answer yet. */
  get waitingSince() {
    for (const line of this.lines.values()) if (line.sentAt !== null) return line.sentAt;
    return null;
  }

  /** The server counts anew for each connection.
   * @param {number} now
   */
  connected(now) {
    this.level = BURST;
    this.filledAt = now;
    this.pausedUntil = 0;
  }

  /** What was said will be sent again; what was only asked is gone. Returns that. */
  disconnected() {
    const gone = [...this.lines.values()].filter((line) => line.asked);
    for (const line of gone) this.lines.delete(line.ref);
    for (const line of this.lines.values()) line.sentAt = null;
    return gone;
  }

  /** The server has answered the line with this ref.
   * @param {string} ref
   */
  answered(ref) {
    const line = this.lines.get(ref);
    this.lines.delete(ref);
    this.pauseS = PAUSE_S;
    return line ?? null;
  }

  /** The server dropped it as too fast: it is sent again a little later, and from then on one by one, in order.
   * @param {string} ref @param {number} now
   */
  tooFast(ref, now) {
    const line = this.lines.get(ref);
    if (!line) return;
    line.sentAt = null;
    this.oneByOne = true;
    if (now < this.pausedUntil) return;
    this.perS = Math.max(SLOWEST_PER_S, this.perS / 2);
    this.pausedUntil = now + this.pauseS;
    this.pauseS = Math.min(LONGEST_PAUSE_S, this.pauseS * 2);
    this.level = Math.min(this.level, 1);
  }
}
