// One panel as pixels: the critic's bands, real points as a quiet layer of ink, generated ones as see-through squares on
// it, and at each mode a ring whose area is its due share around a disc whose area is its share of the generated points.
// Written straight into an image, twenty panels of 2000 points keep up with 30 frames a second.
"use strict";
(function () {
  const PANEL = 245; // the width, in points, of a panel in the pictures, to which marker sizes belong
  const DAY = { paper: 0xfffcfdfd, halo: "255,255,255", ink: "34,34,34", trail: "122,46,0", latent: "70,20,90", cross: "20,20,20",
    words: { generated: "#9a3f00", real: "#10243e", critic: "#333333" } };
  const NIGHT = { paper: 0xff1b1410, halo: "8,12,18", ink: "225,231,240", trail: "255,190,130", latent: "222,180,240", cross: "240,240,240",
    words: { generated: "#ffb070", real: "#eaf1fc", critic: "#d5dbe4" } };
  const CARPET = 1.7, RIM = 0.4, RING = 0.9; // a real mark's size in generated ones; widths of lines in points
  const TRAILS = 60, TRAIL = 8;
  const BANDS = 13, PARTS = 200, FINE = 48; // of the levels, as in the pictures: `toygan.view.levels`
  let tone = DAY;

  const markerSize = (n) => Math.min(Math.max(2 * Math.pow(1000 / Math.max(n, 1), 0.25), 1.5), 4);
  // Canvas bytes are red, green, blue, alpha; read as one little-endian number that is turned around.
  const turned = (rgb) => (0xff000000 | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
  toygan.setTone = (night) => { tone = night ? NIGHT : DAY; };

  const darker = (rgb) => (Math.floor(((rgb >> 16) & 255) / 3) * 2 << 16) | (Math.floor(((rgb >> 8) & 255) / 3) * 2 << 8) |
    Math.floor((rgb & 255) / 3) * 2;
  const number = (colour) => parseInt(colour.slice(1), 16);

  // Everything of a given size that does not change from frame to frame.
  toygan.surface = function (canvas, width, height) {
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { alpha: false });
    const image = context.createImageData(width, height);
    return { context, image, width, height, pixels: new Uint32Array(image.data.buffer), bands: new Uint8Array(width * height),
      columns: null, discs: null };
  };

  // The last colour, one beyond the bands, is that of the unknown. `edges` are levels between bands that are not even; `ramp` has
  // other colours from the lowest to the highest.
  toygan.palette = function (bands, ramp) {
    const count = bands.edges ? bands.edges.length + 1 : bands.colours.length, from = ramp || bands.colours;
    const colours = Array.from({ length: count }, (_, k) => from[Math.round(k / Math.max(count - 1, 1) * (from.length - 1))]);
    const fills = colours.map(turned), lines = colours.map((colour) => turned(tone === NIGHT ? lighter(colour) : darker(colour)));
    return { bands, fills: Uint32Array.from([...fills, tone.paper]), lines: Uint32Array.from([...lines, tone.paper]) };
  };

  const lighter = (rgb) => [16, 8, 0].reduce((made, shift) => {
    const part = (rgb >> shift) & 255;
    return made | Math.round(part + 0.28 * (255 - part)) << shift;
  }, 0);

  toygan.blank = (surface) => surface.pixels.fill(tone.paper);

  // --- levels --------------------------------------------------------------------------------------------------------

  // Values with how often each is there, in order, of some fields at a frame: all over the plane, and at the points of clouds.
  function counted(fields, t, clouds) {
    const plane = [], there = [];
    for (const field of fields) {
      const at = Math.min(t, field.frames - 1), start = at * field.rows * field.columns, unit = (field.high[at] - field.low[at]) / field.levels;
      const all = new Uint32Array(field.levels + 2), seen = new Uint32Array(field.levels + 2);
      for (let k = start; k < start + field.rows * field.columns; k++) all[field.codes[k]]++;
      for (const [points, frame] of clouds) {
        const begin = 2 * points.n * Math.min(frame, points.frames - 1), size = 1 + 2 * (points.margin || 0);
        for (let k = begin; k < begin + points.n; k++) {
          if (!points.codes[k]) continue;
          const u = (points.codes[k] - 1) / points.top * size - (points.margin || 0), v = (points.codes[k + points.n] - 1) / points.top * size - (points.margin || 0);
          if (u < 0 || v < 0 || u > 1 || v > 1) continue;
          seen[field.codes[start + Math.round(v * (field.rows - 1)) * field.columns + Math.round(u * (field.columns - 1))]]++;
        }
      }
      for (let code = 1; code < all.length; code++) {
        const value = field.low[at] + (code - 1) * unit;
        if (all[code]) plane.push([value, all[code]]);
        if (seen[code]) there.push([value, seen[code]]);
      }
    }
    const order = (pairs) => pairs.sort((a, b) => a[0] - b[0]);
    return [order(plane), order(there)];
  }

  // As many numbers for any counted values, which stand for equal shares of them.
  function spread(pairs) {
    const total = pairs.reduce((sum, [, count]) => sum + count, 0), found = [];
    let at = 0, below = 0;
    for (let k = 0; k < PARTS; k++) {
      const wanted = (k + 0.5) / PARTS * total;
      while (at < pairs.length - 1 && below + pairs[at][1] < wanted) below += pairs[at++][1];
      found.push(pairs[at][0]);
    }
    return found;
  }

  function roundUnit(size) {
    const power = Math.pow(10, Math.floor(Math.log10(size)));
    return power * [5, 2, 1].find((factor) => factor * power <= size * (1 + 1e-9));
  }

  // The levels of one moment, as `toygan.view.levels` shares them out: two fifths follow the scores all over the plane, two fifths
  // those at the points, one fifth is even.
  toygan.levels = function (fields, t, clouds) {
    const [plane, points] = counted(fields, t, clouds), low = plane.length ? plane[0][0] : 0, high = plane.length ? plane[plane.length - 1][0] : 0;
    if (high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high))) return { low, high, edges: [low - 0.5, low + 0.5] };
    const unit = roundUnit((high - low) / FINE), even = Array.from({ length: PARTS }, (_, k) => low + k / (PARTS - 1) * (high - low));
    const shared = [...spread(plane), ...spread(points.length ? points : plane)];
    const mixture = Float64Array.from([...shared, ...shared, ...even]).sort(), least = Math.floor(low / unit), most = Math.ceil(high / unit) - 1;
    const cells = new Set();
    for (let k = 1; k < BANDS; k++) {
      const place = k / BANDS * (mixture.length - 1), i = Math.floor(place), wanted = mixture[i] + (place - i) * ((mixture[i + 1] || mixture[i]) - mixture[i]);
      cells.add(Math.min(Math.max(Math.floor(wanted / unit), least), most));
    }
    return { low, high, edges: [...cells].sort((a, b) => a - b).map((cell) => (cell + 0.5) * unit) };
  };

  // From which score to which colours are, in words of two digits, or as many more as tell them apart.
  toygan.ends = function (shades) {
    const ends = shades.edges ? [shades.low, shades.high] : [shades.start, shades.start + shades.width * (shades.colours.length - 2)];
    const written = (digits) => ends.map((end) => toygan.short(Number(end.toPrecision(digits)), digits));
    for (let digits = 2; digits < 12; digits++) if (new Set(written(digits)).size === 2) return written(digits);
    return written(12);
  };

  // The score of each of a field's codes; NaN where unknown.
  function scoreOfCodes(field, t) {
    const unit = (field.high[t] - field.low[t]) / field.levels, table = new Float64Array(field.levels + 2).fill(NaN);
    for (let code = 1; code < table.length; code++) table[code] = field.low[t] + (code - 1) * unit;
    return table;
  }

  // The scores between bands, in order, of so many bands that are even, or as they were shared out.
  const between = ({ start, width, edges }, last) => Float64Array.from(edges || Array.from({ length: last }, (_, k) => start + k * width));

  // A field's bands with lines between them; scores are linear between the field's points, as in the pictures.
  toygan.paintField = function (surface, field, t, palette) {
    const { width, height, bands } = surface, { rows, columns, codes } = field, edges = between(palette.bands, palette.fills.length - 2);
    const table = scoreOfCodes(field, t), start = t * rows * columns, line = new Float64Array(columns + 1), grid = columnsOf(surface, columns);
    for (let y = 0; y < height; y++) {
      const place = (1 - y / Math.max(height - 1, 1)) * (rows - 1), low = Math.min(Math.floor(place), Math.max(rows - 2, 0));
      readLine(line, codes, start + low * columns, columns, rows > 1 ? columns : 0, place - low, table);
      bandLine(bands, y * width, line, columns, grid, edges);
    }
    outline(surface, palette);
  };

  // The band of a score, found by going on from the one of a score nearby.
  function bandFrom(band, score, edges) {
    while (band < edges.length && score >= edges[band]) band++;
    while (band > 0 && score < edges[band - 1]) band--;
    return band;
  }

  // The bands of one line of pixels; a cell of the grid whose ends lie in one band costs nothing to interpolate.
  function bandLine(bands, row, line, columns, { starts, shares }, edges) {
    for (let i = 0, low = 0; i < columns; i++) {
      const score = line[i], rise = line[i + 1] - score, end = starts[i + 1];
      let x = starts[i];
      if (rise !== rise) {
        for (; x < end; x++) bands[row + x] = edges.length + 1;
        continue;
      }
      low = bandFrom(low, score, edges);
      if (bandFrom(low, score + rise, edges) === low) for (; x < end; x++) bands[row + x] = low;
      else for (let here = low; x < end; x++) bands[row + x] = here = bandFrom(here, score + rise * shares[x], edges);
    }
  }

  // Bands as colours, darker where the neighbour to the left or above is in another one.
  function outline({ width, height, bands, pixels }, { fills, lines }) {
    for (let y = 0, at = 0; y < height; y++) {
      const up = y ? width : 0;
      for (let x = 0, left = bands[at]; x < width; x++, at++) {
        const band = bands[at];
        pixels[at] = band !== left || band !== bands[at - up] ? lines[band] : fills[band];
        left = band;
      }
    }
  }

  // The scores along one line of a field, between two rows of codes; NaN where unknown.
  function readLine(line, codes, at, columns, up, share, table) {
    for (let i = 0; i < columns; i++) {
      const low = table[codes[at + i]], high = table[codes[at + i + up]];
      line[i] = low + (high - low) * share;
    }
    line[columns] = line[columns - 1];
  }

  // Where each column of a grid starts in pixels, and how far each pixel is on the way to the next column.
  function columnsOf(surface, columns) {
    if (!surface.columns || surface.columns.of !== columns) {
      const starts = new Int32Array(columns + 1).fill(surface.width), shares = new Float32Array(surface.width);
      for (let x = surface.width - 1; x >= 0; x--) {
        const place = x / Math.max(surface.width - 1, 1) * (columns - 1), i = Math.min(Math.floor(place), Math.max(columns - 2, 0));
        shares[x] = place - i;
        for (let k = i; k >= 0 && starts[k] > x; k--) starts[k] = x;
      }
      surface.columns = { of: columns, starts, shares };
    }
    return surface.columns;
  }

  // Real points never move: which pixels they cover, and how much of each (in 256ths), is worked out once.
  function discsOf(surface, real, ink) {
    const { width, height } = surface, cover = new Float32Array(width * height);
    const radius = Math.max(CARPET / 2 * markerSize(real.n) * width / PANEL, 1);
    for (let k = 0; k < real.n; k++) {
      if (!real.codes[k]) continue;
      const cx = (real.codes[k] - 1) / real.top * width, cy = (1 - (real.codes[real.n + k] - 1) / real.top) * height;
      for (let y = Math.max(Math.floor(cy - radius - 1), 0); y < Math.min(cy + radius + 1, height); y++) {
        for (let x = Math.max(Math.floor(cx - radius - 1), 0); x < Math.min(cx + radius + 1, width); x++) {
          const inside = Math.min(Math.max(radius + 0.5 - Math.hypot(x + 0.5 - cx, y + 0.5 - cy), 0), 1);
          if (inside) cover[y * width + x] = 1 - (1 - cover[y * width + x]) * (1 - ink * inside);
        }
      }
    }
    const places = [];
    cover.forEach((value, i) => { if (value > 0.004) places.push(i); });
    return { places: Int32Array.from(places), shares: Int32Array.from(places, (i) => Math.round(256 * cover[i])) };
  }

  toygan.paintReal = function (surface, real, colour, ink) {
    surface.discs = surface.discs || discsOf(surface, real, ink);
    const { places, shares } = surface.discs, dark = turned(number(colour));
    for (let k = 0; k < places.length; k++) blend(surface.pixels, places[k], dark, shares[k]);
  };

  // One pixel with so much of a colour, in 256ths, over what is there.
  function blend(pixels, at, colour, a) {
    const under = pixels[at], c = 256 - a;
    pixels[at] = 0xff000000 | ((((under >> 16) & 255) * c + ((colour >> 16) & 255) * a) >> 8) << 16 |
      ((((under >> 8) & 255) * c + ((colour >> 8) & 255) * a) >> 8) << 8 | (((under & 255) * c + (colour & 255) * a) >> 8);
  }

  toygan.paintGenerated = function (surface, points, t, colour, ink) {
    const { width, height } = surface, n = points.n, start = 2 * n * t, fill = turned(number(colour)), share = Math.round(256 * ink);
    const side = Math.max(Math.round(markerSize(n) * width / PANEL), 2);
    for (let k = 0; k < n; k++) {
      const code = points.codes[start + k];
      if (!code) continue;
      const x = Math.round((code - 1) / points.top * width - side / 2);
      const y = Math.round((1 - (points.codes[start + n + k] - 1) / points.top) * height - side / 2);
      square(surface, x, y, side, fill, share);
    }
  };

  function square(surface, x, y, side, colour, share) {
    const { width, height, pixels } = surface;
    const left = Math.max(x, 0), right = Math.min(x + side, width), bottom = Math.min(y + side, height);
    for (let row = Math.max(y, 0); row < bottom; row++) {
      for (let at = row * width + left, end = row * width + right; at < end; at++) blend(pixels, at, colour, share);
    }
  }

  // --- shares of modes ----------------------------------------------------------------------------------------------

  // Each mode's place, and the radii of its ring and its disc, in pixels: areas are shares.
  toygan.circles = function (surface, run, modes, i) {
    const [left, right, bottom, top] = run.view, radius = (share) => run.rings.whole * surface.width * Math.sqrt(share);
    return run.modes.map(([x, y], k) => ({
      x: (x - left) / (right - left) * surface.width, y: (top - y) / (top - bottom) * surface.height,
      ring: radius(run.rings.due[k]), disc: radius(modes.counts[i][k] / modes.of),
    }));
  };

  toygan.paintDiscs = function (surface, circles, colour, rim, ink) {
    const { width, height, pixels } = surface, fill = turned(number(colour)), edge = turned(number(rim));
    const line = RIM * width / PANEL;
    for (const { x, y, disc } of circles) {
      if (!disc) continue;
      for (let row = Math.max(Math.floor(y - disc - 1), 0); row < Math.min(y + disc + 1, height); row++) {
        for (let column = Math.max(Math.floor(x - disc - 1), 0); column < Math.min(x + disc + 1, width); column++) {
          const within = disc - Math.hypot(column + 0.5 - x, row + 0.5 - y), cover = Math.min(Math.max(within + 0.5, 0), 1);
          if (within < line) blend(pixels, row * width + column, edge, Math.round(256 * cover));
          else blend(pixels, row * width + column, fill, Math.round(256 * ink));
        }
      }
    }
  };

  toygan.strokeRings = function (surface, circles, colour) {
    const context = surface.context;
    context.beginPath();
    for (const { x, y, ring } of circles) {
      context.moveTo(x + ring, y);
      context.arc(x, y, ring, 0, 2 * Math.PI);
    }
    context.strokeStyle = colour;
    context.lineWidth = Math.max(RING * surface.width / PANEL, 1);
    context.stroke();
  };

  toygan.flush = (surface) => surface.context.putImageData(surface.image, 0, 0);

  // How many of a frame's points lie outside the view or are not finite.
  toygan.outside = function (points, t) {
    let none = 0;
    for (let k = 2 * points.n * t; k < 2 * points.n * t + points.n; k++) if (!points.codes[k]) none++;
    return none / points.n;
  };

  // --- lines on top ------------------------------------------------------------------------------------------------

  // A place of a motion's point in pixels; null where it is out of view.
  function placeOf(surface, points, t, k) {
    const at = 2 * points.n * t + k, size = 1 + 2 * points.margin;
    if (!points.codes[at]) return null;
    const u = (points.codes[at] - 1) / points.top * size - points.margin;
    const v = (points.codes[at + points.n] - 1) / points.top * size - points.margin;
    return [u * surface.width, (1 - v) * surface.height];
  }

  function stroke(surface, lines, colour, width) {
    const context = surface.context;
    context.beginPath();
    for (const line of lines) {
      let drawing = false;
      for (const place of line) {
        if (place && drawing) context.lineTo(place[0], place[1]);
        else if (place) context.moveTo(place[0], place[1]);
        drawing = Boolean(place);
      }
    }
    context.strokeStyle = colour;
    context.lineWidth = width * surface.width / PANEL;
    context.stroke();
  }

  toygan.strokeTrails = function (surface, points, t) {
    const lines = [];
    for (let k = 0; k < Math.min(points.n, TRAILS); k++) {
      const line = [];
      for (let s = Math.max(t - TRAIL, 0); s <= t; s++) line.push(placeOf(surface, points, s, k));
      lines.push(line);
    }
    stroke(surface, lines, `rgba(${tone.halo},0.5)`, 1.1);
    stroke(surface, lines, `rgba(${tone.trail},0.8)`, 0.5);
  };

  toygan.strokeLatent = function (surface, latent, t) {
    const side = Math.round(Math.sqrt(latent.n)), lines = [];
    for (let i = 0; i < side; i++) {
      const across = [], along = [];
      for (let j = 0; j < side; j++) {
        across.push(placeOf(surface, latent, t, i * side + j));
        along.push(placeOf(surface, latent, t, j * side + i));
      }
      lines.push(across, along);
    }
    stroke(surface, lines, `rgba(${tone.halo},0.8)`, 1.4);
    stroke(surface, lines, `rgba(${tone.latent},0.9)`, 0.5);
  };

  // The line on which a field has one value: in each cell with ends on both sides, from side to side.
  toygan.strokeBoundary = function (surface, field, t, level, colour) {
    const { rows, columns, codes } = field, start = t * rows * columns, lines = [];
    const scale = (field.high[t] - field.low[t]) / field.levels, rise = (at) => field.low[t] + (codes[at] - 1) * scale - level;
    const place = (i, j) => [i / Math.max(columns - 1, 1) * surface.width, (1 - j / Math.max(rows - 1, 1)) * surface.height];
    for (let j = 0; j + 1 < rows; j++) {
      for (let i = 0; i + 1 < columns; i++) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], at = corners.map(([x, y]) => start + y * columns + x);
        if (at.some((k) => !codes[k])) continue;
        const high = at.map(rise), cuts = [];
        for (let k = 0; k < 4; k++) {
          const next = (k + 1) % 4;
          if (high[k] < 0 === high[next] < 0) continue;
          const share = high[k] / (high[k] - high[next]), [x, y] = corners[k], [u, v] = corners[next];
          cuts.push(place(x + (u - x) * share, y + (v - y) * share));
        }
        for (let k = 0; k + 1 < cuts.length; k += 2) lines.push([cuts[k], cuts[k + 1]]);
      }
    }
    stroke(surface, lines, colour, 0.9);
  };

  // One arrow a grid point, uphill; full length, one grid cell, from steepness `longest` on.
  toygan.strokeArrows = function (surface, slopes, t, longest, view) {
    const { rows, columns, codes, reach } = slopes, start = t * rows * columns, scale = slopes.high[t] / reach;
    const unit = surface.width / (view[1] - view[0]);
    const cell = 0.92 * Math.min(surface.width / Math.max(columns - 1, 1), surface.height / Math.max(rows - 1, 1));
    const lines = [];
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        const at = 2 * (start + j * columns + i), u = codes[at] * scale, v = codes[at + 1] * scale;
        const shrink = cell / Math.max(Math.hypot(u, v), longest), dx = u * shrink / 2, dy = -v * shrink / 2;
        if (Math.hypot(dx, dy) < 0.004 * unit) continue;
        const x = i / Math.max(columns - 1, 1) * surface.width, y = (1 - j / Math.max(rows - 1, 1)) * surface.height;
        const tip = [x + dx, y + dy];
        lines.push([[x - dx, y - dy], tip], [barb(tip, dx, dy, 0.5), tip, barb(tip, dx, dy, -0.5)]);
      }
    }
    stroke(surface, lines, `rgba(${tone.ink},0.9)`, 0.75);
  };

  const barb = (tip, dx, dy, side) => [tip[0] - 0.55 * dx - side * dy, tip[1] - 0.55 * dy + side * dx];

  // What is what, written beside it: a real point at the top, the middle of the generated ones, the critic in a corner.
  toygan.nameParts = function (surface, real, points, t, on) {
    const size = Math.max(surface.width / 22, 13), places = (of, at) => {
      const found = [];
      for (let k = 0; k < of.n; k++) { const place = placeOf(surface, of, at, k); if (place) found.push(place); }
      return found;
    };
    const top = places(real, 0).sort((a, b) => a[1] - b[1])[0], made = places(points, t);
    if (on.points && made.length) {
      const at = [0, 1].map((axis) => made.map((place) => place[axis]).sort((a, b) => a - b)[made.length >> 1]);
      const near = made.sort((a, b) => Math.hypot(a[0] - at[0], a[1] - at[1]) - Math.hypot(b[0] - at[0], b[1] - at[1]))[0];
      word(surface, "generated", near[0], near[1] + 1.6 * size, size, tone.words.generated);
    }
    if (on.points && top) word(surface, "real", top[0], top[1] - 1.1 * size, size, tone.words.real);
    if (on.critic) word(surface, "critic", surface.width, 0.98 * surface.height, size, tone.words.critic);
  };

  function word(surface, words, x, y, size, colour) {
    const context = surface.context;
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    const room = context.measureText(words).width / 2 + 4;
    const place = Math.min(Math.max(x, room), surface.width - room), height = Math.min(Math.max(y, size), surface.height - 4);
    context.lineJoin = "round";
    context.strokeStyle = `rgba(${tone.halo},0.85)`;
    context.lineWidth = size / 3;
    context.strokeText(words, place, height);
    context.fillStyle = colour;
    context.fillText(words, place, height);
  }

  toygan.strokeCross = function (surface, u, v) {
    const x = u * surface.width, y = (1 - v) * surface.height;
    const lines = [[[x, 0], [x, surface.height]], [[0, y], [surface.width, y]]];
    stroke(surface, lines, `rgba(${tone.halo},0.7)`, 1.4);
    stroke(surface, lines, `rgba(${tone.cross},0.75)`, 0.5);
  };
})();
