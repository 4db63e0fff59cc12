// SPDX-License-Identifier: Apache-2.0
// What happened, at a glance: verdicts over time, what is open, who and what is behind it.
import { html, useEffect, useState } from "../lib/html.js";
import { get, useEvent, useQuery } from "../lib/api.js";
import { toBins, iso, parties } from "../lib/data.js";
import * as f from "../lib/format.js";
import { CLASSES, ClassBadge, Empty, Facts, Loaded, PageHead, Panel, Ranking, Severity, Table, Tile, VerdictBar } from "../lib/parts.js";
import { href, setQuery } from "../lib/router.js";
import { TimeLine } from "../lib/timeline.js";
import { ExampleButton } from "./captures.js";

const DAY = 864e5;

function Top({ title, what, range, link, by }) {
  const top = useQuery("stats/top", { what, by, limit: 8, ...range });
  return html`<${Panel} title=${title} class="span-4" aside=${by === "alerts" ? "alerted flows" : "flows"}>
    <${Loaded} query=${top} what=${title.toLowerCase()}>${(d) => {
      const items = d.items.map((i) => ({ name: i.name ? `${i.name} (${i.key})` : i.key, value: by === "alerts" ? i.alerted : i.flows, href: link?.(i.key) })).filter((i) => i.value);
      return items.length ? html`<${Ranking} items=${items} caption=${title} unit="flows" kind=${by === "alerts" ? "dos" : "accent"} />`
        : html`<p class="faint">none</p>`;
    }}<//><//>`;
}

/** How far two mixtures are apart: the population stability index, by shares of flows; what
 *  is rare counts as one in 2,000, so that a single new flow is no shift. */
function shift(now, before) {
  const names = new Set([...now.keys(), ...before.keys()]), sum = (m) => [...m.values()].reduce((a, b) => a + b, 0) || 1;
  const [a, b] = [sum(now), sum(before)], share = (m, k, of) => Math.max((m.get(k) || 0) / of, 5e-4);
  return [...names].reduce((psi, k) => psi + (share(now, k, a) - share(before, k, b)) * Math.log(share(now, k, a) / share(before, k, b)), 0);
}
const shiftWords = (v) => v < .1 ? "steady" : v < .25 ? "some" : "much";

/** The last 24 hours of what was seen beside the 24 before; null while it is not known. */
function useDays(last) {
  const end = last ? f.toMs(last) + 1 : null;
  const day = (k) => end === null ? {} : { from: iso(end - k * DAY), to: iso(end - (k - 1) * DAY) };
  const ask = (path, k, more) => useQuery(end === null ? null : path, { ...day(k), ...more });
  const [now, before] = [ask("stats/summary", 1), ask("stats/summary", 2)];
  // Without a day before there is nothing to compare with.
  const both = before.data?.flows > 0 ? end : null;
  const tops = (what, k) => useQuery(both === null ? null : "stats/top", { what, limit: 100, ...day(k) });
  const sources = [tops("sources", 1), tops("sources", 2)], services = [tops("services", 1), tops("services", 2)];
  if (!before.data?.flows || !now.data) return null;
  const mix = (q, all) => {
    const m = new Map(q.data.items.map((i) => [i.key, i.flows]));
    m.set("", Math.max(0, all - [...m.values()].reduce((a, b) => a + b, 0))); // of none that is known
    return m;
  };
  const psi = services.every((q) => q.data) ? shift(mix(services[0], now.data.flows), mix(services[1], before.data.flows)) : null;
  const classes = shift(new Map(Object.entries(now.data.by_class)), new Map(Object.entries(before.data.by_class)));
  const fresh = sources.every((q) => q.data) ? sources[0].data.items.filter((i) => !sources[1].data.items.some((o) => o.key === i.key)) : [];
  return { now: now.data, before: before.data, psi, classes, fresh };
}

function Change({ days, last }) {
  const { now: a, before: b, fresh, psi, classes } = days;
  const names = CLASSES.filter((n) => a.by_class[n] || b.by_class[n]);
  return html`<${Panel} id="drift" title="What changed since the day before" note=${`The 24 hours up to ${f.time(last)} beside the 24 before.`}><div class="grid"><div class="span-7">
    <${Table} caption="Flows by class, both days" rows=${names.map((n) => ({ id: n, now: a.by_class[n] || 0, was: b.by_class[n] || 0 }))} columns=${[
        ["Class", (r) => html`<${ClassBadge} name=${r.id} />`],
        ["Last day", (r) => f.count(r.now), { numeric: true }],
        ["Day before", (r) => f.count(r.was), { numeric: true }],
        ["Change", (r) => r.was ? `${r.now >= r.was ? "+" : "−"}${f.percent(Math.abs(r.now - r.was) / r.was)}` : r.now ? "new" : "–", { numeric: true }],
      ]} /></div><div class="span-5"><${Facts} items=${[["Drift of services", psi === null ? "…" : `${f.figure(psi, 2)}, ${shiftWords(psi)}`], ["Drift of verdicts", `${f.figure(classes, 2)}, ${shiftWords(classes)}`]]} />
      <p class="note">Population stability index of the shares of flows: under 0.1 is steady, over 0.25 is another mixture than the models may be used to.</p>
      ${fresh.length > 0 && html`<p class="note">New among the busiest sources: ${fresh.slice(0, 6).map((i, k) =>
        html`${k ? ", " : ""}<a href=${href("capture", { source: i.key })}>${i.key}</a>`)}</p>`}</div></div><//>`;
}

function Health({ drift }) {
  const health = useQuery("stats/health", {}, { every: 15000 });
  return html`<${Panel} title="Health" class="span-5"><${Loaded} query=${health} what="the server's health">${(h) => html`<${Facts} items=${[
    ["Status", html`<span class=${h.status === "ok" ? "good" : "bad"}>${h.status === "ok" ? "● well" : "▲ degraded"}</span>`],
    ["Up for", f.duration(h.uptime_seconds)],
    ["Jobs", `${f.count(h.jobs.running)} running, ${f.count(h.jobs.queued)} waiting`],
    ["Memory", f.bytes(h.memory_bytes)],
    ["Store", `${f.bytes(h.store.database_bytes + (h.store.flow_bytes || 0) + h.store.blob_bytes)}, ${f.bytes(h.store.free_bytes)} free`],
    h.packets && ["Interfaces", html`<a href="#/live">${f.count(h.packets.watched)} watched${h.packets.failed ? html`, <b class="bad">${f.count(h.packets.failed)} failed</b>` : ""}</a>`],
    h.packets && ["Packets of these", html`${f.count(h.packets.seen)} seen, <span class=${h.packets.dropped ? "bad" : ""}>${f.count(h.packets.dropped)} lost</span>`],
    drift && ["Drift", html`<a href="#drift" onClick=${(e) => { e.preventDefault(); document.getElementById("drift")?.scrollIntoView(); }}>${drift}</a>`],
    ["Requests", f.count(h.requests)],
    ["Version", h.version],
  ]} />`}<//><//>`;
}

function OpenAlerts() {
  const open = useQuery("alerts", { state: "open", sort: "severity", limit: 6 });
  useEvent("alert", open.reload);
  return html`<${Panel} title="Open alerts" class="span-7" aside=${html`<a href="#/alerts">All alerts</a>`}>
    <${Loaded} query=${open} what="the alerts" empty=${(d) => !d.items.length &&
      html`<${Empty} icon="✓" title="Nothing is open">Alerts appear here as soon as an analysis finds something.<//>`}>${(d) =>
      html`<${Table} caption="The most severe open alerts" rows=${d.items} onRow=${(a) => { location.hash = href("alerts", { id: a.id }); }} columns=${[
        ["Severity", (a) => html`<${Severity} level=${a.severity} />`],
        ["Class", (a) => html`<a href=${href("alerts", { id: a.id })}><${ClassBadge} name=${a.class} /></a>`],
        ["Who", (a) => parties(a).join(" → "), { class: "wrap" }],
        ["Flows", (a) => f.count(a.flows), { numeric: true }],
        ["Began", (a) => f.time(a.first)],
      ]} />`}<//><//>`;
}

function Running() {
  const jobs = useQuery("jobs", { state: "running", limit: 1 });
  return jobs.data?.items.length ? html`<p><b>An analysis is running.</b> <a href="#/captures">See how far it is</a></p>` : null;
}

export default function Overview({ query }) {
  const range = { from: query.from, to: query.to };
  const summary = useQuery("stats/summary", range);
  const series = useQuery("stats/series", { ...range, bins: 120 });
  const [since, set] = useState(null);
  useEvent("capture", (c) => { if (c.state === "done") { summary.reload(); series.reload(); } });
  useEffect(() => { get("captures", { limit: 1 }).then((c) => set(c.items[0] || null), () => {}); }, [summary.data]);

  const s = summary.data;
  const days = useDays(s?.last && !range.from ? s.last : null);
  if (s && !s.flows && !range.from) return html`<${PageHead} title="Welcome" sub="Lapwing says what is wrong with a network, how sure it is, and why." />
    <${Panel}><${Empty} icon="◎" title="Nothing has been analysed yet">
      <${Running} /><p>Start with five minutes of a small office under attack, which come with the program, or drop a capture of your own.</p>
      <p class="row" style=${{ justifyContent: "center", marginTop: "1rem" }}><${ExampleButton} /> <a class="button" href="#/captures">Add a capture</a>
        <a class="button" href="#/try">Try one record</a></p><//><//>`;
  const bins = toBins(series.data);
  const onRange = (a, b) => setQuery({ from: a === null ? undefined : iso(a), to: b === null ? undefined : iso(b) }, { replace: false });
  const bad = s ? s.flows - (s.by_class.Normal || 0) : 0;
  const sev = s?.alerts.by_severity || {};
  return html`<${PageHead} title="Overview" sub=${s?.first ? `${f.time(s.first)} to ${f.time(s.last)}, times in ${f.zoneWords(f.toMs(s.first))}` : ""}>
      ${range.from && html`<button onClick=${() => onRange(null, null)}>Show all times</button>`}
      ${since && html`<a class="button" href=${href(["capture", since.id])}>Newest capture</a>`}<//>
    <div class="tiles" aria-busy=${summary.loading}>
      <${Tile} label="Open alerts" value=${s ? f.count(s.alerts.open) : "…"} to="#/alerts" kind=${s?.alerts.open ? "alarm" : ""}
        note=${s ? ["critical", "high", "medium", "low"].filter((l) => sev[l]).map((l) => `${sev[l]} ${l}`).join(", ") || `${f.count(s.alerts.resolved)} resolved` : " "} />
      <${Tile} label="Flows not normal" value=${s ? f.short(bad) : "…"} title=${s && f.count(bad)} note=${s?.flows ? `${f.percent(bad / s.flows)} of all` : " "} to=${href("capture", { ...range, alerted: "true" })} />
      <${Tile} label="Flows" value=${s ? f.short(s.flows) : "…"} title=${s && f.count(s.flows)} note=${s ? `in ${f.plural(s.captures, "capture")}` : " "} to=${href("capture", range)} />
      <${Tile} label="Packets" value=${s ? f.short(s.packets) : "…"} title=${s && f.count(s.packets)} note=${s ? f.bytes(s.bytes) : " "} />
    </div>
    <${Panel} title="Verdicts over time" aside="draw across the chart to zoom">
      <${Loaded} query=${series} what="the time line" lines=${7}>${(d) => bins.length
        ? html`<${TimeLine} bins=${bins} step=${d.bin_seconds * 1000} legend=${false} onRange=${onRange} />`
        : html`<${Empty} title="No flows in this time"><button onClick=${() => onRange(null, null)}>Show all times</button><//>`}<//>
      ${s && html`<${VerdictBar} counts=${s.by_class} legend link=${(n) => href("capture", { ...range, class: n })} />`}<//>
    <div class="grid"><${OpenAlerts} /><${Health} drift=${days && days.psi !== null ? `services ${f.figure(days.psi, 2)} (${shiftWords(days.psi)}), verdicts ${f.figure(days.classes, 2)} (${shiftWords(days.classes)})` : null} /></div>
    <div>${days && html`<${Change} days=${days} last=${s.last} />`}</div>
    <div class="grid"><${Top} title="Sources of alerts" what="sources" by="alerts" range=${range} link=${(k) => href("capture", { ...range, source: k, alerted: "true" })} />
      <${Top} title="Targets of alerts" what="destinations" by="alerts" range=${range} link=${(k) => href("capture", { ...range, destination: k, alerted: "true" })} />
      <${Top} title="Services" what="services" by="flows" range=${range} link=${(k) => href("capture", { ...range, service: k })} /></div>
    <div class="grid"><${Top} title="Busiest sources" what="sources" by="flows" range=${range} link=${(k) => href("capture", { ...range, source: k })} />
      <${Top} title="Ports" what="ports" by="flows" range=${range} link=${(k) => href("capture", { ...range, port: k })} />
      <${Top} title="Protocols" what="protocols" by="flows" range=${range} link=${(k) => href("capture", { ...range, protocol: k })} /></div>`;
}
