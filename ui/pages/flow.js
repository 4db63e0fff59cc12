// SPDX-License-Identifier: Apache-2.0
// One flow: its packets' shape, what each detector says of it, and why.
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { send, url, useQuery } from "../lib/api.js";
import { endpoint, technique, withName } from "../lib/data.js";
import * as f from "../lib/format.js";
import { ClassBadge, Copy, Empty, Facts, Failed, Loading, Meter, PageHead, Panel, Severity, Table, slug } from "../lib/parts.js";
import { readPackets } from "../lib/pcap.js";
import { href } from "../lib/router.js";
import { Sign, Waterfall, isSign } from "../lib/waterfall.js";

/** The first packets: those of the source upwards, the answers downwards. */
function Packets({ packets }) {
  const box = useRef();
  const [width, setWidth] = useState(0);
  const [inOrder, setInOrder] = useState(false);
  const [at, setAt] = useState(null);
  useEffect(() => {
    const watch = new ResizeObserver(([e]) => setWidth(Math.round(e.contentRect.width)));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const height = 250, mid = height / 2 - 10, left = 52;
  const max = Math.max(...packets.map((p) => p.bytes), 1), end = packets[packets.length - 1].offset || 1e-6;
  const w = Math.max(10, width - left - 8);
  const x = (p, i) => left + (inOrder || end <= 1e-6 ? (i + .5) / packets.length : p.offset / end) * (w - 6);
  const barW = inOrder ? Math.max(2, w / packets.length - 2) : 3;
  const hot = at !== null && packets[at];
  return html`<div ref=${box}><div class="row small" style=${{ justifyContent: "space-between" }}>
      <span class="row"><span class="badge"><i class="dot c-probe"></i>from the source ↑</span><span class="badge"><i class="dot c-dos"></i>answers ↓</span></span>
      <span class="segment"><button class="small" aria-pressed=${!inOrder} onClick=${() => setInOrder(false)}>by time</button><button class="small" aria-pressed=${inOrder} onClick=${() => setInOrder(true)}>in order</button></span></div>
    ${width > 0 && html`<svg class="packets" width=${width} height=${height} role="img"
        aria-label=${`${packets.length} packets within ${f.duration(end)}, ${packets.filter((p) => p.from_source).length} of them from the source, at most ${f.bytes(max)}`}
        onPointerMove=${(e) => {
          const px = e.clientX - box.current.getBoundingClientRect().left;
          let best = 0;
          packets.forEach((p, i) => { if (Math.abs(x(p, i) - px) < Math.abs(x(packets[best], best) - px)) best = i; });
          setAt(best);
        }} onPointerLeave=${() => setAt(null)}>
      <line x1=${left} x2=${width} y1=${mid} y2=${mid} stroke="var(--line-strong)" />
      <text x=${left - 6} y="14" text-anchor="end">${f.bytes(max)}</text><text x=${left - 6} y=${mid + 4} text-anchor="end">0</text><text x=${left - 6} y=${2 * mid} text-anchor="end">${f.bytes(max)}</text>
      ${packets.map((p, i) => {
        const h = Math.max(2, p.bytes / max * (mid - 6));
        return html`<rect key=${i} class=${p.from_source ? "c-probe" : "c-dos"} opacity=${at === null || at === i ? 1 : .45} x=${x(p, i) - barW / 2} width=${barW} y=${p.from_source ? mid - h : mid} height=${h} />`;
      })}
      <text x=${left} y=${height - 2}>${inOrder ? "first" : "0 s"}</text><text x=${width - 4} y=${height - 2} text-anchor="end">${inOrder ? `packet ${packets.length}` : f.duration(end)}</text>
    </svg>`}
    <p class="small faint" aria-live="polite">${hot ? `packet ${at + 1}: ${f.bytes(hot.bytes)} ${hot.from_source ? "from the source" : "as an answer"}, ${f.duration(hot.offset)} after the first` : "Point at a packet to read it."}</p></div>`;
}

const SMALL = 20000; // packets of a flow that are fetched just to be drawn

/** What the store kept of the first packets; otherwise they are read from the capture. */
function Shape({ flow: d }) {
  const [packets, set] = useState(d.first_packets);
  const [why, setWhy] = useState(null);
  const [all, wantAll] = useState(!d.first_packets);
  const total = d.source_packets + d.destination_packets;
  useEffect(() => {
    if (!all) return undefined;
    if (total > SMALL) { setWhy("It has too many packets to fetch them just for a picture."); return undefined; }
    const abort = new AbortController();
    send("GET", `flows/${d.id}/packets`, { signal: abort.signal }).then(async (r) => {
      if (!r.ok) throw new Error("The capture does not have them any more.");
      const found = readPackets(await r.arrayBuffer(), d.source);
      if (!found.length) throw new Error("The capture does not have them any more.");
      set(found);
    }).catch((e) => e.name !== "AbortError" && setWhy(e.message));
    return () => abort.abort();
  }, [d.id, all]);
  return packets?.length ? html`<${Packets} packets=${packets} />${packets.length < total
      && html`<p class="small faint">The first ${f.count(packets.length)} of ${f.count(total)} packets.
        ${why ? ` ${why}` : !all && total <= SMALL && html` <button class="small" onClick=${() => wantAll(true)}>Draw all of them</button>`}</p>`}`
    : why ? html`<${Empty} title="No packets to draw">${why}<//>` : html`<${Loading} lines=${6} />`;
}

function Verdicts({ verdicts, chosen, onChoose }) {
  return html`<${Table} caption="What each detector says" rows=${verdicts.map((v, i) => ({ ...v, id: i }))} onRow=${(v) => onChoose(v.id)} columns=${[
    ["Detector", (v) => html`<button class="small" aria-pressed=${v.id === chosen} onClick=${() => onChoose(v.id)}>${v.detector}</button>`],
    ["Says", (v) => html`<${ClassBadge} name=${v.class} />`],
    ["Score", (v) => html`<div style=${{ minWidth: "9rem" }}><span>${f.figure(v.score)}</span><${Meter} value=${v.score || 0} threshold=${v.threshold} kind=${v.alert ? "dos" : "normal"}
      label=${`score ${f.figure(v.score)}, threshold ${f.figure(v.threshold)}`} /></div>`],
    ["Threshold", (v) => f.figure(v.threshold), { numeric: true }],
    ["Alert", (v) => v.alert ? html`<b class="bad">yes</b>` : "no"],
    ["Confidence", (v) => f.percent(v.confidence), { numeric: true }],
    ["p-value", (v) => html`<span title="How often what is known looks at least this strange">${f.number(v.p_value)}</span>`, { numeric: true }],
    ["Evidence missing", (v) => f.percent(v.unavailable), { numeric: true }],
    ["Model", (v) => html`<a class="mono" href=${href(["models", v.model])}>${v.model}</a>`],
  ]} />`;
}

const bare = (words) => words.replace(/ \(usual: [^()]*(\([^()]*\))?[^()]*\)$/, "");

function Nearest({ near }) {
  return html`<${Panel} title="The nearest normal flow" aside=${html`<a href=${href(["flow", near.flow])}>Open that flow</a>`}
      note=${`Of ${f.count(near.of)} normal flows of this capture the most similar, and where the two differ most.`}>
    <${Table} caption="Differences from the nearest normal flow" rows=${near.differences.map((x) => ({ ...x, id: x.feature }))} columns=${[
      ["Here", (x) => bare(x.words)], ["There", (x) => bare(x.normal_words)], ["Feature", (x) => html`<span class="mono">${x.feature}</span>`],
    ]} /><//>`;
}

/** What the other detectors think of it, where that is not what made the verdict. */
function Disagreement({ flow: d }) {
  const rules = d.verdicts.find((v) => v.detector === d.detector);
  const others = d.verdicts.filter((v) => v !== rules && (v.alert !== rules?.alert || v.alert && v.class !== rules.class));
  if (!rules || !others.length) return null;
  return html`<p class="note disagree"><span class="tag warn">detectors disagree</span> “${d.detector}” says ${rules.class}, which counts; ${others.map((v, i) => html`${i > 0 ? ", " : ""}“${v.detector}” says
    ${" "}<b>${v.class}</b> (score ${f.figure(v.score)}${v.threshold === null ? "" : `, threshold ${f.figure(v.threshold)}`})`)}. ${rules.alert ? "" : "A second opinion makes no alert."}</p>`;
}

export default function Flow({ parts }) {
  const flow = useQuery(`flows/${Number(parts[0]) || 0}`);
  const [chosen, choose] = useState(null);
  const d = flow.data;
  if (flow.error) return html`<${PageHead} title="Flow" back=${["All flows", "capture"]} />${flow.error.status === 404 ? html`<${Empty} title="No such flow">It may have been deleted with its capture, or made anew by another analysis.<//>`
    : html`<${Failed} error=${flow.error} retry=${flow.reload} what="the flow" />`}`;
  if (!d) return html`<${Loading} />`;
  const worst = Math.max(0, d.verdicts.findIndex((v) => v.detector === d.detector));
  const index = chosen ?? worst;
  const v = d.verdicts[index];
  const near = d.nearest_normal;
  const from = endpoint(d.source, d.source_port), to = endpoint(d.destination, d.destination_port);
  return html`<${PageHead} back=${["The capture's flows", ["capture", d.capture]]} title=${`${from} → ${to}`}
      sub=${`${f.time(d.start, 6)} (${f.zoneWords(f.toMs(d.start))}), ${d.protocol}${d.service ? `, ${d.service}` : ""}`}>
      ${d.alert && html`<a class="button" href=${href("alerts", { id: d.alert, state: "all" })}>Alert #${d.alert}</a>`}
      <a class="button" href=${href(["capture", d.capture], { host: d.source })}>More of the source</a>
      <a class="button main" href=${url(`flows/${d.id}/packets`)} download=${`flow-${d.id}.pcap`}>Save its packets</a><//>
    <div class="grid">
      <${Panel} title="Verdict" class="span-4"><p class="verdict-now"><${ClassBadge} name=${d.class} /></p>
        <p class="row" style=${{ marginBottom: ".8rem" }}>${d.severity && html`<${Severity} level=${d.severity} />`}<span class="faint">score ${f.figure(d.score)}${d.detector ? `, by the detector “${d.detector}”` : ""}</span></p>
        ${d.words && html`<p style=${{ marginBottom: ".8rem" }}>${d.words}</p>`}
        <${Disagreement} flow=${d} />
        ${d.suppressed && html`<p class="note"><span class="tag warn">not alerted</span> an exception forbids it (<a href="#/settings">settings</a>)</p>`}
        <div class="narrow-facts"><${Facts} items=${[
          ["Source", html`<a href=${href(["capture", d.capture], { source: d.source })}>${withName(d.source, d.source_name)}</a>`, "wide"],
          ["Destination", html`<a href=${href(["capture", d.capture], { destination: d.destination })}>${withName(d.destination, d.destination_name)}</a>`, "wide"],
          ["Packets", `${f.count(d.source_packets)} → · ${f.count(d.destination_packets)} ←`],
          ["Bytes", `${f.bytes(d.source_bytes)} → · ${f.bytes(d.destination_bytes)} ←`],
          ["Duration", f.duration(d.duration)], ["State", d.state],
          d.attack_id && ["ATT&CK", technique(d.attack_id), "wide"], d.community_id && ["Community id", html`<span class="mono">${d.community_id}</span>`, "wide"],
        ]} /></div><//>
      <${Panel} title="The shape of its packets" class="span-8"><${Shape} key=${d.id} flow=${d} /><//></div>
    <${Panel} title="What each detector says">${d.verdicts.length ? html`<${Verdicts} verdicts=${d.verdicts} chosen=${index} onChoose=${choose} />` : html`<${Empty} title="No detector judged this flow" />`}<//>
    ${v && html`<${Panel} title=${`Why: ${v.detector} says ${v.class}`} aside=${v.unavailable > 0 ? html`<span class="tag warn">${f.percent(v.unavailable)} of the evidence was not available</span>` : ""}
        note=${v.unavailable > 0 ? "What a source cannot tell (login counters of an encrypted flow, say) counts as missing, not as zero." : null}>
      ${isSign(v) ? html`<${Sign} verdict=${v} />`
        : v.reasons.length ? html`<${Waterfall} reasons=${v.reasons} base=${v.base ?? 0} score=${v.margin ?? null} towards=${v.class} />`
        : html`<${Empty} title="No reasons are kept for this verdict">Reasons are kept for flows that a detector took for an attack.<//>`}<//>`}
    ${near && html`<${Nearest} near=${near} />`}
    <details class="panel"><summary>All of it as JSON</summary><p class="row" style=${{ margin: ".6rem 0" }}><${Copy} text=${JSON.stringify(d, null, 2)} /></p><pre>${JSON.stringify(d, null, 2)}</pre></details>`;
}
