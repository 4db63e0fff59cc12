// SPDX-License-Identifier: Apache-2.0
// Flows on a plane, those alike near each other: as they are, and beside it as the model
// sees them.  Drawing around points lists them.
import { html, useEffect, useMemo, useRef, useState } from "../lib/html.js";
import { ArtefactState, CapturePicker, FilePicker, useArtefact } from "../lib/artefact.js";
import { colour, useAppearance } from "../lib/chart.js";
import { get } from "../lib/api.js";
import * as f from "../lib/format.js";
import { CLASSES, ClassBadge, PageHead, Panel, Table, VerdictBar, attempt, say, slug } from "../lib/parts.js";
import { go, href } from "../lib/router.js";

/** A line of CSV, quotes included. */
function fields(line) {
  if (!line.includes('"')) return line.split(",");
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(,|$)/g)].slice(0, -1).map((m) => m[1].startsWith('"') ? m[1].slice(1, -1).replaceAll('""', '"') : m[1]);
}

/** What `lapwing embed` writes: its page, of which only the data are wanted, or the table
 *  row,x,y[,latent_x,latent_y],class,label. */
export function readMap(text) {
  const data = text.match(/<script[^>]*application\/json[^>]*>([\s\S]*?)<\/script>/);
  if (data) {
    const d = JSON.parse(data[1]);
    return d.point.map((k, i) => ({ id: i, row: d.row[i], class: d.classes[k].name, label: d.label[i] || "",
      record: d.columns.map((c, n) => [c, d.record[i][n]]), at: d.maps.map((m) => [m.xy[2 * i], m.xy[2 * i + 1]]) }));
  }
  const lines = text.trim().split(/\r?\n/), names = fields(lines[0]);
  if (!names.includes("x") || !names.includes("y")) throw new Error("no map");
  const records = lines.slice(1).map((l) => Object.fromEntries(fields(l).map((v, i) => [names[i], v])));
  return records.map((r, i) => ({ id: i, row: Number(r.row), class: r.class || "Normal", label: r.label || "",
    at: [[Number(r.x), Number(r.y)], ...(r.latent_x !== undefined ? [[Number(r.latent_x), Number(r.latent_y)]] : [])] }));
}

function Plane({ points, side, title, caption, off, chosen, onChoose, hover, onHover }) {
  const canvas = useRef();
  const state = useRef({ lasso: null, drag: null });
  const [view, setView] = useState(null);
  const appearance = useAppearance();
  const box = useMemo(() => {
    const xs = points.map((p) => p.at[side][0]), ys = points.map((p) => p.at[side][1]);
    const range = (v) => v.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);
    const [x0, x1] = range(xs), [y0, y1] = range(ys);
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, span: Math.max(x1 - x0, y1 - y0, 1e-9) * 1.06 };
  }, [points, side]);
  // A few far away must not make one spot of all the others: at first 96 of 100 are in view.
  const most = useMemo(() => {
    const cut = (k) => { const v = points.map((p) => p.at[side][k]).sort((a, b) => a - b); return [v[Math.floor(v.length * .02)], v[Math.ceil(v.length * .98) - 1]]; };
    const [x0, x1] = cut(0), [y0, y1] = cut(1), span = Math.max(x1 - x0, y1 - y0, 1e-9) * 1.3;
    return span < .6 * box.span ? { x: (x0 + x1) / 2, y: (y0 + y1) / 2, span } : box;
  }, [points, side, box]);
  const v = view || most;
  const size = () => canvas.current.clientWidth;
  const place = (p) => { const s = size() / v.span; return [(p.at[side][0] - v.x) * s + size() / 2, (v.y - p.at[side][1]) * s + size() / 2]; };
  // The rarer a class, the later it is drawn: the few must not lie under the many.
  const order = useMemo(() => {
    const n = {};
    for (const p of points) n[p.class] = (n[p.class] || 0) + 1;
    return [...points].sort((a, b) => n[b.class] - n[a.class] || a.id - b.id);
  }, [points]);
  const draw = () => {
    const c = canvas.current.getContext("2d"), ratio = devicePixelRatio || 1, n = size();
    canvas.current.width = canvas.current.height = Math.round(n * ratio);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    const colours = Object.fromEntries([...CLASSES, "other"].map((k) => [k, colour(k === "other" ? "line-strong" : `c-${slug(k)}`)]));
    for (const p of order) {
      if (off.has(p.class)) continue;
      const [x, y] = place(p);
      if (x < -6 || y < -6 || x > n + 6 || y > n + 6) continue;
      c.globalAlpha = chosen && !chosen.has(p.id) ? .12 : .8;
      c.fillStyle = colours[p.class] || colours.other;
      c.beginPath();
      // Normal is round, everything else has corners.
      if (p.class === "Normal") c.arc(x, y, 2.6, 0, 7);
      else { c.moveTo(x, y - 4); c.lineTo(x + 3.6, y + 3); c.lineTo(x - 3.6, y + 3); c.closePath(); }
      c.fill();
    }
    c.globalAlpha = 1;
    if (hover !== null && points[hover]) {
      const [x, y] = place(points[hover]);
      c.strokeStyle = colour("ink");
      c.lineWidth = 2;
      c.beginPath();
      c.arc(x, y, 8, 0, 7);
      c.stroke();
    }
    const { lasso } = state.current;
    if (lasso) {
      c.strokeStyle = colour("ink");
      c.setLineDash([5, 4]);
      c.beginPath();
      lasso.forEach(([x, y], i) => i ? c.lineTo(x, y) : c.moveTo(x, y));
      c.closePath();
      c.stroke();
      c.setLineDash([]);
    }
  };
  useEffect(draw, [points, v, off, chosen, hover, appearance]);
  useEffect(() => {
    const watch = new ResizeObserver(draw);
    watch.observe(canvas.current);
    const wheel = (e) => {
      e.preventDefault();
      const by = e.deltaY < 0 ? .8 : 1.25;
      zoom(by, at(e));
    };
    canvas.current.addEventListener("wheel", wheel, { passive: false });
    const node = canvas.current;
    return () => { watch.disconnect(); node.removeEventListener("wheel", wheel); };
  });
  const zoom = (by, [x, y]) => {
    const s = v.span / size();
    setView({ x: v.x + (x - size() / 2) * s * (1 - by), y: v.y - (y - size() / 2) * s * (1 - by), span: v.span * by });
  };
  const at = (e) => { const r = canvas.current.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };
  const inside = ([x, y], p) => {
    let is = false;
    for (let i = 0, j = p.length - 1; i < p.length; j = i++)
      if (p[i][1] > y !== p[j][1] > y && x < (p[j][0] - p[i][0]) * (y - p[i][1]) / (p[j][1] - p[i][1]) + p[i][0]) is = !is;
    return is;
  };
  return html`<div class="span-6"><div class="row" style=${{ justifyContent: "space-between" }}><h2>${title}</h2><span class="row">
      <button class="small" aria-label="Zoom in" onClick=${() => zoom(.7, [size() / 2, size() / 2])}>+</button><button class="small" aria-label="Zoom out" onClick=${() => zoom(1.4, [size() / 2, size() / 2])}>−</button><button class="small" onClick=${() => setView(box)}>All</button></span></div>
    <p class="note">${caption}</p>
    <canvas ref=${canvas} class="map" role="img" aria-label=${`${title}: ${caption}. The list of classes above and the table below say the same in text.`}
      onPointerDown=${(e) => { e.currentTarget.setPointerCapture(e.pointerId); if (e.button === 2 || e.shiftKey) state.current.drag = [at(e), v]; else state.current.lasso = [at(e)]; }}
      onPointerMove=${(e) => {
        const s = state.current, [x, y] = at(e);
        if (s.drag) { const [[x0, y0], was] = s.drag; setView({ ...was, x: was.x - (x - x0) * was.span / size(), y: was.y + (y - y0) * was.span / size() }); }
        else if (s.lasso) { s.lasso.push([x, y]); draw(); }
        else {
          let best = null, least = 144;
          for (const p of points) {
            if (off.has(p.class)) continue;
            const [a, b] = place(p), d = (a - x) ** 2 + (b - y) ** 2;
            if (d < least) { least = d; best = p.id; }
          }
          if (best !== hover) onHover(best);
        }
      }}
      onPointerUp=${() => {
        const { lasso } = state.current;
        state.current = { lasso: null, drag: null };
        if (!lasso) return;
        if (lasso.length < 4) { onChoose(null); return; }
        const found = new Set(points.filter((p) => !off.has(p.class) && inside(place(p), lasso)).map((p) => p.id));
        onChoose(found.size ? found : null);
        draw();
      }} onPointerLeave=${() => onHover(null)} onContextMenu=${(e) => e.preventDefault()}></canvas></div>`;
}

/** The flow of a row: the table that the map was made of has a capture's flows in the order
 *  of time. */
const walked = new Map();
async function flowOf(capture, row) {
  const w = walked.get(capture) || { ids: [], cursor: undefined, over: false };
  walked.set(capture, w);
  while (w.ids.length < row && !w.over) {
    const page = await get("flows", { capture, sort: "time", order: "asc", limit: 1000, cursor: w.cursor });
    w.ids.push(...page.items.map((x) => x.id));
    w.cursor = page.next;
    w.over = !page.next;
  }
  return w.ids[row - 1];
}

const openFlow = (capture, row) => attempt(async () => {
  const id = await flowOf(capture, row);
  if (!id) throw new Error("That flow is not there any more: the capture was analysed anew.");
  go(href(["flow", id]));
});

function Planes({ points, capture }) {
  const [off, setOff] = useState(new Set());
  const [chosen, choose] = useState(null);
  const [hover, setHover] = useState(null);
  const counts = {};
  for (const p of points) counts[p.class] = (counts[p.class] || 0) + 1;
  const picked = chosen ? points.filter((p) => chosen.has(p.id)) : [];
  const sums = {};
  for (const p of picked) sums[p.class] = (sums[p.class] || 0) + 1;
  const h = hover !== null && points[hover];
  const common = { points, off, chosen, onChoose: choose, hover, onHover: setHover };
  const isTwo = points[0]?.at.length > 1;
  const list = html`<${Panel} class="short ${isTwo ? "" : "span-6"}" title=${picked.length ? `${f.plural(picked.length, "flow")} chosen` : "Chosen flows"} aside=${picked.length > 0 && html`<button class="small" onClick=${() => choose(null)}>Clear</button>`}>${picked.length ? html`<${VerdictBar} counts=${sums} legend /><${Table} caption="Chosen flows" rows=${picked.slice(0, 200)} onRow=${capture && ((p) => openFlow(capture, p.row))} columns=${[["Row", (p) => capture ? html`<button class="small" onClick=${(e) => { e.stopPropagation(); openFlow(capture, p.row); }}>${f.count(p.row)}</button>` : p.row], ["Class", (p) => html`<${ClassBadge} name=${p.class} />`], ...(picked[0].record || []).map(([c], n) => [c, (p) => typeof p.record[n][1] === "number" ? f.number(p.record[n][1]) : p.record[n][1] ?? ""])]} />
        ${picked.length > 200 && html`<p class="note">The first 200 of ${f.count(picked.length)}.</p>`}` : html`<p class="faint">None yet: draw around some points.</p>`}<//>`;
  return html`<${Panel}><div class="chips" role="group" aria-label="Classes shown" style=${{ marginBottom: ".8rem" }}>${Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([c, n]) => html`<label key=${c} class="check"><input type="checkbox" checked=${!off.has(c)} onChange=${() => { const next = new Set(off); next.has(c) ? next.delete(c) : next.add(c); setOff(next); }} /><${ClassBadge} name=${c} /> ${f.count(n)}</label>`)}</div>
      <div class="grid"><${Plane} ...${common} side=${0} title="As they are" caption="Near is like; distances between groups and their sizes mean nothing." />
        ${isTwo ? html`<${Plane} ...${common} side=${1} title="As the model sees them" caption="The same flows by the model's last hidden layer." />` : list}</div>
      <p class="small faint" style=${{ minHeight: "1.4rem" }}>${h ? html`row ${h.row}: <b>${h.class}</b>${(h.record || []).filter(([, v]) => v !== null && v !== 0 && v !== "").slice(0, 8).map(([c, v]) => `, ${c} ${typeof v === "number" ? f.number(v) : v}`).join("")}` : "Draw around points to list them; Shift or the right button moves, the wheel zooms."}</p><//>
    ${isTwo && list}`;
}

export default function MapPage({ query }) {
  const [brought, bring] = useState(null);
  const artefact = useArtefact("embed", brought ? null : query.capture);
  const points = useMemo(() => {
    if (brought) return brought.points;
    try { return artefact.text ? readMap(artefact.text) : null; } catch { return null; }
  }, [artefact.text, brought]);
  const open = (text, name) => {
    try { bring({ points: readMap(text), name }); } catch { say("That is not a map that lapwing embed wrote as CSV.", { bad: true }); }
  };
  return html`<${PageHead} title="Map" sub=${brought ? `From the file ${brought.name}` : "Flows on a plane: what is alike lies together."}>
      ${brought ? html`<button onClick=${() => bring(null)}>Back to captures</button>` : html`<${CapturePicker} value=${query.capture} />`}
      <${FilePicker} accept=".csv,.html" label="Open a map…" onText=${open} /><//>
    ${points?.length ? html`<${Planes} points=${points} capture=${brought ? null : query.capture} />` : html`<${Panel}><${ArtefactState} artefact=${artefact} capture=${query.capture} what="map" title="The map">
      By t-SNE; of large captures some thousand flows, drawn at random. Or open what <code>lapwing embed --data FILE -w map.csv</code> or <code>map.html</code> wrote.<//><//>`}`;
}
