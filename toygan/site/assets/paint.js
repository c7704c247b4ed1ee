// One panel as pixels: the critic's bands, real points as a quiet layer of ink, generated ones as see-through squares on
// it, and at each mode a ring whose area is its due share around a disc whose area is its share of the generated points.
// Written straight into an image, twenty panels of 2000 points keep up with 30 frames a second.
"use strict";
(function () {
  const PANEL = 245; // the width, in points, of a panel in the pictures, to which marker sizes belong
  const PAPER = 0xfffcfdfd;
  const CARPET = 1.7, RIM = 0.4, RING = 0.9; // a real mark's size in generated ones; widths of lines in points
  const TRAILS = 60, TRAIL = 8;

  const markerSize = (n) => Math.min(Math.max(2 * Math.pow(1000 / Math.max(n, 1), 0.25), 1.5), 4);
  // Canvas bytes are red, green, blue, alpha; read as one little-endian number that is turned around.
  const turned = (rgb) => (0xff000000 | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
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

  // The last colour, one beyond the bands, is that of the unknown.
  toygan.palette = function (bands) {
    const fills = bands.colours.map(turned), lines = bands.colours.map((colour) => turned(darker(colour)));
    return { start: bands.start, width: bands.width, fills: Uint32Array.from([...fills, PAPER]), lines: Uint32Array.from([...lines, PAPER]) };
  };

  toygan.blank = (surface) => surface.pixels.fill(PAPER);

  // A field's bands with lines between them, linear in the codes.
  toygan.paintField = function (surface, field, t, palette) {
    const { width, height, bands } = surface, { rows, columns, codes } = field, last = palette.fills.length - 2;
    const scale = (field.high[t] - field.low[t]) / field.levels / palette.width;
    const shift = (field.low[t] - palette.start) / palette.width + 1 - scale;
    const start = t * rows * columns, line = new Float32Array(columns + 1), grid = columnsOf(surface, columns);
    for (let y = 0; y < height; y++) {
      const place = (1 - y / Math.max(height - 1, 1)) * (rows - 1), low = Math.min(Math.floor(place), Math.max(rows - 2, 0));
      readLine(line, codes, start + low * columns, columns, rows > 1 ? columns : 0, place - low, scale, shift);
      bandLine(bands, y * width, line, columns, grid, last);
    }
    outline(surface, palette);
  };

  // The bands of one line of pixels; a cell of the grid whose ends lie in one band costs nothing to interpolate.
  function bandLine(bands, row, line, columns, { starts, shares }, last) {
    for (let i = 0; i < columns; i++) {
      const value = line[i], rise = line[i + 1] - value, next = value + rise, end = starts[i + 1];
      const low = value < 0 ? 0 : value > last ? last : value | 0, high = next < 0 ? 0 : next > last ? last : next | 0;
      let x = starts[i];
      if (rise !== rise) for (; x < end; x++) bands[row + x] = last + 1;
      else if (low === high) for (; x < end; x++) bands[row + x] = low;
      else {
        for (; x < end; x++) {
          const here = value + rise * shares[x];
          bands[row + x] = here < 0 ? 0 : here > last ? last : here | 0;
        }
      }
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

  // One line of a field in bands, between two rows of codes; NaN where unknown.
  function readLine(line, codes, at, columns, up, share, scale, shift) {
    for (let i = 0; i < columns; i++) {
      const low = codes[at + i], high = codes[at + i + up];
      line[i] = low && high ? (low + (high - low) * share) * scale + shift : NaN;
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
    stroke(surface, lines, "rgba(255,255,255,0.5)", 1.1);
    stroke(surface, lines, "rgba(122,46,0,0.8)", 0.5);
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
    stroke(surface, lines, "rgba(255,255,255,0.8)", 1.4);
    stroke(surface, lines, "rgba(70,20,90,0.9)", 0.5);
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
    stroke(surface, lines, "rgba(34,34,34,0.9)", 0.75);
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
      word(surface, "generated", near[0], near[1] + 1.6 * size, size, "#9a3f00");
    }
    if (on.points && top) word(surface, "real", top[0], top[1] - 1.1 * size, size, "#10243e");
    if (on.critic) word(surface, "critic", surface.width, 0.98 * surface.height, size, "#333333");
  };

  function word(surface, words, x, y, size, colour) {
    const context = surface.context;
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    const room = context.measureText(words).width / 2 + 4;
    const place = Math.min(Math.max(x, room), surface.width - room), height = Math.min(Math.max(y, size), surface.height - 4);
    context.lineJoin = "round";
    context.strokeStyle = "rgba(255,255,255,0.85)";
    context.lineWidth = size / 3;
    context.strokeText(words, place, height);
    context.fillStyle = colour;
    context.fillText(words, place, height);
  }

  toygan.strokeCross = function (surface, u, v) {
    const x = u * surface.width, y = (1 - v) * surface.height;
    const lines = [[[x, 0], [x, surface.height]], [[0, y], [surface.width, y]]];
    stroke(surface, lines, "rgba(255,255,255,0.7)", 1.4);
    stroke(surface, lines, "rgba(20,20,20,0.75)", 0.5);
  };
})();
