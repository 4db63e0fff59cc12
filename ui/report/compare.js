'use strict';
/* Models side by side under one protocol after the other. */
(function () {
  const { d, has, fixed, short, count, section, table, chart, axis, heat } = report;
  const FIGURES = [['macro_f1', 'macro F1'], ['weighted_f1', 'weighted F1'], ['mcc', 'MCC'], ['roc_auc', 'ROC-AUC'], ['pr_auc', 'PR-AUC'], ['tpr_at_fpr_1e3', 'TPR at FPR 1e-3']];
  const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
  d.experiments.forEach((x, i) => {
    const models = x.models.filter((m) => !m.error);
    const title = x.title === x.protocol ? x.title : `${x.title} (${x.protocol})`;
    let s = section(title, `${count(x.rows)} rows, ${x.features} features` + (x.threshold ? `; an attack from a probability of ${x.threshold}` : '') +
      '. The first two are trivial: what a model does not add to them it has not learnt. ± is the half width of the 95 % interval over seeds.');
    const value = (m, k) => m[k] && (has(m[k].half_width_95) ? `${fixed(m[k].mean, 4)} ± ${fixed(m[k].half_width_95, 4)}` : fixed(m[k].mean, 4));
    table([['model', 'accuracy'].concat(FIGURES.map((f) => f[1]), 'fit s', 's per million rows', 'model bytes')]
      .concat(x.models.map((m) => (m.error ? [m.model, m.error] : [m.model, value(m, 'accuracy')].concat(FIGURES.map((f) => value(m, f[0])),
        short(m.fit_seconds), short(m.predict_seconds_per_million), m.model_bytes ? count(m.model_bytes) : '-')))), s, 'models-' + i);
    chart(s, { grid: { left: 60, right: 24, top: 60, bottom: 60 }, tooltip: { trigger: 'item', renderMode: 'richText' },
      xAxis: { type: 'category', data: models.map((m) => m.model), axisLabel: { interval: 0, rotate: models.length > 8 ? 40 : 0 } },
      yAxis: axis('', { max: 1 }),
      series: FIGURES.map(([k, name], f) => ({ name, type: 'bar', color: COLOURS[f], data: models.map((m) => (m[k] && has(m[k].mean) ? +m[k].mean.toFixed(4) : null)) })) }, 380);
    const classes = models.length ? Object.keys(models[0].per_class) : [];
    for (const what of ['recall', 'precision']) {
      s = section(`${title}: ${what} by class`);
      heat(s, `${what}-${i}`, 'model', classes, models.map((m) => [m.model, classes.map((k) => m.per_class[k][what])]), (v) => [fixed(v, 3), has(v) ? v : NaN]);
    }
    const published = models.filter((m) => has(m.published_weighted_f1));
    if (published.length) {
      s = section('Beside the published figures');
      table([['weighted F1', 'published', 'here', 'difference']].concat(published.map((m) => [m.model, fixed(m.published_weighted_f1, 4),
        fixed(m.weighted_f1.mean, 4), fixed(m.weighted_f1.mean - m.published_weighted_f1, 4)])), s, 'published-' + i);
    }
  });
  const timed = d.experiments.flatMap((x) => x.models).filter((m) => !m.error && m.fit_seconds > 0);
  if (timed.length) {
    const s = section('Time to fit against macro F1', 'Up and left is better; logarithmic in time. Times are of this machine.');
    chart(s, { tooltip: { trigger: 'item', renderMode: 'richText', formatter: (p) => `${p.seriesName} ${p.data[2]}: ${short(p.data[0])} s, ${fixed(p.data[1], 4)}` },
      xAxis: axis('seconds', { type: 'log' }), yAxis: axis('macro F1', { max: 1 }),
      series: d.experiments.map((x, i) => ({ name: x.protocol, type: 'scatter', symbol: ['circle', 'diamond', 'triangle', 'rect'][i % 4], symbolSize: 12, color: COLOURS[i % 6],
        label: { show: true, position: 'right', formatter: (p) => p.data[2] },
        data: x.models.filter((m) => !m.error && m.fit_seconds > 0).map((m) => [m.fit_seconds, m.macro_f1.mean, m.model]) })) }, 380);
  }
})();
