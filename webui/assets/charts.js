/** Draws the charts of a page: this period as a line, the one before it muted; tooltips by mouse and arrow keys. */
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

/** The colours of the style sheet as they are right now, light or dark. */
function colours(place) {
  const probe = place.appendChild(document.createElement("i"));
  const read = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ["accent", "accent-soft", "muted", "line", "line-control", "surface", "text", "heading"];
  const found = Object.fromEntries(names.map((name) => [name, read(name)]));
  probe.remove();
  return found;
}

function options(data, ink, font) {
  const wide = Math.max(...data.current, ...data.previous) >= 10_000;
  const number = new Intl.NumberFormat(document.documentElement.lang, wide ? { notation: "compact" } : {});
  const line = { type: "line", showSymbol: false, symbol: "circle", symbolSize: 8, smooth: 0.25, smoothMonotone: "x" };
  return {
    animation: false,
    textStyle: { fontFamily: font },
    color: [ink.accent, ink["line-control"]],
    grid: { top: 34, right: 8, bottom: 4, left: 4, containLabel: true },
    legend: { top: 0, right: 0, icon: "roundRect", itemWidth: 12, itemHeight: 4, textStyle: { color: ink.text } },
    // As text on the canvas: boxes of HTML would need inline styles, which the page forbids.
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: ink.surface,
      borderColor: ink["line-control"],
      borderWidth: 1,
      textStyle: { color: ink.heading, fontSize: 13 },
      formatter: ([point]) => data.tips[point.dataIndex].join("\n"),
    },
    xAxis: {
      type: "category",
      data: data.labels,
      boundaryGap: data.labels.length < 2,
      axisLine: { lineStyle: { color: ink.line } },
      axisTick: { show: false },
      axisLabel: { color: ink.muted, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      splitLine: { lineStyle: { color: ink.line } },
      axisLabel: { color: ink.muted, formatter: (value) => number.format(value) },
    },
    series: [
      { ...line, name: data.names[0], data: data.current, z: 3, lineStyle: { width: 2.5 }, areaStyle: { color: ink["accent-soft"], opacity: 0.5 } },
      { ...line, name: data.names[1], data: data.previous, lineStyle: { width: 1.5, type: "dashed" } },
    ],
  };
}

function draw(place) {
  const data = JSON.parse(place.dataset.chart);
  const says = place.parentElement.querySelector("[data-chart-says]");
  const last = data.tips.length - 1;
  let at = last;
  place.replaceChildren();
  const chart = init(place);
  const paint = () => chart.setOption(options(data, colours(place), getComputedStyle(document.body).fontFamily), true);
  paint();

  const point = (position) => {
    at = Math.min(Math.max(position, 0), last);
    chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: at });
    says.textContent = data.tips[at].join(", ");
  };
  const steps = { ArrowLeft: () => at - 1, ArrowRight: () => at + 1, Home: () => 0, End: () => last };
  place.addEventListener("keydown", (event) => {
    if (event.key === "Escape") chart.dispatchAction({ type: "hideTip" });
    if (!steps[event.key]) return;
    event.preventDefault();
    point(steps[event.key]());
  });
  place.addEventListener("focus", () => {
    if (place.matches(":focus-visible")) point(at);
  });
  place.addEventListener("blur", () => chart.dispatchAction({ type: "hideTip" }));
  new ResizeObserver(() => chart.resize()).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
}

for (const place of document.querySelectorAll("[data-chart]")) draw(place);
