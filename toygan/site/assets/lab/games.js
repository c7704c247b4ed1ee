// The games while they are played: the workers, what they tell, and what is asked of them.
"use strict";
(function () {
  const page = lab.page, { catalogue, charts, at } = page, { el, filled } = lab;
  const SPEEDS = { slow: { speed: 0.45, slow: true }, one: { speed: 1 }, ten: { speed: 10 }, sixty: { speed: 60 }, most: {} };
  let generation = 0, ready = null;
  Object.assign(page, { trainer: null, assigner: null, assigning: null });
  page.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  lab.told = { rate: 0 }; // for tests and the stopwatch

  // --- starting ---

  function engine() {
    ready = ready || (async () => {
      const [{ text, size }, { header, bytes }] = await Promise.all([lab.want("engine"), lab.unpacked("runtime")]);
      const part = ([start, length]) => bytes.slice(start, start + length), asText = (at) => new TextDecoder().decode(part(at));
      page.trainer = lab.workerOf(lab.trainer, asText(header.ort), "draws");
      page.assigner = lab.workerOf(lab.assigner);
      page.trainer.onmessage = page.assigner.onmessage = ({ data }) => HEARD[data.told] && HEARD[data.told](data);
      page.trainer.onerror = (event) => fault(event.message);
      const arrived = new Promise((resolve) => { HEARD.ready = resolve; }), packed = lab.fromLetters(text, size);
      const models = Object.fromEntries(Object.entries(header.models).map(([name, { inputs, outputs, at }]) => [name, { inputs, outputs, bytes: part(at) }]));
      page.trainer.postMessage({ do: "engine", packed, loader: asText(header.loader), models }, [packed.buffer]);
      lab.held.engine.text = "";
      await arrived;
      lab.told.ready = performance.now();
    })();
    return ready;
  }

  page.start = async function (wanted, go) {
    const mine = ++generation, { words } = page;
    page.pause();
    page.experiment = page.sound(wanted);
    const { scenario, method } = page.experiment;
    if (!page.plays(method, scenario)) {
      const other = page.methods.find((one) => page.plays(one, scenario));
      page.say(filled(words.noGame, { method, other }), true);
      page.experiment.method = other;
    } else page.say(words.loading);
    const tellBroken = (parts) => { if (parts.length) page.say(filled(words.broken, { parts: parts.map((part) => part.slice(0, 20)).join(", ") }), true); };
    const { broken, moved } = page.experiment;
    tellBroken(broken);
    page.experiment.broken = [];
    page.build();
    try {
      const target = await page.targetNow(), marks = target.modes || target.places;
      if (mine !== generation) return;
      page.target = target;
      page.experiment.moved = moved.filter(([k]) => marks && Number.isInteger(k) && k >= 0 && k < marks.centres.length);
      if (page.experiment.moved.length < moved.length) tellBroken([...broken, "mv"]);
      const refused = page.sticky;
      const [, ...setups] = await Promise.all([engine(), ...page.specs().map((spec, k) => page.setupOf(spec, `${mine}/${k}`, target))]);
      if (mine !== generation) return;
      page.open.forEach((id) => page.trainer.postMessage({ do: "close", id }));
      page.open = setups.map(({ id }) => id);
      page.assigning = null; // nobody answers for games that are closed
      setups.forEach((setup, k) => opened(page.panels[k], setup, target));
      page.buildDials();
      page.tellTool();
      page.askFloor();
      page.askDensity();
      if (!refused) page.say("");
      if (go) page.play();
      page.sticky = refused;
    } catch (error) { fault(error.message); }
  };

  function opened(panel, setup, target) {
    panel.setup = setup;
    panel.stage.setReal(target.points);
    panel.stage.watched = setup.windows.real;
    panel.story = lab.newStory(setup);
    if (panel.other) panel.other.setReal(target.source);
    if (panel === page.main()) { at.optimalStage.setReal(target.points); page.miniTarget(target.points); page.optimalWords(); page.tellWanted(); page.layLines(); }
    page.trainer.postMessage({ do: "open", setup });
  }

  function fault(message) { page.say(filled(page.words.faulty, { words: message }), true); }

  page.say = function (text, stays) {
    page.sticky = Boolean(stays);
    if (text === page.said) return;
    page.said = text;
    if (at.said) at.said.textContent = text;
  };

  // --- what the workers tell ---

  const panelOf = (id) => page.panels.find((panel) => panel.setup && panel.setup.id === id);

  const HEARD = {
    look(look) {
      const panel = panelOf(look.game);
      if (!panel) { page.trainer.postMessage({ do: "seen" }); return; }
      panel.look = panel.look && panel.look.game === look.game ? { ...panel.look, ...look } : look; // of the map the last one
      panel.unseen = (panel.unseen || 0) + 1;
      if (look.step > 0 && lab.told.first === undefined) lab.told.first = performance.now();
      if (panel === page.main()) followed(look);
      page.repaint();
    },
    kinds({ game, word, of }) { const panel = panelOf(game); if (panel) { panel.kinds = { word, of }; page.legendOfKinds(panel); } },
    latents({ game, places }) { const panel = panelOf(game); if (panel) panel.latents = places; },
    density({ values }) { page.panels.forEach(({ stage }) => stage.setDensity(values)); page.repaint(); },
    rest() {
      page.playing = false;
      endless();
      page.tellPlaying();
    },
    fault({ words }) { fault(words); },
    probed({ state }) { lab.told.probed = state; },
  };
  HEARD.gauge = (found) => { const panel = panelOf(found.game); if (panel) page.gauged(panel, found); };
  HEARD.distance = (found) => { const panel = panelOf(found.game); page.assigning = null; if (panel) page.measured(panel, found); };
  HEARD.lowest = ({ game, found }) => { const panel = panelOf(game); if (panel) page.lowest(found); };
  HEARD.floor = ({ game, distances }) => { const panel = panelOf(game); if (panel) page.floored(panel, distances); };

  function followed(look) {
    page.experiment.changes = look.changes;
    page.experiment.now = look.step;
    Object.assign(lab.told, { rate: look.rate, cost: look.cost, step: look.step, memory: look.memory });
    if (!page.playing) page.keepAddressSoon(250); // the address says where the game stands whenever it stands
    if (look.why !== "ends") charts.losses.add(look.step, ["critic_loss", "generator_loss", "penalty"].map((name) => look.report[name]));
  }

  // --- what is asked of them ---

  const send = (act) => page.open.forEach((id) => page.trainer.postMessage({ ...act, id }));

  page.play = function () {
    if (!page.open.length || page.nothingThere()) return;
    page.playing = true;
    page.sticky = false;
    page.tellSpeed();
    page.tellWanted();
    page.trainer.postMessage({ do: "play" });
    page.tellPlaying();
  };

  page.pause = function () {
    page.playing = false;
    if (page.trainer) page.trainer.postMessage({ do: "pause" });
    endless();
    page.tellPlaying();
  };

  // Nobody waits any more for the step that the games were to go to.
  function endless() {
    send({ do: "until", step: null });
    page.experiment.step = 0;
  }

  page.tellWanted = () => page.trainer && page.trainer.postMessage({ do: "wanted", optimal: page.wantsOptimal() ? page.main().setup.id : null });
  page.tellSpeed = () => page.trainer && page.trainer.postMessage({ do: "speed", ...SPEEDS[page.speed] });

  page.tellPlaying = function () {
    if (!at.play) return;
    at.play.replaceChildren(el("span", { "aria-hidden": "true" }, page.playing ? "❚❚ " : "▶ "), page.playing ? page.words.pause : page.words.play);
    at.play.setAttribute("aria-pressed", String(page.playing));
    lab.told.playing = page.playing;
    if (!page.playing && page.experiment.now !== undefined) page.keepAddress();
    if (page.main() && page.main().look) page.repaint();
  };

  page.once = function (what) { if (page.nothingThere()) return; page.pause(); send({ do: "once", what: what === "step" && page.speed === "slow" ? "part" : what }); };
  // So many steps on, as fast as it goes.
  page.ahead = function (steps = 1000) {
    const until = page.experiment.step = (page.experiment.now || 0) + steps;
    page.open.forEach((id) => page.trainer.postMessage({ do: "until", id, step: until }));
    page.play();
    page.trainer.postMessage({ do: "speed", ...SPEEDS.most });
  };

  // The target's density, where it is shown: one target, one picture for all games.
  page.askDensity = () => page.main() && page.main().setup && page.shownParts().density && page.trainer.postMessage({ do: "density", id: page.main().setup.id });

  page.seek = function (step) { page.pause(); send({ do: "seek", step }); };
  page.restart = () => page.start({ ...page.experiment, step: 0, changes: page.experiment.changes.filter(([step]) => step === 0) }, true);

  // A slider tells many values a second; a few are written down.
  const waiting = new Map();
  page.turned = function (key, value) {
    if (waiting.has(key)) { waiting.set(key, value); return; }
    waiting.set(key, value);
    setTimeout(() => {
      if (waiting.get(key) !== value) turnedNow(key, waiting.get(key));
      waiting.delete(key);
    }, 150);
    turnedNow(key, value);
  };

  function turnedNow(key, value) {
    for (const { setup } of page.panels) {
      if (!setup) continue;
      const knows = /^(critic|generator)_steps$/.test(key) ? !setup.models.step : /^(frozen|kick|.*_optimiser)$/.test(key) || setup.used.includes(key);
      if (knows) page.trainer.postMessage({ do: "set", id: setup.id, key, value });
    }
    page.keepAddressSoon(400);
  }
})();
