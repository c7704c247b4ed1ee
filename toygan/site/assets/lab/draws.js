// Random numbers of a game: a function of (seed, name, step, move). Part of the trainer's script.
"use strict";
lab.draws = function () {
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

  function chosen(next, out, points) {
    for (let i = 0, n = points.length / 2; i < out.length; i += 2) {
      const at = 2 * Math.floor(next() * n);
      out[i] = points[at];
      out[i + 1] = points[at + 1];
    }
  }

  const LAWS = {
    uniform: (next, out) => { for (let i = 0; i < out.length; i++) out[i] = next(); },
    symmetric: (next, out) => { for (let i = 0; i < out.length; i++) out[i] = 2 * next() - 1; },
    zero: () => {},
    // Evenly on the sphere whose radius is the root of the dimension.
    sphere: (next, out, columns) => {
      LAWS.normal(next, out);
      for (let i = 0; i < out.length; i += columns) {
        const point = out.subarray(i, i + columns), length = Math.hypot(...point);
        point.forEach((one, c) => { point[c] = one * Math.sqrt(columns) / length; });
      }
    },
    normal: (next, out) => {
      for (let i = 0; i < out.length; i += 2) {
        const radius = Math.sqrt(-2 * Math.log(1 - next())), angle = 2 * Math.PI * next();
        out[i] = radius * Math.cos(angle);
        if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
      }
    },
    "one-hot": (next, out, columns) => { for (let i = 0; i < out.length; i += columns) out[i + Math.floor(next() * columns)] = 1; },
    real: (next, out, columns, game) => chosen(next, out, game.pool),
    source: (next, out, columns, game) => chosen(next, out, game.source),
    // The classes of the very points that the law "real" gives of the same numbers.
    labels: (next, out, columns, game) => {
      for (let i = 0, n = game.labels.length; i < out.length; i += columns) out[i + game.labels[Math.floor(next() * n)]] = 1;
    },
  };

  // Numbers of a name; where only the first `used` columns are, the others are zero.
  function drawn(game, name, count, step, move) {
    const [law, columns, used] = game.draws[name], kept = used || columns, out = new Float32Array(count / columns * kept);
    LAWS[law](stream(game.seed, named(law === "labels" ? "real" : name), step, move), out, kept, game);
    if (kept === columns) return out;
    const wide = new Float32Array(count);
    for (let i = 0; i < out.length; i++) wide[Math.floor(i / kept) * columns + i % kept] = out[i];
    return wide;
  }

  return { stream, named, normal: LAWS.normal, drawn };
};
