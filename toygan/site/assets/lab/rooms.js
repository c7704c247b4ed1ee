// The page's rooms: what is chosen, what is played and seen, what is turned.
"use strict";
(function () {
  const page = lab.page, { catalogue, at, names, methods } = page, { el, filled } = lab;
  const THEMES = ["auto", "light", "dark"], FEW = 8, MOST_METHODS = 3; // seeds that are offered; methods beside another
  page.dialRows = new Map();

  page.build = function () {
    const focus = document.activeElement && document.activeElement.id, theme = document.documentElement.dataset.theme;
    page.dialRows = new Map();
    document.body.replaceChildren(top(), lessonBar(), targetBar(), el("main", { id: "lab" }, playRoom(), page.watchRoom(), sideRoom()), about(), foot());
    tellTheme(theme || "auto");
    page.panels.forEach((panel) => [panel.stage, panel.other].forEach((stage) => stage && stage.setView(page.viewOf())));
    at.optimalStage.setView(page.viewOf());
    document.querySelectorAll(".lessons, .targets").forEach(toChosen);
    page.tellPlaying();
    if (page.said) at.said.textContent = page.said;
    if (focus && document.getElementById(focus)) document.getElementById(focus).focus();
  };

  // A bar scrolled to what of it is chosen.
  function toChosen(bar) {
    const chosen = bar.querySelector("[aria-pressed=true]");
    if (chosen) bar.scrollLeft = chosen.offsetLeft - (bar.clientWidth - chosen.offsetWidth) / 2;
  }

  page.button = (name, text, act, more) => (at[name] = el("button", { type: "button", id: name, onclick: act, ...more }, text));

  function chooser(id, label, options, value, chosen) {
    const select = el("select", { id, onchange: () => chosen(select.value) }, options.map(([key, text, off]) => el("option", { value: key, selected: key === value, disabled: off }, text)));
    return el("div", { class: "field" }, el("label", { for: id }, label), select);
  }

  // --- what is chosen ---

  // A game of something else, from its beginning.
  function fresh(part) {
    const { experiment } = page, wanted = { ...experiment, step: 0, changes: experiment.lesson ? experiment.changes.filter(([step]) => step === 0) : [], ...part };
    page.start(wanted.size === page.OWN && !page.cuts(wanted.method, wanted.scenario) ? { ...wanted, size: Object.keys(catalogue.sizes)[0] } : wanted, true);
  }

  function top() {
    const { words, experiment, hidden } = page, sizes = Object.entries(catalogue.sizes).map(([key, size]) => [key, filled(words.sizes[key], size)]);
    if (page.cuts(experiment.method, experiment.scenario)) sizes.push([page.OWN, words.sizes[page.OWN]]);
    const seeds = [...new Set([...Array(FEW).keys(), experiment.seed])].map((seed) => [String(seed), String(seed)]);
    const lesson = lab.lessons.find(({ id }) => id === experiment.lesson);
    const offered = lesson && lesson.methods ? methods.filter((one) => lesson.methods.includes(one) || one === experiment.method) : methods;
    at.theme = el("button", { type: "button", class: "quiet", id: "theme", onclick: () => tellTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % 3]) });
    const language = (key) => { page.language(key); page.start({ ...experiment, step: experiment.now || 0 }, experiment.now > 0); };
    return el("header", { class: "top" }, el("h1", { class: "brand" }, words.brand), el("p", { class: "tagline" }, words.tagline),
      el("div", { class: "choices" },
        hidden("scenario") ? null : chooser("scenario", words.scenario, names.map((name) => [name, page.titleOf(name)]), experiment.scenario, (scenario) => fresh({ scenario, ...NOTHING_DRAWN })),
        hidden("method") ? null : chooser("method", words.method, offered.map((name) => [name, name, !page.knows(name, experiment.scenario)]), experiment.method, (method) => fresh({ method })),
        hidden("size") ? null : chooser("size", words.size, sizes, experiment.size, (size) => fresh({ size })),
        hidden("seed") ? null : chooser("seed", words.seed, seeds, String(experiment.seed), (seed) => fresh({ seed: Number(seed) })),
        chooser("language", words.languageLabel, Object.entries(lab.words).map(([key, table]) => [key, table.language]), page.languageNow, language),
        at.theme));
  }

  function tellTheme(theme) {
    document.documentElement.dataset.theme = theme;
    try { localStorage.setItem("toygan-theme", theme); } catch (_) { /* private windows keep nothing */ }
    at.theme.textContent = `${page.words.theme}: ${page.words.themes[theme]}`;
    Object.values(page.charts).forEach((chart) => chart.paint(page.experiment.now || 0));
  }
  page.themes = THEMES;

  function lessonBar() {
    const { words, experiment } = page;
    if (page.hidden("lessons")) return "";
    const offered = lab.lessons.filter(({ start: { scenario, method } }) => names.includes(scenario) && methods.includes(method));
    const chip = (id, text) => el("button", { type: "button", class: "chip", id: "lesson-" + (id || "none"), "aria-pressed": String(experiment.lesson === id), onclick: () => learn(id) }, text);
    return el("nav", { class: "lessons", "aria-label": words.lessonsTitle, tabindex: "0" }, chip("", words.freePlay), offered.map(({ id }) => chip(id, words.lessons[id].title)));
  }

  // A small picture of each target, to choose by.
  function targetBar() {
    const { words, hidden } = page;
    if (hidden("scenario") || names.length < 2) return "";
    const one = (name) => el("button", { type: "button", class: "target", id: "target-" + name, title: page.titleOf(name), "aria-label": page.titleOf(name), "aria-pressed": isTarget(name), onclick: () => fresh({ scenario: name, ...NOTHING_DRAWN }) }, sketched(catalogue.scenarios[name].sketch));
    return el("nav", { class: "targets", "aria-label": words.scenario, tabindex: "0" }, names.map(one));
  }
  const isTarget = (name) => String(!page.isOwn() && name === page.experiment.scenario);
  page.tellTarget = () => names.forEach((name) => { const button = document.getElementById("target-" + name); if (button) button.setAttribute("aria-pressed", isTarget(name)); });
  const NOTHING_DRAWN = { drawn: null, density: null, moved: [], box: null };

  // Places of a square grid, two letters each.
  function sketched(text) {
    const { side, first } = catalogue.sketch;
    const canvas = el("canvas", { width: side, height: side, "aria-hidden": "true" }), context = canvas.getContext("2d");
    context.fillStyle = "#fdfdfc";
    context.fillRect(0, 0, side, side);
    context.fillStyle = catalogue.colours.real;
    for (let i = 0; i < text.length; i += 2) context.fillRect(text.charCodeAt(i) - first - 1, side - 1 - (text.charCodeAt(i + 1) - first) - 1, 2.5, 2.5);
    return canvas;
  }

  function about() {
    const { words } = page;
    return page.hidden("about") ? "" : el("section", { class: "about", "aria-label": words.aboutTitle }, el("h2", {}, words.aboutTitle), Object.values(words.about).map((text) => el("p", {}, text)));
  }

  function learn(id) {
    const { experiment } = page, lesson = lab.lessons.find((one) => one.id === id);
    page.speed = (lesson && lesson.speed) || "most";
    page.start({ ...(lesson ? lesson.start : { scenario: experiment.scenario, method: experiment.method }), lesson: id, hidden: experiment.hidden }, !page.still || Boolean(lesson));
  }

  // --- what is played ---

  function playRoom() {
    page.panels = page.specs().map(onePanel);
    at.said = el("p", { class: "said", role: "status" });
    const count = page.panels.reduce((sum, panel) => sum + (panel.other ? 2 : 1), 0);
    return el("section", { class: "play", "aria-label": page.words.play }, el("div", { class: "stages", "data-count": String(count), "data-many": count > 4 }, page.panels.map(({ figure }) => figure)),
      at.said, transport(), legend(), page.tools(), shows(), page.flow());
  }

  function onePanel({ method, seed }, k) {
    const { words, experiment } = page, named = { method, seed };
    const canvas = el("canvas", { class: "stage", role: "img", "aria-label": `${method}, ${words.seed} ${seed}`, width: 480, height: 480, id: k ? false : "stage" });
    const hover = el("span", { class: "hover" }), extra = el("span", {}), kinds = el("span", { class: "kinds" });
    const panel = { ...named, canvas, stage: new lab.Stage(canvas, catalogue), unseen: 0, kindsAt: kinds };
    const without = () => page.start({ ...experiment, step: 0, beside: experiment.beside.filter((_, i) => i !== k - 1) }, true);
    const remove = k ? el("button", { type: "button", class: "quiet", "aria-label": `${words.remove} ${method}, ${words.seed} ${seed}`, onclick: without }, "×") : "";
    panel.caption = () => {
      const text = ` · ${words.seed} ${seed}` + (panel.distance === undefined ? "" : " · " + filled(words.distanceNow, { value: lab.short(panel.distance) })) +
        (panel.stage.shown ? " · " + filled(words.band, { width: lab.short(panel.stage.shown.width) }) : "");
      if (extra.textContent !== text) extra.textContent = text;
    };
    panel.caption();
    const other = catalogue.methods[method].worlds ? otherWorld(panel) : "";
    panel.figure = el("figure", { class: "panel" + (other ? " two" : "") }, el("div", { class: "views" }, canvas, other), el("figcaption", {}, el("strong", {}, method), extra, hover, remove, kinds));
    pointers(panel, hover);
    return panel;
  }

  // The other world of a game of two, with what is made in it.
  function otherWorld(panel) {
    const canvas = el("canvas", { class: "stage", role: "img", "aria-label": page.words.otherWorld, width: 480, height: 480 });
    panel.other = new lab.Stage(canvas, catalogue);
    return canvas;
  }

  page.legendOfKinds = function ({ kinds, kindsAt }) {
    const { words } = page, number = Math.max(...kinds.of) + 1, mark = (k) => el("span", { class: "mark", style: `background:${catalogue.kinds[k % catalogue.kinds.length]}`, "aria-hidden": "true" });
    kindsAt.replaceChildren(" · " + filled(words.kinds[kinds.word], { n: number }) + " ", ...Array.from({ length: Math.min(number, 12) }, (_, k) => mark(k)));
  };

  function pointers(panel, hover) {
    const { canvas } = panel;
    canvas.addEventListener("pointermove", (event) => {
      if (page.tool && event.buttons) { page.touch(panel, event, false); return; }
      hover.textContent = page.hover(panel, event);
    });
    canvas.addEventListener("pointerleave", () => { hover.textContent = ""; });
    canvas.addEventListener("pointerdown", (event) => { if (page.tool) { canvas.setPointerCapture(event.pointerId); page.touch(panel, event, true); event.preventDefault(); } else hover.textContent = page.hover(panel, event); });
    canvas.addEventListener("pointerup", () => page.letGo());
  }

  function transport() {
    const { words, experiment } = page, alternates = catalogue.methods[experiment.method].rule === "alternating", { button } = page;
    at.step = el("span", { class: "count", id: "step" }, "");
    at.rate = el("span", { class: "rate", id: "rate" }, "");
    at.time = el("input", { type: "range", id: "time", min: 0, max: 1, value: 0, step: 1, "aria-label": words.time, oninput: () => page.seek(Number(at.time.value)) });
    if (page.hidden("transport")) return "";
    const chosen = (now) => { page.speed = now; page.tellSpeed(); };
    const other = () => page.start({ ...experiment, step: 0, changes: [], seed: experiment.seed + 1 }, true);
    return el("div", { class: "transport", role: "group", "aria-label": words.play },
      button("play", words.play, () => (page.playing ? page.pause() : page.play()), { class: "main" }), button("one", words.step, () => page.once("step")),
      alternates ? button("moveCritic", words.critic, () => page.once("critic")) : null, alternates ? button("moveGenerator", words.generator, () => page.once("generator")) : null,
      button("ahead", words.ahead, () => page.ahead()), button("restart", words.restart, () => page.restart()), button("other", words.newSeed, other), chooser("speed", words.speed, Object.entries(words.speeds), page.speed, chosen),
      el("div", { class: "scrub" }, el("label", { for: "time" }, words.time), at.time, at.step, at.rate));
  }

  function legend() {
    const { words } = page, item = (kind) => el("li", { class: kind }, el("span", { class: "mark", "aria-hidden": "true" }), words.legend[kind]);
    return el("ul", { class: "legend" }, ["real", "generated", "critic", "arrows"].map(item));
  }

  function shows() {
    const { words, experiment } = page;
    const changed = (letter) => (event) => {
      experiment.view = experiment.view.replace(letter, "") + (event.target.checked ? letter : "");
      at.optimal.hidden = !page.shownParts().optimal;
      page.optimalWords();
      page.tellWanted();
      if (letter === "d") page.askDensity();
      if (letter === "o" && !page.playing && page.wantsOptimal()) page.trainer.postMessage({ do: "again", id: page.main().setup.id });
      if (page.main()) page.main().asked = null;
      page.tellShown();
      page.keepAddress();
      page.repaint();
    };
    const parts = Object.entries(words.shows).map(([letter, text]) => el("label", { class: "switch" }, el("input", { type: "checkbox", id: "show-" + letter, checked: experiment.view.includes(letter), onchange: changed(letter) }), text));
    return el("fieldset", { class: "shows" }, el("legend", {}, words.show), parts, page.button("carry", words.carry, () => page.carry(), { class: "quiet" }));
  }

  // --- what is turned ---

  function sideRoom() {
    const { words, experiment, hidden } = page, lesson = lab.lessons.find(({ id }) => id === experiment.lesson), told = lesson && words.lessons[lesson.id];
    const about = catalogue.methods[experiment.method], strong = (text) => el("strong", {}, text + ": ");
    const card = told ? el("div", { class: "card lesson" }, el("h2", {}, told.title), el("p", {}, told.text), el("p", {}, strong(words.tryThis), told.try), el("p", {}, strong(words.expect), told.expect))
      : el("div", { class: "card" }, el("h2", {}, experiment.method), el("p", { class: "formula" }, about.formula), el("p", { class: "hint" }, words.formulaHint), el("p", {}, strong(words.lookFor), lookFor(about)), el("p", { class: "hint", lang: "en" }, about.reference));
    at.dials = el("div", { class: "dials" });
    return el("section", { class: "side", "aria-label": words.dials }, card, hidden("dials") ? null : el("div", { class: "card" }, el("h2", {}, words.dials), at.dials),
      hidden("beside") ? null : besideCard(), hidden("own") ? null : page.ownCard(), hidden("share") ? null : page.shareCard());
  }

  function lookFor(about) {
    const told = page.words.lookFors && page.words.lookFors[page.experiment.method];
    return told || el("span", { lang: "en" }, about.look_for);
  }

  page.buildDials = function () {
    if (page.hidden("dials")) return;
    const { words } = page, { setup } = page.main(), lesson = lab.lessons.find(({ id }) => id === page.experiment.lesson), wanted = lesson && lesson.dials;
    const all = new Map(), rows = [];
    for (const panel of [...page.panels].reverse()) for (const key of panel.setup ? panel.setup.used : []) if (!wanted || wanted.includes(key)) all.set(key, panel.setup.dials[key]);
    for (const [key, value] of all) {
      const row = lab.slider({ key, words: nameOf(key) }, lab.rangeOf(key, value), value, (now) => page.turned(key, now), /weight|noise|information/.test(key));
      rows.push(row);
      if (setup.used.includes(key)) page.dialRows.set(key, row);
    }
    for (const [key, name, value] of [["critic_steps", words.criticSteps, setup.critic_steps], ["generator_steps", words.generatorSteps, 1]]) {
      if (setup.models.step || (wanted && !wanted.includes(key))) continue;
      const row = lab.slider({ key, words: name }, { low: 1, high: 10, log: false, whole: true }, value, (now) => page.turned(key, now));
      rows.push(row);
      page.dialRows.set(key, row);
    }
    if (!wanted) rows.push(...optimisers(setup));
    if (setup.players) rows.unshift(...players(setup.players));
    else if (!wanted && page.cuts(page.experiment.method, page.experiment.scenario)) rows.push(page.button("cut", words.chooseCut, () => page.start({ ...page.experiment, step: 0, changes: [], size: page.OWN }, true)));
    if (setup.latent) rows.push(chooser("latent", words.latent, Object.entries(words.latents), setup.latent, (latent) => page.start({ ...page.experiment, step: 0, latent }, true)));
    at.frozen = null;
    if (!setup.models.step) {
      const field = chooser("frozen", words.frozen, Object.entries(words.frozens), "none", (now) => page.turned("frozen", now));
      at.frozen = field.querySelector("select");
      rows.push(field);
    }
    const kick = (id, player, text) => el("button", { type: "button", id, onclick: () => page.turned("kick", player) }, text);
    rows.push(el("div", { class: "row" }, kick("kick-critic", "critic", words.kickCritic), kick("kick-generator", "generator", words.kickGenerator), setup.shift === null ? null : kick("kick-move", "move", words.kickMove)));
    at.dials.replaceChildren(...rows);
  };

  // Layers and neurons of either player, and how many latents there are; the game begins anew.
  function players(now) {
    const { words } = page, [neurons, layers] = catalogue.measured.largest;
    let later = 0;
    const recut = (change) => { clearTimeout(later); later = setTimeout(() => { change(now); page.start({ ...page.experiment, step: 0, players: now }, true); }, 350); };
    const slider = (player, what, high) => lab.slider({ key: `${player}-${what}`, words: words[`${player}Cut`][what] }, { low: 1, high, log: false, whole: true }, now[player][what],
      (value) => recut((all) => { all[player][what] = value; }));
    const latents = chooser("inputs", words.inputs, Object.entries(words.inputsOf), String(now.inputs), (value) => recut((all) => { all.inputs = Number(value); }));
    return [...["generator", "critic"].flatMap((player) => [slider(player, "layers", layers), slider(player, "width", neurons)]), latents];
  }

  // How each player goes down its slope: as the method has it, or plainly. Players that move at once go alike.
  function optimisers(setup) {
    const { words } = page, own = catalogue.methods[page.experiment.method].optimiser;
    at.optimisers = {};
    if (!setup.used.includes("epsilon")) return [];
    return (setup.models.step ? ["critic"] : ["critic", "generator"]).map((player) => {
      const field = chooser(`${player}-optimiser`, setup.models.step ? words.optimiser : words[`${player}Optimiser`], [["own", words.optimisers[own]], ["descent", words.optimisers.descent]], "own",
        (now) => page.turned(`${player}_optimiser`, now));
      at.optimisers[player] = field.querySelector("select");
      return field;
    });
  }

  function nameOf(key) {
    const { words } = page, [part, ...rest] = key.split("."), name = rest.join(".");
    if (words.dialNames[key]) return words.dialNames[key];
    return part in words.dialParts ? `${words.dialParts[part]}: ${words.dialNames[name] || name.replace(/_/g, " ")}` : key.replace(/_/g, " ");
  }

  function besideCard() {
    const { words, experiment } = page;
    const add = (value) => {
      const seeds = (n) => Array.from({ length: n - 1 }, (_, i) => ({ method: experiment.method, seed: experiment.seed + i + 1 }));
      const more = value.startsWith("#") ? seeds(Number(value.slice(1))) : value ? [...experiment.beside, { method: value, seed: experiment.seed }].slice(-MOST_METHODS) : [];
      page.start({ ...experiment, step: 0, changes: experiment.changes.filter(([step]) => step === 0), beside: more }, true);
    };
    const counts = [2, 4, FEW].map((n) => ["#" + n, filled(words.besideSeeds, { n })]);
    return el("div", { class: "card" }, chooser("beside", words.beside, [["", words.besideNone], ...counts, ...methods.filter((one) => page.plays(one, experiment.scenario)).map((one) => [one, one])], "", add));
  }

  function foot() { return el("footer", { class: "foot" }, el("p", {}, page.words.keys), el("p", {}, `toygan ${catalogue.version} · ONNX Runtime Web`)); }
})();
