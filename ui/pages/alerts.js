// SPDX-License-Identifier: Apache-2.0
// Triage: the worst first, a key for each decision, and every decision can be undone.
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { api, get, useEvent, useQuery } from "../lib/api.js";
import { RANKS, endpoint, parties, technique, withName } from "../lib/data.js";
import * as f from "../lib/format.js";
import { CLASSES, ClassBadge, Dialog, Empty, Facts, Failed, Loaded, Loading, PageHead, Panel, Severity, Sure, Table, attempt, meaning, say } from "../lib/parts.js";
import { href, setQuery } from "../lib/router.js";
import { Thresholds } from "../lib/thresholds.js";
import { Sign, Waterfall, isSign } from "../lib/waterfall.js";

/** A host or network, asked for when typing rests. */
function HostFilter({ value }) {
  const [text, set] = useState(value || "");
  useEffect(() => set(value || ""), [value]);
  useEffect(() => {
    if (text.trim() === (value || "")) return undefined;
    const timer = setTimeout(() => setQuery({ host: text.trim(), id: undefined }), 350);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<input type="search" size="18" aria-label="Host: address or network" placeholder="host or network" value=${text} onInput=${(e) => set(e.currentTarget.value)} />`;
}

const KEYS = [["j", "next alert"], ["k", "previous alert"], ["r", "it is right"], ["w", "it is wrong: a false alarm"], ["e", "resolve, or open again"],
  ["c", "comment"], ["u", "undo the last decision"], ["Enter", "its flows"], ["?", "these keys"]];

function Reasons({ alert }) {
  const flow = useQuery(alert.top_flow ? `flows/${alert.top_flow}` : null);
  const strongest = flow.data;
  const v = flow.data?.verdicts.find((x) => x.detector === alert.detector) || flow.data?.verdicts[0];
  if (flow.error) return html`<${Failed} error=${flow.error} retry=${flow.reload} what="the reasons" />`;
  return html`<h3 style=${{ margin: ".9rem 0 .4rem" }}>Why</h3>
    ${!alert.top_flow ? html`<p class="faint">Its flows are not there any more.</p>` : !strongest ? html`<${Loading} />` : html`
      <p class="note">The most suspicious of its flows: <a href=${href(["flow", strongest.id])}>${endpoint(strongest.source, strongest.source_port)} → ${endpoint(strongest.destination, strongest.destination_port)}</a>,
        score ${f.figure(strongest.score)}</p>
      ${v && isSign(v) ? html`<${Sign} verdict=${v} />` : v?.reasons.length ? html`<${Waterfall} reasons=${v.reasons} base=${v.base ?? 0} score=${v.margin ?? null} towards=${alert.class} />` : html`<p class="faint">No reasons are kept for it.</p>`}`}`;
}

function Detail({ alert, host, change, onComment, session }) {
  const [suppress, setSuppress] = useState(false);
  const may = !session || session.scope !== "read";
  const [from, to] = parties(alert);
  const flowsOf = href(["capture", alert.capture], { source: alert.source, destination: alert.destinations > 1 ? undefined : alert.destination, class: alert.class, alerted: "true" });
  return html`<${Panel} title=${`Alert #${alert.id}`} aside=${html`<${Severity} level=${alert.severity} />`}>
    <p class="verdict-now"><${ClassBadge} name=${alert.class} /></p><p class="note">${meaning(alert.class)}${alert.attack_id ? `; ATT&CK ${technique(alert.attack_id)}` : ""}</p>
    <p style=${{ marginBottom: ".8rem" }}>${alert.words}</p>
    <div class="row" role="group" aria-label="Decide" style=${{ marginBottom: ".9rem" }}>
      <button disabled=${!may} aria-pressed=${alert.label === "right"} onClick=${() => change(alert, { label: alert.label === "right" ? null : "right" })}>Right <kbd>r</kbd></button>
      <button disabled=${!may} aria-pressed=${alert.label === "wrong"} onClick=${() => change(alert, { label: alert.label === "wrong" ? null : "wrong" })}>Wrong <kbd>w</kbd></button>
      <button disabled=${!may} class=${alert.state === "open" ? "main" : ""} onClick=${() => change(alert, { state: alert.state === "open" ? "resolved" : "open" })}>${alert.state === "open" ? "Resolve" : "Open again"} <kbd>e</kbd></button>
      <button disabled=${!may} onClick=${onComment}>Comment <kbd>c</kbd></button>
      <button disabled=${!may} onClick=${() => setSuppress(true)}>Not again…</button></div>
    ${alert.comment && html`<blockquote class="note" style=${{ margin: "0 0 .8rem" }}>${alert.comment}</blockquote>`}
    <${Facts} items=${[
      ["From", from], ["To", to], ["Ports", f.count(alert.ports)], ["Protocol", alert.service ? `${alert.protocol}, ${alert.service}` : alert.protocol],
      ["Flows", html`<a href=${flowsOf}>${f.count(alert.flows)}</a>`],
      host && ["Of these", html`<a href=${href(["capture", alert.capture], { host, class: alert.class, alerted: "true" })}>those of ${host}</a>`], ["Score", f.figure(alert.score)], ["Began", f.time(alert.first)],
      ["Lasted", f.duration((f.toMs(alert.last) - f.toMs(alert.first)) / 1000)], ["Detector", alert.detector],
      alert.resolved && ["Resolved", f.time(alert.resolved)],
    ]} />
    <${Reasons} key=${alert.id} alert=${alert} />
    ${suppress && html`<${Suppress} alert=${alert} onClose=${() => setSuppress(false)} />`}<//>`;
}

function useMedia(query) {
  const [fits, set] = useState(matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query), change = () => set(list.matches);
    list.addEventListener("change", change);
    return () => list.removeEventListener("change", change);
  }, [query]);
  return fits;
}

/** Do not alert on such flows again. */
function Suppress({ alert, onClose }) {
  const [reason, setReason] = useState("");
  const [days, setDays] = useState("30");
  const what = { source: alert.source || undefined, destination: alert.destinations > 1 ? undefined : alert.destination || undefined, class: alert.class };
  const save = async (e) => {
    e.preventDefault();
    const expires = days ? new Date(Date.now() + Number(days) * 864e5).toISOString() : undefined;
    const made = await attempt(() => api("POST", "suppressions", { json: { ...what, reason, expires } }));
    if (!made) return;
    say("Such flows make no alert from the next analysis on", { undo: () => attempt(() => api("DELETE", `suppressions/${made.id}`), "Alerts on them again") });
    onClose();
  };
  return html`<${Dialog} title="Do not alert on this again" onClose=${onClose}><form onSubmit=${save}>
    <p class="note">${[what.class, what.source && `from ${what.source}`, what.destination && `to ${what.destination}`].filter(Boolean).join(" ")}: judged and kept all the same, but no alert.</p>
    <label class="field">Why<input required maxlength="500" value=${reason} onInput=${(e) => setReason(e.currentTarget.value)} placeholder="our own scanner" /></label>
    <label class="field" style=${{ margin: ".7rem 0" }}>For<select value=${days} onChange=${(e) => setDays(e.currentTarget.value)}>${[["1", "a day"], ["7", "a week"], ["30", "30 days"], ["", "good"]].map(([v, w]) => html`<option key=${v} value=${v}>${w}</option>`)}</select></label>
    <button class="main">Do not alert</button></form><//>`;
}

function CommentDialog({ alert, change, onClose }) {
  const [text, set] = useState(alert.comment || "");
  return html`<${Dialog} title=${`Comment on alert #${alert.id}`} onClose=${onClose}><form onSubmit=${(e) => { e.preventDefault(); change(alert, { comment: text }); onClose(); }}>
    <label class="field">Comment<textarea rows="4" maxlength="2000" autofocus value=${text} onInput=${(e) => set(e.currentTarget.value)}></textarea></label>
    <p style=${{ marginTop: ".7rem" }}><button class="main">Save</button></p></form><//>`;
}

function Row({ alert, selected, onSelect }) {
  const ref = useRef();
  const [from, to] = parties(alert);
  useEffect(() => { if (selected) ref.current.scrollIntoView({ block: "nearest" }); }, [selected]);
  return html`<div ref=${ref} class="alert ${alert.state === "resolved" ? "done" : ""}" role="option" id=${`alert-${alert.id}`} aria-selected=${selected} onClick=${onSelect}>
    <${Severity} level=${alert.severity} />
    <span class="who"><${ClassBadge} name=${alert.class} /> ${from} → ${to}${alert.label ? html` <span class="tag ${alert.label === "wrong" ? "warn" : "on"}">${alert.label}</span>` : ""}${alert.state === "resolved" ? html` <span class="tag">resolved</span>` : ""}${alert.comment ? html` <span class="tag" title=${alert.comment}>comment</span>` : ""}</span>
    <span class="when">${f.plural(alert.flows, "flow")}<br />${f.time(alert.first)}</span>
    <span class="why">${alert.words}</span></div>`;
}

export default function Alerts({ query, session }) {
  const filter = { state: query.state || "open", class: query.class, severity: query.severity, capture: query.capture, host: query.host, label: query.label, sort: query.sort || "severity" };
  const list = useQuery("alerts", { ...filter, limit: 200 });
  const [local, setLocal] = useState({});
  const [more, setMore] = useState({ items: [], next: null });
  const [chosen, choose] = useState(query.id ? Number(query.id) : null);
  const [dialog, setDialog] = useState(null);
  const done = useRef([]);
  const sending = useRef(Promise.resolve());
  const latest = useRef([]);
  const box = useRef();
  useEffect(() => { setMore({ items: [], next: list.data?.next ?? null }); setLocal({}); }, [list.data]);
  useEvent("alert", (a) => setLocal((m) => list.data?.items.some((x) => x.id === a.id) ? { ...m, [a.id]: a } : m));
  const single = useQuery(query.id && list.data && !list.data.items.some((a) => a.id === Number(query.id)) ? `alerts/${Number(query.id)}` : null);
  const alerts = [...(single.data ? [single.data] : []), ...(list.data?.items || []), ...more.items].map((a) => local[a.id] || a);
  latest.current = alerts;
  const at = Math.max(0, alerts.findIndex((a) => a.id === chosen));
  const now = alerts[at];
  const may = !session || session.scope !== "read";

  const isWide = useMedia("(min-width: 75rem)");
  const select = (a, byHand = false) => { choose(a.id); setQuery({ id: a.id }); if (byHand && !isWide) setDialog("detail"); };
  /** Shown at once, sent one after the other, and taken back if the server does not want it. */
  const change = (alert, what, isUndo = false) => {
    if (!may) return undefined;
    const before = Object.fromEntries(Object.keys(what).map((k) => [k, k === "comment" ? alert[k] || "" : alert[k]]));
    const entry = [alert.id, before];
    if (!isUndo) done.current.push(entry);
    setLocal((m) => ({ ...m, [alert.id]: { ...alert, ...what, comment: "comment" in what ? what.comment || null : alert.comment } }));
    sending.current = sending.current.then(() => store(alert, what, isUndo ? null : entry));
    return sending.current;
  };
  const store = async (alert, what, entry) => {
    try {
      const saved = await api("PATCH", `alerts/${alert.id}`, { json: what });
      setLocal((m) => ({ ...m, [alert.id]: saved }));
      if (!entry) return;
      const words = what.state ? what.state === "resolved" ? "Resolved" : "Open again" : "label" in what ? what.label ? `Labelled ${what.label}` : "Label removed" : "Comment saved";
      say(`${words}: alert #${alert.id}`, { undo });
    } catch (error) {
      done.current = done.current.filter((e) => e !== entry);
      setLocal((m) => ({ ...m, [alert.id]: alert }));
      say(`Not saved: ${error.message}`, { bad: true });
    }
  };
  const undo = () => {
    const last = done.current.pop();
    if (!last) { say("There is nothing to undo"); return; }
    const [id, before] = last;
    const alert = latest.current.find((a) => a.id === id);
    if (!alert) { say(`Alert #${id} is not in this list any more`); return; }
    change(alert, before, true).then(() => say(`Undone: alert #${id}`));
    choose(id);
  };
  const deleteResolved = () => attempt(async () => {
    const { deleted } = await api("DELETE", "alerts", { query: { state: "resolved", capture: query.capture } });
    list.reload();
    say(`Deleted ${f.plural(deleted, "alert")}`, { undo: () => attempt(() => api("POST", "alerts/undo"), (r) => `Put back ${f.plural(r.restored, "alert")}`).then(list.reload) });
  });
  const keys = useRef();
  keys.current = (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || dialog || document.querySelector("dialog[open]") || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
    const act = { j: () => alerts[at + 1] && select(alerts[at + 1]), k: () => alerts[at - 1] && select(alerts[at - 1]), u: undo, "?": () => setDialog("keys"),
      r: () => now && change(now, { label: now.label === "right" ? null : "right" }), w: () => now && change(now, { label: now.label === "wrong" ? null : "wrong" }),
      e: () => now && change(now, { state: now.state === "open" ? "resolved" : "open" }), c: () => now && setDialog("comment"),
      Enter: () => now && !/^(A|BUTTON)$/.test(e.target.tagName) && (location.hash = href(["capture", now.capture], { source: now.source, class: now.class, alerted: "true" })) };
    if (e.target === box.current) Object.assign(act, { ArrowDown: act.j, ArrowUp: act.k });
    if (act[e.key]) { e.preventDefault(); act[e.key](); }
  };
  useEffect(() => {
    const on = (e) => keys.current(e);
    addEventListener("keydown", on);
    return () => removeEventListener("keydown", on);
  }, []);

  const selectOf = (name, label, options, none) => html`<select aria-label=${label} value=${query[name] || (none ? "" : options[0][0])} onChange=${(e) => setQuery({ [name]: e.currentTarget.value, id: undefined })}>
    ${none && html`<option value="">${none}</option>`}${options.map(([v, w]) => html`<option key=${v} value=${v}>${w}</option>`)}</select>`;
  const groups = RANKS.filter((r) => alerts.some((a) => a.severity === r)).map((r) => [r, alerts.filter((a) => a.severity === r)]);
  const grouped = filter.sort === "severity";
  return html`<${PageHead} title="Alerts" sub=${`One for many flows of one kind: a scan is one alert, not one for each target. Times in ${f.zoneWords()}.`}>
      ${filter.state === "resolved" && may && alerts.length > 0 && html`<${Sure} ask="Delete all resolved?" onSure=${deleteResolved}>Delete resolved<//>`}
      <button onClick=${() => setDialog("thresholds")}>Thresholds…</button><button onClick=${() => setDialog("keys")}>Keys <kbd>?</kbd></button><button onClick=${undo}>Undo <kbd>u</kbd></button><//>
    <div class="row" style=${{ marginBottom: ".9rem" }}><span class="segment" role="group" aria-label="State">${[["open", "Open"], ["resolved", "Resolved"], ["all", "All"]].map(([v, w]) =>
        html`<button key=${v} aria-pressed=${filter.state === v} onClick=${() => setQuery({ state: v, id: undefined })}>${w}</button>`)}</span>
      <${HostFilter} value=${query.host} />
      ${selectOf("class", "Class", CLASSES.filter((c) => c !== "Normal").map((c) => [c, c]), "every class")}
      ${selectOf("severity", "Severity at least", [["medium", "medium and above"], ["high", "high and above"], ["critical", "critical"]], "every severity")}
      ${selectOf("label", "Label", [["none", "not judged"], ["right", "right"], ["wrong", "wrong"]], "every label")}
      ${selectOf("sort", "Order", [["severity", "most severe first"], ["time", "latest first"], ["score", "highest score first"], ["flows", "most flows first"]])}
      ${query.capture && html`<span class="chip"><span>capture ${query.capture}</span><button aria-label="Alerts of every capture" onClick=${() => setQuery({ capture: undefined })}>✕</button></span>`}</div>
    <${Loaded} query=${list} what="the alerts" lines=${8} empty=${() => !alerts.length && html`<${Panel}><${Empty} icon="✓" title=${query.host ? `No ${filter.state === "all" ? "" : filter.state} alert of ${query.host}`.replace("  ", " ") : filter.state === "open" ? "Nothing is open" : "No alerts here"}>
        ${query.host ? html`<p><button onClick=${() => setQuery({ host: undefined })}>Alerts of all hosts</button>${filter.state === "all" ? "" : html` <button onClick=${() => setQuery({ state: "all" })}>also resolved and open ones</button>`}</p>` : filter.state === "open" ? html`<p>Everything was looked at, or nothing was found. <a href=${href("alerts", { state: "all" })}>All alerts</a> · <a href="#/captures">Analyse a capture</a></p>` : ""}<//><//>`}>${() => html`
      <div class="split"><div><div class="alert-list" ref=${box} role="listbox" tabindex="0" aria-label="Alerts" aria-activedescendant=${now ? `alert-${now.id}` : undefined}>
          ${grouped ? groups.map(([r, items]) => html`<div key=${r} role="group" aria-label=${r} class="alert-list"><h2 class="faint small" aria-hidden="true">${r}: ${f.count(items.length)}</h2>
              ${items.map((a) => html`<${Row} key=${a.id} alert=${a} selected=${a === now} onSelect=${() => select(a, true)} />`)}</div>`)
            : alerts.map((a) => html`<${Row} key=${a.id} alert=${a} selected=${a === now} onSelect=${() => select(a, true)} />`)}</div>
          ${more.next && html`<p style=${{ marginTop: ".6rem" }}><button onClick=${async () => {
            const page = await attempt(() => get("alerts", { ...filter, limit: 200, cursor: more.next }));
            if (page) setMore({ items: [...more.items, ...page.items], next: page.next });
          }}>More</button></p>`}</div>
        <div class="sticky">${now && isWide && html`<${Detail} alert=${now} host=${query.host} change=${change} session=${session} onComment=${() => setDialog("comment")} />`}</div></div>`}<//>
    ${dialog === "keys" && html`<${Dialog} title="Keys" onClose=${() => setDialog(null)}><${Table} caption="Keys" rows=${KEYS.map(([k, w]) => ({ id: k, w }))} columns=${[["Key", (r) => html`<kbd>${r.id}</kbd>`], ["Does", (r) => r.w]]} /><//>`}
    ${dialog === "comment" && now && html`<${CommentDialog} alert=${now} change=${change} onClose=${() => setDialog(null)} />`}
    ${dialog === "detail" && now && html`<${Dialog} title=${`${now.class}, alert #${now.id}`} wide onClose=${() => setDialog((d) => d === "detail" ? null : d)}><${Detail} alert=${now} host=${query.host} change=${change} session=${session} onComment=${() => setDialog("comment")} /><//>`}
    ${dialog === "thresholds" && html`<${Dialog} title="Thresholds" wide onClose=${() => setDialog(null)}><${Thresholds} session=${session} /><//>`}`;
}
