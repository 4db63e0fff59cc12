// SPDX-License-Identifier: Apache-2.0
// Which models judge, how they were trained and validated, which could take over.
import { html, useRef, useState } from "../lib/html.js";
import { api, useQuery } from "../lib/api.js";
import * as f from "../lib/format.js";
import { Chart, axis, line } from "../lib/chart.js";
import { ClassBadge, Empty, Facts, Failed, Loaded, Loading, Meter, PageHead, Panel, Sure, Table, Tabs, attempt, say, slug } from "../lib/parts.js";
import { href } from "../lib/router.js";

const ROLES = { traffic: "what makes the alerts of captures", attack: "a second opinion: attack classes of 1998", botnet: "a second opinion: botnet score", normal: "distance from normal", classify: "records of 31 features" };
const PROTOCOLS = { leave_attack_out: "Attack types left out", leave_attack_out_as_from_packets: "The same, with what packets tell",
  leave_scenario_out: "Scenarios left out", leave_group_out: "Groups left out", random_split: "Random split", baseline_majority: "Baseline: always the same", baseline_one_rule: "Baseline: one rule" };
const words = (key) => PROTOCOLS[key] || key.replaceAll("_", " ");
const FIGURES = [["accuracy", "Accuracy"], ["macro_f1", "Macro F1"], ["mcc", "MCC"], ["pr_auc", "PR-AUC"], ["roc_auc", "ROC-AUC"], ["tpr_at_fpr_1e3", "Found at 1 false alarm in 1,000"],
  ["detection", "Attacks found"], ["false_alarm", "False alarms"], ["average_cost", "Average cost"]];

/** Everything of the validation that is a set of figures. */
const runs = (validation) => Object.entries(validation || {}).filter(([, v]) => v && typeof v === "object" && ("accuracy" in v || "recall" in v || "macro_f1" in v));

function Validation({ validation }) {
  const list = runs(validation);
  if (!list.length) return html`<p class="faint">The model file holds no validation.</p>`;
  const shown = FIGURES.filter(([k]) => list.some(([, v]) => typeof v[k] === "number"));
  const classes = [...new Set(list.flatMap(([, v]) => Object.keys(v.recall || {})))];
  return html`<${Table} caption="Validation" rows=${list.map(([k, v]) => ({ id: k, v }))} columns=${[
      ["Judged on", (r) => html`<b>${words(r.id)}</b>`, { class: "wrap" }], ["Rows", (r) => f.count(r.v.rows), { numeric: true }],
      ...shown.map(([k, title]) => [title, (r) => f.figure(r.v[k]), { numeric: true }])]} />
    ${classes.length > 0 && html`<h3 style=${{ margin: "1rem 0 .4rem" }}>Share of each class that was called by its name</h3>
      <${Table} caption="Recall by class" rows=${list.map(([k, v]) => ({ id: k, v }))} columns=${[["Judged on", (r) => words(r.id), { class: "wrap" }],
        ...classes.map((c) => [c, (r) => html`<div style=${{ minWidth: "5rem" }}>${f.percent(r.v.recall?.[c])}<${Meter} value=${r.v.recall?.[c] || 0} kind=${slug(c)} label=${`${c}: ${f.percent(r.v.recall?.[c])}`} /></div>`])]} />`}`;
}

/** What training wrote down, whatever that is. */
function Tree({ of }) {
  return html`<dl class="facts">${Object.entries(of).filter(([, v]) => v !== null && v !== "").map(([k, v]) => html`<div key=${k}><dt>${k.replaceAll("_", " ")}</dt>
    <dd>${typeof v === "object" ? Array.isArray(v) && v.every((x) => typeof x !== "object") ? v.map((x) => f.number(x)).join(", ") : html`<pre>${Array.isArray(v) ? v.map((x) => JSON.stringify(x)).join("\n") : JSON.stringify(v, null, 1)}</pre>` : f.number(v)}</dd></div>`)}</dl>`;
}

export function Confusion({ matrix, names }) {
  const [share, set] = useState(true);
  const columns = matrix[0].length > names.length ? [...names, "Not recognized"] : names;
  return html`<p class="row small" style=${{ marginBottom: ".5rem" }}><span class="segment"><button class="small" aria-pressed=${share} onClick=${() => set(true)}>shares</button><button class="small" aria-pressed=${!share} onClick=${() => set(false)}>rows</button></span>
      <span class="faint">rows: what it was; columns: what was said</span></p>
    <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table class="matrix"><thead><tr><th scope="col">was \\ said</th>${columns.map((c) => html`<th key=${c} scope="col">${c}</th>`)}</tr></thead>
    <tbody>${matrix.map((r, i) => {
      const n = r.reduce((a, b) => a + b, 0) || 1;
      return html`<tr key=${i}><th scope="row">${names[i]}</th>${r.map((v, k) => html`<td key=${k} class=${i === k ? "c-accent" : "c-dos"} style=${{ "--share": v / n }}>${share ? f.percent(v / n) : f.count(v)}</td>`)}</tr>`;
    })}</tbody></table></div>`;
}

// ---------------------------------------------------------------- an evaluation brought along

/** What `lapwing test` printed: --json, or the page of --report. */
function readEvaluation(text) {
  if (!text.trimStart().startsWith("<")) {
    const d = JSON.parse(text);
    if (!d.confusion) throw new Error("That is no output of lapwing test --json.");
    return { title: `${f.count(d.rows)} rows judged by ${d.model}`, figures: d, names: Object.keys(d.per_class), matrix: d.confusion, perClass: d.per_class, curve: null };
  }
  // The page is not made a document of: its data are all that is wanted.
  const data = text.match(/<script[^>]*application\/json[^>]*>([\s\S]*?)<\/script>/);
  if (!data) throw new Error("That is no page of lapwing test --report.");
  const d = JSON.parse(data[1]);
  return { title: d.title, figures: d.eval, names: d.eval.names, matrix: d.eval.matrix, perClass: null, curve: d.curve?.normal && d.curve.attacks ? d.curve : null };
}

function Curves({ curve: c }) {
  const tpr = (p) => p[1] / c.attacks, fpr = (p) => p[2] / c.normal;
  const bins = (k, n) => c.bins[k].map((x, i) => [(i + .5) / c.bins[k].length, x / n]);
  const reliable = (c.reliability || []).filter((b) => b[1] > 0);
  const [at, set] = useState(Math.max(0, c.points.findLastIndex((p) => fpr(p) <= .01)));
  const p = c.points[at];
  return html`<div class="grid">
    <${Panel} title="ROC" class="span-6"><${Chart} words="ROC curve" option=${() => ({ xAxis: axis("false-alarm rate", { min: 0, max: 1 }), yAxis: axis("attacks found", { min: 0, max: 1 }),
      series: [line("ROC", [[0, 0], ...c.points.map((q) => [fpr(q), tpr(q)])], "c-probe"), line("chance", [[0, 0], [1, 1]], "line-strong", { dash: "dotted" })] })} /><//>
    <${Panel} title="Precision and recall" class="span-6"><${Chart} words="Precision-recall curve" option=${() => ({ xAxis: axis("recall", { min: 0, max: 1 }), yAxis: axis("precision", { min: 0, max: 1 }),
      series: [line("precision", c.points.map((q) => [tpr(q), q[1] / (q[1] + q[2])]), "c-dos", { dash: "dashed" })] })} /><//>
    <${Panel} title="Scores" class="span-6"><${Chart} words="Distribution of the score" option=${() => ({ xAxis: axis("score", { min: 0, max: 1 }), yAxis: axis("share of rows"),
      series: [line("normal", bins(0, c.normal), "c-probe"), line("attack", bins(1, c.attacks), "c-dos", { dash: "dashed" })] })} /><//>
    ${reliable.length > 0 && html`<${Panel} title="Calibration" class="span-6" note="Of the rows with about this score, how many are attacks?"><${Chart} words="Calibration" option=${() => ({ xAxis: axis("mean score", { min: 0, max: 1 }), yAxis: axis("share of attacks", { min: 0, max: 1 }),
      series: [line("observed", reliable.map((b) => [b[0], b[2] / b[1]]), "c-probe", { showSymbol: true, symbolSize: 8 }), line("perfect", [[0, 0], [1, 1]], "line-strong", { dash: "dotted" })] })} /><//>`}
  </div><${Panel} title="At a threshold"><input type="range" min="0" max=${c.points.length - 1} value=${at} aria-label="Threshold" style=${{ width: "100%" }} onInput=${(e) => set(Number(e.currentTarget.value))} />
    <${Facts} items=${[["Threshold", f.number(p[0])], ["Attacks found", f.percent(tpr(p))], ["False alarms", f.percent(fpr(p))], ["Precision in this file", f.percent(p[1] / (p[1] + p[2]))]]} /><//>`;
}

function Evaluation() {
  const [found, set] = useState(null);
  const [error, fail] = useState(null);
  const read = async (file) => {
    if (!file) return;
    try { set(readEvaluation(await file.text())); fail(null); } catch (e) { fail(e instanceof SyntaxError ? new Error("That is neither JSON nor a report.") : e); }
  };
  return html`<div class="drop" onDragOver=${(e) => e.preventDefault()} onDrop=${(e) => { e.preventDefault(); e.stopPropagation(); read(e.dataTransfer.files[0]); }}>
      <p>Drop what <code>lapwing test --json</code> or <code>lapwing test --report page.html</code> wrote. It is read here and sent nowhere.</p>
      <input type="file" accept=".json,.html" aria-label="Evaluation file" onChange=${(e) => read(e.currentTarget.files[0])} />${error && html`<p class="bad" role="alert">${error.message}</p>`}</div>
    ${found && html`<${Panel} title=${found.title}><${Facts} items=${FIGURES.filter(([k]) => typeof found.figures[k] === "number").map(([k, t]) => [t, f.figure(found.figures[k], 4)])} /><//>
      <${Panel} title="Confusion matrix"><${Confusion} matrix=${found.matrix} names=${found.names} /><//>
      ${found.perClass && html`<${Panel} title="By class"><${Table} caption="Figures by class" rows=${Object.entries(found.perClass).map(([id, v]) => ({ id, ...v }))} columns=${[["Class", (r) => html`<${ClassBadge} name=${r.id} />`],
        ["Precision", (r) => f.figure(r.precision), { numeric: true }], ["Recall", (r) => f.figure(r.recall), { numeric: true }], ["F1", (r) => f.figure(r.f1), { numeric: true }], ["Rows", (r) => f.count(r.support), { numeric: true }]]} /><//>`}
      ${found.curve && html`<${Curves} key=${found.title} curve=${found.curve} />`}`}`;
}

// ------------------------------------------------------------------------------- the pages

function Card({ id, session }) {
  const card = useQuery(`models/${id}`);
  const may = !session || session.scope === "admin";
  const all = useQuery("models");
  const [other, setOther] = useState("");
  const beside = useQuery(other ? `models/${other}` : null);
  const m = card.data;
  if (card.error) return html`<${PageHead} title="Model" back=${["Models", "models"]} /><${Failed} error=${card.error} retry=${card.reload} what="the model" />`;
  if (!m) return html`<${Loading} />`;
  const p = m.provenance || {};
  const v = p.validation;
  const rest = Object.fromEntries(Object.entries(p).filter(([k]) => !["validation", "parameters", "data", "rule"].includes(k)));
  const rivals = (all.data?.items || []).filter((x) => x.id !== id && x.role === m.role);
  return html`<${PageHead} title=${html`<span class="mono">${m.id}</span>`} back=${["Models", "models"]} sub=${`${m.role}: ${ROLES[m.role] || ""}`}>
      ${m.active ? html`<span class="tag on">active</span>` : html`<${Sure} class="main" ask="Use it from now on?" disabled=${!may} onSure=${() => attempt(() => api("POST", `models/${id}/activate`), "Active").then(card.reload)}>Activate<//>`}<//>
    <${Panel} title="What it is"><${Facts} items=${[["View", m.view], ["Classes", m.classes.join(", ")], ["Threshold", m.threshold === null ? "its own, by class" : f.figure(m.threshold)], ["Features", f.count(m.features.length)], ["Size", f.bytes(m.size)],
      ["From", m.bundled ? "came with the program" : `uploaded ${f.time(m.uploaded)}`]]} /><//>
    <${Panel} title="How good it is" note="Attack types it never saw in training are what counts; a random split flatters every model."><${Validation} validation=${v} />
      ${v && "known_rejected" in v && html`<p class="note" style=${{ marginTop: ".8rem" }}>“Not recognized” is said of ${f.percent(v.known_rejected)} of what is known and ${f.percent(v.unseen_rejected)} of types never seen; ${f.percent(v.unseen_detected)} of these are called an attack.</p>`}<//>
    ${v?.confusion && html`<${Panel} title="Confusion matrix"><${Confusion} matrix=${v.confusion} names=${m.classes} /><//>`}
    ${rivals.length > 0 && html`<${Panel} title="Compared with" aside=${html`<select aria-label="Compare with" value=${other} onChange=${(e) => setOther(e.currentTarget.value)}><option value="">choose a model</option>${rivals.map((r) => html`<option key=${r.id} value=${r.id}>${r.id}${r.active ? " (active)" : ""}</option>`)}</select>`}>
      ${beside.data ? html`<${Table} caption="Two models, figure by figure" rows=${runs(v).filter(([k]) => beside.data.provenance?.validation?.[k]).flatMap(([k, a]) => FIGURES.filter(([g]) => typeof a[g] === "number").map(([g, t]) => ({ id: `${k} ${g}`, k, t, a: a[g], b: beside.data.provenance.validation[k][g] })))} columns=${[
        ["Judged on", (r) => words(r.k)], ["Figure", (r) => r.t], [m.id, (r) => f.figure(r.a), { numeric: true }], [other, (r) => f.figure(r.b), { numeric: true }], ["Difference", (r) => typeof r.b === "number" ? `${r.a - r.b < 0 ? "−" : "+"}${f.figure(Math.abs(r.a - r.b))}` : "–", { numeric: true }]]} />`
        : html`<p class="faint">Figures of the same kind, side by side.</p>`}<//>`}
    ${p.importance && html`<${Panel} title="What it looks at most"><ol class="ranking">${Object.entries(p.importance).sort((a, b) => b[1] - a[1]).slice(0, 25).map(([k, x], i, l) => html`<li key=${k}><span class="mono">${k}</span><${Meter} value=${x} max=${l[0][1]} label=${f.number(x)} /><b>${f.number(x)}</b></li>`)}</ol><//>`}
    <div class="grid">${p.data && html`<${Panel} title="Trained on" class="span-6"><${Tree} of=${p.data} /><//>`}${p.parameters && html`<${Panel} title="Parameters" class="span-6"><${Tree} of=${p.parameters} /><//>`}
      ${p.rule && html`<${Panel} title="Rule that decides" class="span-6"><${Tree} of=${p.rule} /><//>`}${Object.keys(rest).length > 0 && html`<${Panel} title="Made by" class="span-6"><${Tree} of=${rest} /><//>`}</div>
    <details class="panel"><summary>Its ${f.count(m.features.length)} features</summary><p class="mono small">${m.features.join(", ")}</p></details>`;
}

function List({ session }) {
  const models = useQuery("models");
  const picker = useRef();
  const [role, setRole] = useState("attack");
  const may = !session || session.scope === "admin";
  const upload = async (file) => {
    if (!file) return;
    const made = await attempt(() => api("POST", "models", { query: { role }, body: file, headers: { "Content-Type": "application/octet-stream" } }));
    if (made) { say(`${made.id} is stored; it does not judge until it is activated`); models.reload(); }
  };
  const act = (work, words) => attempt(work, words).then(models.reload);
  return html`<${Loaded} query=${models} what="the models" empty=${(d) => !d.items.length && html`<${Empty} title="No models" />`}>${(d) => html`${Object.keys(ROLES).filter((r) => d.items.some((m) => m.role === r)).map((r) => html`
    <section key=${r}><div class="row" style=${{ justifyContent: "space-between", margin: "1rem 0 .5rem" }}><h2>${r} <span class="faint">${ROLES[r]}</span></h2>
      ${d.items.filter((m) => m.role === r).length > 1 && html`<${Sure} class="small" ask="Back to the model before?" disabled=${!may} onSure=${() => act(() => api("POST", "models/rollback", { query: { role: r } }), (m) => `${m.id} judges again`)}>Roll back<//>`}</div>
    <div class="cards">${d.items.filter((m) => m.role === r).map((m) => html`<article key=${m.id} class="card ${m.active ? "active" : ""}">
      <div class="row" style=${{ justifyContent: "space-between" }}><a class="mono" href=${href(["models", m.id])}>${m.id}</a><span>${m.active && html`<span class="tag on">active</span>`} ${m.bundled && html`<span class="tag">bundled</span>`}</span></div>
      <${Facts} items=${[["View", m.view], ["Threshold", m.threshold === null ? "its own, by class" : f.figure(m.threshold)], ["Size", f.bytes(m.size)], m.uploaded && ["Uploaded", f.time(m.uploaded)]]} />
      <p class="row">${m.classes.map((c) => html`<${ClassBadge} key=${c} name=${c} />`)}</p>
      <p class="row"><a class="button small" href=${href(["models", m.id])}>Card</a>${!m.active && html`<${Sure} class="small" ask="Use it from now on?" disabled=${!may} onSure=${() => act(() => api("POST", `models/${m.id}/activate`), `${m.id} judges from now on`)}>Activate<//>`}
        ${!m.active && !m.bundled && html`<${Sure} class="small" ask="Delete?" disabled=${!may} onSure=${() => act(() => api("DELETE", `models/${m.id}`), "Deleted")}>Delete<//>`}</p></article>`)}</div></section>`)}
    <${Panel} title="Add a model" class="no-print"><div class="row"><label class="row">for <select value=${role} onChange=${(e) => setRole(e.currentTarget.value)}>${Object.entries(ROLES).map(([r, w]) => html`<option key=${r} value=${r}>${r}: ${w}</option>`)}</select></label>
      <button disabled=${!may} onClick=${() => picker.current.click()}>Choose a .lwm file…</button><input ref=${picker} hidden type="file" accept=".lwm" aria-label="Model file" onChange=${(e) => { upload(e.currentTarget.files[0]); e.currentTarget.value = ""; }} />
      <span class="faint small">Loading a model runs nothing of it: it is checked, and refused if its view is another.</span></div><//>`}<//>`;
}

export default function Models({ parts, query, session }) {
  if (parts[0]) return html`<${Card} key=${parts[0]} id=${parts[0]} session=${session} />`;
  const tab = query.tab || "models";
  return html`<${PageHead} title="Models" sub="Which models judge, how they were trained, and how well they do on what they never saw." />
    <${Tabs} label="Views" now=${tab} items=${[["models", "Models", href("models")], ["evaluation", "Evaluation", href("models", { tab: "evaluation" })]]} />
    ${tab === "evaluation" ? html`<${Evaluation} />` : html`<${List} session=${session} />`}`;
}
