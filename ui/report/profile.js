'use strict';
/* What tells attacks from normal rows: figures, distributions, correlations, lint. */
(function () {
  const { d, el, svg, has, pct, fixed, short, count, section, table, chart, axis, heat, BLUE, ORANGE } = report;
  const p = d.profile;
  if (!p.features) return;
  const features = p.features.filter((f) => !f.is_label);
  const leak = new Map(p.leaks.map((l) => [l.column, l.kind]));
  const tells = (f) => (has(f.auc) ? Math.abs(f.auc - 0.5) * 2 : -1);
  const best = features.slice().sort((a, b) => tells(b) - tells(a));
  const labelled = p.label && p.label.normal > 0 && p.label.attack > 0;
  const q = (t) => (!t ? '' : t.does_not_apply ? '- ' + t.does_not_apply : t.q === 0 ? '< 1e-300' : short(t.q));
  let s;

  if (p.leaks.length) {
    s = section('Should be no features', 'These columns tell classes apart by how the data were made, or say who and when.');
    table([['column', 'kind', 'why', 'kept']].concat(p.leaks.map((l) => [l.column, l.kind, l.reason, l.kept ? 'yes' : ''])), s, 'leaks');
  }
  s = section('Rows that occur more than once');
  table([['rows', 'distinct', 'with both classes', 'of the last 30 %, known from before'],
    [count(p.repeated.rows), count(p.repeated.distinct), count(p.repeated.contradicting),
      pct(p.repeated.last_known / p.repeated.last)]], s, 'repeated');

  if (labelled) {
    const top = best.filter((f) => tells(f) >= 0).slice(0, 30).reverse();
    s = section('How well a column tells attacks alone', '0: no better than chance, 1: without a mistake (twice the distance of its ROC-AUC from one half). Grey bars are columns that lint names.');
    chart(s, { legend: undefined, grid: { left: 190, right: 30, top: 10, bottom: 40 },
      xAxis: axis('', { min: 0, max: 1 }), yAxis: { type: 'category', data: top.map((f) => f.name), axisLabel: { interval: 0, width: 170, overflow: 'truncate' } },
      series: [{ type: 'bar', data: top.map((f) => ({ value: +tells(f).toFixed(4), itemStyle: { color: leak.has(f.name) ? '#aaa' : BLUE } })) }] },
    60 + 22 * top.length);
    s = section('All columns', 'q: the p-value after Benjamini and Hochberg. Rows of traffic are not independent, so p-values are smaller than they should be: look at the effect.');
    const effect = (f) => (f.type === 'text' ? ['V', f.cramer_v] : ['d', f.cohen_d]);
    table([['column', 'AUC', 'effect', 'bits shared', 'q (means)', 'q (ranks)', 'q (chi-square)', 'VIF', 'most like']]
      .concat(best.map((f) => [f.name, fixed(f.auc, 4), effect(f)[0] + ' ' + short(effect(f)[1]), fixed(f.mutual_information, 4),
        q(f.welch), q(f.rank), q(f.chi_square), f.vif_infinite ? 'infinite' : short(f.vif),
        f.correlated_with ? f.correlated_with + ' ' + fixed(f.correlation, 2) : ''])), s, 'columns');
  }

  /* The logistic regression: odds ratios with their intervals, then all figures. */
  const l = p.logistic;
  if (labelled && l && l.terms && l.terms.length) {
    const called = (t) => (t.word === undefined ? (t.logarithm ? 'log ' : '') + t.column
      : t.column + '=' + (t.word === null ? '(other)' : t.word || '(nothing)'));
    s = section('Attack or not by all columns together',
      `Logistic regression on ${count(l.rows)} rows, evenly spaced; ${pct(l.explained_deviance)} of the deviance explained. `
      + 'What the odds of an attack are multiplied with when a number grows by one standard deviation (log: of its logarithm), '
      + 'or for a word in place of the usual one of its column, the other columns being the same.');
    s.id = 'logistic';
    const fits = l.terms.filter((t) => has(t.coefficient)).sort((a, b) => Math.abs(b.z) - Math.abs(a.z));
    const few = Math.min(l.normal, l.attack) < 10 * l.terms.length;
    const warn = (text) => { el('p', text, s).className = 'warning'; };
    if (l.separation === 'complete') warn('Warning: together the columns separate the classes without a mistake; no coefficient has a bound.');
    if (l.separation === 'partial') warn('Warning: some terms separate rows from the other class without a mistake; the figures are those of the rows that are left.');
    if (!l.converged) warn('Warning: the fit did not settle; the figures are of its last step.');
    if (few) warn(`Warning: ${count(Math.min(l.normal, l.attack))} rows of the rarer class are few for ${l.terms.length} terms.`);
    if (fits.length) {
      const shown = fits.slice(0, 30), W = 900, H = 22, left = 230, edge = Math.log(1e4);
      const at = (b) => left + (W - left - 50) * (Math.max(-edge, Math.min(edge, b)) + edge) / (2 * edge);
      const g = svg('svg', { viewBox: `0 0 ${W} ${H * shown.length + 30}`, role: 'img' }, s);
      for (const v of [0.0001, 0.01, 1, 100, 10000]) {
        svg('line', { x1: at(Math.log(v)), x2: at(Math.log(v)), y1: 0, y2: H * shown.length, stroke: '#888', 'stroke-width': v === 1 ? 1.5 : 0.5 }, g);
        svg('text', { x: at(Math.log(v)), y: H * shown.length + 18, class: 'axis', 'text-anchor': 'middle' }, g, 'x ' + v);
      }
      shown.forEach((t, i) => {
        const y = H * i + 11, colour = t.coefficient < 0 ? BLUE : ORANGE, name = called(t);
        svg('text', { x: left - 8, y: y + 4, class: 'axis', 'text-anchor': 'end' }, g, name.length > 30 ? name.slice(0, 29) + '…' : name);
        svg('line', { x1: at(t.coefficient - 1.96 * t.standard_error), x2: at(t.coefficient + 1.96 * t.standard_error), y1: y, y2: y, stroke: colour, 'stroke-width': 3 }, g);
        svg('circle', { cx: at(t.coefficient), cy: y, r: 4.5, fill: colour }, g);
        svg('title', {}, g, `${name}: ${short(t.odds_ratio)} (${short(t.odds_ratio_low)} to ${short(t.odds_ratio_high)})`);
      });
      table([['term', 'coefficient', 'standard error', 'odds ratio', '95 % of it', 'z', 'q']].concat(fits.map((t) => [called(t), short(t.coefficient),
        short(t.standard_error), short(t.odds_ratio), short(t.odds_ratio_low) + ' to ' + short(t.odds_ratio_high), fixed(t.z, 1), q(t)])), s, 'coefficients');
    }
    const out = l.terms.filter((t) => t.does_not_apply);
    if (out.length) table([['term', 'why it has no coefficient']].concat(out.map((t) => [called(t),
      t.does_not_apply + (t.direction ? ` (towards ${t.direction})` : '')])), s, 'no-coefficients');
  }

  /* Numbers on a scale that is logarithmic away from 0. */
  const bend = (x) => Math.sign(x) * Math.log10(1 + Math.abs(x));
  const box = (f, into) => {
    const figure = el('figure', undefined, into);
    el('figcaption', f.name, figure);
    const sides = [['normal', BLUE, ''], ['attack', ORANGE, '6 3']].filter((x) => has(f[x[0]].quantiles[0]));
    const all = sides.flatMap((x) => [f[x[0]].quantiles[0], f[x[0]].quantiles[6]].map(bend));
    const low = Math.min(...all), high = Math.max(...all, low + 1e-9), W = 440;
    const at = (v) => 70 + (W - 90) * (bend(v) - low) / (high - low);
    const g = svg('svg', { viewBox: `0 0 ${W} 92`, role: 'img' }, figure);
    sides.forEach(([side, colour, dash], i) => {
      const v = f[side].quantiles, y = 22 + 30 * i, shape = { stroke: colour, 'stroke-width': 2, fill: 'none', 'stroke-dasharray': dash };
      svg('text', { x: 4, y: y + 4, class: 'axis' }, g, side);
      svg('line', Object.assign({ x1: at(v[1]), x2: at(v[5]), y1: y, y2: y }, shape), g);
      svg('rect', { x: at(v[2]), y: y - 9, width: Math.max(2, at(v[4]) - at(v[2])), height: 18, fill: colour, 'fill-opacity': 0.25, stroke: colour, 'stroke-width': 2, 'stroke-dasharray': dash }, g);
      svg('line', { x1: at(v[3]), x2: at(v[3]), y1: y - 9, y2: y + 9, stroke: colour, 'stroke-width': 4 }, g);
      for (const e of [v[0], v[6]]) svg('circle', { cx: at(e), cy: y, r: 2.5, fill: colour }, g);
      svg('title', {}, g, `${side}: least ${short(v[0])}, 5 % ${short(v[1])}, quarter ${short(v[2])}, median ${short(v[3])}, three quarters ${short(v[4])}, 95 % ${short(v[5])}, greatest ${short(v[6])}`);
    });
    const ends = [Math.min(...sides.map((x) => f[x[0]].quantiles[0])), Math.max(...sides.map((x) => f[x[0]].quantiles[6]))];
    svg('text', { x: 70, y: 86, class: 'axis' }, g, short(ends[0]));
    svg('text', { x: W - 20, y: 86, class: 'axis', 'text-anchor': 'end' }, g, short(ends[1]));
  };
  const words = (f, into) => {
    const figure = el('figure', undefined, into);
    el('figcaption', f.name, figure);
    const W = 440, n = [f.normal.rows, f.attack.rows], g = svg('svg', { viewBox: `0 0 ${W} ${30 * f.top.length + 6}`, role: 'img' }, figure);
    f.top.forEach((t, i) => {
      const shares = [t.normal / n[0] || 0, t.attack / n[1] || 0], y = 30 * i + 4;
      svg('text', { x: 112, y: y + 16, class: 'axis', 'text-anchor': 'end' }, g, t.word.length > 16 ? t.word.slice(0, 15) + '…' : t.word || '(empty)');
      shares.forEach((v, k) => {
        svg('rect', { x: 120, y: y + 12 * k, width: Math.max(1, (W - 190) * v), height: 10, fill: [BLUE, ORANGE][k], 'fill-opacity': [1, 0.75][k] }, g);
        svg('text', { x: 126 + Math.max(1, (W - 190) * v), y: y + 9 + 12 * k, class: 'small' }, g, pct(v));
      });
      svg('title', {}, g, `${t.word}: ${count(t.normal)} normal, ${count(t.attack)} attack rows`);
    });
  };
  const shown = best.filter((f) => !leak.has(f.name) || p.leaks.find((l) => l.column === f.name).kept).slice(0, 36);
  s = section('Distributions by class', 'Blue, upper: normal. Orange, lower: attacks. Of numbers the median, quartiles, 5 % and 95 %, and extremes, on a scale that is logarithmic away from 0; of words their share of the class.');
  const grid = el('div', undefined, s);
  grid.className = 'figures';
  for (const f of shown) {
    if (f.type === 'text') words(f, grid);
    else if (has(f.normal.quantiles[0]) || has(f.attack.quantiles[0])) box(f, grid);
  }

  const c = p.correlations;
  if (c && c.columns.length > 1) {
    s = section('Correlations', `Spearman's rank correlations of ${count(c.rows)} rows; orange: rise together, blue: one rises as the other falls. At most the 40 columns with the strongest.`);
    const strong = c.columns.map((_, i) => Math.max(...c.spearman[i].map((x, k) => (k === i || !has(x) ? 0 : Math.abs(x)))));
    const order = c.columns.map((_, i) => i).sort((a, b) => strong[b] - strong[a]).slice(0, 40).sort((a, b) => a - b);
    const t = heat(s, 'correlations', '', order.map((i) => c.columns[i]), order.map((i) => [c.columns[i], order.map((k) => c.spearman[i][k])]),
      (x) => [has(x) ? x.toFixed(1).replace('-0.0', '0.0') : '', x]);
    t.className = 'dense';
  }
  const outliers = features.filter((f) => f.outliers_iqr > 0).sort((a, b) => b.outliers_iqr - a.outliers_iqr).slice(0, 20);
  if (outliers.length) {
    s = section('Outliers', 'Beyond 1.5 interquartile ranges of the quartiles; more than 3.5 robust deviations from the median. In traffic, most are no mistakes.');
    table([['column', 'by quartiles', 'by robust deviations']].concat(outliers.map((f) => [f.name, count(f.outliers_iqr), count(f.outliers_robust_z)])), s, 'outliers');
  }
})();
