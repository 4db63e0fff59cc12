// SPDX-License-Identifier: Apache-2.0
// Why a score is what it is: each reason begins where the one before ended, so that the
// last one ends at the score.  To the right is towards the class that was said, to the left
// away from it.
import { html } from "./html.js";
import { number } from "./format.js";

/** Their value is a number that stands for a word, which the words tell. */
const WORDS = new Set(["protocol_type", "service", "flag", "proto", "dir", "state"]);

const digits = (v) => Math.abs(v) < .005 && v !== 0 ? v.toExponential(0) : v.toFixed(2);
const signed = (v) => `${v < 0 ? "−" : "+"}${digits(Math.abs(v))}`;

/** reasons: [{feature, words, contribution, value, unavailable}]; `base` is the score of a
 *  row of which nothing is known, `score` where all reasons end; `rest` is what the reasons
 *  not shown add, where known. */
export function Waterfall({ reasons, base = 0, score = null, rest = null, towards }) {
  const rows = [];
  let at = base;
  for (const r of reasons) {
    rows.push({ ...r, from: at, to: at + r.contribution });
    at += r.contribution;
  }
  if (rest === null && score !== null) rest = score - at;
  if (rest !== null && Math.abs(rest) > 1e-6) {
    rows.push({ feature: null, words: "everything else together", contribution: rest, from: at, to: at + rest });
    at += rest;
  }
  const ends = rows.flatMap((r) => [r.from, r.to]).concat(base, score ?? at);
  const low = Math.min(...ends), high = Math.max(...ends), span = high - low || 1;
  const pct = (v) => `${(v - low) / span * 100}%`;
  return html`<ol class="waterfall" aria-label="Reasons, each with what it adds to the score">
    ${score !== null && html`<li class="faint"><span>what every record starts from</span><span class="track" style=${{ "--zero": pct(base) }}></span>
      <span class="value num">${digits(base)}</span></li>`}
    ${rows.map((r, i) => html`<li key=${i}>
      <span class="words">${r.words || r.feature}${r.feature && html`<span class="feature">${r.feature}${r.value !== undefined && r.value !== null && !WORDS.has(r.feature) ? ` = ${number(r.value)}` : ""}</span>`}</span>
      <span class="track" style=${{ "--zero": pct(base) }} title=${`${signed(r.contribution)}: ${number(r.from)} to ${number(r.to)}`}>
        <i class=${r.contribution >= 0 ? "c-up" : "c-down"} style=${{ left: pct(Math.min(r.from, r.to)), width: `${Math.abs(r.contribution) / span * 100}%` }}></i></span>
      <span class="value num"><span class="away">${r.contribution >= 0 ? `towards ${towards}` : `away from ${towards}`}: </span>${signed(r.contribution)}</span></li>`)}
    <li class="sum"><span>${score === null ? "these reasons together" : "score"}</span><span class="track" style=${{ "--zero": pct(score ?? at) }}></span><span class="value num">${digits(score ?? at)}</span></li>
  </ol>
  <p class="row small faint"><span class="badge"><i class="dot c-up"></i>towards ${towards}</span>
    <span class="badge"><i class="dot c-down"></i>away from it</span> in log odds</p>`;
}

/** Is a detector's verdict by a sign, which has no threshold? */
export const isSign = (v) => v.alert && v.threshold === null && v.reasons.length > 0;

/** What was seen that only attacks show. */
export function Sign({ verdict: v }) {
  return html`<div class="waterfall"><p class="words"><b>${v.reasons[0].words}</b></p>
    <p class="faint">A sign that only attacks show: it counts whatever the model says.</p></div>`;
}
