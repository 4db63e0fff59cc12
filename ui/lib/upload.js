// SPDX-License-Identifier: Apache-2.0
// Sending captures, gigabytes included: in pieces, each acknowledged when it is on disk.
//
//   waiting -> sending -> done (the capture is there; its analysis is a job)
//                 |  ^
//     server gone |  | back: asks how far it got, and goes on from there
//                 v  |
//               paused        failed, cancelled
//
// An upload outlives the page one is on; after a reload, or on another day, the same file
// dropped again is continued where it stopped.
import { useEffect, useState } from "./html.js";
import { api, get, link, Unreachable } from "./api.js";

const AT_ONCE = 2;
const PIECE = 4 * 1024 * 1024;
const STORE = "lapwing.uploads";

let list = [];
let last = 0;
let pieceBytes = null;
const listeners = new Set();
const announce = () => { list = [...list]; listeners.forEach((fn) => fn(list)); };

export function useUploads() {
  const [now, set] = useState(list);
  useEffect(() => { listeners.add(set); return () => listeners.delete(set); }, []);
  return now;
}

const remembered = () => { try { return JSON.parse(localStorage.getItem(STORE)) || {}; } catch { return {}; } };
const nameOf = (file) => `${file.name}|${file.size}|${file.lastModified ?? 0}`;
function remember(file, id) {
  const all = remembered();
  if (id) all[nameOf(file)] = id;
  else delete all[nameOf(file)];
  localStorage.setItem(STORE, JSON.stringify(all));
}

/** Names that the server takes: no slashes, no control characters, at most 200 long. */
// eslint-disable-next-line no-control-regex
const cleanName = (name) => (name.replace(/[/\\\x00-\x1f\x7f]/g, "_").slice(-200) || "capture");

export function addFiles(files) {
  for (const file of files)
    list.push({ key: ++last, file, name: file.name, size: file.size, sent: 0, state: "waiting", error: null, capture: null,
      rate: 0, abort: new AbortController() });
  announce();
  next();
}

export function cancelUpload(key) {
  const u = list.find((x) => x.key === key);
  if (!u) return;
  u.state = "cancelled";
  u.abort.abort();
  remember(u.file, null);
  if (u.id) api("DELETE", `uploads/${u.id}`).catch(() => {});
  announce();
}
export function forgetUpload(key) {
  list = list.filter((u) => u.key !== key);
  announce();
}

function next() {
  while (list.filter((u) => ["sending", "paused"].includes(u.state)).length < AT_ONCE) {
    const u = list.find((x) => x.state === "waiting");
    if (!u) return;
    u.state = "sending";
    send(u).catch((error) => {
      if (u.state === "cancelled") return;
      Object.assign(u, { state: "failed", error: error.message });
      remember(u.file, null);
    }).finally(() => { announce(); next(); });
  }
}

async function open(u) {
  const id = remembered()[nameOf(u.file)];
  if (id)
    try {
      const known = await get(`uploads/${id}`, {}, u.abort.signal);
      if (known.size === u.size && known.capture === null) return known;
    } catch (error) {
      if (error instanceof Unreachable || error.name === "AbortError") throw error;
    }
  return api("POST", "uploads", { json: { name: cleanName(u.name), size: u.size }, signal: u.abort.signal });
}

async function untilBack(u) {
  u.state = "paused";
  announce();
  while (!link.up) await new Promise((done) => setTimeout(done, 300));
  if (u.state === "paused") u.state = "sending";
}

/** Do it again for as long as only the server's absence is in the way. */
async function persist(u, work) {
  for (;;)
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Unreachable) || u.state === "cancelled") throw error;
      await untilBack(u);
    }
}

async function send(u) {
  if (!u.size) throw new Error("The file is empty.");
  pieceBytes ??= Math.min(PIECE, (await persist(u, () => get(""))).limits?.chunk_bytes || PIECE);
  let told = await persist(u, () => open(u));
  u.id = told.id;
  remember(u.file, u.id);
  let began = performance.now(), from = told.offset;
  while (told.capture === null) {
    u.sent = told.offset;
    announce();
    try {
      told = await api("PATCH", `uploads/${u.id}`, { query: { offset: told.offset }, signal: u.abort.signal,
        headers: { "Content-Type": "application/octet-stream" }, body: u.file.slice(told.offset, told.offset + pieceBytes) });
    } catch (error) {
      if (error instanceof Unreachable) {
        await untilBack(u);
        told = await persist(u, () => get(`uploads/${u.id}`, {}, u.abort.signal));
        began = performance.now();
        from = told.offset;
      } else if (error.status === 409 && Number.isInteger(error.said?.offset))
        told = { ...told, offset: error.said.offset };
      else throw error;
    }
    u.rate = (told.offset - from) / Math.max(.05, (performance.now() - began) / 1000);
  }
  Object.assign(u, { sent: u.size, state: "done", capture: told.capture });
  remember(u.file, null);
}

/** The capture that comes with the program. */
export async function addExample() {
  const response = await fetch(new URL("../office.pcap.zst", import.meta.url));
  if (!response.ok) throw new Error("The bundled example could not be fetched.");
  addFiles([new File([await response.blob()], "office.pcap.zst", { lastModified: 0 })]);
}
