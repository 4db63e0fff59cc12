// SPDX-License-Identifier: Apache-2.0
// Captures: dropped anywhere, sent in pieces, analysed as jobs, and what came of it.
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { api, get, url, useEvent, useQuery } from "../lib/api.js";
import * as f from "../lib/format.js";
import { Dialog, Empty, Loaded, PageHead, Panel, Sure, Table, VerdictBar, attempt, say } from "../lib/parts.js";
import { href, setQuery } from "../lib/router.js";
import { addExample, addFiles, cancelUpload, forgetUpload, useUploads } from "../lib/upload.js";

export function ExampleButton({ class: kind = "main" }) {
  const [busy, set] = useState(false);
  return html`<button class=${kind} disabled=${busy} onClick=${async () => {
    set(true);
    await attempt(addExample);
    location.hash = "#/captures";
    set(false);
  }}>Analyse the bundled example</button>`;
}

/** The whole window takes files while this page is shown. */
function useDrop(onFiles) {
  const [over, set] = useState(false);
  useEffect(() => {
    const has = (e) => [...(e.dataTransfer?.types || [])].includes("Files");
    const enter = (e) => { if (has(e)) { e.preventDefault(); set(true); } };
    const leave = (e) => { if (!e.relatedTarget) set(false); };
    const drop = (e) => {
      if (!has(e)) return;
      e.preventDefault();
      set(false);
      onFiles([...e.dataTransfer.files]);
    };
    const all = [["dragenter", enter], ["dragover", enter], ["dragleave", leave], ["drop", drop]];
    all.forEach(([k, fn]) => addEventListener(k, fn));
    return () => all.forEach(([k, fn]) => removeEventListener(k, fn));
  }, []);
  return over;
}

const Progress = ({ share, waiting, words }) => html`<div class="bar-progress ${waiting ? "waiting" : ""}" role="progressbar" aria-label=${words}
  aria-valuemin="0" aria-valuemax="100" aria-valuenow=${waiting ? undefined : Math.round(share * 100)}><i style=${waiting ? {} : { width: `${share * 100}%` }}></i></div>`;

function Upload({ u }) {
  const left = u.rate > 0 ? (u.size - u.sent) / u.rate : NaN;
  const words = { waiting: "waiting", paused: "waiting for the server; goes on where it stopped", sending: `${f.bytes(u.sent)} of ${f.bytes(u.size)}, ${f.bytes(u.rate)}/s${Number.isFinite(left) ? `, ${f.duration(left)} left` : ""}`,
    cancelled: "cancelled", failed: u.error, done: "sent" }[u.state];
  const over = ["failed", "cancelled", "done"].includes(u.state);
  return html`<div class="job ${u.state === "failed" ? "failed" : ""}"><div class="row"><span class="name">${u.name}</span>
      ${over ? html`<button class="small" onClick=${() => forgetUpload(u.key)}>Dismiss</button>` : html`<button class="small" onClick=${() => cancelUpload(u.key)}>Cancel</button>`}</div>
    ${!over && html`<${Progress} share=${u.sent / u.size} words=${`Upload of ${u.name}`} />`}
    <span class=${u.state === "failed" ? "bad" : "faint small"} role=${u.state === "failed" ? "alert" : undefined}>${u.state === "failed" ? "Not uploaded: " : "Upload: "}${words}</span></div>`;
}

function Job({ job, name, onGone }) {
  const begun = job.started ? f.toMs(job.started) : NaN;
  const [, tick] = useState(0);
  useEffect(() => { const t = setInterval(() => tick((n) => n + 1), 1000); return () => clearInterval(t); }, []);
  const elapsed = Math.max(.2, (Date.now() - begun) / 1000);
  const rate = job.packets / elapsed;
  const left = job.progress > .02 ? elapsed / job.progress * (1 - job.progress) : NaN;
  const what = { analyse: "Analysis", profile: "Profile", embed: "Map", report: "Report" }[job.kind];
  return html`<div class="job"><div class="row"><span class="name">${name}</span>
      <button class="small" onClick=${() => attempt(() => api("POST", `jobs/${job.id}/cancel`), "Cancelled").then(onGone)}>Cancel</button></div>
    <${Progress} share=${job.progress} waiting=${job.state === "queued"} words=${`${what} of ${name}`} />
    <span class="faint small">${what}: ${job.state === "queued" ? `waiting${job.position ? `, number ${job.position} in the queue` : ""}`
      : `${f.percent(job.progress)}${job.packets ? `, ${f.count(job.packets)} packets, ${f.perSecond(rate, "packets")}` : ""}${job.flows ? `, ${f.count(job.flows)} flows` : ""}${Number.isFinite(left) ? `, ${f.duration(left)} left` : ""}`}</span></div>`;
}

const sums = new Map();
function Verdicts({ capture }) {
  const key = `${capture.id}/${capture.job}`;
  const [sum, set] = useState(sums.get(key));
  useEffect(() => {
    if (sums.has(key)) { set(sums.get(key)); return; }
    get("stats/summary", { capture: capture.id }).then((s) => { sums.set(key, s); set(s); }, () => {});
  }, [key]);
  return sum ? html`<${VerdictBar} counts=${sum.by_class} />` : html`<div class="verdict-bar"></div>`;
}

function Log({ job, onClose }) {
  const [text, set] = useState(null);
  useEffect(() => { fetch(url(`jobs/${job}/log`)).then((r) => r.text()).then(set, () => set("The log could not be fetched.")); }, [job]);
  return html`<${Dialog} title="What the job had to say" onClose=${onClose} wide><pre>${text ?? "…"}</pre><//>`;
}

function State({ capture, job, onLog }) {
  if (capture.state === "failed") return html`<span class="tag bad">failed</span> <span class="bad small">${job?.error || "The analysis failed."}</span>
    ${capture.job && html` <button class="small" onClick=${onLog}>Log</button>`}`;
  if (capture.state === "done") return html`<${Verdicts} capture=${capture} />`;
  return html`<span class="tag">${{ stored: "not analysed", queued: "waiting", running: "being analysed", cancelled: "cancelled" }[capture.state] || capture.state}</span>`;
}

export default function Captures({ query }) {
  const list = useQuery("captures", { name: query.name, limit: 100 });
  const running = useQuery("jobs", { state: "running" });
  const queued = useQuery("jobs", { state: "queued" });
  const failed = useQuery("jobs", { state: "failed" });
  const [events, setEvents] = useState({});
  const [more, setMore] = useState({ items: [], next: undefined });
  const [log, setLog] = useState(null);
  const uploads = useUploads();
  const picker = useRef();
  useEvent("job", (job) => {
    setEvents((m) => ({ ...m, [job.id]: job }));
    if (["done", "failed", "cancelled"].includes(job.state)) { list.reload(); failed.reload(); }
    if (job.state === "done" && job.kind === "analyse") say(`Analysed: ${f.plural(job.flows, "flow")}, ${f.plural(job.alerts, "alert")}`);
  });
  useEvent("capture", list.reload);
  useEvent("deleted", list.reload);
  const over = useDrop(addFiles);
  useEffect(() => {
    for (const u of uploads)
      if (u.state === "done" && !u.told) { u.told = true; list.reload(); queued.reload(); running.reload(); setTimeout(() => forgetUpload(u.key), 1500); }
  }, [uploads]);
  useEffect(() => { setMore({ items: [], next: list.data?.next }); }, [list.data]);

  const jobs = new Map();
  for (const j of [...(queued.data?.items || []), ...(running.data?.items || []), ...(failed.data?.items || []), ...Object.values(events)]) jobs.set(j.id, j);
  const active = [...jobs.values()].filter((j) => ["queued", "running"].includes(j.state));
  const captures = [...(list.data?.items || []), ...more.items];
  const nameOf = (id) => captures.find((c) => c.id === id)?.name || `capture ${id}`;
  const remove = (c) => attempt(() => api("DELETE", `captures/${c.id}`), `Deleted ${c.name}`).then(list.reload);
  const again = (c) => attempt(() => api("POST", "jobs", { json: { kind: "analyse", capture: c.id } }), "Queued").then(queued.reload);
  const isEmpty = list.data && !captures.length && !query.name;
  return html`<${PageHead} title="Captures" sub="pcap or pcapng, also packed with gzip or zstd; of any size. They stay on this machine." />
    ${over && html`<div class="dropping">Drop to analyse</div>`}
    <div class="drop ${over ? "over" : ""}"><p><b>Drop capture files anywhere on this page</b></p>
      <p class="row" style=${{ justifyContent: "center" }}><button class=${isEmpty ? "" : "main"} onClick=${() => picker.current.click()}>Choose files…</button>
        ${isEmpty && html`<${ExampleButton} />`}</p>
      <input ref=${picker} type="file" multiple hidden aria-label="Capture files" accept=".pcap,.pcapng,.cap,.gz,.zst,.xz,.dmp"
        onChange=${(e) => { addFiles([...e.currentTarget.files]); e.currentTarget.value = ""; }} /></div>
    ${(uploads.length > 0 || active.length > 0) && html`<div class="jobs" role="region" aria-label="What is going on">
      ${uploads.map((u) => html`<${Upload} key=${`u${u.key}`} u=${u} />`)}
      ${active.map((j) => html`<${Job} key=${`j${j.id}`} job=${j} name=${nameOf(j.capture)} onGone=${() => { setEvents((m) => ({ ...m, [j.id]: { ...j, state: "cancelled" } })); list.reload(); }} />`)}</div>`}
    <${Panel} title="All captures" aside=${html`<input type="search" placeholder="Name contains…" aria-label="Name contains" value=${query.name || ""}
        onInput=${(e) => setQuery({ name: e.currentTarget.value })} />`}>
      <${Loaded} query=${list} what="the captures" empty=${() => !captures.length && (query.name
        ? html`<${Empty} title="No name contains that" />` : html`<${Empty} icon="⇪" title="No captures yet">The bundled example holds five minutes of a small office with a scan, a flood and guessed passwords.<//>`)}>${() => html`
        <${Table} caption="Captures" rows=${captures} columns=${[
          ["Name", (c) => c.state === "done" ? html`<a class="name" href=${href(["capture", c.id])}>${c.name}</a>` : html`<span class="name">${c.name}</span>`, { class: "wrap" }],
          ["Verdicts", (c) => html`<${State} capture=${c} job=${jobs.get(c.job)} onLog=${() => setLog(c.job)} />`, { class: "wrap" }],
          ["Alerts", (c) => c.state === "done" ? html`<a href=${href("alerts", { capture: c.id, state: "all" })}>${f.count(c.alerts)}</a>` : "–", { numeric: true }],
          ["Flows", (c) => c.state === "done" ? f.count(c.flows) : "–", { numeric: true }],
          ["Packets", (c) => c.state === "done" ? f.count(c.packets) : "–", { numeric: true }],
          ["Size", (c) => f.bytes(c.size), { numeric: true }],
          ["Length", (c) => c.first ? f.duration((f.toMs(c.last) - f.toMs(c.first)) / 1000) : "–", { numeric: true }],
          ["Uploaded", (c) => html`<span title=${f.time(c.uploaded)}>${f.ago(c.uploaded)}</span>`],
          ["", (c) => html`<span class="row" style=${{ flexWrap: "nowrap" }}><a class="button small" href=${url(`captures/${c.id}/file`)} download=${c.name} aria-label=${`Download ${c.name}`}>Save</a>
            ${!["queued", "running"].includes(c.state) && html`<button class="small" onClick=${() => again(c)}>Analyse</button>`}
            <${Sure} class="small" ask="Delete?" aria-label=${`Delete ${c.name}`} onSure=${() => remove(c)}>Delete<//></span>`],
        ]} />
        ${more.next && html`<button onClick=${async () => {
          const page = await attempt(() => get("captures", { name: query.name, limit: 100, cursor: more.next }));
          if (page) setMore({ items: [...more.items, ...page.items], next: page.next });
        }}>More</button>`}`}<//><//>
    ${log && html`<${Log} job=${log} onClose=${() => setLog(null)} />`}`;
}
