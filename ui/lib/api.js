// SPDX-License-Identifier: Apache-2.0
// Talking to the server.  Three things can go wrong, and each looks different: the server
// says no (a problem, RFC 9457: shown where one asked), it does not know us (the login
// page), or it is not there (a banner; it is asked again until it is back, and then
// everything that stands on the page is fetched anew).
import { useCallback, useEffect, useRef, useState } from "./html.js";

export const BASE = "/api/v1";

export class Problem extends Error {
  constructor(status, said) {
    super(said.detail || said.title || `The server answered ${status}.`);
    this.status = status;
    this.title = said.title || "";
    this.field = said.field;
    this.said = said;
  }
}
export class Unreachable extends Error {
  constructor() { super("The server does not answer."); }
}

// ------------------------------------------------------------------ is the server there

const bus = new EventTarget();
export const link = { up: true, since: 0, needsLogin: false };

export function onLink(fn) {
  bus.addEventListener("link", fn);
  return () => bus.removeEventListener("link", fn);
}
const tell = (change) => {
  Object.assign(link, change);
  bus.dispatchEvent(new Event("link"));
};

async function isAlive() {
  try {
    return (await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(4000) })).ok;
  } catch {
    return false;
  }
}

async function wait(ms) {
  await new Promise((done) => {
    const timer = setTimeout(done, ms);
    addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true });
  });
}

async function lost() {
  if (!link.up) return;
  tell({ up: false, since: Date.now() });
  for (let ms = 500; !await isAlive(); ms = Math.min(ms * 1.6, 8000)) await wait(ms);
  tell({ up: true });
  bus.dispatchEvent(new Event("back"));
}

export function needLogin() {
  source?.close();
  source = null;
  if (!link.needsLogin) tell({ needsLogin: true });
}
export function loggedIn() {
  tell({ needsLogin: false });
  source?.close();
  openStream();
  bus.dispatchEvent(new Event("back"));
}

// ------------------------------------------------------------------------- one request

let csrf = null;
export function setCsrf(token) { csrf = token || null; }

export function url(path, query = {}) {
  const wanted = Object.entries(query)
    .filter(([, v]) => v !== undefined && v !== null && v !== "" && !(Array.isArray(v) && !v.length));
  const text = new URLSearchParams(wanted.map(([k, v]) => [k, String(v)])).toString();
  return (path.startsWith("/") ? path : path ? `${BASE}/${path}` : BASE) + (text ? `?${text}` : "");
}

export async function send(method, path, { query, body, json, headers = {}, signal, keepalive } = {}) {
  const options = { method, headers: { Accept: "application/json", ...headers }, signal, keepalive,
    credentials: "same-origin" };
  if (json !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(json);
  } else if (body !== undefined)
    options.body = body;
  if (method !== "GET" && csrf) options.headers["X-CSRF-Token"] = csrf;
  try {
    return await fetch(url(path, query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lost();
    throw new Unreachable();
  }
}

/** What the server answers, from JSON; throws a Problem, Unreachable or AbortError. */
export async function api(method, path, options) {
  let response = await send(method, path, options);
  // Somebody logged in again in another tab: the cookie is that of the new session.
  if (response.status === 403 && csrf && method !== "GET") {
    const { field } = await response.clone().json().catch(() => ({}));
    if (field === "X-CSRF-Token") {
      setCsrf((await get("session")).csrf);
      response = await send(method, path, options);
    }
  }
  const text = await response.text().catch((error) => {
    if (error.name === "AbortError") throw error;
    lost();
    throw new Unreachable();
  });
  let said = null;
  try { said = text ? JSON.parse(text) : null; } catch { said = { detail: text.slice(0, 300) }; }
  if (response.ok) return said;
  if (response.status === 401 && !/^(session|administrator)/.test(path)) needLogin();
  throw new Problem(response.status, said || {});
}
export const get = (path, query, signal) => api("GET", path, { query, signal });

// ------------------------------------------------------------------------ as components

/** What GET `path` says: {data, error, loading, reload}.  While new data are on their way
 *  the old stay, so that nothing jumps; null as path asks for nothing. */
export function useQuery(path, query = {}, { every = 0 } = {}) {
  const key = path === null ? null : url(path, query);
  const [state, set] = useState({ data: null, error: null, loading: path !== null, key: null });
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  useEffect(() => {
    if (key === null) return undefined;
    const abort = new AbortController();
    set((s) => ({ ...s, loading: true, data: s.path === path ? s.data : null,
      error: s.key === key ? s.error : null }));
    api("GET", key, { signal: abort.signal }).then(
      (data) => set({ data, error: null, loading: false, key, path }),
      (error) => error.name !== "AbortError" &&
        set((s) => ({ ...s, error, loading: false, key, path })));
    return () => abort.abort();
  }, [key, turn]);
  useEffect(() => {
    bus.addEventListener("back", reload);
    return () => bus.removeEventListener("back", reload);
  }, []);
  useEffect(() => {
    if (!every || key === null) return undefined;
    const timer = setInterval(() => document.hidden || !link.up || reload(), every);
    return () => clearInterval(timer);
  }, [every, key]);
  return { ...state, reload };
}

export function useLink() {
  const [, set] = useState(0);
  useEffect(() => onLink(() => set((n) => n + 1)), []);
  return link;
}

// ------------------------------------------------------------------ server-sent events

// One stream for all that listen; the browser connects again by itself and says where it was.
let source = null;
const topics = new EventTarget();
const KINDS = ["job", "alert", "capture", "deleted"];

function openStream() {
  source = new EventSource(url("events"));
  for (const kind of KINDS)
    source.addEventListener(kind, (event) => {
      try { topics.dispatchEvent(new CustomEvent(kind, { detail: JSON.parse(event.data) })); } catch { /* no JSON: nothing to tell */ }
    });
  source.addEventListener("reload", () => bus.dispatchEvent(new Event("back")));
  source.onerror = () => {
    if (source?.readyState !== EventSource.CLOSED) return;
    source = null;
    // Refused: has the session ended?
    get("session").then((s) => s.scope === null && needLogin(), () => {});
    setTimeout(() => source || link.needsLogin || openStream(), 5000);
  };
}

/** Calls `fn` with the data of each event of that kind. */
export function useEvent(kind, fn) {
  const latest = useRef(fn);
  latest.current = fn;
  useEffect(() => {
    if (!source && !link.needsLogin) openStream();
    const listen = (event) => latest.current(event.detail);
    topics.addEventListener(kind, listen);
    return () => topics.removeEventListener(kind, listen);
  }, [kind]);
}
addEventListener("pagehide", () => { source?.close(); source = null; });
