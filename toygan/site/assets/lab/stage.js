// One picture of a game: the critic's bands with lines between them, real points as quiet discs, generated ones on top, arrows
// where the critic pulls. Painting only; every number comes from the trainer.
"use strict";
lab.Stage = class {
  constructor(canvas, catalogue) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.context.fillStyle = "#fdfdfc"; // until something is seen
    this.context.fillRect(0, 0, canvas.width, canvas.height);
    this.windows = catalogue.windows;
    this.colours = catalogue.colours;
    this.kindColours = catalogue.kinds;
    this.bandColours = catalogue.bands;
    this.fills = Uint32Array.from(catalogue.bands.map((rgb) => lab.Stage.turned(rgb)));
    this.lines = Uint32Array.from(catalogue.bands.map((rgb) => lab.Stage.turned(lab.Stage.darker(rgb))));
    this.middle = (catalogue.bands.length - 1) / 2;
    this.width = 0; // of a band
    this.least = 120; // pixels a side
    this.trails = [];
    this.seenWidth = 0; // asked of the page it would have to be laid out anew for every picture
    new ResizeObserver(([{ contentRect }]) => { this.seenWidth = contentRect.width; }).observe(canvas);
  }

  // Canvas bytes are red, green, blue, alpha; read as one little-endian number that is turned around.
  static turned(rgb) { return (0xff000000 | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0; }
  static darker(rgb) { return [16, 8, 0].reduce((sum, by) => sum | (Math.floor(((rgb >> by) & 255) * 0.8) << by), 0); }

  setView(view) { this.view = view; this.width = 0; this.field = undefined; this.carpet = this.density = this.contours = null; this.trails = []; }
  setDensity(logs) { this.density = logs; this.contours = null; }
  setReal(points) { this.real = points; this.carpet = null; }

  // As many pixels as are seen, within reason.
  resize() {
    const size = Math.round(Math.min(Math.max(this.seenWidth || this.canvas.clientWidth, this.least) * Math.min(devicePixelRatio || 1, 2), 720));
    if (this.canvas.width !== size || !this.image) {
      this.canvas.width = this.canvas.height = size;
      this.image = this.context.createImageData(size, size);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.bands = new Uint8Array(size * size);
      this.field = undefined;
      this.carpet = this.contours = null;
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

  // A look as it is drawn, and `seen` where that is not what was seen, as of latents on their way.
  paint(look, show, seen = look) {
    this.resize();
    const field = (show.critic && (this.optimal ? look.optimal : look.scores)) || null;
    if (field !== this.field) { // the same map as before is there already
      if (field) this.paintField(this.shared ? this.levelled(field, look.samples) : field); else this.pixels.fill(0xfffcfdfd);
      this.field = field;
    }
    this.context.putImageData(this.image, 0, 0);
    if (show.real && this.real) this.context.drawImage(this.carpetOf(), 0, 0);
    const own = !this.optimal;
    if (own && show.density && this.density) this.context.drawImage(this.contours || (this.contours = lab.marks.contours(this, this.density)), 0, 0);
    if (own && show.arrows && look.slopes) lab.marks.arrows(this, look.slopes);
    if (own && show.mesh) lab.marks.mesh(this, look.samples, show.law);
    if (own && show.back && look.reconstructed) lab.marks.wayBack(this, look.reconstructed);
    if (own && seen.step !== undefined) this.followed(seen); // so that trails are there when they are asked for
    if (own && show.trails) lab.marks.trails(this);
    if (own && look.slow) lab.marks.batch(this, look.slow);
    else if (own && show.judged && look.scores) lab.marks.judged(this, look, show);
    else if (show.generated) lab.marks.points(this, look.samples, own && show.kinds);
    if (own && show.pulls && look.slopes) lab.marks.pulls(this, look);
    if (own && show.tracked) lab.marks.tracked(this, look.samples);
  }

  // Where the first points have been, a place a look; what lies ahead of where the game stands now is forgotten.
  followed({ step, samples }) {
    while (this.trails.length && this.trails[this.trails.length - 1].step >= step) this.trails.pop();
    this.trails.push({ step, points: samples.slice(0, 60) });
    if (this.trails.length > 60) this.trails.shift();
  }

  // Scores as places among bands whose levels are shared out as in Python's pictures (view/levels.py): two fifths by the scores all
  // over the plane, two by those at the points, one evenly. Endless ones lie a step beyond the others.
  levelled(field, samples) {
    const PARTS = 200, bands = this.fills.length, known = field.filter((one) => Math.abs(one) < 1e30).sort(), side = this.windows.scores;
    if (!known.length) return Float32Array.from(field, (one) => (one > 0 ? bands - 0.5 : 0.5));
    const low = known[0], high = known[known.length - 1], step = (high - low) / 10 || 1, clipped = field.map((one) => Math.min(Math.max(one, low - step), high + step));
    const [left, right, bottom, top] = this.view, there = [];
    for (const cloud of [this.real || [], samples]) {
      for (let i = 0; i < cloud.length && i < 2000; i += 2) {
        const x = Math.round((cloud[i] - left) / (right - left) * (side - 1)), y = Math.round((cloud[i + 1] - bottom) / (top - bottom) * (side - 1));
        if (x >= 0 && x < side && y >= 0 && y < side) there.push(clipped[y * side + x]);
      }
    }
    const part = (sorted) => Array.from({ length: PARTS }, (_, i) => sorted[Math.floor((i + 0.5) / PARTS * sorted.length)]);
    const plane = part(clipped.slice().sort()), points = there.length ? part(Float32Array.from(there).sort()) : plane;
    const evenly = Array.from({ length: PARTS }, (_, i) => low + i / (PARTS - 1) * (high - low)), mixture = Float32Array.from([plane, plane, points, points, evenly].flat()).sort();
    const first = mixture[0], last = Math.max(mixture[mixture.length - 1], first + 1e-9);
    const edges = [...new Set(Array.from({ length: bands - 1 }, (_, i) => mixture[Math.floor((i + 1) / bands * mixture.length)]))].filter((one) => one > first && one < last);
    const knots = [first, ...edges, last], wide = bands / (knots.length - 1);
    return clipped.map((one) => {
      let k = 0;
      while (k < knots.length - 2 && one >= knots[k + 1]) k++;
      return Math.min((k + Math.min(Math.max((one - knots[k]) / (knots[k + 1] - knots[k]), 0), 1)) * wide, bands - 1e-3);
    });
  }

  paintField(field) {
    const side = this.windows.scores, size = this.canvas.width, { pixels, bands, fills, lines } = this;
    const sorted = Float32Array.from(field).sort(), at = (share) => sorted[Math.floor(share * (sorted.length - 1))];
    const middle = at(0.5), reach = Math.max(at(0.97) - middle, middle - at(0.03), 1e-12) / (this.middle - 0.5);
    if (!(reach < this.width * 1.25 && reach > this.width * 0.55)) this.width = this.rounded(reach);
    const scale = this.shared ? 1 : 1 / this.width, last = fills.length - 1, line = new Float32Array(side + 1), shift = this.shared ? 0 : this.middle + 0.5 - middle * scale;
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

  // The band that a score is painted in, as a place among them; the map says its scale when it is painted.
  bandOf(score) {
    const { middle, width } = this.shown || { middle: 0, width: 1 };
    return Math.min(Math.max(Math.floor((score - middle) / width + this.middle + 0.5), 0), this.fills.length - 1);
  }

  // The score and the slope at a place of the plane, between the places of their grids.
  read(look, [x, y]) {
    const [left, right, bottom, top] = this.view, u = (x - left) / (right - left), v = (y - bottom) / (top - bottom);
    if (u < 0 || u > 1 || v < 0 || v > 1) return null;
    const between = (values, side, parts, part) => {
      const place = [u, v].map((one) => Math.min(one * (side - 1), side - 1.001)), [i, j] = place.map(Math.floor), [a, b] = [place[0] - i, place[1] - j];
      const at = (row, column) => values[parts * (row * side + column) + part];
      return (1 - b) * ((1 - a) * at(j, i) + a * at(j, i + 1)) + b * ((1 - a) * at(j + 1, i) + a * at(j + 1, i + 1));
    };
    const slope = [0, 1].map((part) => between(look.slopes, this.windows.slopes, 2, part));
    return { score: between(look.scores, this.windows.scores, 1, 0), slope: Math.hypot(...slope), way: slope };
  }
};
