// SPDX-License-Identifier: Apache-2.0
// A detector's threshold, and what another one would have meant: flows and alerts a day on
// what was seen so far.  Verdicts stay as they were; later analyses follow.
import { html, useEffect, useMemo, useState } from "./html.js";
import { api, get, useQuery } from "./api.js";
import * as f from "./format.js";
import { Chart, axis, colour, line } from "./chart.js";
import { Failed, Loaded, Loading, attempt } from "./parts.js";

const PAGE = 1000, MOST = 10000, FLOOR = .05;

/** The most suspicious flows seen, for the preview: at most MOST, and whether that was all. */
async function suspicious(detector, signal) {
  const flows = [];
  let cursor, least = 1, seen = 0;
  do {
    const page = await get("flows", { min_score: FLOOR, sort: "score", order: "desc", limit: PAGE, cursor }, signal);
    for (const x of page.items) {
      least = x.score;
      if (x.detector === detector) flows.push(x);
    }
    cursor = page.next;
    seen += page.items.length;
  } while (cursor && seen < MOST);
  return { flows, least: cursor ? least : FLOOR };
}

/** One alert a class, and attacker (of a flood: target). */
const group = (x) => `${x.class} ${x.capture} ${x.class === "DoS" ? x.destination : x.source}`;

function usePreview(detector) {
  const [state, set] = useState({ curve: null, error: null });
  const summary = useQuery("stats/summary");
  useEffect(() => {
    const abort = new AbortController();
    set({ curve: null, error: null });
    suspicious(detector, abort.signal).then((found) => set({ curve: found, error: null }), (error) => error.name !== "AbortError" && set({ curve: null, error }));
    return () => abort.abort();
  }, [detector]);
  const days = summary.data?.first ? Math.max((f.toMs(summary.data.last) - f.toMs(summary.data.first)) / 864e5, 1 / 1440) : null;
  const points = useMemo(() => {
    if (!state.curve || !days) return null;
    // From the highest score down: at each hundredth, how many flows and groups are above.
    const seen = new Set(), out = [];
    let i = 0;
    for (let t = 100; t >= 1; t--) {
      while (i < state.curve.flows.length && state.curve.flows[i].score >= t / 100) seen.add(group(state.curve.flows[i++]));
      if (t / 100 >= state.curve.least) out.unshift({ t: t / 100, flows: i, alerts: seen.size });
    }
    return out;
  }, [state.curve, days]);
  const own = useMemo(() => {
    const alerted = state.curve?.flows.filter((x) => x.class !== "Normal");
    return alerted && { flows: alerted.length, alerts: new Set(alerted.map(group)).size };
  }, [state.curve]);
  return { points: summary.data && !summary.data.first ? [] : points, days, own, error: state.error || summary.error };
}

/** Where the slider begins while the model decides by thresholds of its own. */
const BEGIN = .9;

export function Threshold({ detector, value, may, onSaved }) {
  const own = value === null;
  const [now, set] = useState(value ?? BEGIN);
  const { points, days, own: today, error } = usePreview(detector);
  useEffect(() => set(value ?? BEGIN), [value]);
  const at = points?.find((p) => p.t >= now - 1e-9) ?? points?.at(-1);
  const before = own ? today : points?.find((p) => p.t >= value - 1e-9);
  // Of less than a day, a rate per day would be guessing: then the plain number is said.
  const short = days !== null && days < 1;
  const rate = (n) => short ? f.count(n) : f.number(Math.round(n / days * 10) / 10);
  const unit = short ? `in the ${f.duration(days * 86400)} seen` : "a day";
  const save = (to) => attempt(() => api("PATCH", "settings", { json: { thresholds: { [detector]: to } } }),
    to === null ? `“${detector}” decides by its model's own thresholds` : `Threshold of “${detector}” is ${to}`).then(onSaved);
  const changed = own ? now !== BEGIN : now !== value;
  return html`<div class="threshold"><div class="row" style=${{ justifyContent: "space-between" }}><h3>${detector}</h3>
      <span class="row"><input type="number" min="0" max="1" step="0.01" value=${now} aria-label=${`Threshold of ${detector}`} style=${{ width: "6rem" }} onInput=${(e) => e.currentTarget.value !== "" && set(Math.max(0, Math.min(1, Number(e.currentTarget.value))))} />
      <button class="main" disabled=${!own && !changed || !may} onClick=${() => save(now)}>Save</button>
      ${!own && html`<button disabled=${!may} onClick=${() => save(null)}>The model's own</button>`}</span></div>
    ${own && html`<p>Now it decides by thresholds of its own, one for each class.</p>`}
    <input type="range" min="0" max="1" step="0.01" value=${now} aria-label=${`Threshold of ${detector}, slider`} style=${{ width: "100%" }} onInput=${(e) => set(Number(e.currentTarget.value))} />
    ${error ? html`<${Failed} error=${error} what="the preview" />` : !points ? html`<${Loading} lines=${2} />` : !points.length || !before && !at ? html`<p class="faint">Nothing was seen yet, so there is nothing to foresee from.</p>` : html`
      <p aria-live="polite" class="preview"><b>${at && now <= 1 ? rate(at.alerts) : "0"} alerts</b> ${unit}, of ${at ? rate(at.flows) : "0"} flows, at ${now}${before && (own || changed) ? html` <span class="faint">(now${own ? "" : `, at ${value}`}: ${rate(before.alerts)} alerts of ${rate(before.flows)} flows)</span>` : ""}</p>
      <${Chart} deps=${[points, now, value]} words=${`Alerts by threshold of ${detector}`} option=${() => ({ legend: { show: false }, grid: { left: 52, right: 14, top: 12, bottom: 40 },
        xAxis: axis("threshold", { min: 0, max: 1, nameGap: 26 }), yAxis: axis(short ? "alerts" : "alerts a day", { nameGap: 36, minInterval: short ? 1 : 0 }),
        series: [line("alerts", points.map((p) => [p.t, short ? p.alerts : p.alerts / days]), "accent", { step: "end", markLine: { symbol: "none", silent: true, label: { formatter: "{b}", color: colour("ink"), textBorderWidth: 0 }, lineStyle: { color: colour("ink") },
          data: [...(own ? [] : [{ xAxis: value, name: "now", lineStyle: { type: "dashed" } }]), ...(changed ? [{ xAxis: now, name: "new" }] : [])] } })] })} />`}</div>`;
}

/** A detector that gives its opinion only: there are no alerts to foresee. */
function Opinion({ detector, value, may, onSaved }) {
  const [now, set] = useState(value);
  useEffect(() => set(value), [value]);
  const save = () => attempt(() => api("PATCH", "settings", { json: { thresholds: { [detector]: now } } }), `Threshold of “${detector}” is ${now}`).then(onSaved);
  return html`<div class="threshold"><div class="row" style=${{ justifyContent: "space-between" }}><h3>${detector}</h3>
    <span class="row"><input type="number" min="0" max="1" step="0.01" value=${now} aria-label=${`Threshold of ${detector}`} style=${{ width: "6rem" }} onInput=${(e) => e.currentTarget.value !== "" && set(Math.max(0, Math.min(1, Number(e.currentTarget.value))))} />
    <button class="main" disabled=${now === value || !may} onClick=${save}>Save</button></span></div>
    <p class="faint">A second opinion beside each flow. It makes no alerts; programs that ask <span class="mono">/alerts.json</span> are told of flows from this score on.</p></div>`;
}

export function Thresholds({ session, onSaved }) {
  const settings = useQuery("settings");
  const may = !session || session.scope === "admin";
  const saved = () => { settings.reload(); onSaved?.(); };
  const rounded = (v) => v === null ? null : Number(v.toPrecision(6));
  return html`<${Loaded} query=${settings} what="the thresholds">${(s) => html`<${Threshold} detector="traffic" value=${rounded(s.thresholds.traffic)} may=${may} onSaved=${saved} />
    <div class="grid">${["attack", "botnet"].map((d) => html`<div key=${d} class="span-6"><${Opinion} detector=${d} value=${rounded(s.thresholds[d])} may=${may} onSaved=${saved} /></div>`)}</div>
    <p class="note">Alerts are what the detector “traffic” says, foreseen from the most suspicious flows that the store holds: one alert for each class and attacker (of a flood: target).
      Verdicts that were made stay; the next analysis follows the new threshold.${may ? "" : " To change it a token with the scope “admin” is needed."}</p>`}<//>`;
}
