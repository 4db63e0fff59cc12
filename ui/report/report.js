'use strict';
/* What all reports share: `report` has the page's data and the ways to show it. */
const report = (function () {
  const d = JSON.parse(document.getElementById('data').textContent);
  const page = document.getElementById('page');
  const el = (tag, text, into) => {
    const e = document.createElement(tag);
    if (text !== undefined) e.textContent = text;
    (into || page).append(e);
    return e;
  };
  const svg = (tag, attributes, into, text) => {
    const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    if (text !== undefined) e.textContent = text;
    if (into) into.append(e);
    return e;
  };
  const has = (x) => typeof x === 'number' && Number.isFinite(x);
  const pct = (x) => (has(x) ? (100 * x).toFixed(2) + ' %' : '-');
  const fixed = (x, n) => (has(x) ? x.toFixed(n) : '-');
  const short = (x) => (has(x) ? String(+x.toPrecision(4)) : '-');
  const count = (x) => (has(x) ? x.toLocaleString('en-US') : '-');
  const section = (title, note) => {
    const s = el('section');
    el('h2', title, s);
    if (note) el('p', note, s);
    return s;
  };
  const table = (rows, into, id, headless) => {
    const box = el('div', undefined, into);
    box.className = 'scroll';
    const t = el('table', undefined, box);
    if (id) t.id = id;
    rows.forEach((row, i) => {
      const tr = el('tr', undefined, t);
      row.forEach((x, k) => el((i === 0 && !headless) || k === 0 ? 'th' : 'td', x, tr));
    });
    return t;
  };
  const chart = (into, option, height) => {
    const box = el('div', undefined, into);
    box.className = 'chart';
    if (height) box.style.height = height + 'px';
    const c = echarts.init(box);
    c.setOption(Object.assign({ animation: false, legend: {},
      grid: { left: 60, right: 24, top: 40, bottom: 48 },
      tooltip: { trigger: 'axis', renderMode: 'richText' } }, option));
    addEventListener('resize', () => c.resize());
    addEventListener('beforeprint', () => c.resize());
  };
  const axis = (name, more) => Object.assign({ type: 'value', name, nameLocation: 'middle', nameGap: 30 }, more);
  const line = (name, data, color, type) => ({ name, type: 'line', data, color, showSymbol: false,
    lineStyle: { type, width: 2 } });

  /* A matrix as a table whose cells are shaded; look(x) is [text, -1 to 1]. */
  const heat = (into, id, corner, columns, rows, look) => {
    const t = table([[corner].concat(columns)].concat(rows.map((r) => [r[0]].concat(r[1].map((x) => look(x)[0])))), into, id);
    rows.forEach((r, i) => r[1].forEach((x, k) => {
      const v = look(x)[1];
      if (!has(v)) return;
      const cell = t.rows[i + 1].cells[k + 1], a = Math.min(1, Math.abs(v));
      cell.style.background = `rgba(${v < 0 ? '0,114,178' : '213,94,0'},${(0.85 * a).toFixed(3)})`;
      if (a > 0.6) cell.className = 'strong';
    }));
    return t;
  };

  document.title = d.title;
  el('h1', d.title);
  table(Object.entries(d.facts).map(([k, v]) => [k, has(v) ? (Number.isInteger(v) ? count(v) : short(v)) : v]), page, 'facts', true);
  return { d, page, el, svg, has, pct, fixed, short, count, section, table, chart, axis, line, heat,
    BLUE: '#0072b2', ORANGE: '#d55e00', GREY: '#767676' };
})();
