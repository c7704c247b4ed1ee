// Targets by hand: points, a density, an eraser, modes that are dragged, a CSV file. The games learn from what is drawn while it
// is drawn.
"use strict";
(function () {
  const page = lab.page, { catalogue, at } = page, { el, filled } = lab;
  const MOST_DRAWN = 1500, CELLS = 48, FULL = 15, POINTS = 2400; // cells a side of a density, its highest value, points drawn of it
  const FARTHEST = 1e6; // of a point that single precision still tells from its neighbours
  const TOOLS = ["draw", "paint", "erase", "drag"];
  let sharing = 0, dragged = null, stroke = null, awaiting = false; // where a stroke was last; whether a game goes on with the first point

  page.tools = function () {
    if (page.hidden("own")) return "";
    const { words } = page, pick = (name) => () => { page.tool = page.tool === name ? null : name; page.tellTool(); };
    setTimeout(page.tellTool);
    return el("div", { class: "row tools", role: "group", "aria-label": words.own }, TOOLS.map((name) => page.button(name, words.tools[name], pick(name))), page.button("clear", words.clear, clear));
  };

  page.ownCard = function () {
    const { words } = page, file = el("input", { type: "file", accept: ".csv,.txt,text/csv", id: "csv", onchange: () => file.files[0] && readCsv(file.files[0]) });
    at.drawn = el("p", { class: "hint" }, inWords());
    return el("div", { class: "card" }, el("h2", {}, words.own), at.drawn, el("div", { class: "field" }, el("label", { for: "csv" }, words.chooseFile), file), el("p", { class: "hint" }, words.csv));
  };

  function inWords() {
    const { experiment, words } = page;
    if (experiment.density) return words.painted;
    if (experiment.drawn) return filled(words.drawn, { n: experiment.drawn.length / 2 });
    return experiment.moved.length ? filled(words.moved, { n: experiment.moved.length }) : words.drawHint;
  }

  // The tools as they are chosen; one for a target of one's own begins it, once there is a game.
  page.tellTool = function () {
    for (const name of TOOLS) if (at[name]) at[name].setAttribute("aria-pressed", String(page.tool === name));
    page.panels.forEach(({ canvas }) => canvas.classList.toggle("drawing", Boolean(page.tool)));
    const { experiment, tool } = page;
    if (!page.main() || !page.main().setup) return;
    if (tool === "draw" && !experiment.drawn) begin({ drawn: [], density: null });
    if (tool === "paint" && !experiment.density) begin({ drawn: null, density: new Uint8Array(CELLS * CELLS) });
    if (tool === "drag" && page.isOwn()) page.say(page.words.nothingToDrag, true);
  };

  function begin(own) {
    const { experiment, words } = page, { method, scenario } = experiment;
    Object.assign(experiment, own, { moved: [], box: page.viewOf() });
    if (!page.plays(method, scenario)) { // as it wants classes; another method does, and begins it in its turn
      const other = page.methods.find((one) => page.plays(one, scenario));
      page.start({ ...experiment, drawn: null, density: null, method: other, step: 0, changes: [] }, true);
      page.say(filled(words.noGame, { method, other }), true);
      return;
    }
    share();
  }

  function clear() {
    const { experiment } = page;
    if (experiment.density) experiment.density.fill(0);
    else if (experiment.drawn) experiment.drawn = [];
    else { page.start({ ...experiment, moved: [], step: 0 }, true); return; }
    share();
  }

  // --- strokes ---

  page.touch = function (panel, event, begins) {
    const place = panel.stage.plane(event), { tool } = page, [left, right] = page.viewOf();
    if (tool === "drag") { drag(place, begins); return; }
    const from = begins || !stroke ? place : stroke, radius = (right - left) * (tool === "draw" ? 0.015 : 0.05);
    const act = tool === "paint" || (tool === "erase" && page.experiment.density) ? paint : tool === "erase" ? erase : scatter;
    const parts = Math.max(Math.ceil(Math.hypot(place[0] - from[0], place[1] - from[1]) / radius * (tool === "draw" ? 0.5 : 2)), 1);
    for (let i = 1; i <= parts; i++) act([0, 1].map((d) => from[d] + (place[d] - from[d]) * i / parts), radius);
    stroke = place;
    if (!sharing) sharing = requestAnimationFrame(share);
  };

  function scatter([x, y], radius) {
    const points = page.experiment.drawn || [];
    for (let k = 0; k < 6; k++) { // where there are as many as are kept, one of them makes room
      const angle = Math.random() * 7, far = radius * Math.sqrt(Math.random()), i = points.length < 2 * MOST_DRAWN ? points.length : 2 * Math.floor(Math.random() * MOST_DRAWN);
      points[i] = x + far * Math.cos(angle);
      points[i + 1] = y + far * Math.sin(angle);
    }
    page.experiment.drawn = points;
  }

  // Points go; of a shipped target what is left becomes points of one's own.
  function erase([x, y], radius) {
    const { experiment } = page, points = experiment.drawn || thinned(page.target.points);
    if (!experiment.drawn) Object.assign(experiment, { moved: [], box: page.viewOf() });
    experiment.drawn = Array.from(points).filter((_, i) => Math.hypot(points[i - i % 2] - x, points[i - i % 2 + 1] - y) > radius);
  }
  const thinned = (points) => Array.from(page.spread(points, Math.min(MOST_DRAWN, points.length / 2), 0));

  function paint([x, y], radius) {
    const [left, right, bottom, top] = page.viewOf(), { density } = page.experiment, by = page.tool === "erase" ? -FULL : 3;
    for (let row = 0; row < CELLS; row++) {
      for (let column = 0; column < CELLS; column++) {
        const far = Math.hypot(left + (column + 0.5) / CELLS * (right - left) - x, bottom + (row + 0.5) / CELLS * (top - bottom) - y) / radius;
        if (far < 1) density[row * CELLS + column] = Math.min(Math.max(density[row * CELLS + column] + Math.round(by * (by < 0 ? 1 : 1 - far * far)), 0), FULL);
      }
    }
  }

  // --- modes ---

  function drag(place, begins) {
    const { experiment, target } = page, marks = target.modes ? target.modes.centres : target.places && target.places.centres;
    if (page.isOwn() || !marks) { page.say(page.words.nothingToDrag, true); return; }
    if (begins) {
      const { k } = lab.measures.placeAt(place[0], place[1], marks), [, x, y] = experiment.moved.find(([which]) => which === k) || [k, 0, 0];
      dragged = { k, from: [place[0] - x, place[1] - y] };
    }
    if (!dragged) return;
    const { k, from } = dragged;
    experiment.moved = [...experiment.moved.filter(([which]) => which !== k), [k, place[0] - from[0], place[1] - from[1]]];
    if (!sharing) sharing = requestAnimationFrame(share);
  }
  page.letGo = function () { dragged = stroke = null; };

  // --- what was drawn, as points ---

  // Points of the drawn density, the same for the same one: evenly through its mass, and evenly within a cell.
  page.ownPoints = function () {
    const { drawn, density } = page.experiment;
    if (!density) return Float32Array.from(drawn);
    const [left, right, bottom, top] = page.viewOf(), total = density.reduce((sum, one) => sum + one, 0), out = [];
    let mass = 0;
    density.forEach((one, cell) => {
      const from = Math.ceil(mass / total * POINTS - 0.5);
      mass += one;
      for (let i = from; i < Math.ceil(mass / total * POINTS - 0.5); i++) {
        out.push(left + (cell % CELLS + (i * 0.6180339887) % 1) / CELLS * (right - left), bottom + (Math.floor(cell / CELLS) + (i * 0.7548776662) % 1) / CELLS * (top - bottom));
      }
    });
    return Float32Array.from(out);
  };

  // Whether everything is erased or nothing drawn yet, which is said.
  page.nothingThere = function () {
    const isEmpty = page.isOwn() && Boolean(page.target) && !page.target.points.length;
    if (isEmpty) page.say(page.words.nothingThere, true);
    return isEmpty;
  };

  async function share() {
    sharing = 0;
    const target = (page.target = await page.targetNow());
    if (at.drawn) at.drawn.textContent = inWords();
    at.optimalStage.setReal(target.points);
    page.miniTarget(target.points);
    page.tellTarget();
    for (const { setup, stage } of page.panels) {
      if (!setup) continue;
      stage.setReal(target.points);
      if (!target.points.length) { page.repaint(); continue; }
      setup.pool = target.points;
      setup.windows = page.windowsOf(target);
      stage.watched = setup.windows.real;
      page.trainer.postMessage({ do: "pool", id: setup.id, pool: target.points, windows: setup.windows });
    }
    const wasEmpty = page.said === page.words.nothingThere;
    if (page.nothingThere()) { awaiting = awaiting || page.playing; page.pause(); } else if (wasEmpty) { page.say(""); if (awaiting) page.play(); }
    if (target.points.length) awaiting = false;
    clearTimeout(sharingLater);
    sharingLater = setTimeout(() => { if (target.points.length) { page.askFloor(); page.askDensity(); } page.keepAddress(); }, 500);
  }
  let sharingLater = 0;

  // --- files ---

  async function readCsv(file) {
    const { experiment, words } = page, lines = (await file.text()).replace(/^\ufeff/, "").split(/\r\n|\n|\r/).filter((line) => line.trim());
    // Where columns are parted by ";" or a tab, a comma stands in numbers: 1,5;2,5.
    const isGerman = lines.some((line) => /[;\t]/.test(line)), cells = (line) => (isGerman ? line.replace(/,/g, ".").split(/[;\t]+/) : line.split(/[,\s]+/)).map((one) => one.trim().replace(/^"(.*)"$/, "$1")).filter(Boolean);
    const read = lines.map((line) => cells(line).slice(0, 2).map(Number)), pairs = read.filter((pair) => pair.length === 2 && pair.every((one) => Math.abs(one) < FARTHEST));
    if (!pairs.length) { page.say(words.csvBad, true); return; }
    const every = Math.max(pairs.length / MOST_DRAWN, 1), kept = Array.from({ length: Math.floor(pairs.length / every) }, (_, i) => pairs[Math.floor(i * every)]);
    const box = [0, 1].flatMap((d) => {
      const values = kept.map((pair) => pair[d]), low = Math.min(...values), high = Math.max(...values), room = 0.25 * (high - low) || 1;
      return [low - room, high + room];
    });
    await page.start({ ...experiment, step: 0, changes: [], drawn: kept.flat(), density: null, box }, true);
    page.say(filled(words.csvMany, { n: pairs.length, kept: kept.length, out: read.length - pairs.length }), true);
  }

  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => { event.preventDefault(); if (event.dataTransfer.files[0] && !page.hidden("own")) readCsv(event.dataTransfer.files[0]); });

  // What is drawn, painted or moved, as a scenario of Python's: drawn.toml beside drawn.csv.
  page.isChanged = () => page.isOwn() || page.experiment.moved.length > 0;
  page.scenarioFiles = function () {
    const { points } = page.target, view = page.viewOf().map((one) => one.toFixed(4)), size = catalogue.sizes[page.experiment.size];
    const sized = size ? `\n\n[generator]\nwidth = ${size.width}\n\n[critic]\nwidth = ${size.width}\n\n[training]\nbatch = ${size.batch}` : ""; // what else the command says
    const lines = Array.from({ length: points.length / 2 }, (_, i) => `${points[2 * i].toFixed(5)},${points[2 * i + 1].toFixed(5)}`);
    const toml = `title = "Drawn by hand"\n\n[target]\nkind = "points"\npath = "drawn.csv"\n\n[view]\nx = [${view[0]}, ${view[1]}]\ny = [${view[2]}, ${view[3]}]${sized}\n`;
    return [["drawn.csv", lines.join("\n") + "\n"], ["drawn.toml", toml]];
  };
})();
