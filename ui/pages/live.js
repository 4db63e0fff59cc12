// SPDX-License-Identifier: Apache-2.0
// What is going on: interfaces that are watched, analyses as they run and alerts as they
// are made; and a capture played again at a chosen speed, flow by flow.
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { get, useEvent, useQuery } from "../lib/api.js";
import { CapturePicker } from "../lib/artefact.js";
import { Chart, axis, line } from "../lib/chart.js";
import { endpoint, parties } from "../lib/data.js";
import * as f from "../lib/format.js";
import { CLASSES, ClassBadge, Empty, PageHead, Panel, Severity, Table, Tile, VerdictBar } from "../lib/parts.js";
import { href, setQuery } from "../lib/router.js";
import { Interfaces } from "../lib/watch.js";

const SPEEDS = [1, 5, 20, 100];
const SHOWN = 200, PAGE = 1000, TICK = 100;

/** Plays the flows of a capture: each is told `speed` times as fast as it happened. */
function useReplay(capture, speed, playing, onFlows) {
  const state = useRef(null);
  const [at, setAt] = useState(null);
  const [end, setEnd] = useState(false);
  const latest = useRef(onFlows);
  latest.current = onFlows;
  const rewind = () => { state.current = null; setAt(null); setEnd(false); };
  useEffect(rewind, [capture]);
  useEffect(() => {
    if (!capture || !playing) return undefined;
    const s = state.current ??= { queue: [], cursor: undefined, over: false, clock: null, busy: false };
    const fill = async () => {
      if (s.busy || s.over || s.queue.length > PAGE) return;
      s.busy = true;
      try {
        const page = await get("flows", { capture, sort: "time", order: "asc", limit: PAGE, cursor: s.cursor });
        s.queue.push(...page.items);
        s.cursor = page.next;
        s.over = !page.next;
      } catch { /* the banner tells; the next tick asks again */ }
      s.busy = false;
    };
    let before = performance.now();
    const timer = setInterval(() => {
      const now = performance.now(), passed = now - before;
      before = now;
      fill();
      if (s.clock === null) {
        if (!s.queue.length) { if (s.over) setEnd(true); return; }
        s.clock = f.toMs(s.queue[0].start);
      }
      if (s.queue.length || s.over) s.clock += passed * speed;
      let n = 0;
      while (n < s.queue.length && f.toMs(s.queue[n].start) <= s.clock) n++;
      if (n) latest.current(s.queue.splice(0, n), s.clock);
      setAt(s.clock);
      if (s.over && !s.queue.length) { setEnd(true); clearInterval(timer); }
    }, TICK);
    return () => clearInterval(timer);
  }, [capture, speed, playing]);
  return { at, end, rewind };
}

function Replay({ query, plays }) {
  const speed = Number(query.speed) || 20;
  const [playing, play] = useState(plays && Boolean(query.capture));
  const [feed, setFeed] = useState([]);
  const [counts, setCounts] = useState({});
  const [rate, setRate] = useState([]);
  const sums = useRef({ second: null, flows: 0, packets: 0 });
  const [alertedOnly, setAlertedOnly] = useState(false);
  const { at, end, rewind } = useReplay(query.capture, speed, playing, (flows) => {
    setFeed((list) => [...flows.slice(-SHOWN).reverse(), ...list].slice(0, SHOWN));
    setCounts((c) => {
      const next = { ...c };
      for (const x of flows) next[x.class] = (next[x.class] || 0) + 1;
      return next;
    });
    for (const x of flows) {
      const second = Math.floor(f.toMs(x.start) / 1000), s = sums.current;
      if (s.second !== null && second !== s.second) {
        const done = [s.second * 1000, s.flows, s.packets];
        setRate((r) => [...r.slice(-299), done]);
        Object.assign(s, { flows: 0, packets: 0 });
      }
      s.second = second;
      s.flows++;
      s.packets += x.source_packets + x.destination_packets;
    }
  });
  const again = () => { rewind(); setFeed([]); setCounts({}); setRate([]); sums.current = { second: null, flows: 0, packets: 0 }; play(true); };
  const shown = alertedOnly ? feed.filter((x) => x.alert) : feed;
  const last = rate.at(-1);
  const total = Object.values(counts).reduce((a, b) => a + b, 0);
  return html`<${Panel} title="Play a capture again"><div class="row" style=${{ marginBottom: ".9rem" }}><${CapturePicker} value=${query.capture} />
      <button class="main" disabled=${!query.capture} onClick=${() => end ? again() : play(!playing)}>${end ? "From the start" : playing ? "Pause" : "Play"}</button>${at !== null && !end && html`<button onClick=${again}>From the start</button>`}
      <span class="segment" role="group" aria-label="Speed">${SPEEDS.map((s) => html`<button key=${s} aria-pressed=${speed === s} onClick=${() => setQuery({ speed: s })}>${s}×</button>`)}</span>
      <label class="check"><input type="checkbox" checked=${alertedOnly} onChange=${(e) => setAlertedOnly(e.currentTarget.checked)} />alerted only</label></div>
    <div class="tiles"><${Tile} label="Clock of the capture" value=${at === null ? "–" : f.clock(at)} note=${at === null ? "not begun" : end ? "at the end" : f.day(at)} /><${Tile} label="Flows" value=${f.count(total)} />
      <${Tile} label="Flows a second" value=${last ? f.count(last[1]) : "–"} note="of its own time" /><${Tile} label="Packets a second" value=${last ? f.count(last[2]) : "–"} note="of its own time" /></div>
    ${total > 0 && html`<${VerdictBar} counts=${counts} legend />`}
    <div class="grid" style=${{ marginTop: "1rem" }}><div class="span-7">${shown.length > 0 && html`<ol class="feed" tabindex="0" aria-label="Flows as they come">${shown.map((x) => html`<li key=${x.id}><span class="faint">${f.clock(x.start)}</span><${ClassBadge} name=${x.class} />
        <a href=${href(["flow", x.id])}>${endpoint(x.source, x.source_port)} → ${endpoint(x.destination, x.destination_port)}</a><span class="num">${f.figure(x.score, 2)}</span></li>`)}</ol>`}
        ${!shown.length && html`<${Empty} title=${playing ? "Waiting for the first flow" : "Press Play"} />`}</div>
      <div class="span-5"><${Chart} deps=${[rate]} words="Flows a second" option=${() => ({ legend: { show: false }, grid: { left: 48, right: 12, top: 14, bottom: 40 }, xAxis: axis("time of the capture", { type: "time", nameGap: 26, axisLabel: { color: undefined, hideOverlap: true, formatter: (v) => f.clock(v) } }), yAxis: axis("flows a second", { minInterval: 1 }),
        series: [line("flows", rate.map((r) => [r[0], r[1]]), "accent", { areaStyle: { opacity: .15 } })] })} /></div></div><//>`;
}

function Now() {
  const running = useQuery("jobs", { state: "running" });
  const [jobs, setJobs] = useState({});
  const [alerts, setAlerts] = useState([]);
  const started = useRef(new Map());
  useEvent("job", (j) => setJobs((m) => {
    const s = started.current.get(j.id) || [performance.now(), j.packets, 0];
    const dt = (performance.now() - s[0]) / 1000;
    started.current.set(j.id, dt > .5 ? [performance.now(), j.packets, (j.packets - s[1]) / dt] : s);
    return { ...m, [j.id]: { ...j, rate: started.current.get(j.id)[2] } };
  }));
  useEvent("alert", (a) => setAlerts((l) => [{ ...a, seen: Date.now() }, ...l.filter((x) => x.id !== a.id)].slice(0, 50)));
  const all = { ...Object.fromEntries((running.data?.items || []).map((j) => [j.id, j])), ...jobs };
  const active = Object.values(all).filter((j) => j.state === "running");
  return html`<div class="grid"><${Panel} title="Analyses that run" class="span-6">${active.length ? html`<${Table} caption="Running analyses" rows=${active} columns=${[["Capture", (j) => html`<a href="#/captures">#${j.capture}</a>`], ["Read", (j) => f.percent(j.progress), { numeric: true }], ["Packets", (j) => f.count(j.packets), { numeric: true }],
      ["Packets/s", (j) => j.rate ? f.short(Math.round(j.rate)) : "–", { numeric: true }], ["Flows", (j) => f.count(j.flows), { numeric: true }], ["Alerts", (j) => f.count(j.alerts), { numeric: true }]]} />` : html`<p class="faint">None now. <a href="#/captures">Add a capture</a></p>`}<//>
    <${Panel} title="Alerts as they are made" class="span-6">${alerts.length ? html`<${Table} caption="New alerts" rows=${alerts} columns=${[["Severity", (a) => html`<${Severity} level=${a.severity} />`], ["Class", (a) => html`<a href=${href("alerts", { id: a.id, state: "all" })}><${ClassBadge} name=${a.class} /></a>`], ["Who", (a) => parties(a).join(" → "), { class: "wrap" }], ["Here since", (a) => f.clock(a.seen)]]} />`
      : html`<p class="faint">None since this page was opened; it is told of each as it is made.</p>`}<//></div>`;
}

export default function Live({ query, session }) {
  const interfaces = useQuery("live");
  const alone = interfaces.data ? !interfaces.data.items.length : Boolean(interfaces.error);
  // Each part in a box of its own: what a part turns into while it loads moves no other.
  return html`<div><${PageHead} title="Live" sub=${`Flows and verdicts as they come. Times in ${f.zoneWords()}.`} />
    <div><${Interfaces} asked=${interfaces} query=${query} session=${session} /></div>
    <div><${Now} /></div>
    <div>${(interfaces.data || interfaces.error) && html`<${Replay} key=${query.capture || ""} query=${query} plays=${alone} />`}</div></div>`;
}
