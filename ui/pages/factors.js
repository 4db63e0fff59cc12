// SPDX-License-Identifier: Apache-2.0
// What tells attacks from normal records in a chosen set: distributions, tests,
// correlations.  From a capture's profile, or from what `lapwing profile --json` printed.
import { html, useEffect, useMemo, useRef, useState } from "../lib/html.js";
import { ArtefactState, CapturePicker, FilePicker, useArtefact } from "../lib/artefact.js";
import { colour, useAppearance } from "../lib/chart.js";
import * as f from "../lib/format.js";
import { Facts, Meter, PageHead, Panel, Table, say } from "../lib/parts.js";
import { setQuery } from "../lib/router.js";

const QUANTILES = ["least", "5 %", "25 %", "median", "75 %", "95 %", "greatest"];
/** How far from telling nothing: .5 is chance, 0 and 1 tell everything. */
const tells = (x) => x.auc === null || x.auc === undefined ? 0 : Math.abs(x.auc - .5) * 2;

function Boxes({ feature }) {
  const sides = [["normal", feature.normal], ["attack", feature.attack]].filter(([, s]) => s.quantiles);
  const all = sides.flatMap(([, s]) => s.quantiles).filter((v) => v !== null);
  const [log, setLog] = useState(Math.max(...all) > 1000);
  if (!all.length) return html`<p class="faint">No finite values.</p>`;
  const scale = (v) => log ? Math.sign(v) * Math.log10(1 + Math.abs(v)) : v;
  const low = Math.min(...all.map(scale)), span = Math.max(...all.map(scale)) - low || 1;
  const x = (v) => 70 + (scale(v) - low) / span * 510;
  return html`<label class="check small"><input type="checkbox" checked=${log} onChange=${(e) => setLog(e.currentTarget.checked)} />logarithmic</label>
    <svg viewBox="0 0 600 130" width="100%" role="img" aria-label=${sides.map(([n, s]) => `${n}: ${s.quantiles.map((v, i) => `${QUANTILES[i]} ${f.number(v)}`).join(", ")}`).join("; ")}>
      ${sides.map(([name, s], i) => {
        const q = s.quantiles, y = 32 + i * 48;
        return html`<g key=${name} class=${name === "normal" ? "c-probe" : "c-dos"}><text x="60" y=${y + 4} text-anchor="end">${name}</text>
          <line x1=${x(q[0])} x2=${x(q[6])} y1=${y} y2=${y} stroke="var(--c)" stroke-dasharray="2 3" /><line x1=${x(q[1])} x2=${x(q[5])} y1=${y} y2=${y} stroke="var(--c)" stroke-width="2" />
          <rect x=${x(q[2])} y=${y - 12} width=${Math.max(2, x(q[4]) - x(q[2]))} height="24" rx="3" fill="var(--c)" fill-opacity=".35" stroke="var(--c)" /><line x1=${x(q[3])} x2=${x(q[3])} y1=${y - 14} y2=${y + 14} stroke="var(--ink)" stroke-width="2.5" /></g>`;
      })}
      <text x="70" y="124">${f.number(Math.min(...all))}</text><text x="580" y="124" text-anchor="end">${f.number(Math.max(...all))}</text></svg>
    <${Table} caption="Quantiles by class" rows=${sides.map(([id, s]) => ({ id, s }))} columns=${[["", (r) => r.id], ...QUANTILES.map((n, i) => [n, (r) => f.number(r.s.quantiles[i]), { numeric: true }]), ["mean", (r) => f.number(r.s.mean), { numeric: true }], ["missing", (r) => f.count(r.s.missing), { numeric: true }]]} />`;
}

function Words({ feature }) {
  const sum = (side) => feature[side].rows - feature[side].missing || 1;
  return html`<${Table} caption="Words by class" rows=${(feature.top || []).map((t) => ({ id: t.word, ...t }))} columns=${[["Word", (r) => html`<span class="mono">${r.word}</span>`, { class: "wrap" }],
    ["of normal", (r) => html`<${Meter} value=${r.normal / sum("normal")} kind="probe" label=${f.percent(r.normal / sum("normal"))} />`], ["", (r) => f.percent(r.normal / sum("normal")), { numeric: true }],
    ["of attacks", (r) => html`<${Meter} value=${r.attack / sum("attack")} kind="dos" label=${f.percent(r.attack / sum("attack"))} />`], [" ", (r) => f.percent(r.attack / sum("attack")), { numeric: true }]]} />`;
}

/** In words what the figures of a feature say. */
function story(x) {
  const t = tells(x);
  const how = t > .8 ? "alone nearly tells attacks from normal" : t > .5 ? "tells much" : t > .2 ? "tells something" : "tells little alone";
  const way = x.type !== "text" && x.auc !== null ? x.auc > .5 ? "attacks have the greater values" : "attacks have the lower values" : null;
  return `${how}${way && t > .1 ? `; ${way}` : ""}${x.correlation && Math.abs(x.correlation) > .8 ? `; says much the same as ${x.correlated_with}` : ""}`;
}

/** Too small for a number is not nothing. */
const chance = (q) => q === 0 ? "< 1e-300" : f.number(q);

function Feature({ x }) {
  return html`<${Panel} title=${html`<span class="mono">${x.name}</span>`} note=${story(x)}>
    <${Facts} items=${[["AUC alone", f.figure(x.auc)], ["Mutual information", `${f.figure(x.mutual_information)} bits`], x.cohen_d !== undefined && ["Effect (Cohen's d)", f.figure(x.cohen_d, 2)], x.cramer_v !== undefined && ["Effect (Cramér's V)", f.figure(x.cramer_v, 2)],
      x.welch && ["Welch's t-test, q", chance(x.welch.q)], x.rank && ["Rank test, q", chance(x.rank.q)], x.chi_square && ["Chi-square, q", chance(x.chi_square.q)],
      x.outliers_iqr !== undefined && ["Outliers (IQR)", f.count(x.outliers_iqr)], x.vif !== undefined && ["Variance inflation", x.vif_infinite ? "∞" : f.number(x.vif)], x.correlated_with && ["Most like", `${x.correlated_with} (${f.figure(x.correlation, 2)})`], ["Different values", f.count(x.distinct)]]} />
    <div style=${{ marginTop: ".9rem" }}>${x.type === "text" || x.top ? html`<${Words} feature=${x} />` : x.normal.quantiles ? html`<${Boxes} key=${x.name} feature=${x} />` : html`<p class="faint">The profile was made without distributions.</p>`}</div><//>`;
}

const LABELLED = 24; // columns, whose names have room beside the picture

/** Correlations as colours; pointing at one reads it out. */
function Heat({ of, onChoose }) {
  const canvas = useRef();
  const [kind, setKind] = useState("spearman");
  const [at, setAt] = useState(null);
  const appearance = useAppearance();
  const n = of.columns.length, m = of[kind];
  useEffect(() => {
    const c = canvas.current.getContext("2d"), size = canvas.current.width = canvas.current.height = Math.max(n * 12, 480), s = size / n;
    const [up, down] = [colour("c-dos"), colour("c-probe")];
    c.clearRect(0, 0, size, size);
    m.forEach((row, i) => row.forEach((v, k) => {
      if (v === null) return;
      c.globalAlpha = Math.abs(v);
      c.fillStyle = v > 0 ? up : down;
      c.fillRect(k * s, i * s, s - .5, s - .5);
    }));
  }, [m, appearance]);
  const find = (e) => {
    const r = canvas.current.getBoundingClientRect();
    return [Math.min(n - 1, Math.floor((e.clientY - r.top) / r.height * n)), Math.min(n - 1, Math.floor((e.clientX - r.left) / r.width * n))];
  };
  const strongest = useMemo(() => {
    const list = [];
    m.forEach((row, i) => row.forEach((v, k) => { if (k > i && v !== null) list.push([of.columns[i], of.columns[k], v]); }));
    return list.sort((a, b) => Math.abs(b[2]) - Math.abs(a[2])).slice(0, 12);
  }, [m]);
  return html`<${Panel} title="Correlations" aside=${html`<span class="segment">${["spearman", "pearson"].map((k) => html`<button key=${k} class="small" aria-pressed=${kind === k} onClick=${() => setKind(k)}>${k}</button>`)}</span>`}>
    <div class="grid"><div class="span-6"><div class="heat">${n <= LABELLED && html`<ol aria-hidden="true">${of.columns.map((c) => html`<li key=${c} class="mono" title=${c}>${c}</li>`)}</ol>`}<div style=${{ gridColumn: n <= LABELLED ? 2 : "1 / -1" }}><canvas ref=${canvas} class="map" role="img" aria-label=${`Correlations of ${n} columns; the strongest are in the table beside`} onPointerMove=${(e) => setAt(find(e))} onPointerLeave=${() => setAt(null)} onClick=${(e) => onChoose(of.columns[find(e)[0]])}></canvas></div>
        ${n <= LABELLED && html`<ol class="under" aria-hidden="true">${of.columns.map((c) => html`<li key=${c}><span class="mono" title=${c}>${c}</span></li>`)}</ol>`}</div>
      <p class="small faint">${at ? `${of.columns[at[0]]} and ${of.columns[at[1]]}: ${f.figure(m[at[0]][at[1]], 2)}` : html`<span class="badge"><i class="dot c-dos"></i>rise together</span> <span class="badge"><i class="dot c-probe"></i>one rises, the other falls</span>`}</p></div>
      <div class="span-6"><${Table} caption="The strongest correlations" rows=${strongest.map((s, i) => ({ id: i, s }))} columns=${[["Column", (r) => html`<span class="mono">${r.s[0]}</span>`], ["and", (r) => html`<span class="mono">${r.s[1]}</span>`], ["r", (r) => f.figure(r.s[2], 2), { numeric: true }]]} /></div></div><//>`;
}

function Profile({ d, chosen }) {
  const features = useMemo(() => d.features.filter((x) => !x.is_label).sort((a, b) => tells(b) - tells(a)), [d]);
  const now = features.find((x) => x.name === chosen) || features[0];
  const max = Math.max(...features.map(tells), .01);
  return html`<div class="tiles">${[["Rows", d.rows], ["Normal", d.label.normal], ["Attack", d.label.attack], ["Left out", d.label.neither], ["Repeated rows", d.repeated ? d.repeated.rows - d.repeated.distinct : null]].map(([l, v]) => html`<div class="tile" key=${l}><span class="tile-label">${l}</span><span class="tile-value">${f.count(v)}</span></div>`)}</div>
    ${d.leaks?.length > 0 && html`<${Panel} title="Columns that should be no features" note="They tell by how the data were made, and a model that learns from them learns nothing."><${Table} caption="Leaks" rows=${d.leaks.map((l) => ({ id: l.column, ...l }))} columns=${[["Column", (l) => html`<span class="mono">${l.column}</span>`], ["Because", (l) => l.reason, { class: "wrap" }], ["Kind", (l) => l.kind]]} /><//>`}
    <div class="split"><${Panel} title="What tells attacks from normal" note="Each feature by itself: 0 tells nothing, 1 everything. With many rows nearly every difference is significant; look at the size.">
      <ol class="ranking factor-list">${features.map((x) => html`<li key=${x.name}><button class="plain mono" aria-pressed=${x === now} onClick=${() => setQuery({ feature: x.name })}>${x.name}</button><${Meter} value=${tells(x)} max=${max} label=${f.figure(tells(x))} /><b>${f.figure(tells(x), 2)}</b></li>`)}</ol><//>
      <div class="sticky">${now && html`<${Feature} key=${now.name} x=${now} />`}</div></div>
    ${d.correlations?.columns.length > 1 && html`<${Heat} of=${d.correlations} onChoose=${(c) => setQuery({ feature: c })} />`}
    <${Panel} title="Labels"><${Table} caption="Labels" rows=${d.label.values.map((v) => ({ id: v.value, ...v }))} columns=${[["Label", (v) => v.value, { class: "wrap" }], ["Counts as", (v) => v.side], ["Rows", (v) => f.count(v.rows), { numeric: true }]]} /><//>`;
}

function readProfile(text) {
  const d = JSON.parse(text);
  if (!Array.isArray(d.features) || !d.label) throw new Error("no profile");
  return d;
}

export default function Factors({ query }) {
  const [brought, bring] = useState(null);
  const artefact = useArtefact("profile", brought ? null : query.capture);
  const d = useMemo(() => {
    if (brought) return brought.d;
    try { return artefact.text ? readProfile(artefact.text) : null; } catch { return null; }
  }, [artefact.text, brought]);
  const open = (text, name) => {
    try { bring({ d: readProfile(text), name }); } catch { say("That is not what lapwing profile --json prints.", { bad: true }); }
  };
  return html`<${PageHead} title="Factors" sub=${brought ? `From the file ${brought.name}` : "What distinguishes attacks from normal traffic, told on your own data."}>
      ${brought ? html`<button onClick=${() => bring(null)}>Back to captures</button>` : html`<${CapturePicker} value=${query.capture} />`}
      <${FilePicker} accept=".json" label="Open a profile…" onText=${open} /><//>
    ${d ? html`<${Profile} d=${d} chosen=${query.feature} />` : html`<${Panel}><${ArtefactState} artefact=${artefact} capture=${query.capture} what="profile" title="The profile">
      It compares each feature between flows called normal and flows called an attack. Or open what <code>lapwing profile --json --distributions FILE</code> printed of any labelled table.<//><//>`}`;
}
