// SPDX-License-Identifier: Apache-2.0
// One connection record, judged while it is filled in, and the same as a command.
import { html, useEffect, useMemo, useRef, useState } from "../lib/html.js";
import { api } from "../lib/api.js";
import { ClassBadge, Copy, Meter, PageHead, Panel, meaning, slug } from "../lib/parts.js";
import { percent } from "../lib/format.js";
import { Waterfall } from "../lib/waterfall.js";
import { EXAMPLES, FLAGS, GROUPS, SERVICES, DEFAULTS, WIDE_ONLY } from "./record.js";

const NAMES = GROUPS.flatMap(([, fields]) => fields.map((field) => field.name));

/** The verdict with its reasons. */
async function judge(body, wide, signal) {
  const options = { body, headers: { "Content-Type": "application/json" }, signal };
  const verdict = await api("POST", "classify", { ...options, query: { view: wide ? "kdd" : "kdd31", explain: true } });
  if (verdict.error) throw Object.assign(new Error(verdict.error), { field: verdict.field });
  return verdict;
}

/** What is no number stays a text: the server says what is wrong with it. */
function toRecord(values, wide) {
  const record = {};
  for (const group of GROUPS)
    for (const { name, kind } of group[1]) {
      if (!wide && WIDE_ONLY.has(name)) continue;
      const text = String(values[name] ?? "").trim();
      record[name] = kind === "word" || text === "" || !Number.isFinite(Number(text)) ? text : Number(text);
    }
  return record;
}

function Field({ field, value, wrong, onInput }) {
  const { name, words, kind } = field;
  const common = { name, value, title: words, class: wrong ? "wrong" : "", onInput: (e) => onInput(name, e.currentTarget.value) };
  const control = name === "protocol" ? html`<select ...${common}>${["tcp", "udp", "icmp"].map((o) => html`<option key=${o} value=${o}>${o}</option>`)}</select>`
    : name === "flag" ? html`<select ...${common}>${Object.entries(FLAGS).map(([o, w]) => html`<option key=${o} value=${o}>${o}: ${w}</option>`)}</select>`
    : name === "service" ? html`<input ...${common} list="services" autocomplete="off" spellcheck=${false} />`
    : kind === "bit" ? html`<select ...${common}><option value="0">no</option><option value="1">yes</option></select>`
    : kind === "rate" ? html`<input ...${common} type="number" min="0" max="1" step="0.01" inputmode="decimal" />`
    : html`<input ...${common} type="number" min="0" step="any" inputmode="numeric" />`;
  return html`<label class="field" title=${words}>${words}${control}</label>`;
}

/** The server names a field as the view does, with its underscores. */
const plain = (name) => name?.replaceAll("_", "").replace("protocoltype", "protocol");

function useVerdict(record, wide) {
  const [state, set] = useState({ verdict: null, error: null, waiting: true });
  const body = JSON.stringify(record);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const verdict = await judge(body, wide, abort.signal);
        set({ verdict, error: null, waiting: false });
      } catch (error) {
        if (error.name !== "AbortError") set({ verdict: null, error, waiting: false });
      }
    }, 120);
    return () => { clearTimeout(timer); abort.abort(); };
  }, [body]);
  return state;
}

function Verdict({ state }) {
  const { verdict, error } = state;
  if (error) return html`<p class="bad" role="alert">${error.message}</p>`;
  const scores = Object.entries(verdict?.scores || {}).sort((a, b) => b[1] - a[1]);
  return html`<div aria-live="polite"><p class="verdict-now">${verdict ? html`<${ClassBadge} name=${verdict.class} />` : html`<span class="faint">…</span>`}</p>
    <p class="note">${verdict ? meaning(verdict.class) : ""}</p></div>
    ${scores.length > 0 && html`<ul class="ranking" aria-label="Probability of each class">${scores.map(([name, p]) => html`<li key=${name}>
      <${ClassBadge} name=${name} /><${Meter} value=${p} kind=${slug(name)} label=${`${name}: ${percent(p)}`} /><b>${percent(p)}</b></li>`)}</ul>`}
    ${verdict?.reasons?.length > 0 && html`<h3>Why</h3><${Waterfall} reasons=${verdict.reasons} base=${verdict.base ?? 0} score=${verdict.margin ?? null} towards=${verdict.class} />`}`;
}

export default function Try() {
  const [values, set] = useState({ ...DEFAULTS, ...EXAMPLES[0].record });
  const [wide, setWide] = useState(false);
  const [example, setExample] = useState(EXAMPLES[0].title);
  const record = useMemo(() => toRecord(values, wide), [values, wide]);
  const state = useVerdict(record, wide);
  const curl = `curl -H 'Content-Type: application/json' -d '${JSON.stringify(record).replaceAll("'", "'\\''")}' ${location.origin}/classify`;
  return html`<${PageHead} title="Try it: one connection record"
      sub="The verdict follows what you fill in. Start from an example and change what you want to know about." />
    <div class="chips" role="group" aria-label="Examples">${EXAMPLES.map((e) => html`<button key=${e.title} aria-pressed=${example === e.title}
      onClick=${() => { set({ ...DEFAULTS, ...e.record }); setExample(e.title); }}><i class="dot c-${slug(e.of)}"></i>${e.title}</button>`)}</div>
    <div class="split" style=${{ marginTop: "1rem" }}>
      <form class="record" onSubmit=${(e) => e.preventDefault()} aria-label="The record">
        <datalist id="services">${SERVICES.map((s) => html`<option key=${s} value=${s} />`)}</datalist>
        <p class="row" style=${{ marginBottom: ".6rem" }}><label class="check"><input type="checkbox" checked=${wide} onChange=${(e) => setWide(e.currentTarget.checked)} />
          All 41 features (judged by the fuller model)</label></p>
        ${GROUPS.map(([title, fields]) => html`<fieldset key=${title}><legend>${title}</legend>
          ${fields.filter((field) => wide || !WIDE_ONLY.has(field.name)).map((field) => html`<${Field} key=${field.name} field=${field} value=${values[field.name]}
            wrong=${plain(state.error?.field) === field.name} onInput=${(name, v) => { set({ ...values, [name]: v }); setExample(null); }} />`)}</fieldset>`)}
      </form>
      <div class="sticky early">
        <${Panel} title="Verdict"><${Verdict} state=${state} /><//>
        <${Panel} title="The same from a program" aside=${html`<${Copy} text=${curl} />`}><pre id="curl">${curl}</pre>
          <p class="note">The answer is <code>{"Attack Type": "…"}</code>. A mistake in the record is answered by a problem that names the field.${" "}
            <a href="/api/v1/openapi.yaml">API description (OpenAPI)</a></p><//>
      </div></div>`;
}
