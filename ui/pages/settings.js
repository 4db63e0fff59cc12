// SPDX-License-Identifier: Apache-2.0
// What can be changed: appearance (kept in this browser), and the server's own settings.
import { html, useEffect, useState } from "../lib/html.js";
import { api, needLogin, setCsrf, useQuery } from "../lib/api.js";
import * as f from "../lib/format.js";
import { Copy, Empty, Facts, Loaded, PageHead, Panel, Sure, Table, attempt } from "../lib/parts.js";
import { Thresholds } from "../lib/thresholds.js";
import { People } from "./people.js";

const THEMES = [["", "As the system"], ["light", "Light"], ["dark", "Dark"], ["contrast", "High contrast"]];

function Appearance() {
  const [theme, setTheme] = useState(localStorage.getItem("lapwing.theme") || "");
  const [zone, setZone] = useState(f.zoneChoice());
  const choose = (t) => {
    setTheme(t);
    if (t) localStorage.setItem("lapwing.theme", t);
    else localStorage.removeItem("lapwing.theme");
    if (t) document.documentElement.dataset.theme = t;
    else delete document.documentElement.dataset.theme;
    dispatchEvent(new Event("appearance"));
  };
  return html`<${Panel} title="Appearance" note="Kept in this browser."><div class="row" style=${{ gap: "1.2rem" }}>
    <span class="segment" role="group" aria-label="Appearance">${THEMES.map(([t, w]) => html`<button key=${t} aria-pressed=${theme === t} onClick=${() => choose(t)}>${w}</button>`)}</span>
    <label class="row">Times in <select value=${zone} onChange=${(e) => { localStorage.setItem("lapwing.zone", e.currentTarget.value); setZone(e.currentTarget.value); dispatchEvent(new HashChangeEvent("hashchange")); }}>
      <option value="local">this computer's zone</option><option value="UTC">UTC</option></select></label><span class="faint">Now: ${f.time(Date.now())}, ${f.zoneWords()}</span></div><//>`;
}

function Keep({ may }) {
  const settings = useQuery("settings");
  return html`<${Loaded} query=${settings} what="the settings">${(s) => html`<${KeepForm} key=${JSON.stringify(s)} s=${s} may=${may} reload=${settings.reload} />`}<//>`;
}
function KeepForm({ s, may, reload }) {
  const [days, setDays] = useState(s.retention.max_age_days ?? "");
  const [gb, setGb] = useState(s.retention.max_bytes ? s.retention.max_bytes / 1e9 : "");
  const [home, setHome] = useState(s.home_networks.join("\n"));
  const save = (e) => {
    e.preventDefault();
    attempt(() => api("PATCH", "settings", { json: { retention: { max_age_days: days === "" ? null : Number(days), max_bytes: gb === "" ? null : Math.round(Number(gb) * 1e9) },
      home_networks: home.split(/[\s,]+/).filter(Boolean) } }), "Saved").then(reload);
  };
  return html`<form onSubmit=${save}><div class="grid">
    <label class="field span-4">Delete captures older than, days (empty: never)<input type="number" min="0.01" step="any" value=${days} onInput=${(e) => setDays(e.currentTarget.value)} /></label>
    <label class="field span-4">Keep at most, GB; the oldest go first (empty: no limit)<input type="number" min="0.002" step="any" value=${gb} onInput=${(e) => setGb(e.currentTarget.value)} /></label>
    <label class="field span-4">Home networks, one a line<textarea rows="3" spellcheck=${false} value=${home} onInput=${(e) => setHome(e.currentTarget.value)}></textarea></label></div>
    <button class="main" disabled=${!may}>Save</button></form>`;
}

function Suppressions({ may }) {
  const list = useQuery("suppressions");
  return html`<${Loaded} query=${list} what="the exceptions" empty=${(d) => !d.items.length && html`<${Empty} title="No exceptions">“Not again…” on an alert makes one.<//>`}>${(d) => html`<${Table} caption="Exceptions" rows=${d.items} columns=${[
    ["What", (s) => [s.class, s.source && `from ${s.source}`, s.destination && `to ${s.destination}`, s.port !== null && `port ${s.port}`].filter(Boolean).join(" "), { class: "wrap" }], ["Why", (s) => s.reason, { class: "wrap" }],
    ["Until", (s) => s.active ? s.expires ? f.time(s.expires) : "for good" : "ran out"],
    ["", (s) => html`<button class="small" disabled=${!may} onClick=${() => attempt(() => api("DELETE", `suppressions/${s.id}`), "Alerts on it again").then(list.reload)}>Remove</button>`]]} />`}<//>`;
}

function Tokens({ list }) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState("read");
  const [made, setMade] = useState(null);
  const create = async (e) => {
    e.preventDefault();
    const t = await attempt(() => api("POST", "tokens", { json: { name, scope } }));
    if (t) { setMade(t); setName(""); list.reload(); }
  };
  return html`<form class="row" onSubmit=${create} style=${{ marginBottom: ".8rem" }}>
      <input required maxlength="64" pattern="[ -~]+" placeholder="name" aria-label="Name of the token" value=${name} onInput=${(e) => setName(e.currentTarget.value)} />
      <select aria-label="What it may" value=${scope} onChange=${(e) => setScope(e.currentTarget.value)}><option value="read">read</option><option value="analyse">analyse (and read)</option><option value="admin">admin (everything)</option></select>
      <button class="main">Make a token</button></form>
    ${made && html`<div class="panel" role="status"><p>The secret of “${made.name}” is shown this once:</p><p class="row" style=${{ marginTop: ".4rem" }}><code class="name">${made.token}</code><${Copy} text=${made.token} /></p></div>`}
    <${Loaded} query=${list} what="the tokens" empty=${(d) => !d.items.length && html`<${Empty} title="No tokens yet" />`}>${(d) => html`<${Table} caption="Tokens" rows=${d.items} columns=${[
      ["Name", (t) => html`<b>${t.name}</b>`, { class: "wrap" }], ["May", (t) => t.scope], ["Made", (t) => f.time(t.created)], ["Last used", (t) => t.last_used ? f.ago(t.last_used) : "never"], ["Until", (t) => t.revoked ? "revoked" : t.expires ? f.time(t.expires) : "for good"],
      ["", (t) => !t.revoked && html`<${Sure} class="small" ask="Revoke?" onSure=${() => attempt(() => api("DELETE", `tokens/${t.id}`), "Revoked").then(list.reload)}>Revoke<//>`]]} />`}<//>`;
}

function Audit({ log }) {
  return html`<${Loaded} query=${log} what="the audit log" empty=${(d) => !d.items.length && html`<${Empty} title="Nothing was done yet" />`}>${(d) => html`<${Table} caption="Who did what" rows=${d.items} columns=${[
    ["When", (a) => f.time(a.time)], ["Who", (a) => a.who, { class: "wrap" }], ["Did", (a) => a.action], ["To", (a) => a.object, { class: "wrap" }], ["Outcome", (a) => a.outcome], ["From", (a) => a.client]]} />`}<//>`;
}

export default function Settings({ session, onSession }) {
  const about = useQuery("");
  const may = !session || session.scope === "admin";
  const mayDecide = !session || session.scope !== "read";
  // A server may have neither; then there is nothing to show of them.
  const people = useQuery(may ? "users" : null), tokens = useQuery(may ? "tokens" : null), log = useQuery(may ? "audit" : null, { limit: 50 });
  const there = (q) => may && q.error?.status !== 404;
  const leave = () => attempt(async () => {
    await api("DELETE", "session");
    setCsrf(null);
    needLogin();
  }, "Logged out");
  return html`<${PageHead} title="Settings">${session?.csrf && html`<span class="faint">${session.name} (${session.scope}), until ${f.time(session.expires)}</span><button onClick=${leave}>Log out</button>`}<//>
    <${Appearance} />
    <${Panel} title="Thresholds" note="From which score on a detector makes an alert."><${Thresholds} session=${session} /><//>
    <${Panel} title="What is kept, and what is home"><${Keep} may=${may} /><//>
    <${Panel} title="Exceptions" note="Judged and kept, but no alert."><${Suppressions} may=${mayDecide} /><//>
    ${there(people) && html`<${Panel} title="People" note="Who may log in, where the server asks for that (--auth)."><${People} list=${people} me=${session?.name} /><//>`}
    ${there(tokens) && html`<${Panel} title="Tokens" note="For programs, and for logging in from other machines."><${Tokens} list=${tokens} /><//>`}
    ${there(log) && html`<${Panel} title="Audit log"><${Audit} log=${log} /><//>`}
    <${Panel} title="This server"><${Loaded} query=${about} what="the server's version">${(a) => html`<${Facts} items=${[["Version", a.version], ["Captures up to", f.bytes(a.limits.capture_bytes)], ["Workers", f.count(a.limits.workers)], ["Queue", f.count(a.limits.queue)], ["Server's time", f.time(a.time)],
      ...a.detectors.map((d) => [`Detector “${d.detector}”`, html`<a class="mono" href=${`#/models/${d.model}`}>${d.model}</a>`])]} />`}<//>
      <p class="note" style=${{ marginTop: ".8rem" }}><a href="/api/v1/openapi.yaml">API description (OpenAPI)</a> · charts by Apache ECharts, pages by Preact and htm; nothing is fetched from any other host.</p><//>`;
}
