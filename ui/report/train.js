'use strict';
/* What a training found out: how much more rows would help, and which columns count. */
(function () {
  const { d, el, has, fixed, count, pct, section, table, chart, axis, BLUE, ORANGE, GREY } = report;
  const own = d.by_rule ? ' Of the kind of model alone, without the recipe’s weights and its decision rule.' : '';
  let s = section('Learning curve', 'What a share of the training rows is worth on the rows held out; where a line still rises, more rows would help.' + own);
  const figures = [['macro_f1', 'macro F1', BLUE, 'solid'], ['mcc', 'MCC', ORANGE, 'dashed'], ['tpr_at_fpr_1e2', 'recall at 1 % false alarms', GREY, 'dotted']];
  chart(s, { xAxis: axis('rows learnt from', { type: 'log' }), yAxis: axis('', { max: 1, scale: true }),
    series: figures.map(([k, name, color, type]) => ({ name, type: 'line', color, symbolSize: 9, lineStyle: { type, width: 2 },
      data: d.learning.filter((p) => has(p[k])).map((p) => [p.rows, +p[k].toFixed(4)]) })) });
  table([['share', 'rows', 'macro F1', 'MCC', 'ROC-AUC', 'recall at 1 %']].concat(d.learning.map((p) => [pct(p.share), count(p.rows),
    fixed(p.macro_f1, 4), fixed(p.mcc, 4), fixed(p.roc_auc, 4), fixed(p.tpr_at_fpr_1e2, 4)])), s, 'learning');

  s = section('What columns are worth', 'How much macro F1 is lost when a column’s values are dealt anew among the held-out rows of one fold. Of two columns that say the same, either may look useless.' + own);
  const top = d.importance.slice(0, 25).reverse();
  chart(s, { legend: undefined, grid: { left: 190, right: 30, top: 10, bottom: 40 },
    xAxis: axis('', { min: Math.min(0, ...top.map((x) => x.loss)) }),
    yAxis: { type: 'category', data: top.map((x) => x.column), axisLabel: { interval: 0, width: 170, overflow: 'truncate' } },
    series: [{ type: 'bar', color: BLUE, data: top.map((x) => +x.loss.toFixed(5)) }] }, 60 + 22 * top.length);
  const box = el('details', undefined, s);
  el('summary', 'All columns', box);
  table([['column', 'loss of macro F1']].concat(d.importance.map((x) => [x.column, fixed(x.loss, 4)])), box, 'importance');
})();
