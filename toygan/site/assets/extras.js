// What further players, classes and a second world show: a canvas each beside a run's own panel, drawn from the same data.
"use strict";
(function () {
  const DAY = { paper: "#fdfdfc", ink: "#222222", halo: "255,255,255", frame: "#8a8a8a", soft: "#56606e", shade: 1 };
  const NIGHT = { paper: "#10141b", ink: "#e1e7f0", halo: "8,12,18", frame: "#6f7a89", soft: "#a9b3c0", shade: 0.55 };
  const MARKS = 4; // marks that can be told apart: more kinds begin anew
  const FOUND = 150; // real points with an arrow
  const PALE = 0.62;
  let tone = DAY;

  // A motion's point in pixels of a view at (left, top); null where it is farther out than its margin.
  function placeOf(points, t, k, view) {
    const at = 2 * points.n * Math.min(t, points.frames - 1) + k, size = 1 + 2 * points.margin;
    if (!points.codes[at]) return null;
    const u = (points.codes[at] - 1) / points.top * size - points.margin;
    const v = (points.codes[at + points.n] - 1) / points.top * size - points.margin;
    return [view.left + u * view.width, view.top + (1 - v) * view.height];
  }

  const markerSize = (n, view) => Math.min(Math.max(2.6 * Math.pow(1000 / Math.max(n, 1), 0.25), 1.8), 5) * view.width / 245;

  // A disc, a square, a diamond or a triangle, so that colours are not all that tells kinds apart.
  function mark(context, shape, x, y, r) {
    if (shape === 0) { context.moveTo(x + r, y); context.arc(x, y, r, 0, 2 * Math.PI); }
    else if (shape === 1) context.rect(x - r, y - r, 2 * r, 2 * r);
    else {
      const corners = shape === 2 ? [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]] : [[0, -1.2], [1.2, 1], [-1.2, 1]];
      corners.forEach(([u, v], i) => context[i ? "lineTo" : "moveTo"](x + r * u, y + r * v));
      context.closePath();
    }
  }

  // Points of a motion at a look, those that are chosen.
  function dots(context, points, t, view, look) {
    context.beginPath();
    for (let k = 0; k < points.n; k++) {
      if (look.chosen && !look.chosen(k)) continue;
      const place = placeOf(points, t, k, view);
      if (place) mark(context, look.shape, place[0], place[1], look.size / 2);
    }
    context.globalAlpha = look.ink || 1;
    context.fillStyle = look.colour;
    context.fill();
    context.globalAlpha = 1;
  }

  const whole = (canvas) => ({ left: 0, top: 0, width: canvas.width, height: canvas.height });

  function paper(context, canvas) {
    context.fillStyle = tone.paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }

  const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

  // A grid of colours, row 0 the lowest, as a picture over a view.
  function picture(context, view, rows, columns, colourAt, smooth) {
    const small = document.createElement("canvas");
    small.width = columns;
    small.height = rows;
    const inner = small.getContext("2d"), image = inner.createImageData(columns, rows);
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        const at = 4 * ((rows - 1 - j) * columns + i), [r, g, b] = colourAt(j * columns + i);
        image.data[at] = r; image.data[at + 1] = g; image.data[at + 2] = b; image.data[at + 3] = 255;
      }
    }
    inner.putImageData(image, 0, 0);
    context.imageSmoothingEnabled = smooth;
    context.drawImage(small, view.left, view.top, view.width, view.height);
  }

  // The mixture of the four corners' colours at a place of the square.
  const mixed = (corners, u, v) => [0, 1, 2].map((c) =>
    (corners[0][0][c] * (1 - u) + corners[0][1][c] * u) * (1 - v) + (corners[1][0][c] * (1 - u) + corners[1][1][c] * u) * v);

  // A kind that is dark ink on paper is light ink on a dark page.
  function kindColour(one, k) {
    const colour = one.colours.kinds[k % one.colours.kinds.length];
    return colour === DAY.ink ? tone.ink : colour;
  }

  const kindsOf = (one) => one.run.extras.kinds[Math.min(one.s, one.run.extras.kinds.length - 1)];

  function clouds(context, one, view, size) {
    const of = kindsOf(one), last = Math.max(...of);
    for (let k = 0; k <= last; k++) {
      dots(context, one.data.points, one.i, view, { shape: k % MARKS, colour: kindColour(one, k), size, ink: 0.8, chosen: (n) => of[n] === k });
    }
  }

  function kinds(context, canvas, one) {
    const view = whole(canvas), size = markerSize(one.data.points.n, view);
    paper(context, canvas);
    dots(context, one.first.real, 0, view, { shape: 0, colour: one.colours.mist, size: 1.4 * size });
    clouds(context, one, view, size);
  }

  // Where each kind's region is widest: steps to its border by sweeping there and back.
  function deepest(codes, start, rows, columns) {
    const depth = new Int16Array(rows * columns), found = new Map();
    const from = (j, i, dj, di) => {
      const y = j + dj, x = i + di, inside = y >= 0 && x >= 0 && y < rows && x < columns;
      return inside && codes[start + y * columns + x] === codes[start + j * columns + i] ? depth[y * columns + x] + 1 : 1;
    };
    for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++) depth[j * columns + i] = Math.min(from(j, i, -1, 0), from(j, i, 0, -1));
    for (let j = rows - 1; j >= 0; j--) {
      for (let i = columns - 1; i >= 0; i--) {
        const at = j * columns + i, kind = codes[start + at];
        depth[at] = Math.min(depth[at], from(j, i, 1, 0), from(j, i, 0, 1));
        if (depth[at] > 3 && depth[at] > (found.get(kind) || [0])[0]) found.set(kind, [depth[at], j, i]);
      }
    }
    return found;
  }

  function regions(context, canvas, one) {
    const told = one.data.regions, view = whole(canvas), extras = one.run.extras;
    if (!told) return nothing(context, canvas);
    const t = Math.min(one.i, told.frames - 1), start = t * told.rows * told.columns;
    const pale = Array.from({ length: 256 }, (_, k) => rgb(kindColour(one, k)).map((part, c) => rgb(tone.paper)[c] * PALE + (1 - PALE) * part));
    picture(context, view, told.rows, told.columns, (at) => pale[told.codes[start + at]], false);
    const size = markerSize(one.data.points.n, view);
    dots(context, one.first.real, 0, view, { shape: 0, colour: one.colours.haze, size: 1.3 * size });
    if (extras.own) clouds(context, one, view, size);
    else dots(context, one.data.points, one.i, view, { shape: 1, colour: one.colours.generated, size, ink: 0.7 });
    context.font = `600 ${Math.max(view.width / 22, 11)}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = tone.ink;
    for (const [kind, [, j, i]] of deepest(told.codes, start, told.rows, told.columns)) {
      const words = kind === extras.data ? "D" : String(kind + 1);
      context.fillText(words, (i + 0.5) / told.columns * view.width, (1 - (j + 0.5) / told.rows) * view.height);
    }
  }

  function classes(context, canvas, one) {
    const count = Object.keys(one.data).filter((name) => name.startsWith("class_")).length;
    if (!count) return nothing(context, canvas);
    paper(context, canvas);
    const columns = one.run.extras.columns, rows = Math.ceil(count / columns), of = one.run.extras.kinds[0];
    const gap = Math.max(canvas.width / 200, 2), width = canvas.width / columns - gap, height = canvas.height / rows - gap;
    const small = document.createElement("canvas"), surface = toygan.surface(small, Math.max(Math.round(width), 2), Math.max(Math.round(height), 2));
    const fields = Array.from({ length: count }, (_, c) => one.data[`class_${c}`]);
    const t = Math.round(one.i / Math.max(one.data.frames.length - 1, 1) * (fields[0].frames - 1));
    const palette = one.paletteNow(one.run.extras.bands, fields, t);
    for (const [c, scores] of fields.entries()) {
      const view = { left: c % columns * (width + gap), top: Math.floor(c / columns) * (height + gap), width, height };
      toygan.paintField(surface, scores, Math.min(t, scores.frames - 1), palette);
      toygan.flush(surface);
      context.drawImage(small, view.left, view.top, view.width, view.height);
      const size = Math.max(markerSize(one.data.points.n, view), 2), chosen = of && ((n) => of[n] === c);
      const real = of && ((n) => one.run.extras.real[n] === c);
      dots(context, one.first.real, 0, view, { shape: 0, colour: one.colours.real, size: 1.3 * size, ink: 0.5, chosen: real });
      dots(context, one.data.points, one.i, view, { shape: 1, colour: one.colours.generated, size, ink: 0.8, chosen });
      name(context, `class ${c + 1}`, view);
    }
  }

  function name(context, words, view) {
    context.font = `${Math.min(Math.max(view.width / 9, 10), 22)}px system-ui, sans-serif`;
    context.textAlign = "left";
    context.textBaseline = "top";
    context.lineWidth = 3;
    context.strokeStyle = `rgba(${tone.halo},0.8)`;
    context.strokeText(words, view.left + 4, view.top + 3);
    context.fillStyle = tone.ink;
    context.fillText(words, view.left + 4, view.top + 3);
  }

  // The frame of a data file that is nearest to a frame of the run.
  const frameNear = (data, wanted) => data.frames.reduce((best, frame, i) => Math.abs(frame - wanted) < Math.abs(data.frames[best] - wanted) ? i : best, 0);

  // The mixture at the end of each round that was begun, of the last one as it is.
  function rounds(context, canvas, one) {
    const { rounds: told, columns } = one.run.extras;
    if (one.s) return nothing(context, canvas);
    paper(context, canvas);
    const rows = Math.ceil(told.length / columns), gap = Math.max(canvas.width / 200, 2);
    const width = canvas.width / columns - gap, height = canvas.height / rows - gap, { real } = one.first;
    for (const [k, round] of told.entries()) {
      const view = { left: k % columns * (width + gap), top: Math.floor(k / columns) * (height + gap), width, height };
      context.strokeStyle = tone.frame;
      context.lineWidth = 1;
      context.strokeRect(view.left + 0.5, view.top + 0.5, width - 1, height - 1);
      name(context, `round ${k + 1}`, view);
      const begin = k ? frameNear(one.data, told[k - 1].end) : -1;
      if (one.i <= begin && k) continue;
      const size = markerSize(real.n, view), t = Math.min(one.i, frameNear(one.data, round.end));
      for (let n = 0; n < real.n; n++) {
        const place = placeOf(real, 0, n, view), r = Math.sqrt(round.weights[n] / 10) * size / 2;
        if (!place || !r) continue;
        context.beginPath();
        mark(context, 0, place[0], place[1], r);
        context.globalAlpha = 0.3;
        context.fillStyle = one.colours.real;
        context.fill();
      }
      context.globalAlpha = 1;
      for (let j = 0; j <= k; j++) {
        dots(context, one.data.points, t, view, { shape: j % MARKS, colour: kindColour(one, j), size, ink: 0.8, chosen: (n) => round.made[n] === j });
      }
    }
  }

  // Both coordinates over time, or over classes: a curve each, whole and broken, over where they are to be.
  function way(context, canvas, one) {
    const { way: found, exact_way: exact } = one.data, view = whole(canvas);
    if (!found) return nothing(context, canvas);
    paper(context, canvas);
    for (const [points, colour, width] of [[exact, one.colours.real, 3], [found, one.colours.generated, 1.6]]) {
      for (const axis of [0, 1]) {
        context.beginPath();
        let begun = false;
        for (let k = 0; k < points.n; k++) {
          const place = placeOf(points, one.i, k, { left: 0, top: 0, width: 1, height: 1 });
          if (!place) { begun = false; continue; }
          const x = (0.04 + 0.92 * k / Math.max(points.n - 1, 1)) * view.width, y = (axis ? place[1] : 1 - place[0]) * view.height;
          context[begun ? "lineTo" : "moveTo"](x, y);
          begun = true;
        }
        context.strokeStyle = colour;
        context.globalAlpha = points === exact ? 0.45 : 1;
        context.lineWidth = width * Math.max(view.width / 300, 1);
        context.setLineDash(axis ? [6 * view.width / 300, 4 * view.width / 300] : []);
        context.stroke();
      }
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  function arrow(context, from, to, head) {
    const dx = to[0] - from[0], dy = to[1] - from[1], length = Math.hypot(dx, dy);
    if (length < 1) return;
    const u = dx / length * Math.min(head, length), v = dy / length * Math.min(head, length);
    context.moveTo(...from);
    context.lineTo(...to);
    context.moveTo(to[0] - u - 0.5 * v, to[1] - v + 0.5 * u);
    context.lineTo(...to);
    context.lineTo(to[0] - u + 0.5 * v, to[1] - v - 0.5 * u);
  }

  // From a point of `from` to that of the same number in `to`, the first few.
  function ways(context, from, at, to, t, views, draw, colour, width) {
    context.beginPath();
    for (let k = 0; k < Math.min(from.n, to.n, FOUND); k++) {
      const start = placeOf(from, at, k, views), end = placeOf(to, t, k, views);
      if (start && end) draw(start, end);
    }
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }

  const line = (context) => (from, to) => { context.moveTo(...from); context.lineTo(...to); };

  function reconstructions(context, canvas, one) {
    if (!one.data.found) return nothing(context, canvas);
    const view = whole(canvas), real = one.first.real;
    paper(context, canvas);
    dots(context, real, 0, view, { shape: 0, colour: one.colours.mist, size: 1.4 * markerSize(real.n, view) });
    dots(context, real, 0, view, { shape: 0, colour: one.colours.real, size: 2.6 * view.width / 245, chosen: (k) => k < FOUND });
    ways(context, real, 0, one.data.found, one.i, view, (from, to) => arrow(context, from, to, view.width / 40), one.colours.generated, Math.max(view.width / 250, 1));
  }

  function code(context, canvas, one) {
    const u = one.data.code_0, v = one.data.code_1, view = whole(canvas);
    if (!u) return nothing(context, canvas);
    const t = Math.min(one.i, u.frames - 1), start = t * u.rows * u.columns;
    const read = (field, at) => field ? field.low[t] + (field.codes[start + at] - 1) / field.levels * (field.high[t] - field.low[t]) : 0.5;
    picture(context, view, u.rows, u.columns, (at) => mixed(one.colours.corners, read(u, at), read(v, at)).map((part) => part * tone.shade), true);
    dots(context, one.first.real, 0, view, { shape: 0, colour: one.colours.real, size: 1.3 * markerSize(one.first.real.n, view), ink: 0.4 });
    const side = view.width / 6, key = { left: view.width / 60, top: view.height - side - view.width / 60, width: side, height: side };
    picture(context, key, 24, 24, (at) => mixed(one.colours.corners, (at % 24 + 0.5) / 24, (Math.floor(at / 24) + 0.5) / 24), true);
    context.strokeStyle = tone.ink;
    context.lineWidth = 1;
    context.strokeRect(key.left, key.top, key.width, key.height);
  }

  // A colour for each point by its place between the outermost ones.
  function placeColours(points, t, corners) {
    const start = 2 * points.n * Math.min(t, points.frames - 1), ends = [0, 1].map((axis) => {
      let low = Infinity, high = -Infinity;
      for (let k = 0; k < points.n; k++) {
        const value = points.codes[start + axis * points.n + k];
        if (value) { low = Math.min(low, value); high = Math.max(high, value); }
      }
      return [low, Math.max(high, low + 1)];
    });
    return Array.from({ length: points.n }, (_, k) => {
      const [u, v] = ends.map(([low, high], axis) => Math.max(points.codes[start + axis * points.n + k] - low, 0) / (high - low));
      return `rgb(${mixed(corners, u, v).map(Math.round).join(",")})`;
    });
  }

  function coloured(context, points, t, view, colours, shape, size, seen) {
    for (let k = 0; k < points.n; k++) {
      const place = seen(k) && placeOf(points, t, k, view);
      if (!place) continue;
      context.beginPath();
      mark(context, shape, place[0], place[1], size / 2);
      context.fillStyle = colours[k];
      context.fill();
    }
  }

  function worlds(context, canvas, one) {
    const source = one.data.world, sent = one.data.points, { again, found } = one.data;
    if (!source || !again || !found) return nothing(context, canvas);
    const width = canvas.width / (2 + one.colours.apart), left = { left: 0, top: 0, width, height: canvas.height };
    const right = { ...left, left: canvas.width - width }, size = markerSize(source.n, left);
    paper(context, canvas);
    context.strokeStyle = tone.frame;
    context.lineWidth = 1;
    for (const view of [left, right]) context.strokeRect(view.left + 0.5, 0.5, view.width - 1, view.height - 1);
    dots(context, one.first.real, 0, right, { shape: 0, colour: one.colours.mist, size: 1.4 * size });
    const colours = one.panel.worldColours || (one.panel.worldColours = placeColours(source, 0, one.colours.corners));
    const seen = (k) => k < sent.n && placeOf(source, 0, k, left) && placeOf(sent, one.i, k, right);
    coloured(context, source, 0, left, colours, 0, 1.2 * size, seen);
    coloured(context, sent, one.i, right, colours, 1, size, seen);
    for (let k = 0; k < one.colours.across; k++) {
      if (!seen(k)) continue;
      context.beginPath();
      arrow(context, placeOf(source, 0, k, left), placeOf(sent, one.i, k, right), width / 30);
      context.strokeStyle = colours[k];
      context.lineWidth = Math.max(width / 300, 1);
      context.stroke();
    }
    ways(context, source, 0, again, one.i, left, line(context), tone.ink, Math.max(width / 350, 0.8));
    ways(context, one.first.real, 0, found, one.i, right, line(context), tone.ink, Math.max(width / 350, 0.8));
    name(context, "the source", { ...left, width: width / 2 });
    name(context, "the target", { ...right, width: width / 2 });
  }

  function pairs(context, canvas, one) {
    const { other, world, points } = one.data, view = whole(canvas);
    if (!other) return nothing(context, canvas);
    const size = markerSize(points.n, view), colours = placeColours(points, one.i, one.colours.corners);
    paper(context, canvas);
    for (const cloud of [one.first.real, world]) dots(context, cloud, 0, view, { shape: 0, colour: one.colours.mist, size: 1.4 * size });
    for (let k = 0; k < Math.min(points.n, other.n, FOUND); k++) {
      const from = placeOf(points, one.i, k, view), to = placeOf(other, one.i, k, view);
      if (!from || !to) continue;
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(...to);
      context.strokeStyle = colours[k];
      context.lineWidth = Math.max(view.width / 500, 0.7);
      context.stroke();
    }
    coloured(context, points, one.i, view, colours, 1, size, () => true);
    coloured(context, other, one.i, view, colours, 0, size, (k) => k < points.n);
  }

  function nothing(context, canvas) {
    paper(context, canvas);
    context.font = `${Math.max(canvas.width / 24, 12)}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.fillStyle = tone.soft;
    context.fillText("not kept for this seed", canvas.width / 2, canvas.height / 2);
  }

  // Draw one panel into its canvas, as sharp as the screen is; `one` is the run with its data, seed and frame.
  toygan.drawExtra = function (figure, one) {
    tone = one.night ? NIGHT : DAY;
    const canvas = figure.querySelector("canvas"), box = canvas.getBoundingClientRect();
    const width = Math.round(Math.min(box.width * (window.devicePixelRatio || 1), 1200));
    if (!width) return;
    if (canvas.width !== width) {
      canvas.width = width;
      canvas.height = Math.max(Math.round(width * box.height / box.width), 1);
    }
    PANELS[figure.dataset.extra](canvas.getContext("2d", { alpha: false }), canvas, one);
  };

  const PANELS = { kinds, regions, classes, rounds, way, worlds, pairs, reconstructions, code };
})();
