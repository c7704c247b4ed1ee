// Data files are scripts that call toygan.arrive(header, text): the only way in for a page opened from disk.
// What the bytes mean is written in toygan/site/pack.py.
"use strict";
const toygan = {};

(function () {
  const TOP = 4094, LEVELS = 254, REACH = 127;
  const waiting = {};

  toygan.arrive = function (header, text) {
    waiting[document.currentScript.dataset.path] = { header, text };
  };

  // The arrays of a data file by name, once it is there.
  toygan.load = function (path) {
    return new Promise(function (resolve, reject) {
      if (!window.DecompressionStream) return reject(new Error("this browser cannot unzip (DecompressionStream)"));
      if (waiting[path]) return resolve(taken(path)); // it stands in the page
      const script = document.createElement("script");
      script.dataset.path = path;
      script.src = path;
      script.onload = function () {
        script.remove();
        if (!waiting[path]) return reject(new Error(path + " is damaged"));
        resolve(taken(path));
      };
      script.onerror = () => reject(new Error(path + " is missing"));
      document.head.append(script);
    });
  };

  function taken(path) {
    const found = waiting[path];
    delete waiting[path];
    return unzipped(found.text).then((bytes) => parts(found.header, bytes));
  }

  function unzipped(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer().then((buffer) => new Uint8Array(buffer));
  }

  function parts(header, bytes) {
    const found = { frames: header.frames, modes: header.modes };
    let at = 0;
    for (const part of header.parts) {
      const size = part.shape.reduce((a, b) => a * b, part.kind === "motion" ? 2 : 1);
      const length = part.kind === "motion" ? part.shape[0] * part.shape[1] * 4 : size;
      found[part.name] = DECODERS[part.kind](bytes.subarray(at, at + length), part);
      at += length;
    }
    return found;
  }

  // Codes [T, 2, N]: 0 for none, else 1 + 4094 * share.
  function motion(bytes, part) {
    const [frames, n] = part.shape, row = 2 * n, half = bytes.length / 2;
    const codes = new Int16Array(half);
    for (let i = 0; i < half; i++) {
      const zigzag = bytes[i] | (bytes[half + i] << 8);
      const step = zigzag & 1 ? -(zigzag + 1) / 2 : zigzag / 2;
      codes[i] = step + (i < row ? 0 : codes[i - row]);
    }
    return { frames, n, codes, margin: part.low[0], top: TOP };
  }

  // Codes [T, rows, columns]: 0 for unknown, else 1 + 254 * (value - low) / (high - low).
  function field(bytes, part) {
    const [frames, rows, columns] = part.shape, size = rows * columns;
    const codes = new Uint8Array(bytes);
    for (let i = size; i < codes.length; i++) codes[i] += codes[i - size];
    for (let t = 0; t < frames; t++) {
      const start = t * size;
      for (let i = start + columns; i < start + size; i++) codes[i] += codes[i - columns];
    }
    for (let i = 0; i < codes.length; i++) if (i % columns) codes[i] += codes[i - 1];
    return { frames, rows, columns, codes, low: part.low, high: part.high, levels: LEVELS };
  }

  // Whole numbers [T, rows, columns].
  function kinds(bytes, part) {
    const [frames, rows, columns] = part.shape, size = rows * columns, codes = new Uint8Array(bytes);
    for (let i = size; i < codes.length; i++) codes[i] += codes[i - size];
    return { frames, rows, columns, codes };
  }

  // Codes [T, rows, columns, 2]: 127 * component / high.
  function arrows(bytes, part) {
    const [frames, rows, columns] = part.shape, line = 2 * columns;
    const codes = new Uint8Array(bytes);
    for (let i = 0; i < codes.length; i++) if (i % line >= 2) codes[i] += codes[i - 2];
    return { frames, rows, columns, codes: new Int8Array(codes.buffer), high: part.high, reach: REACH };
  }

  const DECODERS = { motion, field, kinds, arrows };

  // --- reading values off ------------------------------------------------------------------------------------------

  // Where a share of the view lies on an axis of n grid points: the point before it, and how far beyond.
  function between(share, n) {
    const place = Math.min(Math.max(share, 0), 1) * (n - 1);
    const before = Math.min(Math.floor(place), Math.max(n - 2, 0));
    return [before, place - before];
  }

  function bilinear(at, rows, columns, u, v) {
    const [i, x] = between(u, columns), [j, y] = between(v, rows);
    const right = Math.min(i + 1, columns - 1), above = Math.min(j + 1, rows - 1);
    return (at(j, i) * (1 - x) + at(j, right) * x) * (1 - y) + (at(above, i) * (1 - x) + at(above, right) * x) * y;
  }

  // A field's value at shares (u, v) of the view, from the left and from below; NaN where unknown.
  toygan.valueAt = function (field, t, u, v) {
    const start = t * field.rows * field.columns, scale = (field.high[t] - field.low[t]) / field.levels;
    const at = function (j, i) {
      const code = field.codes[start + j * field.columns + i];
      return code ? field.low[t] + (code - 1) * scale : NaN;
    };
    return bilinear(at, field.rows, field.columns, u, v);
  };

  // A slope's size there.
  toygan.slopeAt = function (slopes, t, u, v) {
    const start = t * slopes.rows * slopes.columns, scale = slopes.high[t] / slopes.reach;
    const part = (c) => bilinear((j, i) => slopes.codes[2 * (start + j * slopes.columns + i) + c] * scale,
      slopes.rows, slopes.columns, u, v);
    return Math.hypot(part(0), part(1));
  };
})();
