// First parameters: Python's own, made of the same uniform numbers of the same streams, which are numpy's (SeedSequence and
// PCG64; O'Neill, 2014). What is made of them comes as data.
"use strict";
(function () {
  // Whole numbers as 32-bit words, the lowest first.
  const wordsOf = (numbers) => numbers.flatMap((n) => (n < 2 ** 32 ? [n] : [n % 2 ** 32, Math.floor(n / 2 ** 32)]));

  function pool(words) {
    let constant = 0x43b0d7e5;
    const mixed = [];
    const hashed = (value) => {
      value ^= constant;
      constant = Math.imul(constant, 0x931e8875);
      value = Math.imul(value, constant);
      return value ^ (value >>> 16);
    };
    const joined = (x, y) => { const z = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) | 0; return z ^ (z >>> 16); };
    for (let i = 0; i < 4; i++) mixed.push(hashed(words[i] || 0));
    for (let from = 0; from < 4; from++) for (let to = 0; to < 4; to++) if (from !== to) mixed[to] = joined(mixed[to], hashed(mixed[from]));
    for (const more of words.slice(4)) for (let to = 0; to < 4; to++) mixed[to] = joined(mixed[to], hashed(more));
    return mixed;
  }

  // Four 64-bit numbers that a generator begins with.
  function state(words) {
    const mixed = pool(words), out = [];
    let constant = 0x8b51f9dd;
    for (let i = 0; i < 8; i++) {
      let value = mixed[i % 4] ^ constant;
      constant = Math.imul(constant, 0x58f38ded);
      value = Math.imul(value, constant);
      out.push(BigInt((value ^ (value >>> 16)) >>> 0));
    }
    return [0, 2, 4, 6].map((i) => out[i] | (out[i + 1] << 32n));
  }

  const WHOLE = (1n << 128n) - 1n, HALF = (1n << 64n) - 1n, TIMES = 0x2360ed051fc65da44385df649fccf645n;

  // Uniform numbers from 0 to below 1, as `numpy.random.default_rng(numbers).random()` gives them.
  lab.uniformNumbers = function (numbers) {
    const [high, low, first, second] = state(wordsOf(numbers));
    const odd = ((((first << 64n) | second) << 1n) | 1n) & WHOLE;
    let now = ((odd + ((high << 64n) | low)) * TIMES + odd) & WHOLE;
    return function () {
      now = (now * TIMES + odd) & WHOLE;
      const turn = now >> 122n, mixed = (now >> 64n) ^ (now & HALF);
      return Number((((mixed >> turn) | (mixed << (64n - turn))) & HALF) >> 11n) / 2 ** 53;
    };
  };

  // A player's first parameters; where they had to travel, those of the seed's remainder.
  lab.firstParameters = function ({ size, entropy, draws, parts, at }, seed, bytes, seeds) {
    if (at) return lab.halves(bytes, at[0] + 2 * (seed % seeds) * size, size);
    const next = lab.uniformNumbers(entropy.map((one) => (one === null ? seed : one)));
    const drawn = draws.flatMap(([low, high, count]) => Array.from({ length: count }, () => low + (high - low) * next()));
    const out = new Float32Array(size);
    let place = 0;
    for (const [first, count, value] of parts) {
      for (let i = 0; i < count; i++) out[place++] = first === null ? value : drawn[first + i];
    }
    return out;
  };

  // A small player's first parameters, as Python would draw them, where they stand in a large one's: `numbers`, and `held`, what is
  // held of them (`toygan.session.tailored`). Layers that the small one has not got pass on what they are given.
  lab.cutToMeasure = function ({ entropy, size }, shapes, bounds, { layers, width, inputs }, seed, free) {
    const next = lab.uniformNumbers(entropy.map((one) => (one === null ? seed : one)));
    const numbers = new Float32Array(size), held = new Float32Array(size), last = shapes.length - 1;
    let at = 0;
    shapes.forEach(([, columns], l) => {
      const [into, out] = [l ? width : inputs, l === last ? columns : width], isOwn = l < layers || l === last, bound = bounds[into];
      for (let i = 0; i < into; i++) {
        for (let j = 0; j < out; j++) {
          const place = at + i * columns + j;
          numbers[place] = isOwn ? -bound + 2 * bound * next() : Number(i === j);
          held[place] = isOwn ? free : numbers[place];
        }
      }
      at += shapes[l][0] * columns;
      if (isOwn) held.fill(free, at, at + out);
      at += columns;
    });
    return { numbers, held };
  };
})();
