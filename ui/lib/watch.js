// SPDX-License-Identifier: Apache-2.0
// Interfaces that the server watches: how they are, and flows as they are judged.
import { html, useEffect, useRef, useState } from "./html.js";
import { api, get, needLogin, url } from "./api.js";
import { Chart, axis, line } from "./chart.js";
import { endpoint, withName } from "./data.js";
import * as f from "./format.js";
import { ClassBadge, Empty, Loaded, Panel, Sure, Tile, VerdictBar, attempt } from "./parts.js";
import { href, setQuery } from "./router.js";

const SHOWN = 300, HISTORY = 300, MINUTE = 60;

/** Follows the topic "live" as long as the page is open. */
function useLiveEvents(fn) {
  const latest = useRef(fn);
  latest.current = fn;
  useEffect(() => {
    let source = null, timer = null, gone = false;
    const open = () => {
      source = new EventSource(url("events", { topics: "live" }));
      source.addEventListener("live", (event) => {
        try { latest.current(JSON.parse(event.data)); } catch { /* no JSON: nothing to tell */ }
      });
      source.onerror = () => {
        if (gone || source.readyState !== EventSource.CLOSED) return;
        get("session").then((s) => s.scope === null && needLogin(), () => {});
        timer = setTimeout(open, 5000);
      };
    };
    open();
    return () => { gone = true; source.close(); clearTimeout(timer); };
  }, []);
}

/** {list, feed, clear}: each interface as it is now, with its last minutes; flows, latest first. */
function useInterfaces(query, frozen) {
  const [now, setNow] = useState({});
  const [feed, setFeed] = useState([]);
  const [missed, setMissed] = useState(0);
  const numbers = useRef(0);
  // What was fetched anew has what happened meanwhile.
  useEffect(() => { if (query.data) setNow(Object.fromEntries(query.data.items.map((i) => [i.interface, i]))); }, [query.data]);
  useLiveEvents((e) => {
    const { flows, second, ...rest } = e;
    setNow((all) => {
      const before = all[e.interface];
      if (!before) return all;
      const history = second ? [...before.history.slice(1 - HISTORY), second] : before.history;
      return { ...all, [e.interface]: { ...rest, history } };
    });
    if (!flows.length) return;
    if (frozen) { setMissed((n) => n + flows.length); return; }
    const items = flows.map((x) => ({ ...x, key: ++numbers.current, of: e.interface, end: f.toMs(x.start) + x.duration * 1000,
      delay: f.toMs(second?.time ?? Date.now()) / 1000 - f.toMs(x.start) / 1000 - x.duration }));
    setFeed((list) => [...items.reverse(), ...list].slice(0, SHOWN));
  });
  useEffect(() => { if (!frozen) setMissed(0); }, [frozen]);
  const list = (query.data?.items || []).map((i) => now[i.interface] || i);
  return { list, feed, missed };
}

/** "running since ...", "failed: ...; tried again in 7 s". */
function State({ i }) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (i.state !== "failed") return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [i.state]);
  const again = i.retry ? Math.max(0, Math.round((f.toMs(i.retry) - Date.now()) / 1000)) : null;
  const dot = { running: "c-botnet", failed: "c-dos", starting: "c-probe" }[i.state] || "c-other";
  return html`<span class="row"><i class="dot ${dot}"></i><b>${i.state}</b>
    ${i.state === "failed" ? html`<span class="bad">${i.error}${again !== null ? `; tried again in ${again} s` : ""}</span>`
      : i.since && html`<span class="faint">since ${f.time(i.since)}</span>`}</span>`;
}

function Switch({ i, session, reload }) {
  if (session && session.scope !== "admin")
    return html`<span class="faint small">An administrator starts and stops it.</span>`;
  const ask = (what) => attempt(() => api("POST", `live/${encodeURIComponent(i.interface)}/${what}`)).then(reload);
  return i.state === "stopped" ? html`<button class="main" onClick=${() => ask("start")}>Watch ${i.interface}</button>`
    : html`<${Sure} ask="Stop watching?" onSure=${() => ask("stop")}>Stop<//>`;
}

/** Mean and longest delay of the last minute. */
function delays(history) {
  const last = history.slice(-MINUTE).filter((s) => s.delay !== null && s.flows > 0);
  const flows = last.reduce((sum, s) => sum + s.flows, 0);
  return flows ? { mean: last.reduce((sum, s) => sum + s.delay * s.flows, 0) / flows, max: Math.max(...last.map((s) => s.delay_max)) } : null;
}

function Figures({ i }) {
  const last = i.state === "running" ? i.history.at(-1) : null;
  const late = delays(i.history);
  const lost = i.total.packets + i.total.drops > 0 ? i.total.drops / (i.total.packets + i.total.drops) : 0;
  return html`<div class="tiles">
    <${Tile} label="Packets a second" value=${last ? f.short(last.packets) : "–"} note=${last ? f.perSecond(last.bytes * 8, "bit").replace(/^([\d,.]+)M/, "$1 M") : "not watched"} />
    <${Tile} label="Packets lost" value=${f.short(i.total.drops)} kind=${i.total.drops ? "alarm" : ""} note=${i.total.drops ? `${f.percent(lost)} of ${f.short(i.total.packets + i.total.drops)}` : `of ${f.short(i.total.packets)} seen`} />
    <${Tile} label="Flows under way" value=${f.short(i.total.active_flows)} note=${last ? `${f.count(last.flows)} judged in this second` : " "} />
    <${Tile} label="Verdicts with an alert" value=${f.short(i.total.alerts)} note=${`of ${f.short(i.total.flows)}`} />
    <${Tile} label="Detection delay" value=${late ? f.duration(late.mean) : "–"} note=${late ? `longest ${f.duration(late.max)}, last minute` : "no flow in the last minute"} title="From a flow's last packet to its verdict; a flow is judged when it was silent for 10 s, and each 10 s while it lasts." />
    <${Tile} label="Being recorded" value=${i.recording.since ? f.bytes(i.recording.bytes) : "–"} note=${i.recording.since ? `since ${f.clock(i.recording.since)}` : i.capture ? "nothing since the latest capture" : "nothing seen yet"} />
  </div>`;
}

const Rate = ({ history }) => html`<${Chart} deps=${[history]} words="Packets a second over the last five minutes, and packets lost" option=${() => ({
  grid: { left: 64, right: 12, top: 34, bottom: 28 },
  xAxis: axis("", { type: "time", axisLabel: { hideOverlap: true, formatter: (v) => f.clock(v) } }), yAxis: axis("packets a second", { min: 0, minInterval: 1, nameGap: 48 }),
  series: [line("seen", history.map((s) => [f.toMs(s.time), s.packets]), "accent", { areaStyle: { opacity: .15 } }),
    line("lost", history.map((s) => [f.toMs(s.time), s.drops]), "c-dos", { dash: "dashed" })] })} />`;

const often = (s) => s % 60 ? `each ${f.duration(s)}` : s === 60 ? "each minute" : `each ${s / 60} minutes`;
const isAlert = (x) => x.class !== "Normal" && !x.suppressed;

function Feed({ feed, running, name }) {
  if (!feed.length) return html`<${Empty} title=${running ? "No flow has ended yet" : "Not watched"}>${running ? "A flow is judged when it was silent for 10 s, and each 10 s while it lasts." : ""}<//>`;
  return html`<ol class="feed live-feed" tabindex="0" aria-label=${`Flows of ${name}, the latest first`}>${feed.map((x) => html`<li key=${x.key} class=${isAlert(x) ? "alerted" : ""}>
    <span class="faint">${f.clock(x.end)}</span><${ClassBadge} name=${x.class} />
    <span class="who" title=${`${withName(x.source, x.source_name)} → ${withName(x.destination, x.destination_name)}`}>${isAlert(x)
      ? html`<a href=${href("alerts", { host: x.source, state: "all" })}>${endpoint(x.source, x.source_port)}</a>` : endpoint(x.source, x.source_port)} → ${endpoint(x.destination_name || x.destination, x.destination_port)}</span>
    <span class="why" title=${x.words || ""}>${x.suppressed ? "an exception covers it" : x.words || [x.service || x.protocol, f.plural(x.source_packets + x.destination_packets, "packet")].join(", ")}</span>
    <span class="num faint" title="from its last packet to its verdict">${x.delay >= 0 ? `+${f.duration(x.delay)}` : ""}</span></li>`)}</ol>`;
}

export function Interfaces({ asked, query, session }) {
  const [frozen, freeze] = useState(false);
  const [alertedOnly, setAlertedOnly] = useState(false);
  const { list, feed, missed } = useInterfaces(asked, frozen);
  const i = list.find((x) => x.interface === query.interface) || list[0];
  return html`<${Loaded} query=${asked} what="the interfaces" lines=${5} empty=${(d) => !d.items.length && html`<${Panel} title="From an interface">
      <p>No interface may be watched yet: whoever runs the server names them.</p><pre>lapwing serve --live eth0</pre>
      <p class="note">Flows and verdicts then come here as they happen, and captures and alerts are made of them. Below, a stored capture can be played again.</p><//>`}>${() => {
    const shown = feed.filter((x) => x.of === i.interface && (!alertedOnly || isAlert(x)));
    return html`<${Panel} title=${`Interface ${i.interface}`} aside=${html`<${Switch} i=${i} session=${session} reload=${asked.reload} />`}>
      ${list.length > 1 && html`<div class="segment" role="group" aria-label="Interface" style=${{ marginBottom: ".8rem" }}>${list.map((x) => html`<button key=${x.interface} aria-pressed=${x === i} onClick=${() => setQuery({ interface: x.interface })}>
        ${x.interface} <span class="faint">${x.state === "running" ? `${f.short(x.history.at(-1)?.packets ?? 0)}/s` : x.state}</span></button>`)}</div>`}
      <p class="row apart" style=${{ marginBottom: ".8rem" }}><${State} i=${i} />${i.capture && html`<a href=${href(["capture", i.capture])}>The latest capture of it</a>`}</p>
      <${Figures} i=${i} />
      ${i.total.flows > 0 && html`<${VerdictBar} counts=${i.total.by_class} legend />`}
      <div class="grid" style=${{ marginTop: "1rem" }}><div class="span-7"><div class="row" style=${{ marginBottom: ".5rem" }}>
          <label class="check"><input type="checkbox" checked=${alertedOnly} onChange=${(e) => setAlertedOnly(e.currentTarget.checked)} />alerted only</label>
          <button class="small" aria-pressed=${frozen} onClick=${() => freeze(!frozen)}>${frozen ? "Go on" : "Hold still"}</button>${frozen && missed > 0 && html`<span class="faint small">${f.plural(missed, "flow")} since</span>`}</div>
        <${Feed} feed=${shown} running=${i.state === "running"} name=${i.interface} /></div>
        <div class="span-5"><${Rate} history=${i.history} /><p class="note">Of a second 30 flows of each class are shown; all are counted. What was seen becomes a capture ${often(asked.data.every)}, and soon after a new attacker is alerted: then it is judged by all detectors, and its alerts are in the list.</p></div></div><//>`;
  }}<//>`;
}
