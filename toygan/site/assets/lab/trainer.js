// The trainer: a function that becomes a worker's whole script, behind the runtime's. It knows no game: it feeds models by
// the names of their inputs from a state, from random numbers and from dials, and puts outputs back into the state.
"use strict";
lab.trainer = function () {
  const games = new Map(), sessions = new Map();
  const FRAME = 28, LOOK = 8; // ms from look to look, and of them for looks at several games; moves have as long as looks at least
  const SHARE = 0.03; // of the time that goes into maps, and into the optimal critic
  const GENERATOR = 1 << 20, EXTRA = 1 << 21; // which move of a step random numbers are for
  const shared = {}; // models that belong to no game
  let playing = false, looping = false, unseen = 0, speed = Infinity, slow = false, budget = 64 << 20, wanted = { optimal: null };

  const { stream, named, normal, drawn } = lab.draws();

  // --- models ---

  const KEPT = 40; // sessions, and those that are in use
  let opening = null;
  const product = (shape) => shape.reduce((a, b) => a * b, 1);

  async function session(bytes) {
    let hash = bytes.length;
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 16777619);
    const key = bytes.length + "/" + hash;
    if (!sessions.has(key)) {
      const isUsed = (one) => [...games.values(), { models: shared }, ...(opening ? [opening] : [])].some(({ models }) => Object.values(models).some((model) => model.session === one));
      for (const [other, one] of sessions) {
        if (sessions.size <= KEPT) break;
        if (isUsed(one)) continue;
        sessions.delete(other);
        await one.release();
      }
      sessions.set(key, await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], graphOptimizationLevel: "all" }));
    }
    return sessions.get(key);
  }

  const tensor = (type, numbers, shape) => new ort.Tensor(type, type === "float64" ? Float64Array.from(numbers) : numbers, shape);

  // A model on what `find` gives for its inputs.
  async function run(model, find) {
    const feeds = {};
    for (const [name, type, shape] of model.inputs) feeds[name] = find(name, type, shape);
    return model.session.run(feeds);
  }

  const stepOf = (game) => Number(game.state[game.places.step].data[0]);

  // What a model is fed by name: a state, dials, numbers that are held, and what else there is, by `other(name, type, shape)`.
  const feeding = (game, dials, other) => (port, type, shape) => {
    const at = port.indexOf("/"), name = port.slice(at + 1);
    if (port.startsWith("state/")) return game.state[port];
    if (port.startsWith("dials/")) return dials[name];
    if (port.startsWith("held/")) return game.held[name];
    return other(name, type, shape);
  };

  async function move(game, name, place) {
    const step = stepOf(game), numbers = (law, type, shape) => tensor(type, drawn(game, law, product(shape), step, place), shape);
    const out = await run(game.models[name], feeding(game, game.fed[name] || game.dials, numbers));
    for (const port in out) game.state[port.slice(5)] = out[port];
    game.moved = name;
  }

  // The end of a step: one more, and what else a cast changes then.
  async function over(game) {
    if (game.models.over) {
      const out = await run(game.models.over, feeding(game, game.dials));
      for (const port in out) game.state[port.slice(5)] = out[port];
      return;
    }
    const counted = game.places.step;
    game.state[counted] = tensor("float64", [stepOf(game) + 1], game.state[counted].dims);
  }

  // The moves of a step: the critics as often as is asked, then the generators; a frozen player is left out.
  function movesOf(game) {
    if (game.models.step) return game.frozen === "both" ? [] : [["step", 0]];
    const critics = Array.from({ length: game.frozen === "critic" ? 0 : game.criticSteps }, (_, k) => ["critic", k]);
    const generators = Array.from({ length: game.frozen === "generator" ? 0 : game.generatorSteps }, (_, k) => ["generator", GENERATOR + k]);
    return [...critics, ...generators];
  }

  async function step(game) {
    game.slow = null;
    await begun(game);
    const moves = movesOf(game);
    for (const [name, place] of moves) await move(game, name, place);
    if (!game.models.step) await over(game);
  }

  // What the visitor did comes before the moves of a step.
  async function begun(game) {
    apply(game);
    for (const extra of game.extra.splice(0)) await move(game, extra, EXTRA + ++game.extras);
  }

  // --- what the visitor does, in the order of the steps: [step, key, value] ---

  function apply(game) {
    const now = stepOf(game);
    while (game.done < game.changes.length && game.changes[game.done][0] <= now) {
      const [, key, value] = game.changes[game.done++];
      if (key === "critic_steps") game.criticSteps = value;
      else if (key === "generator_steps") game.generatorSteps = value;
      else if (key === "critic_optimiser" || key === "generator_optimiser") game.plain[key.split("_")[0]] = value === "descent";
      else if (key === "frozen") game.frozen = value;
      else if (key === "kick") kick(game, value);
      else if (key === "only") game.extra.push(value);
      else if (key in game.dials) game.dials[key] = tensor("float64", [value], []);
      game.fed = fedTo(game);
    }
  }

  // What each move is fed with for its dials: a player that goes down its slope plainly has others of the optimiser's.
  function fedTo({ dials, plain, descent, models }) {
    const down = (player) => {
      if (!plain[player]) return dials;
      const own = Object.fromEntries(Object.entries(descent).map(([key, value]) => [key, tensor("float64", [value], [])]));
      const rates = (models.step ? ["critic", "generator"] : [player]).map((name) => name + "_rate").filter((key) => key in dials);
      for (const key of rates) own[key] = tensor("float64", [dials[key].data[0] * descent.epsilon], []);
      return { ...dials, ...own };
    };
    return { critic: down("critic"), generator: down("generator"), step: down("critic") };
  }

  // A player's parameters shaken by a share of their own size; or the generator moved by a third of the view, somewhere.
  function kick(game, player) {
    if (player === "move") { moveAway(game); return; }
    const place = game.places[player], old = game.state[place], fresh = new Float32Array(old.data.length);
    normal(stream(game.seed, named("kick"), stepOf(game), game.done), fresh);
    const held = game.held[player] && game.held[player].data, isHeld = (i) => held && held[i] < game.free / 2;
    const own = held ? old.data.filter((_, i) => !isHeld(i)) : old.data, size = 0.5 * Math.sqrt(own.reduce((sum, one) => sum + one * one, 0) / Math.max(own.length, 1));
    for (let i = 0; i < fresh.length; i++) fresh[i] = old.data[i] + (isHeld(i) ? 0 : size * fresh[i]);
    game.state[place] = tensor("float32", fresh, old.dims);
  }

  function moveAway(game) {
    const place = game.places.generator, old = game.state[place], fresh = Float32Array.from(old.data);
    const angle = 2 * Math.PI * stream(game.seed, named("kick"), stepOf(game), game.done)();
    if (game.shift === null) return;
    fresh[game.shift] += game.push * Math.cos(angle);
    fresh[game.shift + 1] += game.push * Math.sin(angle);
    game.state[place] = tensor("float32", fresh, old.dims);
  }

  // A change is between steps: one that was begun in slow motion is ended first, or the address would tell of another game.
  async function changed(game, key, value) {
    await ended(game);
    const now = stepOf(game), last = game.changes[game.done - 1], again = last && last[0] === now && last[1] === key && key in game.dials;
    game.changes.length = again ? --game.done : game.done;
    game.changes.push([now, key, value]);
    game.unlooked = true;
    forget(game);
    apply(game);
  }

  // --- history: states share what did not change, and are never written into ---

  const standing = ({ state, done, extras, dials, fed, criticSteps, generatorSteps, plain, frozen }) =>
    ({ state: { ...state }, done, extras, dials: { ...dials }, fed, criticSteps, generatorSteps, plain: { ...plain }, frozen });

  const sizeOf = (game) => Object.values(game.state).reduce((sum, one) => sum + 4 * one.data.length, 0);

  function keep(game) {
    forget(game);
    const now = stepOf(game), last = game.history[game.history.length - 1];
    if (last && (now < last.step + game.every)) return;
    game.history.push({ step: now, ...standing(game), changes: game.changes.slice(0, game.done) });
    while (game.history.length > 8 && game.history.length * sizeOf(game) > budget / games.size) {
      game.history = game.history.filter((_, i) => i % 2 === 0);
      game.every = Math.max(2 * game.every, 1);
    }
  }

  // What lay ahead, when the game goes on from an earlier place.
  function forget(game) {
    const now = stepOf(game);
    while (game.history.length && game.history[game.history.length - 1].step > now) game.history.pop();
  }

  function seek(game, wanted) {
    const kept = game.history.reduce((best, one) => (Math.abs(one.step - wanted) < Math.abs(best.step - wanted) ? one : best));
    Object.assign(game, standing(kept), { changes: kept.changes.slice(), diverged: false, until: Infinity, sub: 0, slow: null });
  }

  // --- looking ---

  // What a model that looks sees of the state, through the game's windows or others.
  async function watchedAs(game, others, model = "look") {
    const given = { ...game.windows, ...others };
    const out = await run(game.models[model], feeding(game, game.dials, (name, type, shape) => tensor(type, given[name], shape)));
    return Object.fromEntries(Object.entries(out).map(([port, one]) => [port.replace("next seen/", ""), Float32Array.from(one.data)]));
  }

  // The map and the optimal critic change slowly, and cost most: while a game plays each is looked at as often as it costs a small
  // share of the time.
  async function look(game, why) {
    const seen = await watchedAs(game, {}), costs = game.costs;
    const atTimes = async (what, make) => {
      const begun = performance.now(), { ended, cost } = costs[what] || { ended: 0, cost: 0 };
      if (why === "play" && begun - ended <= cost / SHARE) return;
      Object.assign(seen, await make());
      costs[what] = { ended: performance.now(), cost: performance.now() - begun };
    };
    await atTimes("map", () => watchedAs(game, {}, "map"));
    if (game.models.optimum && wanted.optimal === game.id) await atTimes("optimum", async () => ({ optimal: await best(game, seen.samples) }));
    else if (seen.scores && game.optimal) seen.optimal = game.optimal.slice();
    const told = reportOf(game), kept = game.history;
    game.unlooked = false;
    const wild = (one) => !(Math.abs(one) < game.runaway);
    game.diverged = seen.samples.some(wild) || (stepOf(game) > 0 && Object.values(told).some((one) => Math.abs(one) >= game.runaway));
    postMessage({ told: "look", game: game.id, why, step: stepOf(game), report: told, ...seen, rate, cost, moved: game.moved, slow: game.slow,
      diverged: game.diverged, over: isOver(game), kept: [kept.length ? kept[0].step : 0, kept.length ? kept[kept.length - 1].step : 0],
      changes: game.changes.slice(0, game.done), criticSteps: game.criticSteps, generatorSteps: game.generatorSteps, plain: game.plain, frozen: game.frozen, memory: kept.length * sizeOf(game),
      dials: Object.fromEntries(Object.entries(game.dials).map(([key, one]) => [key, one.data[0]])) },
    Object.values(seen).map((one) => one.buffer));
    unseen++;
  }

  // The objective's optimal critic against what the critic trains on: the live generator's points, not those of an averaged one.
  async function best(game, samples) {
    const { average } = game.places, live = { ...game.state };
    if (average) live[average] = game.state[game.places.generator];
    const shown = average ? (await watchedAs({ ...game, state: live }, {})).samples : samples;
    const given = { points: game.windows.scores, real: game.windows.some, fake: shown.slice(0, 2 * game.watched.samples) };
    return (await watchedAs(game, given, "optimum")).optimal;
  }

  // What curves and the diagnosis ask for, of the state as it is.
  async function gauge(game) {
    const begun = performance.now(), found = await watchedAs(game, game.gauged, "gauge"), apart = await divergences(game.windows.judged, found.samples);
    postMessage({ told: "gauge", game: game.id, step: stepOf(game), report: reportOf(game), ...found, ...apart, took: performance.now() - begun });
  }

  // Of two clouds of as many points as are judged, both blurred alike; of such that are nowhere none.
  async function divergences(real, fake) {
    if (!fake.every(Number.isFinite)) return {};
    const given = { real, fake }, out = await run(shared.divergence, (port, type, shape) => tensor(type, given[port.slice(3)], shape));
    return Object.fromEntries(Object.entries(out).map(([port, one]) => [port.replace("next seen/", ""), one.data[0]]));
  }

  const reportOf = (game) => Object.fromEntries(Object.entries(game.told).map(([name, place]) => [name, Number(game.state[place].data[0])]));

  const isOver = (game) => game.diverged || stepOf(game) >= game.until || stepOf(game) >= Number(game.dials.steps.data[0]);

  // --- playing ---

  const channel = new MessageChannel(), resumed = [];
  channel.port1.onmessage = () => resumed.shift()();
  const breathe = () => new Promise((resolve) => { resumed.push(resolve); channel.port2.postMessage(0); });
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let rate = 0, looks = 6, cost = 0, busy = Promise.resolve(); // steps a second; ms that looks take, and a step

  // One thing at a time, in order: models run between messages too.
  const inTurn = (work) => (busy = busy.then(work).catch((error) => postMessage({ told: "fault", words: String(error && error.message || error) })));

  async function loop() {
    looping = true;
    let due = 0, last = performance.now(), counted = 0, since = last;
    while (playing) {
      const begun = performance.now();
      due = speed === Infinity ? Infinity : Math.min(due + speed * (begun - last) / 1000, Math.max(speed / 4, 1));
      last = begun;
      await inTurn(async () => {
        const alive = () => [...games.values()].filter((game) => !isOver(game));
        let some = 0;
        for (const train = Math.max(FRAME - looks, looks); due >= 1 && performance.now() - begun < train && alive().length; due--) {
          for (const game of alive()) {
            await (slow ? subStep(game) : game.sub ? finished(game) : step(game));
            game.unlooked = true;
          }
          some++;
        }
        const looking = performance.now();
        if (some) cost += ((looking - begun) / some - cost) * (cost ? 0.1 : 1);
        counted += some;
        for (const game of games.values()) keep(game);
        for (const game of inTurns()) {
          if (!game.unlooked || !isOver(game) && (unseen >= 2 * games.size || performance.now() - looking > LOOK)) continue;
          await look(game, "play");
          game.seen = looking;
        }
        looks += (performance.now() - looking - looks) * 0.2;
        if (!alive().length) { playing = false; postMessage({ told: "rest" }); }
      });
      const now = performance.now();
      if (now - since > 500) { rate = counted * 1000 / (now - since); counted = 0; since = now; }
      if (now - begun < FRAME - 2 && speed !== Infinity) await sleep(FRAME - (now - begun)); else await breathe();
    }
    looping = false;
    await inTurn(async () => { for (const game of games.values()) await look(game, "stands"); }); // the map of where it stands
  }

  // The games, those first that were not looked at for longest.
  const inTurns = () => [...games.values()].sort((a, b) => (a.seen || 0) - (b.seen || 0));

  // --- slow motion: the parts of each move of a step, one at a time ---

  const PARTS = ["sample", "judge", "loss", "pull", "update"];

  async function subStep(game) {
    if (!game.sub) await begun(game);
    const moves = movesOf(game), [name, place] = moves[Math.floor(game.sub / PARTS.length)] || [], part = PARTS[game.sub % PARTS.length];
    if (!name) { game.sub = 0; return step(game); }
    if (part === "sample") game.slow = { move: name, place, ...(await batch(game, place)) };
    Object.assign(game.slow, { part, of: moves.length, which: Math.floor(game.sub / PARTS.length) });
    if (part === "update") {
      await move(game, name, place);
      game.slow.now = (await batch(game, place, stepOf(game) - (name === "step" ? 1 : 0))).fake;
    }
    game.sub = (game.sub + 1) % (PARTS.length * moves.length);
    if (!game.sub && name !== "step") await over(game);
  }

  // A step that was begun in slow motion is played to its end.
  async function ended(game) { while (game.sub) await subStep(game); }

  async function finished(game) {
    await ended(game);
    game.slow = null;
  }

  // The points that a move sees, and how the critic pulls at the generated ones.
  async function batch(game, place, at) {
    const step = at === undefined ? stepOf(game) : at, rows = game.batch, names = [...game.codes, "latent"];
    const parts = names.map((name) => [drawn(game, name, rows * game.draws[name][1], step, place), game.draws[name][1]]);
    const latents = game.windows.latents.slice(), width = parts.reduce((sum, [, columns]) => sum + columns, 0);
    for (let i = 0; i < rows; i++) {
      let shift = i * width;
      for (const [numbers, columns] of parts) { for (let c = 0; c < columns; c++) latents[shift++] = numbers[i * columns + c]; }
    }
    const last = parts[parts.length - 1], latent = firstTwo(last[0], last[1], last[1]);
    const seen = await watchedAs(game, { latents }), fake = seen.samples.slice(0, 2 * rows), slopes = game.windows.slopes.slice();
    slopes.set(fake.subarray(0, slopes.length));
    const pulled = await watchedAs(game, { latents, slopes }, "map");
    return { real: drawn(game, "real", 2 * rows, step, place), latent, fake, pull: pulled.slopes.slice(0, Math.min(2 * rows, slopes.length)) };
  }

  // --- messages ---

  const ACTS = {
    async engine({ packed, loader, models }) {
      const whole = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
      ort.env.wasm.wasmBinary = await new Response(whole).arrayBuffer();
      ort.env.wasm.numThreads = 1;
      ort.env.wasm.proxy = false;
      ort.env.logLevel = "error";
      ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(new Blob([loader], { type: "text/javascript" })) };
      for (const name in models) shared[name] = { ...models[name], session: await session(models[name].bytes) };
      postMessage({ told: "ready" });
    },
    async open({ setup }) {
      const game = { ...setup, models: {}, history: [], every: 1, done: 0, extra: [], extras: 0, state: {}, dials: {}, held: {}, plain: {},
        until: setup.until === undefined || setup.until === null ? Infinity : setup.until, diverged: false, costs: {}, sub: 0, slow: null };
      opening = game;
      for (const name in setup.models) game.models[name] = { ...setup.models[name], session: await session(setup.models[name].bytes) };
      for (const place in setup.state) {
        const { size, wide, player, number, shape } = setup.state[place];
        const numbers = player ? setup.starts[player] : new (wide ? Float64Array : Float32Array)(size).fill(number === null ? NaN : number);
        game.state[place] = tensor(wide ? "float64" : "float32", numbers, shape);
      }
      for (const key in setup.dials) game.dials[key] = tensor("float64", [setup.dials[key]], []);
      for (const player in setup.held) game.held[player] = tensor("float32", setup.held[player], game.state[game.places[player]].dims);
      game.fed = fedTo(game);
      rewatch(game);
      games.set(game.id, game);
      opening = null;
      unseen = 0;
      apply(game);
      keep(game);
      await look(game, "open");
    },
    async close({ id }) { games.delete(id); unseen = 0; }, // what was shown of a closed game nobody says that it was seen
    async set({ id, key, value }) { await changed(games.get(id), key, value); if (!playing) await look(games.get(id), "set"); },
    async once({ id, what }) {
      const game = games.get(id);
      if (what === "part") await subStep(game);
      else if (what === "step" || game.models.step) { if (game.sub) await finished(game); else { game.slow = null; await step(game); } }
      else { await changed(game, "only", what); await begun(game); }
      keep(game);
      await look(game, "once");
    },
    async pool({ id, pool, windows }) { // another target: like all that the visitor does it comes between steps
      const game = games.get(id);
      await ended(game);
      game.slow = null;
      Object.assign(game, { pool, windows });
      rewatch(game);
      await look(game, "pool");
    },
    async again({ id }) { if (games.has(id)) await look(games.get(id), "ends"); },
    async gauge({ id }) { if (games.has(id)) await gauge(games.get(id)); },
    async density({ id }) {
      const { scores, some } = games.get(id).windows, given = { points: scores, cloud: some };
      const out = await run(shared.density, (port, type, shape) => tensor(type, given[port.slice(3)], shape));
      postMessage({ told: "density", values: Float32Array.from(Object.values(out)[0].data) });
    },
    async floor({ id, real, clouds }) {
      const found = [];
      for (const cloud of clouds) found.push(await divergences(real, cloud));
      postMessage({ told: "lowest", game: id, found });
    },
    async seek({ id, step: wanted }) { seek(games.get(id), wanted); await look(games.get(id), "seek"); },
    async until({ id, step: wanted }) { games.get(id).until = wanted === null ? Infinity : wanted; },
    async ends({ id, ends, duals }) {
      const game = games.get(id);
      if (!game) return;
      const given = { "at/points": game.windows.scores, "at/ends": ends, "at/duals": duals };
      const found = await run(shared.potential, (port, type, shape) => tensor(type, given[port], shape));
      game.optimal = Float32Array.from(Object.values(found)[0].data);
      if (!playing) await look(game, "ends");
    },
    async load({ id, state }) { // for tests: a state from outside
      const game = games.get(id);
      for (const place in state) game.state[place] = tensor(game.state[place].type, Float32Array.from(state[place]), game.state[place].dims);
    },
    async probe({ id, feeds, name }) { // for tests: a move on numbers from outside
      const game = games.get(id);
      const out = await run(game.models[name], feeding(game, game.fed[name], (law, type, shape) => tensor(type, Float32Array.from(feeds["draw/" + law]), shape)));
      for (const port in out) game.state[port.slice(5)] = out[port];
      if (name === "generator") await over(game);
      postMessage({ told: "probed", state: Object.fromEntries(Object.entries(game.state).map(([place, one]) => [place, Array.from(one.data)])) });
    },
  };

  // Latents to watch, and behind them a mesh over the first two columns of those that are not codes. Classes are those of the
  // real points beside them.
  function watched(game, { samples, mesh }, labels) {
    const names = [...game.codes, "latent"], columns = names.map((name) => game.draws[name][1]);
    const width = columns.reduce((a, b) => a + b, 0), rows = samples + mesh * mesh, out = new Float32Array(rows * width);
    let shift = 0;
    names.forEach((name, k) => {
      const numbers = game.draws[name][0] === "labels" ? classes(labels, samples, columns[k]) : drawn(game, name, samples * columns[k], 0, EXTRA - 1);
      for (let i = 0; i < samples; i++) for (let c = 0; c < columns[k]; c++) out[i * width + shift + c] = numbers[i * columns[k] + c];
      for (let i = 0; i < mesh * mesh; i++) {
        const at = (samples + i) * width + shift, place = [i % mesh, Math.floor(i / mesh)].map((one) => (2 * one / (mesh - 1) - 1) * (game.draws.latent[0] === "normal" ? 2 : 1));
        if (name !== "latent") out[at] = 1;
        else for (let c = 0; c < Math.min(columns[k], 2); c++) out[at + c] = place[c];
      }
      shift += columns[k];
    });
    return { numbers: out, width };
  }

  function classes(labels, rows, columns) {
    const out = new Float32Array(rows * columns);
    for (let i = 0; i < rows; i++) out[i * columns + labels[i % labels.length]] = 1;
    return out;
  }

  // The first two of the last `own` columns, as places of the plane.
  function firstTwo(numbers, width, own) {
    const out = new Float32Array(2 * numbers.length / width);
    for (let i = 0; i < out.length; i++) out[i] = i % 2 < own ? numbers[Math.floor(i / 2) * width + width - own + i % 2] : 0;
    return out;
  }

  // What looks and gauges are fed, and which kind each watched point is of.
  function rewatch(game) {
    const { samples, judged } = game.watched, { kinds, windows } = game, { numbers, width } = watched(game, game.watched, windows.realLabels);
    windows.latents = numbers;
    postMessage({ told: "latents", game: game.id, places: firstTwo(numbers, width, game.draws.latent[1]) });
    game.gauged = { latents: watched(game, { samples: judged, mesh: 0 }, windows.judgedLabels).numbers, real: windows.judged };
    if (!kinds) return;
    const most = (i) => { const row = numbers.subarray(i * width + kinds.start, i * width + kinds.stop); return row.indexOf(Math.max(...row)); };
    const of = kinds.makers.length ? kinds.makers : Array.from({ length: samples }, (_, i) => most(i));
    postMessage({ told: "kinds", game: game.id, word: kinds.word, of });
  }

  self.onmessage = ({ data }) => {
    if (data.do === "seen") { unseen = Math.max(unseen - 1, 0); return; }
    if (data.do === "wanted") { wanted = data; for (const game of games.values()) game.unlooked = true; return; }
    if (data.do === "speed") { speed = data.slow ? data.speed : data.speed || Infinity; slow = Boolean(data.slow); return; }
    if (data.do === "pause") { playing = false; return; }
    if (data.do === "play") {
      inTurn(async () => { playing = true; if (!looping) loop(); });
      return;
    }
    inTurn(() => ACTS[data.do](data));
  };
};

// A worker whose script is a function, behind some text, with what else of the page it calls.
lab.workerOf = function (made, before, ...called) {
  const own = called.map((name) => `lab.${name} = ${lab[name]};\n`);
  const source = [before || "", "\nconst lab = {};\n", ...own, "(", made.toString(), ")();"];
  return new Worker(URL.createObjectURL(new Blob(source, { type: "text/javascript" })));
};
