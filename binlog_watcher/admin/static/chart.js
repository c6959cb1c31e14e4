// The chart of the days. uPlot draws what stands in the table below it, in the style sheet's colours; without scripts
// the table stands there alone.
(() => {
  const KINDS = ["abandoned", "mailed", "recovered"];
  const STEPS = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
  let drawn = null;

  // Asked for at each drawing: a change of the colour scheme needs no more than another one.
  const colour = (name) => () => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  // The oldest first; a number of each kind.
  function inTheTable() {
    const rows = [...document.querySelectorAll("#days tbody tr")].reverse();
    const numbers = (at) => rows.map((row) => Number(row.querySelectorAll("data")[at].value));
    return { names: rows.map((row) => row.querySelector("time").textContent), numbers: KINDS.map((_, at) => numbers(at)) };
  }

  function draw(place) {
    const { names, numbers } = inTheTable();
    const last = names.length - 1;
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { font, stroke: colour("soft"), ticks: { show: false } };
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    place.hidden = false;
    const options = {
      width: place.clientWidth,
      height: place.clientHeight,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { time: false, range: [-0.5, last + 0.5] },
        y: { range: (_plot, _least, most) => [0, Math.max(4, most * 1.05)] },
      },
      axes: [
        { ...axis, size: 26, gap: 6, grid: { show: false }, splits: () => [0, 10, 20, last], values: (_plot, at) => at.map((day) => (day === last ? "today" : names[day])) },
        { ...axis, gap: 8, grid: { stroke: colour("line"), width: 1 }, incrs: STEPS, space: 34, size: (_plot, said) => 14 + 7 * Math.max(1, ...(said ?? []).map((one) => one.length)), values: (_plot, at) => at.map((number) => number.toLocaleString("en")) },
      ],
      series: [{}, ...KINDS.map((kind) => ({ label: kind, width: 0, fill: colour(kind), points: { show: false }, paths: uPlot.paths.bars({ size: [0.7] }) }))],
      hooks: {
        ready: [(plot) => plot.over.append(tip)],
        setCursor: [
          (plot) => {
            const day = plot.cursor.idx;
            tip.hidden = day === null || plot.cursor.left < 0;
            if (tip.hidden) return;
            tip.textContent = [names[day], ...KINDS.map((kind, at) => `${numbers[at][day].toLocaleString("en")} ${kind}`)].join("\n");
            const room = plot.over.clientWidth - tip.offsetWidth;
            const beside = plot.cursor.left + 12 > room ? plot.cursor.left - tip.offsetWidth - 12 : plot.cursor.left + 12;
            tip.style.left = `${Math.min(Math.max(0, beside), Math.max(0, room))}px`;
          },
        ],
      },
    };
    const plot = new uPlot(options, [names.map((_, at) => at), ...numbers], place);
    const watch = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: place.clientHeight }));
    watch.observe(place);
    return { place, plot, watch };
  }

  // Another part of the page may be what was swapped: then the chart stays.
  function renew() {
    const place = document.getElementById("chart");
    if (drawn?.place === place) return;
    drawn?.watch.disconnect();
    drawn?.plot.destroy();
    drawn = place && draw(place);
  }

  for (const change of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
    matchMedia(change).addEventListener("change", () => drawn?.plot.redraw());
  document.body.addEventListener("htmx:afterSwap", renew);
  renew();
})();
