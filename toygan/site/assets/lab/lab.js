// The lab's page: what is played, by which games, and what the visitor does. It asks the trainer for everything numerical.
"use strict";
(function () {
  const catalogue = lab.held.catalogue.header, { el, filled } = lab;
  const began = 0; // times are since the page was asked for
  const SPEEDS = { slow: { speed: 1.2, slow: true }, one: { speed: 1 }, ten: { speed: 10 }, sixty: { speed: 60 }, most: {} };
  const VIEW = "crgao", MOST_DRAWN = 1500;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const names = Object.keys(catalogue.scenarios), methods = Object.keys(catalogue.methods);
  let words = lab.words.en, experiment = {}, panels = [], generation = 0, playing = false, speed = "most", tool = null;
  let trainer = null, assigner = null, assigning = null, recorder = null, dialRows = new Map(), ready = null;
  const at = {}; // elements by name
  lab.told = { rate: 0 }; // for tests and the stopwatch
  const charts = {};

  // --- an experiment ---

  function standard() {
    const opening = catalogue.opening || {};
    const scenario = names.includes(opening.scenario) ? opening.scenario : names.includes("eight-gaussians") ? "eight-gaussians" : names[0];
    const method = methods.includes(opening.method) ? opening.method : ["r3gan", "ns-gan-r1"].find((one) => methods.includes(one)) || methods[0];
    return { scenario, method, size: "small", seed: 0, step: 0, changes: [], beside: [], view: VIEW, hidden: [], drawn: null, box: null, lesson: "" };
  }

  function sound(wanted) {
    const plain = standard(), made = { ...plain, ...wanted };
    if (!names.includes(made.scenario)) made.scenario = plain.scenario;
    if (!methods.includes(made.method)) made.method = plain.method;
    if (!(made.size in catalogue.sizes)) made.size = plain.size;
    made.seed = Math.min(Math.max(Math.round(made.seed) || 0, 0), catalogue.seeds - 1);
    made.beside = (made.beside || []).filter(({ method }) => methods.includes(method)).slice(0, 7);
    if (!lab.lessons.some(({ id }) => id === made.lesson)) made.lesson = "";
    return made;
  }

  const plays = (method, scenario) => catalogue.methods[method].on.includes(scenario);
  const main = () => panels[0];
  const viewOf = () => experiment.box || catalogue.scenarios[experiment.scenario].view;

  // Everything that a trainer needs for one game.
  async function setupOf({ method, seed }, id) {
    const about = catalogue.scenarios[experiment.scenario];
    const [file, target] = await Promise.all([lab.unpacked(catalogue.methods[method].file), lab.unpacked(about.file)]);
    const game = file.header.games[file.header.plays[about.said][experiment.size]];
    const models = Object.fromEntries(Object.entries(game.models).map(([name, model]) =>
      [name, { inputs: model.inputs, outputs: model.outputs, bytes: file.bytes.slice(model.at[0], model.at[0] + model.at[1]) }]));
    const starts = {};
    for (const player in game.starts) starts[player] = await firstParameters(game.starts[player], seed);
    const pool = experiment.drawn && experiment.drawn.length ? Float32Array.from(experiment.drawn) : lab.pointsOf(target);
    const used = new Set(Object.values(game.models).flatMap((model) => model.inputs.map(([port]) => port)));
    return { id, models, starts, state: game.state, draws: game.draws, dials: { ...game.dials, steps: about.steps }, places: game.places, codes: game.codes,
      criticSteps: game.critic_steps, critic_steps: game.critic_steps, batch: game.batch, frozen: "none", seed, pool, changes: experiment.changes.map((one) => one.slice()),
      until: experiment.step || null, runaway: catalogue.runaway, windows: windowsOf(pool), watched: catalogue.windows,
      told: Object.fromEntries(["critic_loss", "generator_loss", "penalty"].filter((one) => game.places[one]).map((one) => [one, game.places[one]])),
      used: Object.keys(game.dials).filter((key) => used.has("dials/" + key) || key === "steps") };
  }

  async function firstParameters(key, seed) {
    for (const name of catalogue.starts) {
      const file = await lab.unpacked(name), found = file.header.starts[key];
      if (found) return lab.halves(file.bytes, found[0] + 2 * seed * found[3], found[3]);
    }
    throw new Error("no first parameters");
  }

  function windowsOf(pool) {
    const [left, right, bottom, top] = viewOf(), { scores, slopes } = catalogue.windows;
    const grid = (n) => Float32Array.from({ length: 2 * n * n }, (_, i) => {
      const k = i >> 1;
      return i % 2 ? bottom + Math.floor(k / n) / (n - 1) * (top - bottom) : left + (k % n) / (n - 1) * (right - left);
    });
    return { scores: grid(scores), slopes: grid(slopes), real: spread(pool, catalogue.windows.real, 1) };
  }

  // n points of a pool, the k-th choice: evenly through it, so that the same pool gives the same points.
  function spread(pool, n, k) {
    const count = pool.length / 2, out = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      const from = 2 * (count >= n * (k + 1) ? i * Math.floor(count / n) + k % Math.floor(count / n) : (i * 7 + k * 13) % count);
      out[2 * i] = pool[from];
      out[2 * i + 1] = pool[from + 1];
    }
    return out;
  }

  // --- starting ---

  async function engine() {
    if (ready) return ready;
    ready = (async () => {
      const { header, text } = await lab.want("engine");
      trainer = lab.workerOf(lab.trainer, header.ort);
      assigner = lab.workerOf(lab.assigner);
      trainer.onmessage = ({ data }) => HEARD[data.told] && HEARD[data.told](data);
      trainer.onerror = (event) => fault(event.message);
      assigner.onmessage = ({ data }) => HEARD[data.told](data);
      const arrived = new Promise((resolve) => { HEARD.ready = resolve; });
      trainer.postMessage({ do: "engine", text, loader: header.loader, model: { inputs: header.potential.inputs, outputs: header.potential.outputs, bytes: lab.fromText(header.potential.text) } });
      lab.held.engine.text = "";
      await arrived;
      lab.told.ready = performance.now() - began;
    })();
    return ready;
  }

  async function start(wanted, go) {
    const mine = ++generation;
    pause();
    experiment = sound(wanted);
    if (!plays(experiment.method, experiment.scenario)) {
      const other = methods.find((one) => plays(one, experiment.scenario));
      say(filled(words.noGame, { method: experiment.method, other }), true);
      experiment.method = other;
    } else say(words.loading);
    const refused = sticky;
    build();
    try {
      const specs = [{ method: experiment.method, seed: experiment.seed }, ...experiment.beside].filter(({ method }) => plays(method, experiment.scenario));
      const [, ...setups] = await Promise.all([engine(), ...specs.map((spec, k) => setupOf(spec, `${mine}/${k}`))]);
      if (mine !== generation) return;
      open.forEach((id) => trainer.postMessage({ do: "close", id }));
      open = setups.map(({ id }) => id);
      setups.forEach((setup, k) => {
        panels[k].setup = setup;
        panels[k].real = setup.windows.real;
        panels[k].stage.setReal(setup.pool);
        if (!k) at.optimalStage.setReal(setup.pool);
        trainer.postMessage({ do: "open", setup });
      });
      buildDials();
      askFloor();
      if (!refused) say("");
      if (go) play();
      sticky = refused;
    } catch (error) { fault(error.message); }
  }
  let open = [];

  function fault(message) { say(filled(words.faulty, { words: message }), true); }

  // --- what the workers tell ---

  const panelOf = (id) => panels.find((panel) => panel.setup && panel.setup.id === id);

  const HEARD = {
    look(look) {
      const panel = panelOf(look.game);
      if (!panel) { trainer.postMessage({ do: "seen" }); return; }
      panel.look = look;
      panel.unseen = (panel.unseen || 0) + 1;
      if (look.step > 0 && lab.told.first === undefined) lab.told.first = performance.now() - began;
      if (panel === main()) followed(look);
      if (!frame) frame = requestAnimationFrame(paint);
    },
    rest() {
      playing = false;
      const look = main() && main().look;
      if (look && experiment.step && look.step >= experiment.step) open.forEach((id) => trainer.postMessage({ do: "until", id, step: null }));
      experiment.step = 0;
      tellPlaying();
    },
    fault({ words: message }) { fault(message); },
    distance({ game, step, distance, ends, duals }) {
      const panel = panelOf(game);
      assigning = null;
      if (!panel) return;
      panel.distance = distance;
      panel.caption();
      if (panel !== main()) return;
      charts.distance.add(step, [distance]);
      charts.distance.paint(step);
      lab.told.distance = distance;
      if (wantsOptimal()) trainer.postMessage({ do: "ends", id: game, ends, duals });
    },
    floor({ game, distances }) {
      if (!panelOf(game)) return;
      const sorted = [...distances].sort((a, b) => a - b);
      charts.distance.band = [sorted[0], sorted[sorted.length - 1]];
      lab.told.floor = charts.distance.band;
      charts.distance.paint(main().look ? main().look.step : 0);
    },
    probed({ state }) { lab.told.probed = state; },
  };

  const showsOptimal = () => experiment.view.includes("o");
  const wantsOptimal = () => catalogue.methods[experiment.method].wasserstein && experiment.view.includes("o");

  function followed(look) {
    experiment.changes = look.changes;
    experiment.now = look.step;
    lab.told.rate = look.rate;
    lab.told.step = look.step;
    lab.told.memory = look.memory;
    if (!playing) { // the address says where the game stands whenever it stands
      clearTimeout(addressing);
      addressing = setTimeout(keepAddress, 250);
    }
    if (look.why !== "ends") charts.losses.add(look.step, ["critic_loss", "generator_loss", "penalty"].map((name) => look.report[name]));
  }

  function askFloor() {
    const { setup } = main(), n = catalogue.windows.judged;
    assigner.postMessage({ game: setup.id, real: spread(setup.pool, n, 0), floor: Array.from({ length: 8 }, (_, k) => spread(setup.pool, n, k + 1)) });
  }

  let turn = 0, lastAsked = 0;
  function askDistance(now) {
    if (assigning || now - lastAsked < 350) { if (!playing && !assigning) setTimeout(repaint, 400); return; }
    const panel = panels[turn++ % panels.length];
    if (!panel || !panel.look || panel.measured === panel.look) return;
    const { look, setup } = panel, n = catalogue.windows.judged, fake = look.samples.slice(0, 2 * n);
    if (look.diverged || !fake.every(Number.isFinite)) return;
    assigning = panel;
    panel.measured = look;
    lastAsked = now;
    assigner.postMessage({ game: setup.id, step: look.step, real: spread(setup.pool, n, 0), fake });
  }

  // --- painting ---

  let frame = 0, painted = 0;
  function paint(now) {
    frame = 0;
    const show = shownParts();
    for (const panel of panels) {
      if (!panel.look) continue;
      panel.stage.paint(panel.look, show);
      for (; panel.unseen > 0; panel.unseen--) trainer.postMessage({ do: "seen" });
      panel.caption();
    }
    painted++;
    lab.told.painted = painted;
    const look = main() && main().look;
    if (!look) return;
    if (at.optimal && show.optimal && look.optimal) { at.optimalStage.paint(look, { ...show, generated: true, real: true }); at.optimal.hidden = false; }
    if (painted % 4 === 0 || !playing) Object.values(charts).forEach((chart) => chart.paint(look.step));
    askDistance(now);
    tell(look);
  }

  function shownParts() {
    const has = (letter) => experiment.view.includes(letter);
    return { critic: has("c"), arrows: has("a"), real: has("r"), generated: has("g"), mesh: has("m"), trails: has("t"), optimal: has("o") };
  }

  function repaint() { if (!frame) frame = requestAnimationFrame(paint); }

  function tell(look) {
    at.step.textContent = filled(words.stepOf, { step: look.step, steps: Math.round(look.dials.steps) });
    at.rate.textContent = playing && look.rate ? filled(words.rate, { rate: Math.round(look.rate) }) : "";
    at.time.max = Math.max(look.kept[1], look.step, 1);
    if (document.activeElement !== at.time || playing) at.time.value = look.step;
    at.time.setAttribute("aria-valuetext", at.step.textContent);
    for (const [key, row] of dialRows) row.follow(key === "critic_steps" ? look.criticSteps : look.dials[key]);
    if (at.frozen) at.frozen.value = look.frozen;
    if (look.diverged) say(filled(words.diverged, { step: look.step }));
    else if (look.step >= look.dials.steps) say(filled(words.over, { step: look.step }));
    else if (playing && speed === "slow" && look.moved) say(words.slow[look.moved], true);
    else if (said !== words.loading && !sticky) say("");
    const named = filled(words.stageName, { scenario: titleOf(experiment.scenario), method: experiment.method, step: look.step });
    if (!playing || painted % 60 === 1) main().canvas.setAttribute("aria-label", named);
  }

  let said = "", sticky = false;
  function say(text, stays) {
    sticky = Boolean(stays);
    if (text === said) return;
    said = text;
    if (at.said) at.said.textContent = text;
  }

  // --- acts ---

  function send(act) { open.forEach((id) => trainer.postMessage({ ...act, id })); }

  function play() {
    if (!open.length) return;
    playing = true;
    sticky = false;
    trainer.postMessage({ do: "speed", ...SPEEDS[speed] });
    trainer.postMessage({ do: "play" });
    tellPlaying();
  }

  function pause() {
    playing = false;
    if (trainer) trainer.postMessage({ do: "pause" });
    tellPlaying();
  }

  function tellPlaying() {
    if (!at.play) return;
    at.play.replaceChildren(el("span", { "aria-hidden": "true" }, playing ? "❚❚ " : "▶ "), playing ? words.pause : words.play);
    at.play.setAttribute("aria-pressed", String(playing));
    lab.told.playing = playing;
    if (!playing && experiment.now !== undefined) keepAddress();
    if (main() && main().look) repaint();
  }

  function once(what) { pause(); send({ do: "once", what }); }

  // A slider tells many values a second; a few are written down.
  const waiting = new Map();
  function turned(key, value) {
    if (waiting.has(key)) { waiting.set(key, value); return; }
    waiting.set(key, value);
    setTimeout(() => {
      if (waiting.get(key) !== value) turnedNow(key, waiting.get(key));
      waiting.delete(key);
    }, 150);
    turnedNow(key, value);
  }

  function turnedNow(key, value) {
    for (const panel of panels) {
      if (!panel.setup) continue;
      const knows = key === "critic_steps" ? !panel.setup.models.step : key === "frozen" || key === "kick" || panel.setup.used.includes(key);
      if (knows) trainer.postMessage({ do: "set", id: panel.setup.id, key, value });
    }
    clearTimeout(addressing);
    addressing = setTimeout(keepAddress, 400);
  }
  let addressing = 0;

  function seek(step) { pause(); send({ do: "seek", step }); }

  function restart() {
    start({ ...experiment, step: 0, changes: experiment.changes.filter(([step]) => step === 0) }, true);
  }

  // --- the address ---

  function addressNow() {
    return lab.addressOf({ ...experiment, step: experiment.now || 0, language: words === lab.words.en ? "" : languageNow, box: viewOf(),
      view: experiment.view === VIEW ? "" : experiment.view, drawn: experiment.drawn });
  }
  let languageNow = "en", own = "";

  function keepAddress() {
    own = addressNow();
    try { history.replaceState(null, "", own); } catch (_) { location.replace(own); }
  }

  addEventListener("hashchange", () => { if (location.hash !== own) arrive(); });

  function arrive() {
    const wanted = lab.experimentOf(location.hash);
    language(wanted.language || (navigator.language || "").slice(0, 2));
    start(wanted, wanted.step ? true : !still);
  }

  function language(wanted) {
    languageNow = wanted in lab.words ? wanted : "en";
    words = lab.words[languageNow];
    document.documentElement.lang = languageNow;
    document.title = words.brand;
  }

  // --- the page ---

  const titleOf = (scenario) => (words.scenarios && words.scenarios[scenario]) || catalogue.scenarios[scenario].title;

  function build() {
    const focus = document.activeElement && document.activeElement.id, theme = document.documentElement.dataset.theme;
    dialRows = new Map();
    document.body.replaceChildren(top(), lessonBar(), el("main", { id: "lab" }, playRoom(), watchRoom(), sideRoom()), foot());
    tellTheme(theme || "auto");
    panels.forEach((panel) => panel.stage.setView(viewOf()));
    at.optimalStage.setView(viewOf());
    tellPlaying();
    if (said) at.said.textContent = said;
    if (focus && document.getElementById(focus)) document.getElementById(focus).focus();
  }

  function chooser(id, label, options, value, chosen) {
    const select = el("select", { id, onchange: () => chosen(select.value) }, options.map(([key, text, off]) => el("option", { value: key, selected: key === value, disabled: off }, text)));
    return el("div", { class: "field" }, el("label", { for: id }, label), select);
  }

  const hidden = (part) => (experiment.hidden || []).includes(part);

  function top() {
    const sizes = Object.entries(catalogue.sizes).map(([key, size]) => [key, filled(words.sizes[key], size)]);
    const seeds = Array.from({ length: catalogue.seeds }, (_, i) => [String(i), String(i)]);
    const fresh = (part) => start({ ...experiment, step: 0, changes: experiment.lesson ? experiment.changes.filter(([step]) => step === 0) : [], ...part }, true);
    const lesson = lab.lessons.find(({ id }) => id === experiment.lesson);
    const offered = lesson && lesson.methods ? methods.filter((one) => lesson.methods.includes(one) || one === experiment.method) : methods;
    at.theme = el("button", { type: "button", class: "quiet", id: "theme", onclick: nextTheme });
    return el("header", { class: "top" }, el("h1", { class: "brand" }, words.brand), el("p", { class: "tagline" }, words.tagline),
      el("div", { class: "choices" },
        hidden("scenario") ? null : chooser("scenario", words.scenario, names.map((name) => [name, titleOf(name)]), experiment.scenario, (scenario) => fresh({ scenario, drawn: null, box: null })),
        hidden("method") ? null : chooser("method", words.method, offered.map((name) => [name, name, !plays(name, experiment.scenario)]), experiment.method, (method) => fresh({ method })),
        hidden("size") ? null : chooser("size", words.size, sizes, experiment.size, (size) => fresh({ size })),
        hidden("seed") ? null : chooser("seed", words.seed, seeds, String(experiment.seed), (seed) => fresh({ seed: Number(seed) })),
        chooser("language", words.languageLabel, Object.entries(lab.words).map(([key, table]) => [key, table.language]), languageNow, (key) => { language(key); start({ ...experiment, step: experiment.now || 0 }, experiment.now > 0); }),
        at.theme));
  }

  const THEMES = ["auto", "light", "dark"];
  function nextTheme() { tellTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % 3]); }
  function tellTheme(theme) {
    document.documentElement.dataset.theme = theme;
    try { localStorage.setItem("toygan-theme", theme); } catch (_) { /* private windows keep nothing */ }
    at.theme.textContent = `${words.theme}: ${words.themes[theme]}`;
    Object.values(charts).forEach((chart) => chart.paint(experiment.now || 0));
  }

  function lessonBar() {
    if (hidden("lessons")) return "";
    const offered = lab.lessons.filter(({ start: { scenario, method } }) => names.includes(scenario) && methods.includes(method));
    const chip = (id, text) => el("button", { type: "button", class: "chip", id: "lesson-" + (id || "none"), "aria-pressed": String(experiment.lesson === id), onclick: () => learn(id) }, text);
    return el("nav", { class: "lessons", "aria-label": words.lessonsTitle, tabindex: "0" }, chip("", words.freePlay), offered.map(({ id }) => chip(id, words.lessons[id].title)));
  }

  function learn(id) {
    const lesson = lab.lessons.find((one) => one.id === id);
    speed = (lesson && lesson.speed) || "most";
    start({ ...(lesson ? lesson.start : { scenario: experiment.scenario, method: experiment.method }), lesson: id, hidden: experiment.hidden }, !still || Boolean(lesson));
  }

  function playRoom() {
    const specs = [{ method: experiment.method, seed: experiment.seed }, ...experiment.beside].filter(({ method }) => plays(method, experiment.scenario));
    panels = specs.map(onePanel);
    at.said = el("p", { class: "said", role: "status" });
    return el("section", { class: "play", "aria-label": words.play }, el("div", { class: "stages", "data-count": String(panels.length) }, panels.map(({ figure }) => figure)),
      legend(), transport(), at.said, tools(), shows());
  }

  function onePanel({ method, seed }, k) {
    const canvas = el("canvas", { class: "stage", role: "img", "aria-label": `${method}, ${words.seed} ${seed}`, width: 480, height: 480, id: k ? false : "stage" });
    const title = el("figcaption", {}), hover = el("span", { class: "hover" });
    const panel = { method, seed, canvas, stage: new lab.Stage(canvas, catalogue), unseen: 0 };
    const remove = k ? el("button", { type: "button", class: "quiet", "aria-label": `${words.remove} ${method}`, onclick: () => start({ ...experiment, step: 0, beside: experiment.beside.filter((_, i) => i !== k - 1) }, true) }, "×") : null;
    const name = el("strong", {}, method), extra = el("span", {});
    title.append(name, extra, hover, remove || "");
    panel.caption = () => { extra.textContent = ` · ${words.seed} ${seed}` + (panel.distance === undefined ? "" : " · " + filled(words.distanceNow, { value: lab.short(panel.distance) })) +
      (panel.stage.shown ? " · " + filled(words.band, { width: lab.short(panel.stage.shown.width) }) : ""); };
    panel.caption();
    panel.figure = el("figure", { class: "panel" }, canvas, title);
    pointers(panel, hover);
    return panel;
  }

  function pointers(panel, hover) {
    const { canvas, stage } = panel;
    canvas.addEventListener("pointermove", (event) => {
      if (tool && event.buttons) { touch(panel, event); return; }
      const found = panel.look && stage.read(panel.look, stage.plane(event));
      hover.textContent = found ? " · " + filled(words.hover, { score: lab.short(found.score), slope: lab.short(found.slope) }) : "";
    });
    canvas.addEventListener("pointerleave", () => { hover.textContent = ""; });
    canvas.addEventListener("pointerdown", (event) => { if (tool) { canvas.setPointerCapture(event.pointerId); touch(panel, event); event.preventDefault(); } });
    canvas.addEventListener("dragover", (event) => event.preventDefault());
    canvas.addEventListener("drop", (event) => { event.preventDefault(); if (event.dataTransfer.files[0]) readCsv(event.dataTransfer.files[0]); });
  }

  function button(name, text, act, more) { return (at[name] = el("button", { type: "button", id: name, onclick: act, ...more }, text)); }

  function transport() {
    if (hidden("transport")) return "";
    at.step = el("span", { class: "count", id: "step" }, "");
    at.rate = el("span", { class: "rate", id: "rate" }, "");
    at.time = el("input", { type: "range", id: "time", min: 0, max: 1, value: 0, step: 1, "aria-label": words.time, oninput: () => seek(Number(at.time.value)) });
    const alternates = catalogue.methods[experiment.method].rule === "alternating";
    return el("div", { class: "transport", role: "group", "aria-label": words.play },
      button("play", words.play, () => (playing ? pause() : play()), { class: "main" }),
      button("one", words.step, () => once("step")),
      alternates ? button("moveCritic", words.critic, () => once("critic")) : null, alternates ? button("moveGenerator", words.generator, () => once("generator")) : null,
      button("restart", words.restart, () => restart()), button("other", words.newSeed, () => start({ ...experiment, step: 0, changes: [], seed: (experiment.seed + 1) % catalogue.seeds }, true)),
      chooser("speed", words.speed, Object.entries(words.speeds), speed, (chosen) => { speed = chosen; trainer.postMessage({ do: "speed", ...SPEEDS[speed] }); }),
      el("div", { class: "scrub" }, el("label", { for: "time" }, words.time), at.time, at.step, at.rate));
  }

  function legend() {
    const mark = (kind, text) => el("li", { class: kind }, el("span", { class: "mark", "aria-hidden": "true" }), text);
    return el("ul", { class: "legend" }, Object.entries(words.legend).map(([kind, text]) => mark(kind, text)));
  }

  function shows() {
    const parts = Object.entries(words.shows).map(([letter, text]) => el("label", { class: "switch" },
      el("input", { type: "checkbox", id: "show-" + letter, checked: experiment.view.includes(letter), onchange: (event) => {
        experiment.view = experiment.view.replace(letter, "") + (event.target.checked ? letter : "");
        at.optimal.hidden = !showsOptimal();
        optimalWords();
        if (main()) main().measured = null;
        keepAddress();
        repaint();
      } }), text));
    return el("fieldset", { class: "shows" }, el("legend", {}, words.show), parts);
  }

  function watchRoom() {
    const losses = el("canvas", { class: "chart", id: "losses", role: "img", "aria-label": filled(words.chartName, { what: words.losses }) });
    const distance = el("canvas", { class: "chart", id: "distances", role: "img", "aria-label": filled(words.chartName, { what: words.distance }) });
    charts.losses = new lab.Chart(losses, [{ colour: "--accent" }, { colour: "--generated" }, { colour: "--soft", dash: [4, 3] }], seek);
    charts.distance = new lab.Chart(distance, [{ colour: "--ink" }], seek);
    charts.distance.fromZero = true;
    const key = (colour, text) => el("span", { class: "key" }, el("span", { class: "line", style: `background:var(${colour})`, "aria-hidden": "true" }), text);
    const canvas = el("canvas", { class: "stage", width: 300, height: 300, role: "img", "aria-label": words.optimal });
    at.optimalStage = new lab.Stage(canvas, catalogue);
    at.optimalStage.optimal = true;
    at.optimalHint = el("p", { class: "hint" });
    at.optimalCanvas = canvas;
    at.optimal = el("div", { class: "optimal", hidden: !showsOptimal() }, el("h2", {}, words.optimal), canvas, at.optimalHint);
    optimalWords();
    return el("section", { class: "watch", "aria-label": words.losses },
      el("div", {}, el("h2", {}, words.distance), distance, el("p", { class: "hint" }, words.floor)),
      el("div", {}, el("h2", {}, words.losses), losses, el("p", { class: "keys" }, key("--accent", words.criticLoss), key("--generated", words.generatorLoss), key("--soft", words.penaltyLoss))),
      at.optimal);
  }

  function optimalWords() {
    const known = catalogue.methods[experiment.method].wasserstein;
    at.optimalHint.textContent = known ? words.optimalHint : words.optimalNone;
    at.optimalCanvas.hidden = !known;
  }

  function sideRoom() {
    const lesson = lab.lessons.find(({ id }) => id === experiment.lesson), told = lesson && words.lessons[lesson.id];
    const about = catalogue.methods[experiment.method];
    const card = told ? el("div", { class: "card lesson" }, el("h2", {}, told.title), el("p", {}, told.text), el("p", {}, el("strong", {}, words.tryThis + ": "), told.try), el("p", {}, el("strong", {}, words.expect + ": "), told.expect))
      : el("div", { class: "card" }, el("h2", {}, experiment.method), el("p", { class: "formula" }, about.formula), el("p", { lang: "en" }, el("strong", {}, words.lookFor + ": "), about.look_for), el("p", { class: "hint", lang: "en" }, about.reference));
    at.dials = el("div", { class: "dials" });
    return el("section", { class: "side", "aria-label": words.dials }, card,
      hidden("dials") ? null : el("div", { class: "card" }, el("h2", {}, words.dials), at.dials),
      hidden("beside") ? null : besideCard(), hidden("own") ? null : ownCard(), hidden("share") ? null : shareCard());
  }

  function buildDials() {
    const { setup } = main(), lesson = lab.lessons.find(({ id }) => id === experiment.lesson), wanted = lesson && lesson.dials;
    const shown = setup.used.filter((key) => !wanted || wanted.includes(key)), rows = [];
    if (hidden("dials")) return;
    const others = panels.slice(1).filter((panel) => panel.setup).flatMap((panel) => panel.setup.used.filter((key) => !shown.includes(key) && (!wanted || wanted.includes(key))).map((key) => [key, panel.setup.dials[key]]));
    const all = new Map([...shown.map((key) => [key, setup.dials[key]]), ...others]);
    for (const [key, value] of all) {
      const named = { key, words: words.dialNames[key] || key.replace(/^(objective|constraint|update|also)\./, "").replace(/_/g, " ") };
      const row = lab.slider(named, lab.rangeOf(key, value), value, (now) => turned(key, now), /weight|noise|information/.test(key));
      rows.push(row);
      if (shown.includes(key)) dialRows.set(key, row);
    }
    if (!setup.models.step && (!wanted || wanted.includes("critic_steps"))) {
      const row = lab.slider({ key: "critic_steps", words: words.criticSteps }, { low: 1, high: 10, log: false, whole: true }, setup.critic_steps, (now) => turned("critic_steps", now));
      rows.push(row);
      dialRows.set("critic_steps", row);
    }
    if (!setup.models.step) {
      const field = chooser("frozen", words.frozen, Object.entries(words.frozens), "none", (now) => turned("frozen", now));
      at.frozen = field.querySelector("select");
      rows.push(field);
    } else at.frozen = null;
    rows.push(el("div", { class: "row" }, el("button", { type: "button", id: "kick-critic", onclick: () => turned("kick", "critic") }, words.kickCritic), el("button", { type: "button", id: "kick-generator", onclick: () => turned("kick", "generator") }, words.kickGenerator)));
    at.dials.replaceChildren(...rows);
  }

  function besideCard() {
    const add = (value) => {
      const more = value.startsWith("#") ? Array.from({ length: Number(value.slice(1)) - 1 }, (_, i) => ({ method: experiment.method, seed: (experiment.seed + i + 1) % catalogue.seeds }))
        : value ? [...experiment.beside, { method: value, seed: experiment.seed }].slice(0, 3) : [];
      start({ ...experiment, step: 0, changes: experiment.changes.filter(([step]) => step === 0), beside: more }, true);
    };
    const counts = [2, 4, catalogue.seeds].map((n) => ["#" + n, filled(words.besideSeeds, { n })]);
    return el("div", { class: "card" }, chooser("beside", words.beside, [["", words.besideNone], ...counts, ...methods.filter((one) => plays(one, experiment.scenario)).map((one) => [one, one])], "", add));
  }

  // --- own points ---

  function tools() {
    if (hidden("own")) return "";
    const pick = (name) => () => { tool = tool === name ? null : name; tellTool(); };
    return el("div", { class: "row", role: "group", "aria-label": words.own }, button("draw", words.draw, pick("draw")), button("erase", words.erase, pick("erase")),
      button("clear", words.clear, () => { experiment.drawn = []; shareDrawn(); }));
  }

  function ownCard() {
    const file = el("input", { type: "file", accept: ".csv,.txt,text/csv", id: "csv", onchange: () => file.files[0] && readCsv(file.files[0]) });
    at.drawn = el("p", { class: "hint" }, experiment.drawn ? filled(words.drawn, { n: experiment.drawn.length / 2 }) : words.drawHint);
    const made = el("div", { class: "card" }, el("h2", {}, words.own), at.drawn, el("div", { class: "field" }, el("label", { for: "csv" }, words.chooseFile), file), el("p", { class: "hint" }, words.csv));
    setTimeout(tellTool);
    return made;
  }

  function tellTool() {
    for (const name of ["draw", "erase"]) if (at[name]) at[name].setAttribute("aria-pressed", String(tool === name));
    panels.forEach(({ canvas }) => canvas.classList.toggle("drawing", Boolean(tool)));
    if (tool === "draw" && !experiment.drawn) { experiment.drawn = []; shareDrawn(); }
  }

  function touch(panel, event) {
    const [x, y] = panel.stage.plane(event), [left, right] = viewOf(), radius = (right - left) * (tool === "draw" ? 0.015 : 0.05);
    const points = experiment.drawn || [];
    if (tool === "erase") {
      experiment.drawn = points.filter((_, i) => Math.hypot(points[i - i % 2] - x, points[i - i % 2 + 1] - y) > radius);
    } else {
      for (let k = 0; k < 6 && points.length < 2 * MOST_DRAWN; k++) {
        const angle = Math.random() * 7, far = radius * Math.sqrt(Math.random());
        points.push(x + far * Math.cos(angle), y + far * Math.sin(angle));
      }
      experiment.drawn = points;
    }
    if (!sharing) sharing = requestAnimationFrame(shareDrawn);
  }
  let sharing = 0;

  // The games learn from what is drawn while it is drawn.
  function shareDrawn() {
    sharing = 0;
    if (at.drawn) at.drawn.textContent = filled(words.drawn, { n: experiment.drawn.length / 2 });
    for (const panel of panels) {
      if (!panel.setup) continue;
      const pool = Float32Array.from(experiment.drawn);
      panel.stage.setReal(pool);
      at.optimalStage.setReal(pool);
      if (!pool.length) { repaint(); continue; }
      panel.setup.pool = pool;
      panel.setup.windows.real = spread(pool, catalogue.windows.real, 1);
      trainer.postMessage({ do: "pool", id: panel.setup.id, pool, real: panel.setup.windows.real });
    }
    clearTimeout(addressing);
    addressing = setTimeout(() => { if (experiment.drawn.length) askFloor(); keepAddress(); }, 500);
  }

  async function readCsv(file) {
    const lines = (await file.text()).split(/\r?\n/).map((line) => line.split(/[,;\s]+/).filter(Boolean).map(Number));
    const pairs = lines.filter((line) => line.length >= 2 && line.slice(0, 2).every(Number.isFinite)).map((line) => line.slice(0, 2));
    if (!pairs.length) { say(words.csvBad, true); return; }
    const every = Math.max(pairs.length / MOST_DRAWN, 1), kept = Array.from({ length: Math.floor(pairs.length / every) }, (_, i) => pairs[Math.floor(i * every)]);
    const box = [0, 1].flatMap((d) => {
      const values = kept.map((pair) => pair[d]), low = Math.min(...values), high = Math.max(...values), room = 0.25 * (high - low) || 1;
      return [low - room, high + room];
    });
    start({ ...experiment, step: 0, changes: [], drawn: kept.flat(), box }, true);
    say(filled(words.csvMany, { n: pairs.length, kept: kept.length }), true);
  }

  // --- sharing ---

  function shareCard() {
    at.copyOut = el("textarea", { class: "copied", id: "copied", readonly: true, rows: 3, hidden: true, "aria-label": words.copyFailed });
    const copy = (make) => async (event) => {
      const text = make(), pressed = event.currentTarget, before = pressed.textContent;
      at.copyOut.value = text;
      at.copyOut.hidden = false;
      try { await navigator.clipboard.writeText(text); pressed.textContent = words.copied; setTimeout(() => { pressed.textContent = before; }, 1500); } catch (_) { at.copyOut.focus(); at.copyOut.select(); }
    };
    return el("div", { class: "card" }, el("h2", {}, words.share), el("div", { class: "row" },
      button("copyLink", words.copyLink, copy(() => { keepAddress(); return location.href.split("#")[0] + own; })), button("copyCommand", words.copyCommand, copy(command)),
      button("savePicture", words.savePicture, () => main().canvas.toBlob((blob) => save(blob, "toygan.png"))),
      window.MediaRecorder && main().canvas.captureStream ? button("film", words.film, film) : null,
      experiment.drawn ? button("saveScenario", words.saveScenario, () => { scenarioFiles().forEach(([name, text]) => save(new Blob([text], { type: "text/plain" }), name)); }) : null),
      at.copyOut, el("p", { class: "hint" }, words.commandHint));
  }

  function command() {
    const { look, setup } = main();
    return lab.commandOf(experiment, { scenario: catalogue.scenarios[experiment.scenario], game: setup, dials: look.dials, criticSteps: look.criticSteps, size: experiment.size });
  }

  // The drawn points as a scenario of Python's: drawn.toml beside drawn.csv.
  function scenarioFiles() {
    const points = experiment.drawn, view = viewOf().map((one) => one.toFixed(4)), { width, batch } = catalogue.sizes[experiment.size];
    const lines = Array.from({ length: points.length / 2 }, (_, i) => `${points[2 * i].toFixed(5)},${points[2 * i + 1].toFixed(5)}`);
    const toml = `title = "Drawn by hand"\n\n[target]\nkind = "points"\npath = "drawn.csv"\n\n[view]\nx = [${view[0]}, ${view[1]}]\ny = [${view[2]}, ${view[3]}]\n\n[generator]\nwidth = ${width}\n\n[critic]\nwidth = ${width}\n\n[training]\nbatch = ${batch}\n`;
    return [["drawn.csv", lines.join("\n") + "\n"], ["drawn.toml", toml]];
  }

  function save(blob, name) {
    const link = el("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  function film() {
    if (recorder) { recorder.stop(); return; }
    const parts = [];
    recorder = new MediaRecorder(main().canvas.captureStream(30));
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => { save(new Blob(parts, { type: "video/webm" }), "toygan.webm"); recorder = null; at.film.textContent = words.film; };
    recorder.start();
    at.film.textContent = words.filmStop;
  }

  function foot() { return el("footer", { class: "foot" }, el("p", {}, words.keys), el("p", {}, `toygan ${catalogue.version} · ONNX Runtime Web`)); }

  // --- keys ---

  addEventListener("keydown", (event) => {
    if (/^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { " ": () => (playing ? pause() : play()), ArrowRight: () => once("step"), c: () => once("critic"), g: () => once("generator"), r: () => restart() }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  addEventListener("resize", repaint);

  // --- beginning ---

  const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
  function able() {
    try { return !/without-simd/.test(location.search) && WebAssembly.validate(Uint8Array.from(SIMD)) && typeof DecompressionStream === "function"; } catch (_) { return false; }
  }

  lab.probe = (name, feeds) => { lab.told.probed = null; trainer.postMessage({ do: "probe", id: main().setup.id, name, feeds }); };
  lab.load = (state) => trainer.postMessage({ do: "load", id: main().setup.id, state });
  lab.looks = () => panels.map((panel) => panel.look);
  lab.setup = () => main() && main().setup;
  lab.look = () => main() && main().look;
  lab.assign = (real, fake) => new Promise((resolve) => {
    const worker = lab.workerOf(lab.assigner);
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ real: Float32Array.from(real), fake: Float32Array.from(fake), step: 0 });
  });

  document.documentElement.style.setProperty("--scores", `linear-gradient(90deg, ${catalogue.bands.map((rgb) => "#" + rgb.toString(16).padStart(6, "0")).join(", ")})`);
  let theme = "auto";
  try { theme = localStorage.getItem("toygan-theme") || "auto"; } catch (_) { /* private windows keep nothing */ }
  document.documentElement.dataset.theme = THEMES.includes(theme) ? theme : "auto";
  if (able()) arrive();
  else {
    language((navigator.language || "").slice(0, 2));
    document.body.replaceChildren(el("main", { class: "sorry" }, el("h1", {}, words.brand), el("p", { role: "alert" }, words.noSimd)));
  }
  lab.told.interactive = performance.now();
})();
