// SPDX-License-Identifier: Apache-2.0
// Flows over time, stacked by class; drawing across it chooses a span.  With the keyboard:
// arrows move a bar's width, with Shift they widen the span, Enter takes it, Esc drops it.
//
// Attacks can be a thousandth of the flows, so the height may follow the square root, and a
// class that is there at all is at least a pixel high.
import { html, useEffect, useRef, useState } from "./html.js";
import * as f from "./format.js";
import { CLASSES, slug } from "./parts.js";

const HEIGHT = 190, LEFT = 46, BOTTOM = 22, TOP = 6;

function useWidth() {
  const ref = useRef();
  const [width, set] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(([e]) => set(Math.round(e.contentRect.width)));
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  return [ref, width];
}

function ticks(max) {
  if (max <= 0) return [];
  const step = 10 ** Math.floor(Math.log10(max));
  const size = max / step >= 5 ? step * 2 : max / step >= 2 ? step : step / 2;
  return Array.from({ length: Math.floor(max / size) }, (_, i) => (i + 1) * size).filter((v) => v >= 1);
}

const STEPS = [.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000];

/** Round times of the zone that is shown, at most n of them. */
function times(from, to, n) {
  const step = 1000 * (STEPS.find((s) => (to - from) / 1000 / s <= n) || (to - from) / 1000);
  const shift = f.offset(from);
  const list = [];
  for (let t = Math.ceil((from + shift) / step) * step - shift; t <= to && list.length < 100; t += step) list.push(t);
  return list.length > 1 ? list : [from, to];
}

/** bins: [{t (ms), counts: {class: n}}], each `step` ms long.  onRange(from, to) in ms, or
 *  (null, null).  `range` is what is chosen now. */
export function TimeLine({ bins, step, range, onRange, height = HEIGHT, unit = "flows", legend = true }) {
  const [ref, width] = useWidth();
  const [root, setRoot] = useState(true);
  const [drag, setDrag] = useState(null);
  const [hover, setHover] = useState(null);
  const [cursor, setCursor] = useState(null);
  if (!bins.length) return html`<div ref=${ref} class="faint">no flows</div>`;
  const from = bins[0].t, to = bins[bins.length - 1].t + step, span = to - from;
  const names = [...CLASSES, ...Object.keys(Object.assign({}, ...bins.map((b) => b.counts))).filter((n) => !CLASSES.includes(n))]
    .filter((n) => bins.some((b) => b.counts[n] > 0));
  const total = (b) => names.reduce((sum, n) => sum + (b.counts[n] || 0), 0);
  const max = Math.max(1, ...bins.map(total));
  const plotH = height - BOTTOM - TOP, plotW = Math.max(10, width - LEFT - 4);
  const y = (v) => (root ? Math.sqrt(v / max) : v / max) * plotH;
  const x = (ms) => LEFT + (ms - from) / span * plotW;
  const at = (e) => {
    const r = ref.current.getBoundingClientRect();
    return Math.max(from, Math.min(to, from + (e.clientX - r.left - LEFT) / plotW * span));
  };
  const snap = ([a, b]) => [from + Math.floor((Math.min(a, b) - from) / step) * step,
    Math.min(to, from + Math.ceil((Math.max(a, b) - from) / step) * step)];
  const barW = Math.max(1, plotW / bins.length - (plotW / bins.length > 4 ? 1 : 0));
  const chosen = drag || cursor || range;

  const onKey = (e) => {
    if (!onRange) return;
    const [a, b] = cursor || range || [from, from + step];
    const by = { ArrowLeft: -step, ArrowRight: step }[e.key];
    if (by) {
      e.preventDefault();
      setCursor(e.shiftKey ? [a, Math.max(a + step, Math.min(to, b + by))]
        : a + by < from || b + by > to ? [a, b] : [a + by, b + by]);
    } else if (e.key === "Enter" && cursor) {
      onRange(...cursor);
      setCursor(null);
    } else if (e.key === "Escape") {
      setCursor(null);
      onRange(null, null);
    }
  };
  const stack = (b, i) => {
    // Attacks lie at the bottom, where they can be compared; normal flows on top of them.
    let sum = 0;
    return [...names].reverse().map((n) => {
      const v = b.counts[n] || 0;
      if (!v) return null;
      const low = y(sum), high = Math.max(y(sum + v), low + 1.5);
      sum += v;
      return html`<rect key=${n + i} class="c-${slug(n)}" x=${x(b.t)} width=${barW} y=${TOP + plotH - high} height=${high - low} />`;
    });
  };
  const tip = hover !== null && bins[hover];
  return html`<div class="timeline-box" ref=${ref}>
    ${width > 0 && html`<svg class="timeline" width=${width} height=${height} tabindex=${onRange ? 0 : undefined} role=${onRange ? "application" : "img"}
        aria-label=${`${unit} over time from ${f.time(from)} to ${f.time(to)}, at most ${f.count(max)} in ${f.duration(step / 1000)}`
          + (onRange ? ". Arrow keys choose a time, Shift widens it, Enter applies." : "")}
        onKeyDown=${onKey}
        onPointerDown=${onRange && ((e) => { if (e.button) return; e.currentTarget.setPointerCapture(e.pointerId); setDrag([at(e), at(e)]); })}
        onPointerMove=${(e) => {
          const t = at(e);
          setHover(Math.min(bins.length - 1, Math.floor((t - from) / step)));
          if (drag) setDrag([drag[0], t]);
        }}
        onPointerUp=${drag && (() => {
          const [a, b] = snap(drag);
          const moved = Math.abs(x(drag[0]) - x(drag[1]));
          setDrag(null);
          if (moved > 3) onRange(a, b);
        })}
        onPointerLeave=${() => setHover(null)} onDblClick=${onRange && (() => onRange(null, null))}>
      ${ticks(max).map((v) => html`<g key=${v}><line class="axis" x1=${LEFT} x2=${width} y1=${TOP + plotH - y(v)} y2=${TOP + plotH - y(v)} />
        ${(root ? y(v) - y(v / 2) > 6 || v === ticks(max).at(-1) : true) && html`<text x=${LEFT - 6} y=${TOP + plotH - y(v) + 4} text-anchor="end">${f.short(v)}</text>`}</g>`)}
      <line class="axis" x1=${LEFT} x2=${width} y1=${TOP + plotH} y2=${TOP + plotH} />
      ${bins.map(stack)}
      ${hover !== null && html`<rect class="hover" x=${x(bins[hover].t)} y=${TOP} width=${barW} height=${plotH} />`}
      ${chosen && html`<rect class="brush" x=${x(Math.max(from, Math.min(...chosen)))} y=${TOP} width=${Math.max(2, x(Math.min(to, Math.max(...chosen))) - x(Math.max(from, Math.min(...chosen))))} height=${plotH} />`}
      ${times(from, to, Math.max(2, Math.floor(plotW / 110))).map((ms) => html`<text key=${ms} x=${Math.min(width - 22, Math.max(LEFT + 12, x(ms)))} y=${height - 5} text-anchor="middle">${f.tick(ms, span)}</text>`)}
    </svg>`}
    ${tip && html`<div class="tip" style=${x(tip.t) > width / 2 ? { right: `${width - x(tip.t) + 8}px` } : { left: `${x(tip.t) + barW + 8}px` }}>
      <b>${f.time(tip.t, step < 1000 ? 2 : 0)}</b>${names.filter((n) => tip.counts[n]).map((n) => html`<div key=${n}>
        <span class="badge"><i class="dot c-${slug(n)}"></i>${n}</span><b>${f.count(tip.counts[n])}</b></div>`)}
      ${!total(tip) && html`<div>nothing</div>`}</div>`}
    <div class="row small">
      <ul class="legend grow">${legend && names.map((n) => html`<li key=${n} class="badge"><i class="dot c-${slug(n)}"></i>${n}</li>`)}</ul>
      <label class="check faint"><input type="checkbox" checked=${root} onChange=${(e) => setRoot(e.currentTarget.checked)} />square-root height</label>
      ${range && onRange && html`<button class="small" onClick=${() => onRange(null, null)}>Show all times</button>`}
    </div></div>`;
}
