// SPDX-License-Identifier: Apache-2.0
// Where one is stands after the "#": "#/captures/3?class=DoS&src=10.0.0.9".  So every
// view, its filters included, is a link that can be kept, sent and gone back to.
import { useEffect, useState } from "./html.js";

export function parse(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split("?");
  const parts = path.split("/").filter(Boolean).map((p) => {
    try { return decodeURIComponent(p); } catch { return p; }
  });
  return { parts, query: Object.fromEntries(new URLSearchParams(query)) };
}

export function href(parts, query = {}) {
  const list = Array.isArray(parts) ? parts : [parts];
  const wanted = Object.entries(query).filter(([, v]) => v !== undefined && v !== null && v !== "");
  const text = new URLSearchParams(wanted).toString();
  return `#/${list.map((p) => encodeURIComponent(p)).join("/")}${text ? `?${text}` : ""}`;
}

export function go(to, { replace = false } = {}) {
  if (to === location.hash) return;
  if (replace) {
    history.replaceState(null, "", to);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else
    location.hash = to;
}

/** Change some members of the query; undefined or "" takes one away. */
export function setQuery(changes, options = { replace: true }) {
  const { parts, query } = parse();
  go(href(parts, { ...query, ...changes }), options);
}

export function useRoute() {
  const [route, set] = useState(parse());
  useEffect(() => {
    const update = () => set(parse());
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, []);
  return route;
}
