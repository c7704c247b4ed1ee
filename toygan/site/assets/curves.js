// Curves beneath the panels: the chosen seed bold, the others thin, one line of time through all of them.
"use strict";
(function () {
  const NS = "http://www.w3.org/2000/svg";
  const HEIGHT = 170, LEFT = 54, RIGHT = 12, TOP = 10, BOTTOM = 22;
  const DASHES = ["", "6 3", "2 3"];
  const MANY = 6; // beyond so many runs, thin lines of other seeds would be a thicket

  let width = 340; // in pixels of the charts that are being drawn, so that their letters are as large as the page's

  function make(name, attributes, words) {
    const element = document.createElementNS(NS, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (words !== undefined) element.textContent = words;
    return element;
  }

  // A number of three digits as people read it, or of more where these are asked for.
  toygan.short = function (value, digits) {
    if (value === 0) return "0";
    const size = Math.abs(value), many = Math.max(Number.isInteger(digits) ? digits : 3, 3);
    const words = size >= 1e6 || size < 1e-4 ? withPower(size, many - 2) : String(Number(size.toPrecision(many)));
    return (value < 0 ? "\u2212" : "") + words;
  };

  // A very large or small number as 10⁶ or 2.5·10⁻⁶.
  function withPower(size, after) {
    const [digits, power] = size.toExponential(after).split("e"), factor = String(Number(digits));
    const raised = power.replace("+", "").replace(/./g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
    return (factor === "1" ? "" : factor + "·") + "10" + raised;
  }

  // How values become heights: share of the axis from below, and its ticks.
  const SCALES = {
    log: function (values) {
      const positive = values.filter((value) => value > 0);
      const low = Math.log10(Math.min(...positive) / 1.2), high = Math.log10(Math.max(...positive) * 1.2);
      return { place: (value) => value > 0 ? (Math.log10(value) - low) / (high - low) : NaN, ticks: logTicks(low, high) };
    },
    share: (values) => linear(Math.min(0, ...values), Math.max(1, ...values), [0, 0.25, 0.5, 0.75, 1]),
    count: function (values) {
      const high = Math.max(1, ...values), step = Math.max(Math.ceil(high / 5), 1);
      return linear(0, high * 1.04, Array.from({ length: Math.floor(high / step) + 1 }, (_, i) => i * step));
    },
    loss: function (values) {
      const low = Math.min(...values), high = Math.max(...values), typical = dwarfed(values);
      return typical ? squeezed(low, high, typical) : linear(low, high, evenTicks(low, high));
    },
  };

  // Numbers of a logarithmic axis: at as few digits as leave two of them in sight, for one tells no scale.
  function logTicks(low, high) {
    for (const digits of DIGITS.slice(high - low > 2.2 ? 0 : 1)) {
      const ticks = [];
      for (let power = Math.floor(low); power <= high; power++) ticks.push(...digits.map((digit) => digit * Math.pow(10, power)));
      if (ticks.filter((tick) => tick >= Math.pow(10, low) && tick <= Math.pow(10, high)).length > 1) return ticks;
    }
    return evenTicks(Math.pow(10, low), Math.pow(10, high));
  }

  const DIGITS = [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]];

  // The typical size of values, where a few dwarf the others; else 0.
  function dwarfed(values) {
    const sizes = values.map(Math.abs).sort((a, b) => a - b), half = sizes.length / 2;
    const typical = (sizes[Math.ceil(half) - 1] + sizes[Math.floor(half)]) / 2;
    return typical > 0 && sizes[sizes.length - 1] > 100 * typical ? typical : 0;
  }

  function linear(low, high, ticks) {
    const room = (high - low || 1) * 0.04;
    return { place: (value) => (value - low + room) / (high - low + 2 * room), ticks };
  }

  // Where a few values dwarf the others, logarithmic beyond the typical size.
  function squeezed(low, high, typical) {
    const bend = (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / typical);
    const ticks = [0];
    for (let power = Math.ceil(Math.log10(typical)); power <= Math.log10(Math.max(-low, high)); power += 2) {
      ticks.push(Math.pow(10, power), -Math.pow(10, power));
    }
    const scale = linear(bend(low), bend(high), []);
    return { place: (value) => scale.place(bend(value)), ticks };
  }

  function evenTicks(low, high) {
    const raw = (high - low || 1) / 4, power = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 5, 10].find((digit) => digit * power >= raw) * power, ticks = [];
    for (let value = Math.ceil(low / step) * step; value <= high + 1e-9 * step; value += step) {
      ticks.push(Number(value.toPrecision(6)));
    }
    return ticks;
  }

  // Draw every wanted curve that any run knows into a place; `pick(share)` is called with a share of the training.
  toygan.curves = function (place, facts, seed, pick, wanted) {
    const rows = facts.quantities.filter(wanted).filter((row) => facts.runs.some((run) => run.curves[row.name]));
    width = measured(place, rows.length);
    const cursors = rows.map(function (row, i) {
      return chart(place, facts, row, facts.runs.filter((run) => run.curves[row.name]), seed, pick, i === 0);
    });
    return (share) => cursors.forEach((cursor) => cursor(share));
  };

  // How wide a chart will be, among so many.
  function measured(place, many) {
    place.replaceChildren(...Array.from({ length: Math.max(many, 1) }, () => document.createElement("figure")));
    const found = Math.round(place.firstChild.clientWidth) || 340;
    place.replaceChildren();
    return found;
  }

  function chart(place, facts, row, runs, seed, pick, first) {
    const values = runs.flatMap((run) => run.curves[row.name].flat()).filter((value) => value !== null);
    const best = row.best ? runs.map((run) => run.best[row.name]).filter((value) => value !== null) : [];
    const isLog = (row.scale === "log" || (row.scale === "loss" && row.unbounded && isWide(values, facts.axes.wide))) &&
      values.some((value) => value > 0) && !values.some((value) => value < 0);
    const kind = isLog ? "log" : row.scale === "log" ? "loss" : row.scale;
    const start = kind === "loss" && row.leaves && !dwarfed(values) ? beyond(runs, row.name, facts.axes.stretched) : null;
    const scale = SCALES[kind]((start ? start.later : values).concat(best)); // what lies beyond is drawn at the edge
    const box = document.createElement("figure"), title = document.createElement("figcaption");
    title.append(named(row, facts.glossary), row.title.slice(row.label.length) + (isLog ? " (log scale)" : "") +
      (start ? `; the first frame reaches from ${toygan.short(start.low)} to ${toygan.short(start.high)}` : ""));
    const svg = make("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": spoken(row, runs, seed) });
    axes(svg, facts, scale);
    const floors = [...new Set(best)];
    floors.forEach((value) => floorLine(svg, up(scale.place(value))));
    floorNames(svg, scale, floors, row.best);
    runs.forEach((run) => lines(svg, facts, scale, run, row.name, seed));
    if (first) runs.forEach((run) => eventMarks(svg, scale, run, row.name, seed));
    const cursor = make("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM });
    svg.append(cursor);
    const told = document.createElement("div");
    told.className = "told";
    told.hidden = true;
    follow(svg, pick);
    tell(svg, told, facts, row, runs, seed);
    box.append(title, svg, told);
    place.append(box);
    return (share) => stand(svg, cursor, share);
  }

  // Whether positive values are so far apart that a logarithmic axis serves better, as in pictures.
  function isWide(values, times) {
    const positive = values.filter((value) => value > 0);
    return positive.length > 0 && Math.max(...positive) > times * Math.min(...positive);
  }

  // Where players that have not learned yet make an axis so many times as long as all later frames need: how far they reach,
  // and the values of these; null elsewhere.
  function beyond(runs, name, stretched) {
    const lines = runs.flatMap((run) => run.curves[name]), known = (values) => values.filter((value) => value !== null);
    const first = known(lines.map((line) => line[0])), later = known(lines.flatMap((line) => line.slice(1)));
    if (!first.length || !later.length) return null;
    const reach = (values) => Math.max(...values) - Math.min(...values);
    if (!reach(later) || reach(later.concat(first)) < stretched * reach(later)) return null;
    return { later, low: Math.min(...first), high: Math.max(...first) };
  }

  // What a chart is of, which leads to the glossary where there is one.
  function named(row, glossary) {
    const name = document.createElement(glossary ? "a" : "span");
    name.textContent = row.label;
    name.title = row.about;
    if (glossary) name.href = `${glossary}#term-${row.name.replaceAll("_", "-")}`;
    return name;
  }

  // At the pointer: the step, and every run's value of the chosen seed at its frame nearest to it.
  function tell(svg, told, facts, row, runs, seed) {
    const line = make("line", { class: "pointed", y1: TOP, y2: HEIGHT - BOTTOM });
    svg.append(line);
    const move = function (event) {
      const share = Math.min(Math.max(shareAt(svg, event), 0), 1);
      told.replaceChildren(...words(facts, row, runs, seed, share));
      told.hidden = false;
      told.classList.toggle("turned", share > 0.5);
      told.style.setProperty("--at", across(share, widthOf(svg)) / widthOf(svg));
      stand(svg, line, share);
      line.classList.add("on");
    };
    const leave = () => { told.hidden = true; line.classList.remove("on"); };
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerdown", move);
    svg.addEventListener("pointerleave", leave);
  }

  function words(facts, row, runs, seed, share) {
    const head = document.createElement("b"), steps = new Set();
    const lines = runs.map(function (run) {
      const away = run.step.map((_, t) => Math.abs(shareOf(run, t) - share)), t = away.indexOf(Math.min(...away));
      const curve = run.curves[row.name][run.seeds.indexOf(seed)], value = curve ? curve[t] : null;
      const line = document.createElement("span"), mark = document.createElement("i");
      steps.add(run.step[t]);
      mark.style.color = run.colour;
      line.append(mark, `${run.label}: ${value === null || value === undefined ? "unknown" : written(row, value)}`);
      return line;
    });
    head.textContent = steps.size === 1 ? `step ${[...steps][0]}` : `${Math.round(100 * share)} % of training`;
    return [head, ...lines];
  }

  const written = (row, value) => row.unit === "share" ? toygan.percent(value) : toygan.short(value);

  function shareAt(svg, event) {
    const box = svg.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width * widthOf(svg) - LEFT) / (widthOf(svg) - LEFT - RIGHT);
  }

  // Put an upright line at a share of the training.
  function stand(svg, line, share) {
    for (const end of ["x1", "x2"]) line.setAttribute(end, across(share, widthOf(svg)));
  }

  const widthOf = (svg) => svg.viewBox.baseVal.width; // a chart's own: others of another width may have been drawn since
  const across = (share, own = width) => LEFT + share * (own - LEFT - RIGHT);
  const up = (share) => TOP + (1 - Math.min(Math.max(share, -0.02), 1.02)) * (HEIGHT - TOP - BOTTOM);

  function spoken(row, runs, seed) {
    const ends = runs.map(function (run) {
      const line = run.curves[row.name][run.seeds.indexOf(seed)] || [];
      const known = line.filter((value) => value !== null);
      return run.label + (known.length ? " ends at " + toygan.short(known[known.length - 1]) : " is not known");
    });
    return `${row.title} over training, seed ${seed}: ${ends.join("; ")}`;
  }

  function axes(svg, facts, scale) {
    let beneath = Infinity;
    for (const tick of scale.ticks) {
      const share = scale.place(tick), y = up(share);
      if (!(share >= -0.001 && share <= 1.001) || Math.abs(beneath - y) < 14) continue;
      beneath = y;
      svg.append(make("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }));
      svg.append(make("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, toygan.short(tick)));
    }
    for (const share of width > (facts.steps ? 230 : 300) ? [0, 0.5, 1] : [0, 1]) { // "100 % of training" is long
      const last = share === 1; // the end of the axis says what it counts
      const words = facts.steps ? (last ? "step " : "") + Math.round(share * facts.steps) : `${100 * share} %${last ? " of training" : ""}`;
      const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
      svg.append(make("text", { x: across(share), y: HEIGHT - 6, "text-anchor": anchor }, words));
    }
  }

  function floorLine(svg, y) {
    svg.append(make("line", { class: "floor", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }));
  }

  // Scenarios have floors of their own: those too near for a name each are named together, above (ceilings: below) them
  // all, and at the left, where runs are still far from them.
  function floorNames(svg, scale, floors, words) {
    const below = words !== "floor", sorted = floors.slice().sort((a, b) => below ? a - b : b - a), groups = [];
    for (const value of sorted) {
      const y = up(scale.place(value)), group = groups[groups.length - 1];
      if (group && Math.abs(y - group.end) < 16) { group.values.push(value); group.end = y; }
      else groups.push({ values: [value], y, end: y });
    }
    for (const { values, y } of groups) {
      const told = [...new Set(values.map((value) => toygan.short(value)))].join(", ");
      const place = { x: LEFT + 4, y: y + (below ? 12 : -4) };
      svg.append(make("text", { class: "floor-name", ...place }, `${words}${told.includes(",") ? "s" : ""} ${told}`));
    }
  }

  const shareOf = (run, t) => run.step[t] / Math.max(run.steps, run.step[run.step.length - 1], 1);

  function path(scale, run, line) {
    let words = "", drawing = false;
    line.forEach(function (value, t) {
      const share = value === null ? NaN : scale.place(value);
      if (Number.isNaN(share)) { drawing = false; return; }
      words += `${drawing ? "L" : "M"}${across(shareOf(run, t)).toFixed(1)} ${up(share).toFixed(1)}`;
      drawing = true;
    });
    return words;
  }

  function lines(svg, facts, scale, run, measure, seed) {
    const chosen = run.seeds.indexOf(seed);
    run.curves[measure].forEach(function (line, s) {
      if (s === chosen || (facts.runs.length > MANY)) return;
      svg.append(make("path", { class: "thin", d: path(scale, run, line), style: `--line: ${run.colour}` }));
    });
    if (chosen < 0) return;
    svg.append(make("path", { class: "bold", d: path(scale, run, run.curves[measure][chosen]), stroke: run.colour,
      "stroke-dasharray": DASHES[run.dash] }));
  }

  // Diamonds on the chosen seed's line, where something was diagnosed.
  function eventMarks(svg, scale, run, name, seed) {
    const line = run.curves[name][run.seeds.indexOf(seed)];
    for (const event of line ? run.events : []) {
      const t = run.step.findIndex((step) => step >= event.step);
      if (!event.seeds.includes(seed) || t < 0 || line[t] === null || Number.isNaN(scale.place(line[t]))) continue;
      const x = across(shareOf(run, t)), y = up(scale.place(line[t]));
      const mark = make("path", { class: "event", d: `M${x} ${y - 6}l5 6l-5 6l-5 -6z`, fill: run.colour });
      mark.append(make("title", {}, `${run.label}: ${event.label} at step ${event.step}`));
      svg.append(mark);
    }
  }

  function follow(svg, pick) {
    const move = (event) => pick(shareAt(svg, event));
    svg.addEventListener("pointerdown", function (event) { svg.setPointerCapture(event.pointerId); move(event); });
    svg.addEventListener("pointermove", function (event) { if (event.buttons) move(event); });
  }
})();
