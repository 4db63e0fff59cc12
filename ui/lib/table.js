// SPDX-License-Identifier: Apache-2.0
// A table of any length, of which only the rows in view exist.
//
// Rows come in pages by a cursor: the server says with each page how the next one is asked
// for.  The cursor of every page seen is kept (a million rows: 2,000 of them), the rows of
// the last PAGES_KEPT only; a page scrolled back to is fetched again.  The scroll bar is as
// long as what is known plus a page.  Beyond MAX_PX, where browsers lose count, a pixel of
// it stands for more than a pixel of rows.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./html.js";
import { get } from "./api.js";
import { count, plural } from "./format.js";
import { Empty, Failed } from "./parts.js";

const PAGE = 500;
const PAGES_KEPT = 24;
const MAX_PX = 8e6;
const SPARE = 8;

/** The rows of a list behind a cursor. */
export class Pages {
  constructor(fetchPage, changed) {
    Object.assign(this, { fetchPage, changed, cursors: [undefined], pages: new Map(),
      waiting: new Map(), total: null, known: 0, end: false, error: null, stopped: false });
  }
  row(i) {
    const page = this.pages.get(Math.floor(i / PAGE));
    return page && page[i % PAGE];
  }
  want(first, last) {
    for (let p = Math.floor(first / PAGE); p <= Math.floor(last / PAGE); p++)
      if (!this.pages.has(p)) this.load(p);
  }
  async load(p) {
    if (this.waiting.has(p) || this.stopped || this.error) return;
    if (p >= this.cursors.length) {
      if (!this.end) await this.load(this.cursors.length - 1);
      return;
    }
    const abort = new AbortController();
    this.waiting.set(p, abort);
    try {
      const { items, next, total } = await this.fetchPage(this.cursors[p], PAGE, abort.signal);
      if (this.stopped) return;
      this.pages.delete(p);
      this.pages.set(p, items);
      if (total !== null && total !== undefined) this.total = total;
      if (p === this.cursors.length - 1) {
        this.known = p * PAGE + items.length;
        if (next && items.length) this.cursors.push(next);
        else this.end = true;
      }
      while (this.pages.size > PAGES_KEPT) this.pages.delete(this.pages.keys().next().value);
    } catch (error) {
      if (error.name !== "AbortError") this.error = error;
    } finally {
      this.waiting.delete(p);
      if (!this.stopped) this.changed();
    }
  }
  retry() {
    this.error = null;
    this.changed();
  }
  stop() {
    this.stopped = true;
    for (const abort of this.waiting.values()) abort.abort();
  }
}

/** A page of rows from `path`; `read` takes {items, next, total} out of what comes. */
export const fromServer = (path, query, read) => async (cursor, limit, signal) =>
  read(await get(path, { ...query, limit, cursor }, signal));

/**
 * columns: {id, title, width, numeric, cell(row), filter(): a control, sort: true}.
 * `source` is a function as fromServer() makes, and `sourceKey` says when it is another.
 */
export function VirtualTable({ columns, source, sourceKey, onOpen, rowKey = (r) => r.id, sort, onSort,
  label, empty, unit = "row", total }) {
  const box = useRef();
  const [, redraw] = useState(0);
  const [top, setTop] = useState(0);
  const [size, setSize] = useState({ height: 500, row: 34, head: 60 });
  const [chosen, choose] = useState(0);
  const pages = useMemo(() => {
    const p = new Pages(source, () => redraw((n) => n + 1));
    return p;
  }, [sourceKey]);
  useEffect(() => {
    choose(0);
    if (box.current) box.current.scrollTop = 0;
    setTop(0);
    return () => pages.stop();
  }, [pages]);

  useLayoutEffect(() => {
    const measure = () => {
      const row = parseFloat(getComputedStyle(document.documentElement).fontSize) * 2.125;
      setSize({ height: box.current.clientHeight, row, head: box.current.firstChild.offsetHeight });
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);

  const rows = pages.known + (pages.end ? 0 : PAGE);
  const full = rows * size.row;
  const tall = Math.min(full, MAX_PX);
  const view = size.height - size.head;
  const scale = tall > view && full > tall ? (full - view) / (tall - view) : 1;
  const first = Math.max(0, Math.floor(top * scale / size.row) - SPARE);
  const last = Math.min(rows - 1, Math.ceil((top * scale + view) / size.row) + SPARE);
  useEffect(() => { if (last >= first) pages.want(first, last); });

  const shown = [];
  for (let i = first; i <= last; i++) shown.push([i, pages.row(i)]);
  const grid = columns.map((c) => c.width || "minmax(6rem, 1fr)").join(" ");
  // Head and rows are grids of their own: as wide as each other, so that columns meet.
  const least = columns.reduce((sum, c) => sum + (parseFloat((c.width || "").match(/[\d.]+(?=rem)/)) || 6), 0);
  const widths = { gridTemplateColumns: grid, minWidth: `${least}rem` };
  const place = (i) => i * size.row - top * scale + top;

  const move = (to) => {
    const i = Math.max(0, Math.min((pages.known || 1) - 1, to));
    choose(i);
    const y = i * size.row;
    const seen = box.current.scrollTop * scale;
    if (y < seen) box.current.scrollTop = y / scale;
    else if (y + size.row > seen + view) box.current.scrollTop = (y + size.row - view) / scale;
  };
  const onKey = (e) => {
    if (e.target !== box.current) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: Math.floor(view / size.row), PageUp: -Math.floor(view / size.row),
      Home: -Infinity, End: Infinity };
    if (e.key in steps) {
      e.preventDefault();
      move(chosen + steps[e.key]);
    } else if (e.key === "Enter" && pages.row(chosen) && onOpen)
      onOpen(pages.row(chosen));
  };
  const all = total ?? pages.total;
  const isEmpty = pages.end && pages.known === 0;
  return html`<div>
    <div class="vtable" ref=${box} tabindex="0" role="grid" aria-label=${label} aria-rowcount=${all ?? (pages.end ? pages.known + 1 : -1)}
        aria-colcount=${columns.length} aria-activedescendant=${pages.row(chosen) ? `row-${chosen}` : undefined}
        onScroll=${(e) => setTop(e.currentTarget.scrollTop)} onKeyDown=${onKey}>
      <div class="vt-head" role="rowgroup" style=${{ minWidth: `${least}rem` }}>
        <div class="vt-row" role="row" style=${widths}>${columns.map((c) => html`<div key=${c.id} role="columnheader"
            class="vt-cell ${c.numeric ? "num" : ""}" title=${c.help}
            aria-sort=${sort === c.id ? "ascending" : sort === `-${c.id}` ? "descending" : undefined}>
          ${c.sort && onSort ? html`<button onClick=${() => onSort(sort === `-${c.id}` ? c.id : `-${c.id}`)}>
            ${c.title}${[c.id, `-${c.id}`].includes(sort) && html` <span aria-hidden="true">${sort === c.id ? "▲" : "▼"}</span>`}</button>` : c.title}
        </div>`)}</div>
        ${columns.some((c) => c.filter) && html`<div class="vt-row" role="row" style=${widths}>${columns.map((c) =>
          html`<div key=${c.id} role="gridcell" class="vt-cell">${c.filter ? c.filter() : ""}</div>`)}</div>`}
      </div>
      ${isEmpty ? html`<div role="row"><div role="gridcell">${empty || html`<${Empty} title="Nothing fits" />`}</div></div>`
        : html`<div class="vt-body" role="rowgroup" style=${{ height: `${tall}px`, minWidth: `${least}rem` }}>${shown.map(([i, row]) =>
          html`<div key=${row ? rowKey(row) : `wait-${i}`} id=${`row-${i}`} class="vt-row" role="row" aria-rowindex=${i + 2}
              aria-selected=${i === chosen} style=${{ ...widths, top: `${place(i)}px` }}
              onClick=${() => { choose(i); if (row && onOpen) onOpen(row); }}>
            ${columns.map((c) => html`<div key=${c.id} role="gridcell" class="vt-cell ${c.numeric ? "num" : ""}">
              ${row ? c.cell(row) : html`<i class="wait"></i>`}</div>`)}</div>`)}</div>`}
    </div>
    ${pages.error && html`<${Failed} error=${pages.error} retry=${() => pages.retry()} what="these rows" />`}
    <div class="vt-foot"><span aria-live="polite">${all !== null && all !== undefined ? plural(all, unit)
      : pages.end ? plural(pages.known, unit) : pages.known ? `more than ${plural(pages.known, unit)}` : "…"}</span>
      <span>↑ ↓ move, Enter opens${pages.known ? ` · row ${count(chosen + 1)}` : ""}</span></div>
  </div>`;
}
