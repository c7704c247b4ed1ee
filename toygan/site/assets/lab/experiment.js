// What is played: an experiment with sound values, and everything that a trainer needs for its games.
"use strict";
lab.page = { words: lab.words.en, experiment: {}, panels: [], playing: false, speed: "most", tool: null, at: {}, charts: {}, open: [] };
(function () {
  const page = lab.page, catalogue = lab.held.catalogue.header;
  const VIEW = "crgao", SEEDS = 1e6, MOST_BESIDE = 7;
  const LATENTS = { normal: "normal", uniform: "symmetric", sphere: "sphere" }; // laws of latents, as scenarios call them
  Object.assign(page, { catalogue, VIEW, names: Object.keys(catalogue.scenarios), methods: Object.keys(catalogue.methods) });
  const { names, methods } = page;

  page.standard = function () {
    const opening = catalogue.opening || {}, usual = ["r3gan", "ns-gan-r1"].find((one) => methods.includes(one)) || methods[0];
    const scenario = names.includes(opening.scenario) ? opening.scenario : names.includes("eight-gaussians") ? "eight-gaussians" : names[0];
    const method = methods.includes(opening.method) ? opening.method : usual;
    return { scenario, method, size: Object.keys(catalogue.sizes)[0], seed: 0, step: 0, changes: [], beside: [], view: VIEW, hidden: [], drawn: null, density: null, moved: [], box: null, lesson: "", latent: "", players: null };
  };

  // Players that the visitor chooses layers and neurons of: so many where nothing was said yet, and within bounds.
  page.OWN = "own";
  const FIRST = { generator: { layers: 2, width: 16 }, critic: { layers: 2, width: 16 }, inputs: 2 };
  page.cut = function (players) {
    const [neurons, layers] = catalogue.measured.largest, wanted = players || FIRST;
    const within = (one, most, usual) => Math.min(Math.max(Math.round(one) || usual, 1), most);
    const of = (name) => ({ layers: within((wanted[name] || {}).layers, layers, 2), width: within((wanted[name] || {}).width, neurons, 16) });
    return { generator: of("generator"), critic: of("critic"), inputs: wanted.inputs === 1 ? 1 : 2 };
  };
  page.cuts = (method, scenario) => Boolean(catalogue.methods[method].measured && catalogue.methods[method].measured.on.includes(scenario));

  page.sound = function (wanted) {
    const plain = page.standard(), made = { ...plain, ...wanted }, broken = new Set(wanted.broken);
    const without = (part, name, value = plain[name]) => { broken.add(part); made[name] = value; };
    if (!names.includes(made.scenario)) without("s", "scenario");
    if (!methods.includes(made.method)) without("m", "method");
    if (made.size === page.OWN ? !page.cuts(made.method, made.scenario) : !(made.size in catalogue.sizes)) without("z", "size");
    const players = made.size === page.OWN ? page.cut(made.players) : null;
    if (players && made.players && JSON.stringify(players) !== JSON.stringify(made.players)) broken.add("net");
    made.players = players;
    made.seed = Math.min(Math.max(Math.round(made.seed) || 0, 0), SEEDS);
    const beside = (made.beside || []).filter(({ method }) => methods.includes(method)).slice(0, MOST_BESIDE);
    if (beside.length < (made.beside || []).length) broken.add("b");
    made.beside = beside;
    if (made.lesson && !lab.lessons.some(({ id }) => id === made.lesson)) without("l", "lesson");
    if (/[^crgapmtkbdso]/.test(made.view)) without("v", "view", made.view.replace(/[^crgapmtkbdso]/g, ""));
    if (made.language && !(made.language in lab.words)) without("lang", "language", "");
    if (made.drawn && !made.drawn.length) made.drawn = null; // of nothing no game begins
    if (made.density && !made.density.some(Boolean)) made.density = null;
    if (made.drawn || made.density) made.moved = []; else made.box = null;
    if (made.latent && !LATENTS[made.latent]) without("n", "latent");
    return { ...made, broken: [...broken] };
  };

  // Whether a method plays on a scenario; on drawn points, which have no classes, those that want classes do not.
  page.knows = (method, scenario) => catalogue.methods[method].on.includes(scenario) && !(page.isOwn() && catalogue.methods[method].labels);
  // And with players of so many layers and neurons, where these are chosen.
  page.plays = (method, scenario) => page.knows(method, scenario) && (page.experiment.size !== page.OWN || page.cuts(method, scenario));
  page.isOwn = () => Boolean(page.experiment.drawn || page.experiment.density);
  page.main = () => page.panels[0];
  page.viewOf = () => page.experiment.box || catalogue.scenarios[page.experiment.scenario].view;
  page.titleOf = (scenario) => (page.words.scenarios && page.words.scenarios[scenario]) || catalogue.scenarios[scenario].title;
  page.hidden = (part) => (page.experiment.hidden || []).includes(part);
  page.specs = () => [{ method: page.experiment.method, seed: page.experiment.seed }, ...page.experiment.beside].filter(({ method }) => page.plays(method, page.experiment.scenario));

  // --- the target: shipped, moved, drawn ---

  page.targetNow = async function () {
    const { experiment } = page, { header, bytes } = await lab.unpacked(catalogue.scenarios[experiment.scenario].file);
    const shipped = { points: lab.pointsOf(bytes, header.points), modes: header.modes || null, places: header.places || null };
    const source = header.source ? lab.pointsOf(bytes, header.source) : null;
    if (page.isOwn()) return { ...known({ points: page.ownPoints() }), source };
    const labels = header.labels ? bytes.slice(header.labels[0], header.labels[0] + header.labels[1]) : null;
    const curve = header.curve && !experiment.moved.length ? { curve: lab.pointsOf(bytes, header.curve), radius: header.radius } : null;
    return { ...known(page.carried(shipped, experiment.moved)), labels, source, line: curve };
  };

  const known = (target) => ({ labels: null, modes: null, places: null, line: null, ...target, ...lab.measures.middleOf(target.points) });

  // A target some of whose modes, or places where there are none, are moved: [which, right, up].
  page.carried = function ({ points, modes, places }, moved) {
    if (!moved.length || !(modes || places)) return { points, modes, places };
    const by = new Map(moved.map(([k, x, y]) => [k, [x, y]])), shifted = (centre, k) => (by.has(k) ? [centre[0] + by.get(k)[0], centre[1] + by.get(k)[1]] : centre);
    const owner = (x, y) => (modes ? lab.measures.modeAt(x, y, modes) : lab.measures.placeAt(x, y, places.centres)).k;
    const out = new Float32Array(points.length);
    for (let i = 0; i < points.length; i += 2) out.set(shifted([points[i], points[i + 1]], owner(points[i], points[i + 1])), i);
    return { points: out, modes: modes && { ...modes, centres: modes.centres.map(shifted) }, places: places && { ...places, centres: places.centres.map(shifted) } };
  };

  // --- everything that a trainer needs for one game ---

  page.setupOf = async function ({ method, seed }, id, target) {
    const { experiment } = page, about = catalogue.scenarios[experiment.scenario], [left, right, bottom, top] = page.viewOf();
    const { players } = experiment, of = catalogue.methods[method], file = await lab.unpacked(players ? of.measured.file : of.file);
    const game = players ? roomFor(file.header.games, players) : file.header.games[file.header.plays[about.said][experiment.size]];
    const models = Object.fromEntries(Object.entries(game.models).map(([name, { inputs, outputs, at }]) => [name, { inputs, outputs, bytes: file.bytes.slice(at[0], at[0] + at[1]) }]));
    const held = {}, first = (player, start) => {
      if (!players) return lab.firstParameters(start, seed, file.bytes, catalogue.seeds);
      const inputs = player === "generator" ? players.inputs : game.cut.layers[player][0][0], made = lab.cutToMeasure(start, game.cut.layers[player], game.cut.bounds, { ...players[player], inputs }, seed, catalogue.free);
      held[player] = made.held;
      return made.numbers;
    };
    const starts = Object.fromEntries(Object.entries(game.starts).map(([player, start]) => [player, first(player, start)]));
    const used = new Set(Object.values(game.models).flatMap((model) => model.inputs.map(([port]) => port)));
    const draws = { ...game.draws }, [law, columns] = draws.latent, free = Object.values(LATENTS).includes(law); // the law of latents is no part of a model
    if (free && experiment.latent) draws.latent = [LATENTS[experiment.latent], columns];
    if (players && players.inputs < columns) draws.latent = [draws.latent[0], columns, players.inputs];
    const losses = Object.entries(game.places).filter(([name]) => /_loss$|^penalty$/.test(name));
    return { id, models, starts, held, free: catalogue.free, players, descent: catalogue.descent, generatorSteps: 1, state: game.state, draws, latent: free ? Object.keys(LATENTS).find((name) => LATENTS[name] === draws.latent[0]) : "", dials: { ...game.dials, steps: about.steps }, places: game.places, codes: game.codes, kinds: game.kinds, shift: game.shift, best: game.best,
      push: Math.min(right - left, top - bottom) / 3, criticSteps: game.critic_steps, critic_steps: game.critic_steps, batch: game.batch, frozen: "none", seed,
      pool: target.points, labels: target.labels, source: target.source, changes: experiment.changes.map((one) => one.slice()), until: experiment.step || null, runaway: catalogue.runaway,
      windows: page.windowsOf(target), watched: catalogue.windows, told: Object.fromEntries(losses), showsOthers: !game.shows_samples || Object.keys(game.state).some((place) => /average$/.test(place)),
      used: Object.keys(game.dials).filter((key) => used.has("dials/" + key) || key === "steps") };
  };

  // The cheapest of the games that have room for such players.
  function roomFor(games, { generator, critic }) {
    const most = (what) => Math.max(generator[what], critic[what]);
    return Object.entries(games).find(([name]) => { const [width, layers] = name.split(" ").map(Number); return width >= most("width") && layers >= most("layers"); })[1];
  }

  page.windowsOf = function ({ points, labels }) {
    const told = (n, k) => (labels ? evenly(labels.length, n, k).map((i) => labels[i]) : null); // the classes of the same points
    const [left, right, bottom, top] = page.viewOf(), { scores, slopes, real, judged, samples } = catalogue.windows;
    const grid = (n) => Float32Array.from({ length: 2 * n * n }, (_, i) => {
      const k = i >> 1;
      return i % 2 ? bottom + Math.floor(k / n) / (n - 1) * (top - bottom) : left + (k % n) / (n - 1) * (right - left);
    });
    return { scores: grid(scores), slopes: grid(slopes), real: spread(points, real, 1), judged: spread(points, judged, 0), some: spread(points, samples, 2), realLabels: told(real, 1), judgedLabels: told(judged, 0) };
  };

  // Which n of so many, the k-th choice: evenly through them, so that the same ones give the same.
  function evenly(count, n, k) {
    const every = Math.floor(count / n);
    return Array.from({ length: n }, (_, i) => (count >= n * (k + 1) ? i * every + k % every : (i * 7 + k * 13) % count));
  }

  function spread(points, n, k) {
    const out = new Float32Array(2 * n);
    evenly(points.length / 2, n, k).forEach((from, i) => { out[2 * i] = points[2 * from]; out[2 * i + 1] = points[2 * from + 1]; });
    return out;
  }
  page.spread = spread;
})();
