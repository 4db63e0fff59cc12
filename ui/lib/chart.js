// SPDX-License-Identifier: Apache-2.0
// Charts by Apache ECharts, fetched when the first one is drawn.  It draws on a canvas, so
// colours are read from the tokens, and drawn anew when the appearance changes.  Its
// tooltips are drawn too: its HTML ones would need styles that the policy forbids.
import { html, useEffect, useRef, useState } from "./html.js";

let loading = null;
function load() {
  loading ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/echarts.common.min.js", import.meta.url);
    script.onload = () => done(globalThis.echarts);
    script.onerror = () => { loading = null; fail(new Error("The chart library could not be fetched.")); };
    document.head.append(script);
  });
  return loading;
}

/** What the tokens' names stand for now: colour("c-dos") -> "rgb(213, 94, 0)". */
const probe = document.createElement("i");
export function colour(name) {
  if (!probe.isConnected) { probe.hidden = true; document.body.append(probe); }
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** Changes when the appearance does. */
export function useAppearance() {
  const [n, set] = useState(0);
  useEffect(() => {
    const change = () => set((v) => v + 1);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", change);
    addEventListener("appearance", change);
    return () => { dark.removeEventListener("change", change); removeEventListener("appearance", change); };
  }, []);
  return n;
}

export function axis(name, more = {}) {
  return { type: "value", name, nameLocation: "middle", nameGap: 32, nameTextStyle: { color: colour("ink-soft") },
    axisLabel: { color: colour("ink-soft"), hideOverlap: true }, axisLine: { lineStyle: { color: colour("line-strong") } },
    splitLine: { lineStyle: { color: colour("line") } }, ...more };
}
export const line = (name, data, token, more = {}) => ({ name, data, type: "line", showSymbol: false, color: colour(token),
  lineStyle: { width: 2, type: more.dash || "solid" }, ...more });

/** `option` is a function, called when colours are known; `words` says the chart in text. */
export function Chart({ option, words, tall, onReady, deps = [] }) {
  const box = useRef();
  const chart = useRef(null);
  const [failed, fail] = useState(null);
  const appearance = useAppearance();
  useEffect(() => {
    let gone = false;
    const resize = new ResizeObserver(() => chart.current?.resize());
    load().then((echarts) => {
      if (gone) return;
      chart.current = echarts.init(box.current);
      resize.observe(box.current);
      draw();
      onReady?.(chart.current);
    }, fail);
    return () => { gone = true; resize.disconnect(); chart.current?.dispose(); chart.current = null; };
  }, []);
  const draw = () => chart.current?.setOption({ animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    legend: { textStyle: { color: colour("ink") }, top: 0 }, grid: { left: 56, right: 16, top: 36, bottom: 48 },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: colour("raised"), borderColor: colour("line-strong"),
      textStyle: { color: colour("ink"), fontSize: 12 } }, ...option() }, true);
  useEffect(draw, [appearance, ...deps]);
  if (failed) return html`<p class="bad">${failed.message}</p>`;
  return html`<div class="chart ${tall ? "tall" : ""}" ref=${box} role="img" aria-label=${words}></div>`;
}
