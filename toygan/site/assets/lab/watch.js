// What is measured while a game plays: curves linked to time, what the diagnosis sees as it happens, and what is under the pointer.
"use strict";
(function () {
  const page = lab.page, { catalogue, at, charts } = page, { el, filled } = lab, { mean, middleOf } = lab.measures;
  const EVERY = 350, SELDOM = 2000, SHARE = 0.03, FRAMES = 50, ENOUGH = 10; // ms between two measures, at least and at most, and which share of the time is theirs in between; frames of a story; of one that is judged
  const LEAST = 25; // measures of a whole run, also where it is over in seconds
  const LINES = { // what each chart shows, by the names that frames have
    distance: ["w1"], divergences: ["js", "kl"], losses: [], cover: ["covered", "quality"], gap: ["critic_gap"], sizes: ["generator_gradient", "critic_gradient", "steepness"],
  };
  let turn = 0, lastAsked = 0, lastStep = 0, took = 0;

  lab.newStory = () => ({ frames: [], every: 0, labels: {}, floor: null });

  // --- measuring ---

  page.askMeasures = function (now) {
    const { step, dials } = page.main().look || { step: 0, dials: { steps: 1 } }, far = LEAST * (step - lastStep) >= dials.steps;
    if (page.assigning || now - lastAsked < (page.playing && !far ? Math.min(Math.max(EVERY, took / SHARE), SELDOM) : EVERY)) { if (!page.playing && !page.assigning) setTimeout(page.repaint, EVERY + 50); return; }
    const panel = page.panels[turn++ % page.panels.length];
    if (!panel || !panel.look || panel.asked === panel.look) return;
    page.assigning = panel;
    panel.asked = panel.look;
    [lastAsked, lastStep] = [now, step];
    page.trainer.postMessage({ do: "gauge", id: panel.setup.id });
  };

  page.gauged = function (panel, found) {
    panel.gauge = found;
    took = found.took;
    if (panel.look.diverged || !found.samples.every(Number.isFinite)) { page.assigning = null; tellLost(panel, found.step); return; }
    page.assigner.postMessage({ game: panel.setup.id, step: found.step, real: panel.setup.windows.judged, fake: found.samples });
  };

  page.measured = function (panel, { step, distance, pair, ends, duals }) {
    const found = panel.gauge;
    panel.distance = distance;
    panel.caption();
    if (found.step === step) told(panel, frameOf(panel, found, distance, pair));
    if (panel !== page.main()) return;
    lab.told.distance = distance;
    if (page.wantsOptimal() && page.best().source === "potential") page.trainer.postMessage({ do: "ends", id: panel.setup.id, ends, duals });
  };

  // All that is known of one moment, by Python's names.
  function frameOf(panel, found, distance, pair) {
    const { look, setup } = panel, { report, samples: fake, real_scores: realScores, fake_scores: fakeScores } = found;
    const steep = [...found.steepness], between = steep.slice(2 * catalogue.windows.judged).sort((a, b) => a - b);
    const steepest = Math.max(...steep, ...Array.from({ length: look.slopes.length / 2 }, (_, i) => Math.hypot(look.slopes[2 * i], look.slopes[2 * i + 1])));
    const scores = lab.measures.ofScores({ real: setup.windows.judged, fake, pair, distance, realScores, fakeScores, steepest });
    const blurred = setup.showsOthers || look.dials.instance_noise > 0; // then the plan is not between what the critic is shown
    const layers = own(setup, [...found.layer_gradients]), field = [...look.scores];
    return { step: found.step, w1: distance, js: found.js, kl: found.kl, ...report, ...scores, ...(blurred ? { critic_gap: NaN } : {}), ...cloud(fake), lead: scores.critic_value, score_gap: Math.abs(scores.critic_value),
      score_range: Math.max(...field) - Math.min(...field), steepness: between[between.length >> 1], layers, critic_gradient: layers[0],
      generator_gradient: found.generator_gradient[0], score_saturation: found.score_saturation[0], weight_saturation: found.weight_saturation[0] };
  }

  // Of players cut to measure those layers that they have.
  const own = ({ players }, layers) => (players ? layers.filter((_, l) => l < players.critic.layers || l === layers.length - 1) : layers);

  // What is counted of a cloud on the target as it is now.
  function cloud(points) {
    const { target } = page, { modes, places, line, size } = target, middle = middleOf(points);
    const inModes = modes ? lab.measures.ofModes(points, modes, catalogue.sigmas) : {}, onLine = line ? lab.measures.ofCurve(points, line) : {};
    const inPlaces = places ? lab.measures.ofPlaces(points, places, target, catalogue.limits.quarter) : {};
    const covered = modes ? inModes.modes / modes.centres.length : onLine.skeleton_coverage, quality = modes ? inModes.high_quality : onLine.on_skeleton;
    return { ...inModes, ...onLine, ...inPlaces, covered, quality, centre: middle.centre, width: size > 0 ? middle.size / size : NaN };
  }

  page.askFloor = function () {
    const { setup } = page.main(), n = catalogue.windows.judged;
    page.assigner.postMessage({ game: setup.id, real: setup.windows.judged, floor: Array.from({ length: 8 }, (_, k) => page.spread(setup.pool, n, k + 1)) });
    page.trainer.postMessage({ do: "floor", id: setup.id, real: setup.windows.judged, clouds: Array.from({ length: 8 }, (_, k) => page.spread(setup.pool, n, k + 1)) });
  };

  // What perfect samplers score in divergences.
  page.lowest = function (found) {
    const of = (name) => mean(found.map((one) => one[name]));
    lab.told.lowest = { js: of("js"), kl: of("kl") };
    at.lowest.textContent = Number.isFinite(of("js")) ? filled(page.words.divergenceHint, { js: lab.short(of("js")), kl: lab.short(of("kl")), most: lab.short(Math.LN2) }) : page.words.divergenceNone;
  };

  page.floored = function (panel, distances) {
    const clouds = Array.from({ length: distances.length }, (_, k) => cloud(page.spread(panel.setup.pool, catalogue.windows.judged, k + 1)));
    const band = (values) => [Math.min(...values), Math.max(...values)], average = (name) => mean(clouds.map((one) => one[name]));
    const spread = Math.sqrt(distances.reduce((sum, one) => sum + (one - mean(distances)) ** 2, 0) / (distances.length - 1));
    const ceilings = Object.fromEntries(["modes", ...Object.keys(catalogue.ceilings)].filter((name) => Number.isFinite(clouds[0][name])).map((name) => [name, average(name)]));
    page.floor = { mean: mean(distances), spread, ceilings: { ...catalogue.ceilings, ...ceilings } };
    charts.distance.band = lab.told.floor = band(distances);
    charts.cover.band = Number.isFinite(clouds[0].covered) ? band(clouds.map((one) => one.covered)) : null;
    Object.values(charts).forEach((chart) => chart.paint(page.main().look ? page.main().look.step : 0));
  };

  // --- curves and events ---

  function told(panel, frame) {
    kept(panel.story, frame);
    if (panel !== page.main()) return;
    for (const [name, lines] of Object.entries(LINES)) if (lines.length) charts[name].add(frame.step, lines.map((one) => frame[one]));
    Object.values(charts).forEach((chart) => chart.paint(frame.step));
    lab.told.frame = frame;
    at.coverNow.textContent = coverInWords(frame);
    judge(panel);
  }

  function coverInWords(frame) {
    const { words, target } = page, share = (value) => `${Math.round(100 * value)} %`;
    if (target.modes) return filled(words.modesNow, { found: frame.modes, all: target.modes.centres.length, share: share(frame.quality) });
    return target.line ? filled(words.curveNow, { covered: share(frame.covered), share: share(frame.quality) }) : words.coverNone;
  }

  // Frames evenly along the game: what lies ahead is forgotten, every second one goes where there are too many.
  function kept(story, frame) {
    while (story.frames.length && story.frames[story.frames.length - 1].step >= frame.step) story.frames.pop();
    const last = story.frames[story.frames.length - 1];
    if (last && frame.step - last.step < story.every) return;
    story.frames.push(frame);
    if (story.frames.length <= FRAMES) return;
    story.frames = story.frames.filter((_, i) => i % 2 === 0);
    story.every = (story.frames[story.frames.length - 1].step - story.frames[0].step) / (story.frames.length - 1);
  }

  // Frames as Python's diagnosis has a story.
  lab.storyOf = function (frames, { target, floor, points, diverged }) {
    const names = new Set(frames.flatMap((frame) => Object.keys(frame))), of = (name) => frames.map((frame) => frame[name]), has = (name) => (names.has(name) ? of(name) : null);
    const curves = Object.fromEntries([...names].filter((name) => typeof frames[0][name] === "number").map((name) => [name, of(name)]));
    if (floor) curves.w1_floor = frames.map(() => floor.mean);
    return { steps: of("step"), alive: frames.length - (diverged ? 1 : 0), curves, layers: has("layers"), shares: has("shares"), home: has("home"), carried: has("carried"), centre: has("centre"), width: has("width"),
      weights: target.places ? target.places.weights : [], hasModes: Boolean(target.modes), size: target.size, points, floorSpread: floor ? floor.spread : 0, ceilings: floor ? floor.ceilings : {},
      error: lab.parts.middle(frames.map((frame) => frame.width * target.size)) / Math.sqrt(2 * points) };
  };

  function judge(panel, diverged = false) {
    const { frames, labels: before } = panel.story;
    if (frames.length < (diverged ? 1 : ENOUGH)) return;
    const story = lab.storyOf(frames, { target: page.target, floor: page.floor, points: catalogue.windows.judged, diverged });
    const now = (panel.story.labels = lab.diagnosis(story, catalogue)), step = frames[frames.length - 1].step;
    for (const label in now) if (!(label in before)) noted(step, label, filled(page.words.seenFrom, { step: story.steps[Math.min(now[label].frame, story.steps.length - 1)] }) + ", " + evidence(now[label]));
    for (const label in before) if (!(label in now)) noted(step, label, page.words.noLonger);
    at.labels.replaceChildren(...(Object.keys(now).length ? Object.keys(now) : [""]).map((label) => el("span", { class: "label" }, label ? page.words.labels[label] : page.words.labelsNone)));
    lab.told.labels = now;
  }

  function tellLost(panel, step) {
    if (panel.lost === panel.look) return;
    panel.lost = panel.look;
    panel.story.frames.push({ step });
    if (panel === page.main()) judge(panel, true);
  }

  function evidence({ key, numbers }) {
    const values = Object.fromEntries(numbers.map((one, i) => [i, typeof one === "string" && one.startsWith("=") ? page.words.quantities[one.slice(1)] : typeof one === "number" ? lab.short(one) : one]));
    return filled(page.words.evidence[key], values);
  }

  function noted(step, label, text) {
    const line = el("li", {}, el("span", { class: "count" }, String(step)), " ", el("strong", {}, page.words.labels[label]), ": " + text);
    at.events.prepend(line);
    while (at.events.children.length > 12) at.events.lastChild.remove();
  }

  // --- the room ---

  // The last number of each line beside its name.
  let keys = {};
  page.keyNumbers = function () {
    for (const name in keys) {
      const last = charts[name].points[charts[name].points.length - 1];
      keys[name].forEach((at, i) => { const text = last && Number.isFinite(last.values[i]) ? lab.short(last.values[i]) : ""; if (at.textContent !== text) at.textContent = text; });
    }
  };

  page.watchRoom = function () {
    keys = {};
    const { words } = page, canvas = (id, what) => el("canvas", { class: "chart", id, role: "img", "aria-label": filled(words.chartName, { what }) });
    const key = (name) => ([colour, text]) => {
      const number = el("span", { class: "count" });
      (keys[name] = keys[name] || []).push(number);
      return el("span", { class: "key" }, el("span", { class: "line", style: `background:var(${colour})`, "aria-hidden": "true" }), text + " ", number);
    };
    const chart = (name, id, title, lines, more, ...under) => {
      const drawn = canvas(id, title);
      charts[name] = Object.assign(new lab.Chart(drawn, lines.map(([colour, , dash]) => ({ colour, dash })), page.seek), more);
      return el("div", {}, el("h2", {}, title), drawn, lines.length > 1 ? el("p", { class: "keys" }, lines.map(key(name))) : null, under);
    };
    at.coverNow = el("p", { class: "hint" }, " ");
    at.lowest = el("p", { class: "hint" }, " ");
    at.labels = el("p", { class: "labels" }, el("span", { class: "label" }, words.labelsNone));
    at.events = el("ul", {});
    return el("section", { class: "watch", "aria-label": words.losses },
      chart("distance", "distances", words.distance, [["--ink", ""]], { fromZero: true }, el("p", { class: "hint" }, words.floor)),
      chart("losses", "losses", words.losses, [["--accent", words.criticLoss], ["--generated", words.generatorLoss], ["--soft", words.penaltyLoss, [4, 3]]], {}),
      el("div", { class: "diagnosis" }, el("h2", {}, words.events), at.labels, el("div", { class: "events", role: "log", "aria-label": words.events, tabindex: "0" }, at.events), el("p", { class: "hint" }, words.eventsHint)),
      chart("cover", "covered", words.cover, [["--accent", words.covered], ["--generated", words.quality, [4, 3]]], { low: 0, high: 1 }, at.coverNow),
      chart("divergences", "divergences", words.divergences, [["--accent", words.js], ["--generated", words.kl, [4, 3]]], { log: true }, at.lowest),
      chart("gap", "gap", words.gap, [["--ink", ""]], { low: 0, high: 1 }, el("p", { class: "hint" }, words.gapHint)),
      chart("sizes", "sizes", words.gradients, [["--generated", words.generatorGradient], ["--accent", words.criticGradient, [4, 3]], ["--ink", words.steepness]], { log: true }),
      optimalRoom());
  };

  function optimalRoom() {
    const { words } = page, canvas = el("canvas", { class: "stage", width: 300, height: 300, role: "img", "aria-label": words.optimal });
    at.optimalStage = new lab.Stage(canvas, catalogue);
    at.optimalStage.optimal = true;
    at.optimalHint = el("p", { class: "hint" });
    at.optimalCanvas = canvas;
    at.optimal = el("div", { class: "optimal", hidden: !page.shownParts().optimal }, el("h2", {}, words.optimal), canvas, at.optimalHint);
    page.optimalWords();
    return at.optimal;
  }

  page.best = () => page.main() && page.main().setup && page.main().setup.best;
  page.wantsOptimal = () => Boolean(page.best()) && page.shownParts().optimal;

  page.optimalWords = function () {
    const { words } = page, best = page.best(), { samples, judged } = catalogue.windows, n = best && best.source === "potential" ? judged : samples;
    const told = best ? filled(words.optimalHints[best.source], { about: best.about, n }) + (best.drawn ? words.optimalSign : "") : words.optimalNone;
    at.optimalHint.textContent = page.main() && page.main().setup ? told : "";
    at.optimalCanvas.hidden = !best;
    at.optimalStage.shared = Boolean(best) && best.source !== "potential";
  };

  // --- under the pointer ---

  page.hover = function (panel, event) {
    const { words, target } = page, place = panel.stage.plane(event), found = panel.look && panel.stage.read(panel.look, place);
    if (!found) return "";
    const mode = target && target.modes && lab.measures.modeAt(place[0], place[1], target.modes);
    return " · " + filled(words.hover, { x: place[0].toFixed(2), y: place[1].toFixed(2), score: lab.short(found.score), slope: lab.short(found.slope) }) + (mode ? ", " + filled(words.hoverMode, { k: mode.k + 1, far: lab.short(mode.distance) }) : "");
  };
})();
