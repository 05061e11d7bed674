// The key of this browser, by which the server knows it again. It was made here, can't be read by anybody, and signs
// only what the server asks this page. There is one where browsers give any: by https, or on the server's own machine.

/** What the server asks to be signed, and the print of the key that it has for TLS.
 * @typedef {{challenge: string, server: string}} Challenge */

const KIND = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };
const PURPOSE = "lanchatd key proof 1";
const DATABASE = "lanchat";
const STORE = "keys";
const OWN = "own";
// Some browsers never answer where they keep nothing.
const PATIENCE_MS = 2000;

/** @param {ArrayBuffer} bytes */
const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("It is not kept."));
  });
}

/** @returns {Promise<CryptoKeyPair>} the one that is kept, or one that is made now */
async function ownKeys() {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await done(opening);
  try {
    const kept = () => done(database.transaction(STORE).objectStore(STORE).get(OWN));
    const found = await kept();
    if (found) return found;
    const made = await crypto.subtle.generateKey(KIND, false, ["sign", "verify"]);
    // Of two tabs that make one at once, the first one's is that of both.
    await done(database.transaction(STORE, "readwrite").objectStore(STORE).add(made, OWN)).catch(() => {});
    return await kept();
  } finally {
    database.close();
  }
}

export class DeviceKey {
  /** @param {CryptoKey} key @param {string} shown */
  constructor(key, shown) {
    this.key = key;
    /** The public half, in base64. */
    this.shown = shown;
  }

  /** This browser's; null where it gives none, or keeps none, as in a private window.
   * @returns {Promise<DeviceKey | null>}
   */
  static async own() {
    if (!isSecureContext) return null;
    try {
      /** @type {Promise<never>} */
      const late = new Promise((_, reject) => {
        setTimeout(reject, PATIENCE_MS);
      });
      const { privateKey, publicKey } = await Promise.race([ownKeys(), late]);
      return new DeviceKey(privateKey, base64(await crypto.subtle.exportKey("spki", publicKey)));
    } catch {
      return null;
    }
  }

  /** What proves to the server that the key is ours. @param {Challenge} asked @returns {Promise<string>} */
  async proof({ challenge, server }) {
    const signed = new TextEncoder().encode([PURPOSE, location.origin, server, challenge].join("\n"));
    return base64(await crypto.subtle.sign(SIGNATURE, this.key, signed));
  }
}

/** What this browser is called among one's devices. @param {string} agent what it says of itself */
export function browserName(agent) {
  const first = (/** @type {[string, RegExp][]} */ kinds) => kinds.find(([, kind]) => kind.test(agent))?.[0];
  const browser = first([
    ["Edge", /\bEdg/],
    ["Opera", /\bOPR\//],
    ["Firefox", /\b(?:Firefox|FxiOS)\//],
    ["Chrome", /(?:Chrome|CriOS)\//],
    ["Safari", /\bSafari\//],
  ]);
  const system = first([
    ["Android", /Android/],
    ["iPhone", /iPhone/],
    ["iPad", /iPad/],
    ["Windows", /Windows/],
    ["Mac", /Macintosh/],
    ["Linux", /Linux|X11/],
  ]);
  return `${browser ?? "a browser"}${system ? ` on ${system}` : ""}`;
}
