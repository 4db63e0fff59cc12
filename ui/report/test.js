'use strict';
(function () {
  const { d, el, pct, section, table, chart, axis, line, BLUE, ORANGE } = report;
  const e = d.eval;
  let s;
  if (e) figures();
  function figures() {
  s = section('Figures');
  table([['figure', 'value']].concat(['accuracy', 'macro_f1', 'mcc', 'roc_auc', 'pr_auc']
    .map((k) => [k.replace('_', ' '), e[k] === null ? '-' : e[k].toFixed(4)])), s, 'figures');
  s = section('Confusion matrix: rows');
  table([['true \\ said'].concat(e.names, 'none of them')].concat(e.matrix.map((r, i) => [e.names[i]].concat(r))), s, 'confusion');
  s = section('Confusion matrix: share of the true class');
  table([['true \\ said'].concat(e.names, 'none of them')].concat(e.matrix.map((r, i) => {
    const n = r.reduce((a, b) => a + b, 0);
    return [e.names[i]].concat(r.map((x) => pct(x / n)));
  })), s, 'normalised');
  }

  const c = d.curve;
  if (!c || !c.normal || !c.attacks) return;
  const tpr = (p) => p[1] / c.attacks, fpr = (p) => p[2] / c.normal;
  s = section('ROC and precision-recall');
  chart(s, { xAxis: axis('false-alarm rate', { min: 0, max: 1 }), yAxis: axis('recall', { min: 0, max: 1 }),
    series: [line('ROC', [[0, 0]].concat(c.points.map((p) => [fpr(p), tpr(p)])), BLUE, 'solid'),
      line('chance', [[0, 0], [1, 1]], '#767676', 'dotted')] });
  chart(s, { xAxis: axis('recall', { min: 0, max: 1 }), yAxis: axis('precision', { min: 0, max: 1 }),
    series: [line('precision-recall', c.points.map((p) => [tpr(p), p[1] / (p[1] + p[2])]), ORANGE, 'dashed')] });
  s = section('Score distributions');
  const share = (k, n) => c.bins[k].map((x, i) => [(i + 0.5) / c.bins[k].length, x / n]);
  chart(s, { xAxis: axis('score, from lowest to highest', { min: 0, max: 1 }), yAxis: axis('share of rows'),
    series: [line('normal', share(0, c.normal), BLUE, 'solid'), line('attack', share(1, c.attacks), ORANGE, 'dashed')] });
  if (c.reliability.length) {
    s = section('Calibration');
    const filled = (k) => (k || []).filter((b) => b[1] > 0), bins = filled(c.reliability), mended = filled(d.calibrated);
    const observed = (name, of, color, type, symbol) => Object.assign(line(name, of.map((b) => [b[0], b[2] / b[1]]), color, type), { showSymbol: true, symbol, symbolSize: 9 });
    chart(s, { xAxis: axis('mean score', { min: 0, max: 1 }), yAxis: axis('share of attacks', { min: 0, max: 1 }),
      series: [observed(mended.length ? 'score' : 'observed', bins, BLUE, 'solid', 'circle')]
        .concat(mended.length ? [observed('calibrated', mended, ORANGE, 'dashed', 'diamond')] : [], line('perfect', [[0, 0], [1, 1]], '#767676', 'dotted')) });
    table([['mean score', 'rows', 'attacks', 'share']].concat(bins.map((b) => [b[0].toFixed(3), b[1], b[2], pct(b[2] / b[1])])), s, 'reliability');
    if (mended.length) table([['calibrated', 'rows', 'attacks', 'share']].concat(mended.map((b) => [b[0].toFixed(3), b[1], b[2], pct(b[2] / b[1])])), s, 'calibrated');
  }
  s = section('Threshold explorer');
  const field = (text, type, value, more) => {
    const i = el('input', undefined, el('label', text + ' ', s));
    Object.assign(i, { type }, more, { value });
    i.addEventListener('input', show);
    return i;
  };
  const at = field('Threshold', 'range', 0, { min: 0, max: c.points.length - 1 });
  const prior = field('True share of attacks', 'number', 0.001, { min: 0, max: 1, step: 'any' });
  const flows = field('Flows per day', 'number', 1000000, { min: 0 });
  const out = el('div', undefined, s);
  at.value = Math.max(0, c.points.findLastIndex((p) => fpr(p) <= 0.01));
  function show() {
    const p = c.points[+at.value], q = +prior.value, hit = q * tpr(p), wrong = (1 - q) * fpr(p);
    out.replaceChildren();
    table([['threshold', 'recall', 'false alarms', 'precision', 'alerts per day'],
      [String(p[0]), pct(tpr(p)), pct(fpr(p)), pct(hit / (hit + wrong)), Math.round((hit + wrong) * +flows.value)]], out, 'explorer');
  }
  show();
})();
