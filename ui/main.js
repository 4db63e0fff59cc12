// SPDX-License-Identifier: Apache-2.0
// The frame around every page: where one can go, whether the server is there, who is
// logged in.  A page is fetched when it is first gone to.
import { html, render, useEffect, useRef, useState } from "./lib/html.js";
import { get, link, loggedIn, needLogin, setCsrf, useEvent, useLink, useQuery } from "./lib/api.js";
import { Failed, Loading, Messages } from "./lib/parts.js";
import { href, parse, useRoute } from "./lib/router.js";
import { zoneWords } from "./lib/format.js";

const ICONS = {
  overview: "M3 13h4v8H3zM10 3h4v18h-4zM17 9h4v12h-4z",
  captures: "M4 4h6l2 3h8v13H4zM8 14l4-4 4 4M12 10v7",
  alerts: "M12 3a6 6 0 0 0-6 6v5l-2 3h16l-2-3V9a6 6 0 0 0-6-6zM10 20h4",
  live: "M3 12h4l3-8 4 16 3-8h4",
  map: "M7 7h.01M16 5h.01M5 15h.01M11 12h.01M18 14h.01M14 19h.01M9 18h.01",
  factors: "M4 20V10M10 20V4M16 20v-7M22 20H2",
  models: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  try: "M5 4h14v16H5zM9 9h6M9 13h6M9 17h3",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 4v6M8 14v6",
};
const PAGES = [
  ["overview", "Overview"], ["captures", "Captures"], ["alerts", "Alerts"], ["live", "Live"],
  ["factors", "Factors"], ["map", "Map"], ["models", "Models"], ["try", "Try it"], ["settings", "Settings"],
];
const LOADERS = {
  overview: () => import("./pages/overview.js"),
  captures: () => import("./pages/captures.js"),
  capture: () => import("./pages/capture.js"),
  flow: () => import("./pages/flow.js"),
  alerts: () => import("./pages/alerts.js"),
  live: () => import("./pages/live.js"),
  factors: () => import("./pages/factors.js"),
  map: () => import("./pages/map.js"),
  models: () => import("./pages/models.js"),
  try: () => import("./pages/try.js"),
  settings: () => import("./pages/settings.js"),
  login: () => import("./pages/login.js"),
};

const SESSION_MS = 10 * 60 * 1000;

const Icon = ({ name }) => html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"
  stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${ICONS[name]} /></svg>`;

const Bird = () => html`<svg viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"
  stroke-linejoin="round" aria-hidden="true"><path d="M4 26c7 1 15-1 18-8l2-6 4-1-4-3c-2-2-5-2-7 0l-3 4C11 17 8 20 4 26z" />
  <path d="M17 8C15 5 12 3 9 3" /><circle cx="21" cy="10.5" r=".6" fill="currentColor" /></svg>`;

/** The page's module, fetched once; {page, error, retry}. */
function usePage(name) {
  const [state, set] = useState({ name: null, page: null, error: null });
  const [turn, again] = useState(0);
  useEffect(() => {
    let gone = false;
    LOADERS[name]().then((m) => gone || set({ name, page: m.default, error: null }),
      () => gone || set({ name, page: null, error: new Error("This part of the page could not be fetched.") }));
    return () => { gone = true; };
  }, [name, turn]);
  useEffect(() => { if (state.error && link.up) again((n) => n + 1); }, [link.up]);
  return { ...state, retry: () => again((n) => n + 1) };
}

function Side({ here, session }) {
  const summary = useQuery(link.needsLogin ? null : "stats/summary", {}, { every: 30000 });
  useEvent("alert", summary.reload);
  const n = summary.data?.alerts.open ?? 0;
  const current = { capture: "captures", flow: "captures" }[here] || here;
  const side = useRef();
  // On a narrow screen the pages' names are a row that scrolls.
  useEffect(() => {
    const at = side.current.querySelector("[aria-current]");
    if (at && side.current.scrollWidth > side.current.clientWidth) side.current.scrollLeft = at.offsetLeft - side.current.clientWidth / 2 + at.offsetWidth / 2;
  }, [current]);
  return html`<div class="side" ref=${side}>
    <a class="brand" href="#/overview" aria-label="Lapwing, overview"><${Bird} /><span>Lapwing</span></a>
    <nav aria-label="Pages">${PAGES.map(([id, title]) => html`<a key=${id} href=${href(id)}
      aria-current=${id === current ? "page" : undefined}><${Icon} name=${id} /><span>${title}</span>
      ${id === "alerts" && n > 0 && html`<span class="count" aria-label=${`${n} open`}>${n > 999 ? "999+" : n}</span>`}</a>`)}</nav>
    <div class="side-foot">
      <span>Times in ${zoneWords()}</span>
      <span class="row"><i class="dot ${link.up ? "c-botnet" : "c-dos"}"></i>${link.up ? "Connected" : "Not connected"}</span>
      ${session?.name && html`<span>${session.name} (${session.scope})</span>`}
    </div></div>`;
}

function Lost() {
  const [now, set] = useState(Date.now());
  useEffect(() => { const t = setInterval(() => set(Date.now()), 1000); return () => clearInterval(t); }, []);
  return html`<div class="lost" role="alert">The server does not answer since ${Math.max(0, Math.round((now - link.since) / 1000))} s.
    What you see is from before. Trying again…</div>`;
}

function App() {
  const { parts, query } = useRoute();
  useLink();
  const [session, setSession] = useState(null);
  const [asked, setAsked] = useState(false);
  const name = link.needsLogin ? "login" : LOADERS[parts[0]] && parts[0] !== "login" ? parts[0] : "overview";
  const loaded = usePage(name);
  const main = useRef();
  const first = useRef(true);
  const where = [name, ...parts.slice(1)].join("/");

  useEffect(() => {
    const ask = () => get("session").then((s) => {
      setCsrf(s.csrf);
      setSession(s);
      if (s.scope === null) needLogin();
    }, () => {}).finally(() => setAsked(true));
    ask();
    // The secret of the session changes each time.
    const timer = setInterval(() => document.hidden || link.needsLogin || !link.up || ask(), SESSION_MS);
    return () => clearInterval(timer);
  }, [link.needsLogin, link.up]);
  useEffect(() => {
    // As a new document would: from the top, and read out from its heading.
    if (first.current) { first.current = false; return; }
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [where]);
  useEffect(() => {
    const title = PAGES.find(([id]) => id === parts[0])?.[1];
    document.title = title ? `${title} · Lapwing` : "Lapwing";
  }, [where]);

  const Page = loaded.page;
  // Before it is known who is there nothing is asked for that would be refused.
  if (!asked && link.up) return html`<main id="main" tabindex="-1" ref=${main}><${Loading} /></main>`;
  return html`<a class="skip" href="#main" onClick=${(e) => { e.preventDefault(); main.current.focus(); }}>Skip to the page</a>
    ${!link.up && html`<${Lost} />`}
    ${!link.needsLogin && html`<${Side} here=${name} session=${session} />`}
    <main id="main" tabindex="-1" ref=${main}>
      ${loaded.error ? html`<${Failed} error=${loaded.error} retry=${loaded.retry} what="the page" />`
        : Page && loaded.name === name ? html`<${Page} key=${where} parts=${parts.slice(1)} query=${query} session=${session}
            onSession=${(s) => { setCsrf(s.csrf); setSession(s); loggedIn(); }} />`
        : html`<${Loading} />`}
    </main><${Messages} />`;
}

// The other pages are fetched when there is nothing else to do: going there is then instant,
// also while the server is away.
addEventListener("load", () => (globalThis.requestIdleCallback || setTimeout)(() => setTimeout(() => {
  for (const load of Object.values(LOADERS)) load().catch(() => {});
}, 1500)));

if (!parse().parts.length) history.replaceState(null, "", "#/overview");
const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
