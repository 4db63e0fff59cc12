// SPDX-License-Identifier: Apache-2.0
// What pages are put together from: panels, states, badges, bars, dialogs, messages.
import { html, useEffect, useRef, useState } from "./html.js";
import * as f from "./format.js";
import { href } from "./router.js";

/** Classes in the order in which they are always shown, with the colour's name. */
export const CLASSES = ["Normal", "DoS", "Probe", "R2L", "U2R", "Botnet", "Anomaly", "Not recognized"];
const SLUGS = { Normal: "normal", DoS: "dos", Probe: "probe", R2L: "r2l", U2R: "u2r",
  Botnet: "botnet", Anomaly: "anomaly", "Not recognized": "unknown" };
const MEANINGS = {
  Normal: "nothing wrong with it",
  DoS: "denial of service: overloads its target",
  Probe: "looks for what there is to attack",
  R2L: "remote to local: tries to get in",
  U2R: "user to root: takes more rights than it has",
  Botnet: "under somebody else's command",
  Anomaly: "unlike what is normal here, and unlike known attacks",
  "Not recognized": "like nothing that was learnt",
};
export const slug = (name) => SLUGS[name] || "other";
export const meaning = (name) => MEANINGS[name] || "";

export function ClassBadge({ name }) {
  if (!name) return html`<span class="faint">not judged</span>`;
  return html`<span class="badge" title=${meaning(name)}><i class="dot c-${slug(name)}"></i>${name}</span>`;
}

const SEVERITIES = { 1: "critical", 2: "high", 3: "medium", 4: "low" };
export const severityName = (s) => typeof s === "number" ? SEVERITIES[s] || `level ${s}` : s || "unknown";
export function Severity({ level }) {
  const name = severityName(level);
  return html`<span class="severity s-${name}"><i aria-hidden="true"></i>${name}</span>`;
}

/** How many of each class, as one bar and its words. */
export function VerdictBar({ counts = {}, legend = false, link = null }) {
  const names = [...CLASSES, ...Object.keys(counts).filter((n) => !CLASSES.includes(n))]
    .filter((n) => counts[n] > 0);
  const total = names.reduce((sum, n) => sum + counts[n], 0);
  if (!total) return html`<span class="faint">no flows</span>`;
  const words = names.map((n) => `${n} ${f.count(counts[n])}`).join(", ");
  return html`<div class="verdicts">
    <div class="verdict-bar" role="img" aria-label=${`Of ${f.count(total)} flows: ${words}`} title=${words}>
      ${names.map((n) => html`<i key=${n} class="c-${slug(n)}" style=${{ flexGrow: counts[n] }}></i>`)}
    </div>
    ${legend && html`<ul class="legend">${names.map((n) => html`<li key=${n}>
      ${link ? html`<a href=${link(n)}><${ClassBadge} name=${n} /></a>` : html`<${ClassBadge} name=${n} />`}
      <b>${f.count(counts[n])}</b> <span class="faint">${f.percent(counts[n] / total)}</span></li>`)}</ul>`}
  </div>`;
}

/** A labelled share: probabilities, scores. */
export function Meter({ value, max = 1, kind = "accent", threshold, label }) {
  const at = (v) => `${Math.max(0, Math.min(1, v / max)) * 100}%`;
  return html`<div class="meter" role="img" aria-label=${label}>
    <i class="c-${kind}" style=${{ width: at(value) }}></i>
    ${threshold !== undefined && threshold !== null &&
      html`<b style=${{ left: at(threshold) }} title="threshold"></b>`}</div>`;
}

// ------------------------------------------------------------------------------ states

export function Panel({ title, aside, children, class: kind = "", id, note }) {
  return html`<section class="panel ${kind}" aria-label=${title} id=${id}>
    ${title && html`<header><h2>${title}</h2>${aside && html`<div class="aside">${aside}</div>`}</header>`}
    ${note && html`<p class="note">${note}</p>`}
    ${children}</section>`;
}

export function Empty({ title, children, icon = "◌" }) {
  return html`<div class="state"><span class="state-icon" aria-hidden="true">${icon}</span>
    <p class="state-title">${title}</p>${children && html`<div>${children}</div>`}</div>`;
}

export function Failed({ error, retry, what = "this" }) {
  return html`<div class="state state-bad" role="alert">
    <p class="state-title">Could not load ${what}</p><p>${error.message}</p>
    ${retry && html`<button onClick=${retry}>Try again</button>`}</div>`;
}

export function Loading({ lines = 4 }) {
  return html`<div class="skeleton" role="status" aria-label="Loading">
    ${Array.from({ length: lines }, (_, i) => html`<i key=${i} style=${{ width: `${92 - i % 3 * 17}%` }}></i>`)}</div>`;
}

/** Shows what a query says, in whichever state it is. */
export function Loaded({ query, what, lines, empty, children }) {
  if (query.data !== null) {
    const content = empty && empty(query.data) || children(query.data);
    return html`<div class=${query.loading ? "renewing" : ""} aria-busy=${query.loading}>
      ${query.error?.status && html`<p class="bad small" role="alert">Not renewed: ${query.error.message} <button class="small" onClick=${query.reload}>Try again</button></p>`}${content}</div>`;
  }
  if (query.error) return html`<${Failed} error=${query.error} retry=${query.reload} what=${what} />`;
  return html`<${Loading} lines=${lines} />`;
}

// ------------------------------------------------------------------- messages and undo

const listeners = new Set();
let messages = [];
let last = 0;
const announce = () => listeners.forEach((fn) => fn(messages));

/** Say something at the page's foot; `undo` adds the button. */
export function say(text, { undo, bad = false, ms = undo ? 12000 : 6000 } = {}) {
  const m = { id: ++last, text, undo, bad };
  messages = [...messages.slice(-2), m];
  announce();
  setTimeout(() => unsay(m.id), ms);
  return m.id;
}
export function unsay(id) {
  messages = messages.filter((m) => m.id !== id);
  announce();
}

export function Messages() {
  const [list, set] = useState(messages);
  useEffect(() => { listeners.add(set); return () => listeners.delete(set); }, []);
  return html`<div class="messages" role="status" aria-live="polite">
    ${list.map((m) => html`<div key=${m.id} class="message ${m.bad ? "message-bad" : ""}"><span>${m.text}</span>
      ${m.undo && html`<button onClick=${() => { m.undo(); unsay(m.id); }}>Undo</button>`}
      <button class="plain" aria-label="Dismiss" onClick=${() => unsay(m.id)}>✕</button></div>`)}</div>`;
}

/** Run what a button does; what goes wrong is said. */
export async function attempt(work, done) {
  try {
    const result = await work();
    if (done) say(typeof done === "function" ? done(result) : done);
    return result;
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, { bad: true });
    return undefined;
  }
}

// ----------------------------------------------------------------------------- dialogs

export function Dialog({ title, onClose, children, wide }) {
  const ref = useRef();
  useEffect(() => {
    const dialog = ref.current;
    dialog.showModal();
    return () => dialog.open && dialog.close();
  }, []);
  return html`<dialog ref=${ref} class=${wide ? "wide" : ""} aria-label=${title} onClose=${onClose}
      onClick=${(e) => e.target === ref.current && ref.current.close()}>
    <header><h2>${title}</h2>
      <button class="plain" aria-label="Close" onClick=${() => ref.current.close()}>✕</button></header>
    ${children}</dialog>`;
}

/** A button that asks once more before it does what cannot be undone. */
export function Sure({ onSure, children, ask = "Really?", ...rest }) {
  const [armed, arm] = useState(false);
  useEffect(() => {
    const timer = armed && setTimeout(() => arm(false), 4000);
    return () => clearTimeout(timer);
  }, [armed]);
  return html`<button ...${rest} class=${armed ? "danger" : rest.class}
    onClick=${(e) => { e.stopPropagation(); armed ? (arm(false), onSure()) : arm(true); }}>
    ${armed ? ask : children}</button>`;
}

// ------------------------------------------------------------------------ small tables

/** A short table: `columns` are [title, value of a row, {numeric}]. */
export function Table({ columns, rows, caption, onRow }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}><table>
    <caption class="away">${caption}</caption>
    <thead><tr>${columns.map(([title, , o = {}]) =>
      html`<th key=${title} scope="col" class=${o.numeric ? "num" : ""}>${title}</th>`)}</tr></thead>
    <tbody>${rows.map((row, i) => html`<tr key=${row.id ?? i} class=${onRow ? "link" : ""}
        onClick=${onRow && (() => onRow(row))}>
      ${columns.map(([title, value, o = {}]) =>
        html`<td key=${title} class=${o.numeric ? "num" : o.class || ""}>${value(row, i)}</td>`)}</tr>`)}
    </tbody></table></div>`;
}

/** Bars beside names: top sources, services. */
export function Ranking({ items, unit = "flows", caption, kind = "accent" }) {
  const max = Math.max(1, ...items.map((i) => i.value));
  return html`<ol class="ranking" aria-label=${caption}>${items.map((i) => html`<li key=${i.name}>
    ${i.href ? html`<a href=${i.href} title=${i.name}>${i.name}</a>` : html`<span title=${i.name}>${i.name}</span>`}
    <${Meter} value=${i.value} max=${max} kind=${i.kind || kind} label=${`${i.value} ${unit}`} />
    <b title=${`${f.count(i.value)} ${unit}`}>${f.short(i.value)}</b></li>`)}</ol>`;
}

export function Tile({ label, value, note, kind = "", to, title }) {
  const inside = html`<span class="tile-label">${label}</span>
    <span class="tile-value" title=${title}>${value}</span>
    ${note && html`<span class="tile-note">${note}</span>`}`;
  return to ? html`<a class="tile ${kind}" href=${to}>${inside}</a>`
    : html`<div class="tile ${kind}">${inside}</div>`;
}

export const Facts = ({ items }) => html`<dl class="facts">${items.filter(Boolean).map(([name, value, kind]) =>
  html`<div key=${name} class=${kind}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

/** Tabs that are links, so that each has an address. */
export const Tabs = ({ items, now, label }) => html`<nav class="tabs" aria-label=${label}>${items.map(([id, name, to]) =>
  html`<a key=${id} href=${to} aria-current=${id === now ? "page" : undefined}>${name}</a>`)}</nav>`;

export function Copy({ text, label = "Copy" }) {
  const [done, set] = useState(false);
  return html`<button class="small" onClick=${async () => {
    try { await navigator.clipboard.writeText(text); set(true); setTimeout(() => set(false), 1500); }
    catch { say("The browser does not let pages write to the clipboard here.", { bad: true }); }
  }}>${done ? "Copied" : label}</button>`;
}

export const PageHead = ({ title, children, sub, back }) => html`<div class="page-head">
  <div>${back && html`<a class="back" href=${href(back[1])}>‹ ${back[0]}</a>`}
    <h1 tabindex="-1">${title}</h1>${sub && html`<p class="sub">${sub}</p>`}</div>
  <div class="actions">${children}</div></div>`;
