// SPDX-License-Identifier: Apache-2.0
// The flow explorer: of one capture, or of all.  The address holds the filter.
import { html, useMemo, useState } from "../lib/html.js";
import { url, useQuery } from "../lib/api.js";
import { endpoint, iso, toBins, withName } from "../lib/data.js";
import * as f from "../lib/format.js";
import { CLASSES, ClassBadge, Copy, Dialog, Empty, Loaded, PageHead, Panel, Table, Tabs, VerdictBar, slug } from "../lib/parts.js";
import { go, href, setQuery } from "../lib/router.js";
import { VirtualTable, fromServer } from "../lib/table.js";
import { TimeLine } from "../lib/timeline.js";

/** What narrows the flows, in the address as in the API. */
const FILTERS = ["from", "to", "host", "source", "destination", "port", "protocol", "service", "class", "min_score", "alerted"];
const WORDS = { from: "since", to: "before", host: "host", source: "from", destination: "to", port: "port", protocol: "protocol", service: "service",
  class: "class", min_score: "score at least", alerted: "alerted" };
const SORTS = { start: "time", score: "score", duration: "duration", packets: "packets", bytes: "bytes" };
const MATRIX = 18;
const NETWORK = "[0-9A-Fa-f:.]{2,64}(/[0-9]{1,3})?";

const pick = (query, names) => Object.fromEntries(names.filter((n) => query[n]).map((n) => [n, query[n]]));

/** A filter that is applied when one stops typing. */
function Filter({ name, value, label, pattern, type = "search", options }) {
  const [timer, set] = useState(null);
  if (options)
    return html`<select aria-label=${label} value=${value || ""} onChange=${(e) => setQuery({ [name]: e.currentTarget.value })}>
      <option value="">all</option>${options.map(([v, w]) => html`<option key=${v} value=${v}>${w}</option>`)}</select>`;
  return html`<input type=${type} aria-label=${label} value=${value || ""} pattern=${pattern} spellcheck=${false} placeholder="all" onInput=${(e) => {
    clearTimeout(timer);
    const { value: text, validity } = e.currentTarget;
    if (validity.valid) set(setTimeout(() => setQuery({ [name]: text.trim() }), 350));
  }} />`;
}

function Chips({ query }) {
  const on = FILTERS.filter((n) => query[n]);
  if (!on.length) return null;
  const show = (n) => n === "from" || n === "to" ? f.time(query[n], 1) : n === "alerted" ? query[n] === "true" ? "yes" : "no" : query[n];
  return html`<div class="chips" style=${{ marginBottom: ".8rem" }} aria-label="Filters">${on.map((n) => html`<span key=${n} class="chip">
      <span>${WORDS[n]} <b>${show(n)}</b></span><button aria-label=${`Remove the filter ${WORDS[n]}`} onClick=${() => setQuery({ [n]: undefined })}>✕</button></span>`)}
    <button class="small" onClick=${() => setQuery(Object.fromEntries(FILTERS.map((n) => [n, undefined])))}>Clear all</button></div>`;
}

/** Who talks to whom: the busiest pairs as a matrix.  However many hosts there are, it shows
 *  those of the largest pairs, and says what share that is. */
function Conversations({ scope, query }) {
  const by = query.by || "flows";
  const pairs = useQuery("stats/conversations", { ...scope, by, limit: 100 });
  const [how, setHow] = useState("matrix");
  const value = (p) => by === "alerts" ? p.alerted : p[by];
  const show = by === "bytes" ? f.bytes : f.count;
  const label = (p, side) => p[`${side}_name`] ? `${p[`${side}_name`]} (${p[side]})` : p[side];
  const choose = (p) => setQuery({ source: p.source, destination: p.destination }, { replace: false });
  return html`<${Panel} title="Conversations" aside=${html`<label class="row">by <select value=${by} aria-label="Count conversations by" onChange=${(e) => setQuery({ by: e.currentTarget.value })}>
        ${["flows", "packets", "bytes", "alerts"].map((b) => html`<option key=${b} value=${b}>${b}</option>`)}</select></label>
      <span class="segment">${["matrix", "list"].map((h) => html`<button key=${h} class="small" aria-pressed=${how === h} onClick=${() => setHow(h)}>${h}</button>`)}</span>`}>
    <${Loaded} query=${pairs} what="the conversations">${(d) => {
      const items = d.items.filter((p) => value(p) > 0);
      if (!items.length) return html`<${Empty} title="No conversations here" />`;
      if (how === "list") return html`<${Table} caption="Conversations" rows=${items.slice(0, 40).map((p) => ({ ...p, id: `${p.source}>${p.destination}` }))} onRow=${choose} columns=${[
        ["From", (p) => html`<a href=${href("capture", { ...scope, source: p.source })} onClick=${(e) => e.stopPropagation()}>${label(p, "source")}</a>`, { class: "wrap" }], ["To", (p) => label(p, "destination"), { class: "wrap" }],
        ["Flows", (p) => f.count(p.flows), { numeric: true }], ["Alerted", (p) => p.alerted ? html`<b class="bad">${f.count(p.alerted)}</b>` : "0", { numeric: true }],
        ["Packets", (p) => f.count(p.packets), { numeric: true }], ["Bytes", (p) => f.bytes(p.bytes), { numeric: true }]]} />`;
      const sum = (side) => {
        const m = new Map();
        for (const p of items) m.set(p[side], (m.get(p[side]) || 0) + value(p));
        return [...m].sort((a, b) => b[1] - a[1]).slice(0, MATRIX).map(([k]) => k);
      };
      const cell = new Map(items.map((p) => [`${p.source} ${p.destination}`, p]));
      // The largest of each side that have to do with each other.
      let rows = sum("source"), columns = sum("destination");
      columns = columns.filter((c) => rows.some((r) => cell.has(`${r} ${c}`)));
      rows = rows.filter((r) => columns.some((c) => cell.has(`${r} ${c}`)));
      const max = Math.max(...items.map(value));
      return html`<div class="scroll" tabindex="0" role="region" aria-label="Conversations, sources in rows and destinations in columns">
        <table class="matrix tilted"><thead><tr><th scope="col">from \\ to</th>${columns.map((c) => html`<th key=${c} scope="col"><span title=${c}>${c}</span></th>`)}</tr></thead>
        <tbody>${rows.map((r) => html`<tr key=${r}><th scope="row" title=${r}>${r}</th>${columns.map((c) => {
          const p = cell.get(`${r} ${c}`);
          if (!p) return html`<td key=${c} class="none"></td>`;
          const words = `${label(p, "source")} to ${label(p, "destination")}: ${f.count(p.flows)} flows, ${f.count(p.alerted)} alerted, ${f.bytes(p.bytes)}`;
          return html`<td key=${c} class=${p.alerted ? "c-dos" : "c-probe"} style=${{ "--share": Math.sqrt(value(p) / max) }}>
            <button title=${words} aria-label=${words} onClick=${() => choose(p)}>${by === "bytes" ? f.bytes(value(p)).replace(" ", " ") : f.short(value(p))}</button></td>`;
        })}</tr>`)}</tbody></table></div>
        <p class="row small faint" style=${{ marginTop: ".5rem" }}><span class="badge"><i class="dot c-dos"></i>with alerts</span><span class="badge"><i class="dot c-probe"></i>without</span>
          <span>the ${f.count(rows.length)} largest sources and ${f.count(columns.length)} largest destinations of the ${f.count(items.length)} largest pairs</span></p>`;
    }}<//><//>`;
}

function ExportDialog({ filter, onClose }) {
  const [format, setFormat] = useState("csv");
  const [hide, setHide] = useState(false);
  const to = url("flows/export", { ...filter, format, pseudonymise: hide ? "true" : undefined });
  return html`<${Dialog} title="Export these flows" onClose=${onClose}>
    <div class="row"><label class="check"><input type="radio" name="format" checked=${format === "csv"} onChange=${() => setFormat("csv")} />CSV with a header line</label>
      <label class="check"><input type="radio" name="format" checked=${format === "jsonl"} onChange=${() => setFormat("jsonl")} />one JSON object a line</label></div>
    <p style=${{ margin: ".7rem 0" }}><label class="check"><input type="checkbox" checked=${hide} onChange=${(e) => setHide(e.currentTarget.checked)} />
      Replace addresses by others, the same by the same</label></p>
    <pre>curl -o flows.${format} '${location.origin}${to}'</pre>
    <p class="row" style=${{ marginTop: ".8rem" }}><a class="button main" href=${to} download=${`flows.${format}`}>Save</a>
      <${Copy} text=${`curl -o flows.${format} '${location.origin}${to}'`} label="Copy the command" /></p><//>`;
}

function columnsFor(query, oneDay) {
  const text = (name, label, pattern) => () => html`<${Filter} name=${name} value=${query[name]} label=${label} pattern=${pattern} />`;
  return [
    { id: "start", title: "Time", width: oneDay ? "5.9rem" : "10.4rem", sort: true, cell: (r) => html`<span title=${f.time(r.start, 6)}>${oneDay ? f.clock(r.start, 1) : f.time(r.start)}</span>` },
    { id: "class", title: "Class", width: "7.4rem", cell: (r) => html`<${ClassBadge} name=${r.class} />`,
      filter: () => html`<${Filter} name="class" value=${query.class} label="Class" options=${CLASSES.map((c) => [c, c])} />` },
    { id: "score", title: "Score", width: "4.4rem", numeric: true, sort: true, help: "How much like an attack, 0 to 1", cell: (r) => f.figure(r.score),
      filter: () => html`<${Filter} name="min_score" value=${query.min_score} label="Score at least" options=${[["0.1", "≥ .1"], ["0.3", "≥ .3"], ["0.5", "≥ .5"], ["0.9", "≥ .9"], ["0.99", "≥ .99"]]} />` },
    { id: "source", title: "From", width: "minmax(10rem, 1.6fr)", filter: text("source", "Source address or network", NETWORK),
      cell: (r) => html`<span title=${withName(endpoint(r.source, r.source_port), r.source_name)}>${r.source_name ? `${r.source_name} ` : ""}<span class=${r.source_name ? "faint" : ""}>${endpoint(r.source, r.source_port)}</span></span>` },
    { id: "destination", title: "To", width: "minmax(10rem, 1.6fr)", filter: text("destination", "Destination address or network", NETWORK),
      cell: (r) => html`<span title=${withName(endpoint(r.destination, r.destination_port), r.destination_name)}>${r.destination_name ? `${r.destination_name} ` : ""}<span class=${r.destination_name ? "faint" : ""}>${r.destination}</span></span>` },
    { id: "port", title: "Port", width: "4.2rem", numeric: true, cell: (r) => r.destination_port ?? "–", filter: text("port", "Port of either side", "[0-9]{1,5}") },
    { id: "service", title: "Service", width: "4.6rem", cell: (r) => r.service || html`<span class="faint">–</span>`, filter: text("service", "Service", "[a-z0-9-]{1,32}") },
    { id: "protocol", title: "Protocol", width: "4.7rem", cell: (r) => r.protocol, filter: text("protocol", "Protocol", "[a-z0-9-]{1,16}") },
    { id: "state", title: "State", width: "5.8rem", cell: (r) => r.state },
    { id: "packets", title: "Packets", width: "4.9rem", numeric: true, sort: true, cell: (r) => f.count(r.source_packets + r.destination_packets) },
    { id: "bytes", title: "Bytes", width: "4.7rem", numeric: true, sort: true, cell: (r) => f.bytes(r.source_bytes + r.destination_bytes) },
    { id: "duration", title: "Duration", width: "5.2rem", numeric: true, sort: true, cell: (r) => f.duration(r.duration) },
    { id: "alert", title: "Alert", width: "4.3rem", cell: (r) => r.alert ? html`<a href=${href("alerts", { id: r.alert, state: "all" })} onClick=${(e) => e.stopPropagation()}>#${r.alert}</a>` : "",
      filter: () => html`<${Filter} name="alerted" value=${query.alerted} label="Alerted" options=${[["true", "yes"], ["false", "no"]]} />` },
  ];
}

export default function Capture({ parts, query }) {
  const id = parts[0] ? Number(parts[0]) : undefined;
  const capture = useQuery(id ? `captures/${id}` : null);
  const times = pick(query, ["from", "to"]);
  const scope = { capture: id, ...times };
  const summary = useQuery("stats/summary", scope);
  const series = useQuery("stats/series", { ...scope, bins: 150 });
  const [exporting, setExporting] = useState(false);
  const filter = { capture: id, ...pick(query, FILTERS) };
  const order = query.sort || "-start";
  const sorted = { ...filter, sort: SORTS[order.replace("-", "")] || "time", order: order.startsWith("-") ? "desc" : "asc" };
  const key = JSON.stringify(sorted);
  const onlyScope = !FILTERS.some((n) => query[n] && n !== "from" && n !== "to");
  const total = onlyScope ? summary.data?.flows : undefined;
  const source = useMemo(() => fromServer("flows", sorted, (d) => ({ items: d.items, next: d.next, total: d.total })), [key]);
  const bins = toBins(series.data);
  const onRange = (a, b) => setQuery({ from: a === null ? undefined : iso(a), to: b === null ? undefined : iso(b) }, { replace: false });
  const c = capture.data, s = summary.data;
  const tab = query.tab || "flows";
  const here = (t) => href(id ? ["capture", id] : "capture", { ...query, tab: t === "flows" ? undefined : t });
  if (capture.error?.status === 404)
    return html`<${PageHead} title="No such capture" back=${["Captures", "captures"]} /><${Empty} title="It may have been deleted" />`;
  return html`<${PageHead} title=${id ? c?.name || "…" : "All flows"} back=${["Captures", "captures"]}
      sub=${c ? `${f.plural(c.packets, "packet")}, ${f.plural(c.flows, "flow")}, ${f.bytes(c.size)}${c.first ? `; ${f.time(c.first)} to ${f.clock(c.last)}, times in ${f.zoneWords(f.toMs(c.first))}` : ""}`
        : `Of every capture; times in ${f.zoneWords()}`}>
      ${id && html`<a class="button" href=${href("alerts", { capture: id, state: "all" })}>Alerts${c ? ` (${f.count(c.alerts)})` : ""}</a>
        <a class="button" href=${href("factors", { capture: id })}>Factors</a><a class="button" href=${href("map", { capture: id })}>Map</a>
        <a class="button" href=${href("live", { capture: id })}>Replay</a>`}
      <button onClick=${() => setExporting(true)}>Export…</button><//>
    <${Panel} title="Flows over time" aside=${times.from ? html`<button class="small" onClick=${() => onRange(null, null)}>Show all times</button>` : "draw across the chart to zoom"}>
      <${Loaded} query=${series} what="the time line" lines=${7}>${(d) => bins.length
        ? html`<${TimeLine} bins=${bins} step=${d.bin_seconds * 1000} legend=${false} onRange=${onRange} />`
        : html`<${Empty} title="No flows in this time" />`}<//>
      ${summary.data && html`<${VerdictBar} counts=${summary.data.by_class} legend link=${(n) => href(id ? ["capture", id] : "capture", { ...query, class: query.class === n ? undefined : n })} />`}<//>
    <${Chips} query=${query} />
    <${Tabs} label="Views" now=${tab} items=${[["flows", "Flows", here("flows")], ["conversations", "Conversations", here("conversations")]]} />
    ${tab === "conversations" ? html`<${Conversations} scope=${scope} query=${query} />`
      : html`<${VirtualTable} label="Flows" unit="flow" columns=${columnsFor(query, s?.first && f.day(s.first) === f.day(s.last))} source=${source} sourceKey=${key} total=${total} sort=${order}
          onSort=${(s) => setQuery({ sort: s })} onOpen=${(r) => go(href(["flow", r.id]))}
          empty=${html`<${Empty} title="No flow fits these filters"><button onClick=${() => setQuery(Object.fromEntries(FILTERS.map((n) => [n, undefined])))}>Clear all filters</button><//>`} />`}
    ${exporting && html`<${ExportDialog} filter=${sorted} onClose=${() => setExporting(false)} />`}`;
}
