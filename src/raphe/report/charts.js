// The numbers beside a drawing -> a chart that can be read with pointer, keyboard and screen reader.
// Every chart is a slider over time: its value text says what stands at the cursor. Charts of one scenario move together.
"use strict";
(function () {
  const charts = [];
  const light = window.matchMedia("(prefers-color-scheme: dark)");
  const root = getComputedStyle(document.documentElement);
  const color = (name) => root.getPropertyValue("--" + name).trim();
  const minus = (text) => text.replace("-", "\u2212");

  // Three significant digits, as everywhere on the page.
  function told(value) {
    if (value == null) return "no number";
    return minus(String(Number(value.toPrecision(3))));
  }

  function change(value) {
    if (value == null) return "no number";
    const percent = 100 * (value - 1);
    const text = String(Number(percent.toPrecision(Math.abs(percent) >= 99.5 ? 3 : 2)));
    if (Math.abs(percent) < 0.005) return "0";
    return percent > 0 ? "+" + text : minus(text);
  }

  function time(hours) {
    if (Math.abs(hours) < 48) return told(hours) + " h";
    return told(hours / 24) + " d";
  }

  // Numbers from the steps between them, in units of the last digit.
  function unpacked(steps, decimals) {
    let place = 0;
    return steps.map((step) => {
      if (step == null) return null;
      place += step;
      return decimals < 0 ? place * 10 ** -decimals : place / 10 ** decimals;
    });
  }

  // A pattern of slanted lines, as in the drawing that is printed.
  function hatch(u, ink) {
    const size = Math.round(6 * devicePixelRatio);
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const pen = tile.getContext("2d");
    pen.strokeStyle = ink;
    pen.globalAlpha = 0.45;
    pen.lineWidth = 0.8 * devicePixelRatio;
    pen.beginPath();
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
    }
    pen.stroke();
    return u.ctx.createPattern(tile, "repeat");
  }

  function veiled(ink, share) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.fillStyle = ink;
    const hex = pen.fillStyle;
    const part = (at) => parseInt(hex.slice(at, at + 2), 16);
    return "rgba(" + part(1) + "," + part(3) + "," + part(5) + "," + share + ")";
  }

  // What is shown of a course: columns, lines, bands, and words for one place.
  function course(data) {
    const shown = (value) => (data.ratio ? change(value) : told(value));
    const unit = data.ratio ? " %" : data.unit ? " " + data.unit : "";
    const hours = unpacked(data.x, data.xdecimals);
    const lines = data.lines.map((steps) => unpacked(steps, data.decimals));
    const [low, median, high, least, , most] = lines;
    const rest = data.rest ? unpacked(data.rest, data.decimals) : hours.map(() => null);
    const people = color("people"), doubt = color("doubt");
    return {
      columns: [hours.map((hour) => hour / data.hours), low, high, least, most, rest, median],
      series: [
        {},
        { stroke: "transparent", width: 0 },
        { stroke: "transparent", width: 0 },
        { stroke: doubt, width: 1, dash: [5, 3] },
        { stroke: doubt, width: 1, dash: [5, 3] },
        { stroke: color("guide"), width: 1.5, dash: [2, 3] },
        { stroke: people, width: 2 },
      ],
      bands: [
        { series: [2, 1], fill: veiled(people, 0.26) },
        { series: [4, 3], fill: (u) => hatch(u, doubt) },
      ],
      main: 6,
      line: data.ratio ? 1 : null,
      dosing: data.dosing == null ? null : data.dosing / data.hours,
      limits: data.y,
      log: false,
      x: data.hours > 1 ? "days after the first dose" : "hours after the first dose",
      at: (k) => hours[k],
      words: (k) => [
        time(hours[k]) + ": ",
        "median " + shown(median[k]) + unit,
        "people " + shown(low[k]) + " to " + shown(high[k]) + unit,
        "uncertainty " + shown(least[k]) + " to " + shown(most[k]) + unit,
      ],
      names: [],
      start: farthest(median),
    };
  }

  // Where a line is farthest from its beginning.
  function farthest(line) {
    let best = 0, most = -1;
    for (let k = 0; k < line.length; k++) {
      const far = line[k] == null || line[0] == null ? -1 : Math.abs(line[k] - line[0]);
      if (far > most) [best, most] = [k, far];
    }
    return best;
  }

  // How long a way down takes and how hard it is: the best that was found, and each schedule of the table.
  function front(data) {
    return {
      columns: [data.x, data.best, data.named],
      series: [
        {},
        { stroke: color("people"), width: 2, paths: uPlot.paths.stepped({ align: 1 }), spanGaps: true, points: { show: false } },
        { stroke: color("doubt"), width: 0, paths: () => null, points: { show: true, size: 9, fill: color("doubt"), width: 1 } },
      ],
      bands: [],
      main: 2,
      line: null,
      dosing: null,
      limits: data.y,
      log: true,
      x: "weeks to the last dose",
      at: (k) => data.x[k],
      words: (k) => [
        told(data.x[k]) + " weeks: ",
        data.labels[k] || "the least that was found for this length",
        "mean peak " + told(data.named[k] == null ? data.best[k] : data.named[k]),
      ],
      names: data.labels,
      start: 0,
    };
  }

  function shade(u, shown) {
    const pen = u.ctx, box = u.bbox;
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    if (shown.dosing) {
      const from = u.valToPos(0, "x", true), to = u.valToPos(shown.dosing, "x", true);
      pen.fillStyle = color("shade");
      pen.fillRect(from, box.top, to - from, box.height);
    }
    if (shown.line != null) {
      const y = Math.round(u.valToPos(shown.line, "y", true)) + 0.5;
      pen.strokeStyle = color("guide");
      pen.lineWidth = devicePixelRatio;
      pen.beginPath();
      pen.moveTo(box.left, y);
      pen.lineTo(box.left + box.width, y);
      pen.stroke();
    }
    pen.restore();
  }

  function firstDose(u, shown) {
    const x = u.valToPos(0, "x", true);
    if (shown.dosing == null || x < u.bbox.left - 1) return;
    const y = u.bbox.top + u.bbox.height, size = 5 * devicePixelRatio;
    u.ctx.fillStyle = color("ink");
    u.ctx.beginPath();
    u.ctx.moveTo(x, y - size);
    u.ctx.lineTo(x + size, y + size);
    u.ctx.lineTo(x - size, y + size);
    u.ctx.fill();
  }

  // The names of single points, left of those that stand near the right edge.
  function names(u, shown) {
    u.ctx.font = 12 * devicePixelRatio + "px system-ui, sans-serif";
    u.ctx.fillStyle = color("ink");
    shown.names.forEach((name, k) => {
      if (!name) return;
      const x = u.valToPos(shown.columns[0][k], "x", true), y = u.valToPos(shown.columns[shown.main][k], "y", true);
      const gap = 7 * devicePixelRatio, room = u.bbox.left + u.bbox.width - x - gap;
      u.ctx.textAlign = u.ctx.measureText(name).width > room ? "right" : "left";
      u.ctx.fillText(name, u.ctx.textAlign === "left" ? x + gap : x - gap, y - gap);
    });
  }

  function dot(u, k, main) {
    if (k !== main) return null;
    const mark = document.createElement("div");
    mark.className = "u-cursor-pt";
    return mark;
  }

  function options(chart) {
    const shown = chart.shown, width = chart.frame.clientWidth;
    const axis = { stroke: color("ink"), font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", ticks: { stroke: color("axis"), size: 4, width: 1 } };
    const values = (u, ticks) => ticks.map((tick) => (tick == null ? "" : minus(String(Number(tick.toPrecision(6))))));
    return {
      width: width,
      height: Math.max(220, Math.min(320, Math.round(0.62 * width))),
      legend: { show: false },
      padding: [8, 16, 0, 0],
      scales: {
        x: { time: false },
        y: shown.log ? { distr: 3, range: () => shown.limits } : { range: () => shown.limits },
      },
      axes: [
        Object.assign({}, axis, { label: shown.x, labelSize: 18, size: 26, gap: 3, grid: { show: false }, values: values }),
        Object.assign({}, axis, { size: 46, gap: 4, space: 34, grid: { stroke: color("grid"), width: 1 }, values: values }),
      ],
      series: shown.series.map((one, k) => (k ? Object.assign({ points: { show: false } }, one) : one)),
      bands: shown.bands,
      cursor: {
        y: false,
        sync: chart.sync ? { key: chart.sync, scales: ["x", null], setSeries: false } : {},
        points: { show: (u, k) => dot(u, k, shown.main), size: 9, fill: (u, k) => shown.series[k].stroke, stroke: color("card"), width: 2 },
        drag: { x: true, y: false, dist: 6 },
      },
      hooks: {
        drawClear: [(u) => shade(u, shown)],
        draw: [(u) => firstDose(u, shown), (u) => names(u, shown)],
        setCursor: [(u) => tell(chart, u.cursor.idx)],
      },
    };
  }

  // Say what stands at the cursor, to eyes and to a screen reader.
  function tell(chart, at) {
    const k = at == null ? chart.shown.start : at;
    if (chart.told === k && chart.pointed === (at != null)) return;
    [chart.told, chart.pointed, chart.at] = [k, at != null, k];
    const [when, ...rest] = chart.shown.words(k);
    chart.readout.textContent = "";
    const head = document.createElement("b");
    head.textContent = when;
    chart.readout.append(head);
    for (const part of rest) {
      const span = document.createElement("span");
      span.textContent = part;
      chart.readout.append(span, " ");
    }
    chart.slider.setAttribute("aria-valuenow", String(chart.shown.at(k)));
    chart.slider.setAttribute("aria-valuetext", when + rest.join(", "));
  }

  function moveTo(chart, k) {
    const u = chart.plot, x = chart.shown.columns[0];
    const place = Math.max(0, Math.min(x.length - 1, k));
    const scale = u.scales.x;
    if (x[place] < scale.min || x[place] > scale.max) {
      const half = (scale.max - scale.min) / 2;
      zoomTo(chart, Math.max(x[0], x[place] - half), Math.min(x[x.length - 1], x[place] + half));
    }
    u.setCursor({ left: u.valToPos(x[place], "x"), top: u.over.clientHeight / 2 }, true, true);
    tell(chart, place);
  }

  function zoomTo(chart, min, max) {
    for (const one of charts) {
      if (one === chart || (chart.sync && one.sync === chart.sync)) one.plot.setScale("x", { min: min, max: max });
    }
  }

  function zoom(chart, factor) {
    const x = chart.shown.columns[0], scale = chart.plot.scales.x;
    const half = Math.max((scale.max - scale.min) * factor, (x[x.length - 1] - x[0]) / 200) / 2;
    const middle = x[chart.at];
    zoomTo(chart, Math.max(x[0], middle - half), Math.min(x[x.length - 1], middle + half));
    moveTo(chart, chart.at);
  }

  function whole(chart) {
    const x = chart.shown.columns[0];
    zoomTo(chart, x[0], x[x.length - 1]);
  }

  function pressed(chart, event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const count = chart.shown.columns[0].length, k = chart.at, page = Math.max(1, Math.round(count / 10));
    const moves = {
      ArrowRight: k + 1, ArrowUp: k + 1, ArrowLeft: k - 1, ArrowDown: k - 1,
      PageUp: k + page, PageDown: k - page, Home: 0, End: count - 1,
    };
    if (event.key in moves) moveTo(chart, moves[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(chart, 0.5);
    else if (event.key === "-") zoom(chart, 2);
    else if (event.key === "0" || event.key === "Escape") whole(chart);
    else return;
    event.preventDefault();
  }

  function draw(chart) {
    if (chart.plot) chart.plot.destroy();
    chart.shown = (chart.data.kind === "front" ? front : course)(chart.data);
    chart.told = -1;
    chart.slider.setAttribute("aria-valuemin", String(chart.shown.at(0)));
    chart.slider.setAttribute("aria-valuemax", String(chart.shown.at(chart.shown.columns[0].length - 1)));
    chart.plot = new uPlot(options(chart), chart.shown.columns, chart.frame);
    chart.plot.over.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") chart.plot.setCursor({ left: event.offsetX, top: event.offsetY }, true, true);
    });
    tell(chart, null);
  }

  function begin(script) {
    const plate = script.parentElement, data = JSON.parse(script.textContent);
    const slider = document.createElement("div"), frame = document.createElement("div"), readout = document.createElement("p");
    slider.className = "live";
    readout.className = "readout";
    slider.tabIndex = 0;
    const described = plate.querySelector("svg desc");
    const named = {
      role: "slider", "aria-label": data.name, "aria-orientation": "horizontal",
    };
    if (described) named["aria-describedby"] = described.id;
    for (const name in named) slider.setAttribute(name, named[name]);
    slider.append(frame);
    plate.append(slider, readout);
    plate.classList.add("moving");
    const chart = { data: data, frame: frame, slider: slider, readout: readout, sync: data.sync || "", at: 0 };
    charts.push(chart);
    draw(chart);
    slider.addEventListener("keydown", (event) => pressed(chart, event));
    slider.addEventListener("focus", () => moveTo(chart, chart.at));
    new ResizeObserver(() => {
      const width = frame.clientWidth;
      if (width && width !== chart.plot.width) chart.plot.setSize({ width: width, height: options(chart).height });
    }).observe(frame);
  }

  document.querySelectorAll("script.numbers").forEach(begin);
  document.documentElement.classList.add("scripted");
  light.addEventListener("change", () => charts.forEach(draw));
})();
