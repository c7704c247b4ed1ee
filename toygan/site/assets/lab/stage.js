// One picture of a game: the critic's bands with lines between them, real points as quiet discs, generated ones on top, arrows
// where the critic pulls. Painting only; every number comes from the trainer.
"use strict";
lab.Stage = class {
  constructor(canvas, catalogue) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.windows = catalogue.windows;
    this.colours = catalogue.colours;
    this.fills = Uint32Array.from(catalogue.bands.map((rgb) => lab.Stage.turned(rgb)));
    this.lines = Uint32Array.from(catalogue.bands.map((rgb) => lab.Stage.turned(lab.Stage.darker(rgb))));
    this.middle = (catalogue.bands.length - 1) / 2;
    this.width = 0; // of a band
    this.trails = [];
  }

  // Canvas bytes are red, green, blue, alpha; read as one little-endian number that is turned around.
  static turned(rgb) { return (0xff000000 | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0; }
  static darker(rgb) { return [16, 8, 0].reduce((sum, by) => sum | (Math.floor(((rgb >> by) & 255) * 0.8) << by), 0); }

  setView(view) { this.view = view; this.width = 0; this.carpet = null; this.trails = []; }
  setReal(points) { this.real = points; this.carpet = null; }

  // As many pixels as are seen, within reason.
  resize() {
    const box = this.canvas.getBoundingClientRect(), size = Math.round(Math.min(Math.max(box.width, 120) * Math.min(devicePixelRatio || 1, 2), 720));
    if (this.canvas.width !== size || !this.image) {
      this.canvas.width = this.canvas.height = size;
      this.image = this.context.createImageData(size, size);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.bands = new Uint8Array(size * size);
      this.carpet = null;
    }
  }

  at(x, y) {
    const [left, right, bottom, top] = this.view, size = this.canvas.width;
    return [(x - left) / (right - left) * size, (top - y) / (top - bottom) * size];
  }

  // Where on the plane a pointer is.
  plane(event) {
    const box = this.canvas.getBoundingClientRect(), [left, right, bottom, top] = this.view;
    return [left + (event.clientX - box.left) / box.width * (right - left), top - (event.clientY - box.top) / box.height * (top - bottom)];
  }

  paint(look, show) {
    this.resize();
    const field = show.critic && (this.optimal ? look.optimal : look.scores);
    if (field) this.paintField(field); else this.pixels.fill(0xfffcfdfd);
    this.context.putImageData(this.image, 0, 0);
    if (show.real && this.real) this.context.drawImage(this.carpetOf(), 0, 0);
    if (show.arrows && !this.optimal && look.slopes) this.paintArrows(look.slopes);
    if (show.mesh && !this.optimal) this.paintMesh(look.samples);
    if (show.trails && !this.optimal) this.paintTrails(look.samples);
    if (show.generated) this.paintPoints(look.samples);
  }

  paintField(field) {
    const side = this.windows.scores, size = this.canvas.width, { pixels, bands, fills, lines } = this;
    const sorted = Float32Array.from(field).sort(), at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
    const middle = at(0.5), reach = Math.max(at(0.97) - middle, middle - at(0.03), 1e-12) / (this.middle - 0.5);
    if (!(reach < this.width * 1.25 && reach > this.width * 0.55)) this.width = this.rounded(reach);
    const scale = 1 / this.width, last = fills.length - 1, line = new Float32Array(side + 1), shift = this.middle + 0.5 - middle * scale;
    for (let y = 0; y < size; y++) {
      const place = (1 - y / (size - 1)) * (side - 1), low = Math.min(Math.floor(place), side - 2), share = place - low;
      for (let i = 0; i < side; i++) line[i] = ((1 - share) * field[low * side + i] + share * field[(low + 1) * side + i]) * scale + shift;
      const step = (side - 1) / (size - 1);
      for (let x = 0, row = y * size; x < size; x++) {
        const u = x * step, i = Math.min(u | 0, side - 2), here = line[i] + (line[i + 1] - line[i]) * (u - i);
        bands[row + x] = here < 0 ? 0 : here > last ? last : here | 0;
      }
    }
    for (let y = 0, k = 0; y < size; y++) {
      for (let x = 0; x < size; x++, k++) {
        const band = bands[k];
        pixels[k] = (x && bands[k - 1] !== band) || (y && bands[k - size] !== band) ? lines[band] : fills[band];
      }
    }
    this.shown = { middle, width: this.width };
  }

  rounded(value) {
    const power = 10 ** Math.floor(Math.log10(value)), lead = value / power;
    return power * (lead > 5 ? 10 : lead > 2 ? 5 : lead > 1 ? 2 : 1);
  }

  // Real points do not move: painted once.
  carpetOf() {
    if (this.carpet) return this.carpet;
    const size = this.canvas.width, carpet = this.carpet = document.createElement("canvas");
    carpet.width = carpet.height = size;
    const context = carpet.getContext("2d"), count = Math.min(this.real.length / 2, 700), radius = size / 150;
    context.fillStyle = this.colours.real;
    context.globalAlpha = 0.34;
    for (let i = 0; i < count; i++) {
      const [x, y] = this.at(this.real[2 * i], this.real[2 * i + 1]);
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
      context.fill();
    }
    return carpet;
  }

  paintPoints(samples) {
    const { context } = this, size = this.canvas.width, side = Math.max(size / 110, 3), count = this.windows.samples;
    context.fillStyle = "#fff";
    for (let i = 0; i < count; i++) {
      const [x, y] = this.at(samples[2 * i], samples[2 * i + 1]);
      context.fillRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
    }
    context.fillStyle = this.colours.generated;
    for (let i = 0; i < count; i++) {
      const [x, y] = this.at(samples[2 * i], samples[2 * i + 1]);
      context.fillRect(x - side / 2, y - side / 2, side, side);
    }
  }

  paintArrows(slopes) {
    const { context } = this, side = this.windows.slopes, size = this.canvas.width, [left, right, bottom, top] = this.view;
    let longest = 0;
    for (let i = 0; i < slopes.length; i += 2) longest = Math.max(longest, Math.hypot(slopes[i], slopes[i + 1]));
    this.steep = this.steep && longest < 1.5 * this.steep && longest > this.steep / 2 ? this.steep : longest || 1;
    const reach = size / side * 1.1 / this.steep;
    context.strokeStyle = "rgb(16 36 62 / 62%)";
    context.lineWidth = Math.max(size / 500, 1);
    context.beginPath();
    for (let i = 0; i < side * side; i++) {
      const dx = slopes[2 * i] * reach, dy = -slopes[2 * i + 1] * reach, length = Math.hypot(dx, dy);
      if (!(length > size / 300)) continue;
      const shrink = Math.min(1, 1.6 * size / side / length), [x, y] = this.at(left + (i % side) / (side - 1) * (right - left), bottom + Math.floor(i / side) / (side - 1) * (top - bottom));
      const [ex, ey] = [x + dx * shrink, y + dy * shrink], [ux, uy] = [dx / length, dy / length], head = Math.min(length * 0.4, size / 90);
      context.moveTo(x, y);
      context.lineTo(ex, ey);
      context.moveTo(ex - head * (ux + 0.6 * uy), ey - head * (uy - 0.6 * ux));
      context.lineTo(ex, ey);
      context.lineTo(ex - head * (ux - 0.6 * uy), ey - head * (uy + 0.6 * ux));
    }
    context.stroke();
  }

  // The mesh of latents carried by the generator; cells that lie face down, its folds, are shaded.
  paintMesh(samples) {
    const { context } = this, n = this.windows.mesh, first = this.windows.samples;
    const corner = (i, j) => this.at(samples[2 * (first + i * n + j)], samples[2 * (first + i * n + j) + 1]);
    if (samples.length < 2 * (first + n * n)) return;
    let up = 0;
    const cells = [];
    for (let i = 0; i + 1 < n; i++) {
      for (let j = 0; j + 1 < n; j++) {
        const four = [corner(i, j), corner(i, j + 1), corner(i + 1, j + 1), corner(i + 1, j)];
        const area = four.reduce((sum, [x, y], k) => sum + x * four[(k + 1) % 4][1] - four[(k + 1) % 4][0] * y, 0);
        up += Math.sign(area);
        cells.push([four, area]);
      }
    }
    context.lineWidth = Math.max(this.canvas.width / 700, 0.7);
    context.strokeStyle = "rgb(139 26 107 / 55%)";
    for (const [four, area] of cells) {
      context.beginPath();
      four.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      if (area * up < 0) { context.fillStyle = "rgb(139 26 107 / 22%)"; context.fill(); }
      context.stroke();
    }
  }

  paintTrails(samples) {
    const { context } = this;
    this.trails.push(samples.slice(0, 60));
    if (this.trails.length > 30) this.trails.shift();
    context.strokeStyle = "rgb(213 94 0 / 55%)";
    context.lineWidth = Math.max(this.canvas.width / 600, 1);
    context.beginPath();
    for (let i = 0; i < 30; i++) {
      this.trails.forEach((points, t) => {
        const [x, y] = this.at(points[2 * i], points[2 * i + 1]);
        if (t) context.lineTo(x, y); else context.moveTo(x, y);
      });
    }
    context.stroke();
  }

  // The score at a place of the plane, read off the grid, and its slope off the coarser one.
  read(look, [x, y]) {
    const [left, right, bottom, top] = this.view, u = (x - left) / (right - left), v = (y - bottom) / (top - bottom);
    if (u < 0 || u > 1 || v < 0 || v > 1) return null;
    const nearest = (side) => Math.round(v * (side - 1)) * side + Math.round(u * (side - 1));
    const at = 2 * nearest(this.windows.slopes);
    return { score: look.scores[nearest(this.windows.scores)], slope: Math.hypot(look.slopes[at], look.slopes[at + 1]) };
  }
};
