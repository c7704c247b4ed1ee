// The trainer: a function that becomes a worker's whole script, behind the runtime's. It knows no game: it feeds models by
// the names of their inputs from a state, from random numbers and from dials, and puts outputs back into the state.
"use strict";
lab.trainer = function () {
  const games = new Map(), sessions = new Map();
  const FRAME = 33, TRAIN = 26; // ms from look to look, and of them for moves
  const GENERATOR = 1 << 20, EXTRA = 1 << 21; // which move of a step random numbers are for
  let potential = null, playing = false, looping = false, unseen = 0, speed = Infinity, slow = false, budget = 64 << 20;

  // --- random numbers: a function of (seed, name, step, move) ---

  function mixed(...numbers) {
    let h = 0x9e3779b9;
    for (const number of numbers) {
      h = Math.imul(h ^ number, 0x85ebca6b);
      h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
      h ^= h >>> 16;
    }
    return h | 0;
  }

  const named = (name) => [...name].reduce((h, letter) => Math.imul(h ^ letter.charCodeAt(0), 16777619), 2166136261);

  // Uniform numbers from 0 to below 1 (Doty-Humphrey's small fast counting generator).
  function stream(...place) {
    let a = mixed(1, ...place), b = mixed(2, ...place), c = mixed(3, ...place), counter = 1;
    function next() {
      const t = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + t) | 0;
      return (t >>> 0) / 4294967296;
    }
    for (let i = 0; i < 12; i++) next();
    return next;
  }

  const LAWS = {
    uniform: (next, out) => { for (let i = 0; i < out.length; i++) out[i] = next(); },
    zero: () => {},
    normal: (next, out) => {
      for (let i = 0; i < out.length; i += 2) {
        const radius = Math.sqrt(-2 * Math.log(1 - next())), angle = 2 * Math.PI * next();
        out[i] = radius * Math.cos(angle);
        if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
      }
    },
    "one-hot": (next, out, columns) => { for (let i = 0; i < out.length; i += columns) out[i + Math.floor(next() * columns)] = 1; },
    real: (next, out, columns, pool) => {
      for (let i = 0, n = pool.length / 2; i < out.length; i += 2) {
        const at = 2 * Math.floor(next() * n);
        out[i] = pool[at];
        out[i + 1] = pool[at + 1];
      }
    },
  };

  function drawn(game, name, count, step, move) {
    const out = new Float32Array(count), [law, columns] = game.draws[name];
    LAWS[law](stream(game.seed, named(name), step, move), out, columns, game.pool);
    return out;
  }

  // --- models ---

  const product = (shape) => shape.reduce((a, b) => a * b, 1);

  async function session(bytes) {
    let hash = bytes.length;
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 16777619);
    const key = bytes.length + "/" + hash;
    if (!sessions.has(key)) {
      if (sessions.size > 40) {
        const [first, old] = sessions.entries().next().value;
        sessions.delete(first);
        if (![...games.values()].some((game) => Object.values(game.models).some((model) => model.session === old))) await old.release();
      }
      sessions.set(key, await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], graphOptimizationLevel: "all" }));
    }
    return sessions.get(key);
  }

  const tensor = (type, numbers, shape) => new ort.Tensor(type, type === "float64" ? Float64Array.from(numbers) : numbers, shape);

  async function run(model, find) {
    const feeds = {};
    for (const [name, type, shape] of model.inputs) feeds[name] = find(name, type, shape);
    return model.session.run(feeds);
  }

  const stepOf = (game) => Number(game.state[game.places.step].data[0]);

  async function move(game, name, place) {
    const step = stepOf(game);
    const out = await run(game.models[name], (port, type, shape) => {
      if (port.startsWith("state/")) return game.state[port];
      if (port.startsWith("dials/")) return game.dials[port.slice(6)];
      return tensor(type, drawn(game, port.slice(5), product(shape), step, place), shape);
    });
    for (const port in out) game.state[port.slice(5)] = out[port];
    game.moved = name;
    moves++;
  }
  let moves = 0;

  // One step: the critics as often as is asked, then the generators; a frozen player is left out.
  async function step(game) {
    apply(game);
    for (const extra of game.extra.splice(0)) await move(game, extra, EXTRA + ++game.extras);
    if (game.models.step) return move(game, "step", 0);
    if (game.frozen !== "critic") for (let k = 0; k < game.criticSteps; k++) await move(game, "critic", k);
    if (game.frozen !== "generator") return move(game, "generator", GENERATOR);
    const counted = game.places.step;
    game.state[counted] = tensor("float64", [stepOf(game) + 1], game.state[counted].dims);
  }

  // --- what the visitor does, in the order of the steps: [step, key, value] ---

  function apply(game) {
    const now = stepOf(game);
    while (game.done < game.changes.length && game.changes[game.done][0] <= now) {
      const [, key, value] = game.changes[game.done++];
      if (key === "critic_steps") game.criticSteps = value;
      else if (key === "frozen") game.frozen = value;
      else if (key === "kick") kick(game, value);
      else if (key === "only") game.extra.push(value);
      else if (key in game.dials) game.dials[key] = tensor("float64", [value], []);
    }
  }

  // A player's parameters shaken by a share of their own size.
  function kick(game, player) {
    const place = game.places[player], old = game.state[place], fresh = new Float32Array(old.data.length);
    LAWS.normal(stream(game.seed, named("kick"), stepOf(game), game.done), fresh);
    const size = 0.5 * Math.sqrt(old.data.reduce((sum, one) => sum + one * one, 0) / Math.max(old.data.length, 1));
    for (let i = 0; i < fresh.length; i++) fresh[i] = old.data[i] + size * fresh[i];
    game.state[place] = tensor("float32", fresh, old.dims);
  }

  function change(game, key, value) {
    const now = stepOf(game), last = game.changes[game.done - 1], again = last && last[0] === now && last[1] === key && key in game.dials;
    game.changes.length = again ? --game.done : game.done;
    game.changes.push([now, key, value]);
    forget(game);
    apply(game);
  }

  // --- history: states share what did not change, and are never written into ---

  const standing = ({ state, done, extras, dials, criticSteps, frozen }) =>
    ({ state: { ...state }, done, extras, dials: { ...dials }, criticSteps, frozen });

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
    Object.assign(game, standing(kept), { changes: kept.changes.slice(), diverged: false, until: Infinity, sub: 0 });
  }

  // --- looking ---

  async function look(game, why) {
    const out = await run(game.models.look, (port, type, shape) => {
      if (port.startsWith("state/")) return game.state[port];
      if (port.startsWith("dials/")) return game.dials[port.slice(6)];
      return tensor(type, game.windows[port.slice(3)], shape);
    });
    const seen = {};
    for (const port in out) seen[port.replace("next seen/", "")] = Float32Array.from(out[port].data);
    if (game.optimal) seen.optimal = game.optimal.slice();
    const told = {};
    for (const name in game.told) told[name] = Number(game.state[game.told[name]].data[0]);
    const kept = game.history;
    const wild = (one) => !(Math.abs(one) < game.runaway);
    game.diverged = seen.samples.some(wild) || (stepOf(game) > 0 && Object.values(told).some((one) => Math.abs(one) >= game.runaway));
    postMessage({ told: "look", game: game.id, why, step: stepOf(game), report: told, ...seen, rate, moved: game.moved,
      diverged: game.diverged, over: isOver(game), kept: [kept.length ? kept[0].step : 0, kept.length ? kept[kept.length - 1].step : 0],
      changes: game.changes.slice(0, game.done), criticSteps: game.criticSteps, frozen: game.frozen, memory: kept.length * sizeOf(game),
      dials: Object.fromEntries(Object.entries(game.dials).map(([key, one]) => [key, one.data[0]])) },
    Object.values(seen).map((one) => one.buffer));
    unseen++;
  }

  const isOver = (game) => game.diverged || stepOf(game) >= game.until || stepOf(game) >= Number(game.dials.steps.data[0]);

  // --- playing ---

  const channel = new MessageChannel(), resumed = [];
  channel.port1.onmessage = () => resumed.shift()();
  const breathe = () => new Promise((resolve) => { resumed.push(resolve); channel.port2.postMessage(0); });
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let rate = 0, busy = Promise.resolve();

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
        while (due >= 1 && performance.now() - begun < TRAIN && alive().length) {
          for (const game of alive()) await (slow ? subStep(game) : step(game));
          due--;
          counted++;
        }
        for (const game of games.values()) {
          keep(game);
          if (unseen < 2 * games.size || isOver(game)) await look(game, "play");
        }
        if (!alive().length) { playing = false; postMessage({ told: "rest" }); }
      });
      const now = performance.now();
      if (now - since > 500) { rate = counted * 1000 / (now - since); counted = 0; since = now; }
      if (now - begun < FRAME - 2 && speed !== Infinity) await sleep(FRAME - (now - begun)); else await breathe();
    }
    looping = false;
  }

  // Slow motion: one move at a time.
  async function subStep(game) {
    if (game.models.step) return step(game);
    if (game.sub === undefined || game.sub > game.criticSteps) game.sub = 0;
    if (game.sub === 0) apply(game);
    if (game.sub < game.criticSteps && game.frozen !== "critic") await move(game, "critic", game.sub);
    else if (game.sub >= game.criticSteps && game.frozen !== "generator") await move(game, "generator", GENERATOR);
    game.sub++;
  }

  // --- messages ---

  const ACTS = {
    async engine({ text, loader, model }) {
      const letters = atob(text), packed = new Uint8Array(letters.length);
      for (let i = 0; i < letters.length; i++) packed[i] = letters.charCodeAt(i);
      const whole = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
      ort.env.wasm.wasmBinary = await new Response(whole).arrayBuffer();
      ort.env.wasm.numThreads = 1;
      ort.env.wasm.proxy = false;
      ort.env.logLevel = "error";
      ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(new Blob([loader], { type: "text/javascript" })) };
      potential = { ...model, session: await session(model.bytes) };
      postMessage({ told: "ready" });
    },
    async open({ setup }) {
      const game = { ...setup, models: {}, history: [], every: 1, done: 0, extra: [], extras: 0, state: {}, dials: {},
        until: setup.until === undefined || setup.until === null ? Infinity : setup.until, diverged: false };
      for (const name in setup.models) game.models[name] = { ...setup.models[name], session: await session(setup.models[name].bytes) };
      for (const place in setup.state) {
        const { size, wide, player, number, shape } = setup.state[place];
        const numbers = player ? setup.starts[player] : new (wide ? Float64Array : Float32Array)(size).fill(number === null ? NaN : number);
        game.state[place] = tensor(wide ? "float64" : "float32", numbers, shape);
      }
      for (const key in setup.dials) game.dials[key] = tensor("float64", [setup.dials[key]], []);
      game.windows = { ...setup.windows, latents: watched(game, setup.watched) };
      games.set(game.id, game);
      unseen = 0;
      apply(game);
      keep(game);
      await look(game, "open");
    },
    async close({ id }) { games.delete(id); unseen = 0; }, // what was shown of a closed game nobody says that it was seen
    async set({ id, key, value }) { change(games.get(id), key, value); if (!playing) await look(games.get(id), "set"); },
    async once({ id, what }) {
      const game = games.get(id);
      if (what === "step" || game.models.step) await step(game);
      else { change(game, "only", what); for (const extra of game.extra.splice(0)) await move(game, extra, EXTRA + ++game.extras); }
      keep(game);
      await look(game, "once");
    },
    async pool({ id, pool, real }) {
      const game = games.get(id);
      game.pool = pool;
      game.windows.real = real;
      await look(game, "pool");
    },
    async seek({ id, step: wanted }) { seek(games.get(id), wanted); await look(games.get(id), "seek"); },
    async until({ id, step: wanted }) { games.get(id).until = wanted === null ? Infinity : wanted; },
    async ends({ id, ends, duals }) {
      const game = games.get(id);
      if (!game) return;
      const given = { "at/points": game.windows.scores, "at/ends": ends, "at/duals": duals };
      const found = await run(potential, (port, type, shape) => tensor(type, given[port], shape));
      game.optimal = Float32Array.from(Object.values(found)[0].data);
      if (!playing) await look(game, "ends");
    },
    async load({ id, state }) { // for tests: a state from outside
      const game = games.get(id);
      for (const place in state) game.state[place] = tensor(game.state[place].type, Float32Array.from(state[place]), game.state[place].dims);
    },
    async probe({ id, feeds, name }) { // for tests: a move on numbers from outside
      const game = games.get(id);
      const out = await run(game.models[name], (port, type, shape) => (feeds[port] ? tensor(type, Float32Array.from(feeds[port]), shape) :
        port.startsWith("dials/") ? game.dials[port.slice(6)] : game.state[port]));
      for (const port in out) game.state[port.slice(5)] = out[port];
      postMessage({ told: "probed", state: Object.fromEntries(Object.entries(game.state).map(([place, one]) => [place, Array.from(one.data)])) });
    },
  };

  // Latents to watch, and behind them a mesh over the first two columns of those that are not codes.
  function watched(game, { samples, mesh }) {
    const names = [...game.codes, "latent"], columns = names.map((name) => game.draws[name][1]);
    const width = columns.reduce((a, b) => a + b, 0), rows = samples + mesh * mesh, out = new Float32Array(rows * width);
    let shift = 0;
    names.forEach((name, k) => {
      const numbers = drawn(game, name, samples * columns[k], 0, EXTRA - 1);
      for (let i = 0; i < samples; i++) for (let c = 0; c < columns[k]; c++) out[i * width + shift + c] = numbers[i * columns[k] + c];
      for (let i = 0; i < mesh * mesh; i++) {
        const at = (samples + i) * width + shift, place = [i % mesh, Math.floor(i / mesh)].map((one) => 4 * one / (mesh - 1) - 2);
        if (name !== "latent") out[at] = 1;
        else for (let c = 0; c < Math.min(columns[k], 2); c++) out[at + c] = place[c];
      }
      shift += columns[k];
    });
    return out;
  }

  self.onmessage = ({ data }) => {
    if (data.do === "seen") { unseen = Math.max(unseen - 1, 0); return; }
    if (data.do === "speed") { speed = data.slow ? data.speed : data.speed || Infinity; slow = Boolean(data.slow); return; }
    if (data.do === "pause") { playing = false; return; }
    if (data.do === "play") {
      inTurn(async () => { playing = true; if (!looping) loop(); });
      return;
    }
    inTurn(() => ACTS[data.do](data));
  };
};

// A worker whose script is a function, behind some text.
lab.workerOf = function (made, before) {
  const source = [before || "", "\n(", made.toString(), ")();"];
  return new Worker(URL.createObjectURL(new Blob(source, { type: "text/javascript" })));
};
