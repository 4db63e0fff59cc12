'use strict';
/* What a training found on data it held out: tables, and bars of the figures that go together. */
(function () {
  const { d, has, pct, count, fixed, section, table, chart, axis } = report;
  const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'];
  const LOOK = { share: pct, count, figure: (x) => fixed(x, 4), text: (x) => (x === null ? '-' : x) };
  for (const t of d.tables) {
    const s = section(t.title, t.note);
    const shown = t.columns.map((c, i) => [c, i]).filter(([, i]) => i === 0 || t.rows.some((r) => r[i] !== null && r[i] !== ''));
    const bars = shown.filter(([c]) => c.bar);
    if (bars.length) {
      chart(s, { grid: { left: 230, right: 24, top: 40, bottom: 48 }, tooltip: { trigger: 'item', renderMode: 'richText' },
        xAxis: axis('', { min: 0, max: 1 }),
        yAxis: { type: 'category', inverse: true, data: t.rows.map((r) => r[0]), axisLabel: { interval: 0, width: 210, overflow: 'truncate' } },
        series: bars.map(([c, i], k) => ({ name: c.name, type: 'bar', color: COLOURS[k % 4],
          itemStyle: k % 2 ? { decal: { symbol: 'rect', dashArrayX: [2, 4], color: 'rgba(255,255,255,.6)' } } : {},
          data: t.rows.map((r) => (has(r[i]) ? +r[i].toFixed(4) : null)) })) },
      80 + t.rows.length * (10 + 12 * bars.length));
    }
    table([shown.map(([c]) => c.name)].concat(t.rows.map((r) => shown.map(([c, i]) => LOOK[c.kind](r[i])))), s, t.id);
  }
})();
