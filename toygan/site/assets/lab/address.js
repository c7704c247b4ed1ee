// The whole experiment as what stands behind # in the address, and back. Parts that are unknown or broken are left out, and named.
"use strict";
(function () {
  const PLAIN = { s: "scenario", m: "method", z: "size", l: "lesson", v: "view", lang: "language", n: "latent" };
  const MOST_MOVES = 100, ANY = { frozen: /^(none|critic|generator)$/, kick: /^(critic|generator|move)$/, only: /^(critic|generator)$/, critic_optimiser: /^(own|descent)$/, generator_optimiser: /^(own|descent)$/ };

  // [step, key, value] as step*key*value with ~ for dots in keys.
  const coded = (value) => String(value).replace("-", "m").replace(".", "p").replace("+", "");
  const decoded = (text) => (text === "" || text === undefined ? NaN : Number(text.replace("m", "-").replace("p", ".")));
  const packedChange = ([step, key, value]) => [step, key.replace(/\./g, "~"), coded(value)].join("*");
  function change(text) {
    const [step, name, value, more] = text.split("*"), key = (name || "").replace(/~/g, "."), number = decoded(value);
    if (more !== undefined || !/^\d+$/.test(step) || !/^[a-z]\w*(\.\w+)*$/.test(key)) return null;
    if (key in ANY) return ANY[key].test(value || "") ? [Number(step), key, value] : null;
    if (/^(critic|generator)_steps$/.test(key) && !(Number.isInteger(number) && number >= 1 && number <= MOST_MOVES)) return null;
    return Number.isFinite(number) ? [Number(step), key, number] : null;
  }

  lab.addressOf = function (experiment) {
    const parts = new URLSearchParams();
    for (const key in PLAIN) if (experiment[PLAIN[key]]) parts.set(key, experiment[PLAIN[key]]);
    if (experiment.players) parts.set("net", [experiment.players.generator, experiment.players.critic].flatMap(({ layers, width }) => [layers, width]).concat(experiment.players.inputs).join("*"));
    if (experiment.seed) parts.set("seed", experiment.seed);
    if (experiment.step) parts.set("step", experiment.step);
    if (experiment.changes && experiment.changes.length) parts.set("c", experiment.changes.map(packedChange).join("!"));
    if (experiment.beside && experiment.beside.length) parts.set("b", experiment.beside.map(({ method, seed }) => `${method}*${seed}`).join("!"));
    if (experiment.hidden && experiment.hidden.length) parts.set("hide", experiment.hidden.join("!"));
    if (experiment.drawn && experiment.drawn.length) parts.set("p", packedPoints(experiment.drawn, experiment.box));
    if (experiment.density) parts.set("d", packedDensity(experiment.density, experiment.box));
    if (experiment.moved && experiment.moved.length) parts.set("mv", experiment.moved.map(([k, x, y]) => [k, coded(x.toFixed(3)), coded(y.toFixed(3))].join("*")).join("!"));
    return "#" + parts.toString();
  };

  const beside = (text) => { const [method, seed, more] = text.split("*"); return method && /^\d*$/.test(seed || "") && more === undefined ? { method, seed: Number(seed) || 0 } : null; };
  const moved = (text) => { const found = text.split("*").map(decoded); return found.length === 3 && found.every(Number.isFinite) ? found : null; };

  function playersIn(text) {
    const [l, w, k, v, inputs, ...more] = text.split("*").map(decoded);
    return more.length || ![l, w, k, v, inputs].every(Number.isInteger) ? null : { generator: { layers: l, width: w }, critic: { layers: k, width: v }, inputs };
  }

  // How each part is read: what it says of an experiment; null where it is broken.
  const listed = (name, of) => (text, broken) => {
    const found = text.split("!").map(of);
    if (found.includes(null)) broken();
    return { [name]: found.filter(Boolean) };
  };
  const whole = (name) => (text) => (/^\d{1,15}$/.test(text) ? { [name]: Number(text) } : null);
  const READ = {
    ...Object.fromEntries(Object.entries(PLAIN).map(([key, name]) => [key, (text) => ({ [name]: text })])),
    seed: whole("seed"), step: whole("step"), c: listed("changes", change), b: listed("beside", beside), mv: listed("moved", moved), hide: listed("hidden", (part) => part),
    net: (text) => { const players = playersIn(text); return players && { players }; }, p: pointsIn, d: densityIn,
  };

  lab.experimentOf = function (hash) {
    const found = {}, broken = new Set();
    for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
      const part = Object.hasOwn(READ, key) && text ? READ[key](text, () => broken.add(key)) : null;
      if (part && Object.keys(part).length) Object.assign(found, part); else broken.add(key);
    }
    return broken.size ? { ...found, broken: [...broken] } : found;
  };

  // A density behind its box: a byte for each stretch of equal values, the value below and its length, at most 16, above.
  function packedDensity(density, box) {
    const out = [...new Uint8Array(Float32Array.from(box).buffer)];
    for (let i = 0, n; i < density.length; i += n) {
      for (n = 1; n < 16 && density[i + n] === density[i];) n++;
      out.push(density[i] | (n - 1) << 4);
    }
    return lab.toText(Uint8Array.from(out));
  }

  function densityIn(text) {
    try {
      const bytes = lab.fromText(lab.plainText(text)), box = [...new Float32Array(bytes.slice(0, 16).buffer)], values = [];
      for (const one of bytes.subarray(16)) for (let n = 0; n <= one >> 4; n++) values.push(one & 15);
      return box.every(Number.isFinite) && box[1] > box[0] && box[3] > box[2] && values.length === 48 * 48 && values.some(Boolean) ? { density: Uint8Array.from(values), box } : {};
    } catch (_) { return {}; }
  }

  // Drawn points in 10 bits of the view, which comes first as four 32-bit floats.
  function packedPoints(points, box) {
    const codes = new Uint16Array(points.length);
    for (let i = 0; i < points.length; i++) {
      const low = box[i % 2 ? 2 : 0], high = box[i % 2 ? 3 : 1];
      codes[i] = Math.round(1023 * Math.min(Math.max((points[i] - low) / (high - low), 0), 1));
    }
    const bits = new Uint8Array(16 + Math.ceil(codes.length * 10 / 8));
    bits.set(new Uint8Array(Float32Array.from(box).buffer));
    codes.forEach((code, i) => { for (let k = 0; k < 10; k++) if (code >> k & 1) bits[16 + ((10 * i + k) >> 3)] |= 1 << ((10 * i + k) & 7); });
    return lab.toText(bits);
  }

  function pointsIn(text) {
    try {
      const bits = lab.fromText(lab.plainText(text)), box = [...new Float32Array(bits.slice(0, 16).buffer)];
      const count = 2 * Math.floor((bits.length - 16) * 8 / 20), points = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        let code = 0;
        for (let k = 0; k < 10; k++) code |= (bits[16 + ((10 * i + k) >> 3)] >> ((10 * i + k) & 7) & 1) << k;
        const low = box[i % 2 ? 2 : 0], high = box[i % 2 ? 3 : 1];
        points[i] = low + code / 1023 * (high - low);
      }
      return box.every(Number.isFinite) && box[1] > box[0] && box[3] > box[2] && count ? { drawn: [...points], box } : {};
    } catch (_) { return {}; }
  }

  // Numbers as a command and a person write them.
  lab.short = function (value) {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    const size = Math.abs(value);
    return size && (size < 1e-3 || size >= 1e6) ? Number(value).toExponential(1).replace("e+", "e") : String(Number(Number(value).toPrecision(3)));
  };

  // What `toygan run` has to be told for the same game, as far as a command can say it: dials as they are now.
  lab.commandOf = function (experiment, { scenario, game, dials, criticSteps, size, measured, plain, onlyHere }) {
    const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`);
    const words = ["toygan run", experiment.drawn ? "drawn.toml" : quoted(scenario.said), "-m", quoted(experiment.method)];
    const pairs = {};
    for (const key in dials) if (Math.abs(dials[key] - game.dials[key]) > 1e-9 * Math.abs(game.dials[key])) pairs[key] = dials[key];
    delete pairs.steps;
    const isPlain = plain.critic && (plain.generator || game.models.step); // else it is the page's alone
    if (isPlain) ["betas.0", "betas.1", "epsilon"].forEach((key) => delete pairs[key]);
    const betas = ["betas.0", "betas.1"];
    if (betas.some((key) => key in pairs)) {
      words.push("--set", `'method.betas=[${betas.map((key) => floats(dials[key])).join(", ")}]'`);
      betas.forEach((key) => delete pairs[key]);
    }
    const { players } = experiment, cut = players && ["generator", "critic"].flatMap((name) => [`${name}.width=${players[name].width}`, `${name}.depth=${players[name].layers}`]);
    const settings = players ? [...measured.settings, ...cut, `generator.latent_dim=${players.inputs}`] : experiment.drawn ? [] : scenario.settings[size];
    for (const one of settings) words.push("--set", one);
    for (const key in pairs) words.push("--set", `method.${key}=${floats(pairs[key])}`);
    if (criticSteps !== game.critic_steps && !game.models.step) words.push("--set", `method.critic_steps=${criticSteps}`);
    if (experiment.latent || players) words.push("--set", `generator.latent=${experiment.latent || "normal"}`);
    if (isPlain) words.push("--set", "method.optimiser=descent");
    words.push("--steps", String(dials.steps));
    if (experiment.seed) words.push("--set", `'training.seeds=[${experiment.seed}]'`);
    return words.join(" ") + (onlyHere ? "  # " + onlyHere : "");
  };
  const floats = (value) => { const short = String(Number(value.toPrecision(6))); return /[.e]/.test(short) ? short : short + ".0"; };
})();
