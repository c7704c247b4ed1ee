// A chart of a few lines over steps, with a band and a cursor; a click or a drag on it goes to a step. Its axis begins at `low` and
// ends at `high` where these are set, and goes by factors where it is `log`.
"use strict";
lab.Chart = class {
  constructor(canvas, lines, went) {
    Object.assign(this, { canvas, lines, context: canvas.getContext("2d"), points: [], band: null });
    const go = (event) => {
      if (!this.across || (event.type === "pointermove" && !event.buttons)) return;
      const box = canvas.getBoundingClientRect();
      went(Math.round(this.across * Math.min(Math.max((event.clientX - box.left - 44) / (box.width - 52), 0), 1)));
    };
    canvas.addEventListener("pointerdown", go);
    canvas.addEventListener("pointermove", go);
  }

  clear() { this.points = []; }

  // One more moment; what lay ahead of it is forgotten. Many moments are thinned.
  add(step, values) {
    while (this.points.length && this.points[this.points.length - 1].step >= step) this.points.pop();
    this.points.push({ step, values });
    if (this.points.length > 1600) this.points = this.points.filter((_, i) => i % 2 === 0);
  }

  paint(now) {
    const { canvas, context } = this, box = canvas.getBoundingClientRect(), ratio = Math.min(devicePixelRatio || 1, 2);
    const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio), style = getComputedStyle(canvas);
    if (!width) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, box.width, box.height);
    const scale = this.log ? (value) => (value > 0 ? Math.log10(value) : NaN) : (value) => value;
    const values = this.points.flatMap((point) => point.values).concat(this.band || []).map(scale).filter(Number.isFinite).sort((a, b) => a - b);
    if (!values.length) return;
    let low = values[Math.floor(0.01 * (values.length - 1))], high = values[Math.ceil(0.99 * (values.length - 1))];
    if (this.fromZero) low = 0;
    if (!(high > low)) { high += 1; if (!this.fromZero) low -= 1; }
    const pad = 0.07 * (high - low);
    if (!this.fromZero) low -= pad;
    high += pad;
    if (this.low !== undefined) low = this.low - 0.02 - pad * (values[0] < this.low);
    if (this.high !== undefined) high = Math.max(this.high, 1.02);
    this.across = Math.max(this.points.length ? this.points[this.points.length - 1].step : 1, now, 1);
    const x = (step) => 44 + step / this.across * (box.width - 52), y = (value) => box.height - 18 - (scale(value) - low) / (high - low) * (box.height - 26);
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = style.getPropertyValue("--soft");
    context.strokeStyle = style.getPropertyValue("--line");
    context.lineWidth = 1;
    context.textAlign = "right";
    for (const place of this.low === undefined ? [low + pad, (low + high) / 2, high - pad] : [this.low, (this.low + this.high) / 2, this.high]) {
      const value = this.log ? 10 ** place : place;
      context.fillText(lab.short(value), 40, y(value) + 4);
      context.beginPath();
      context.moveTo(44, y(value));
      context.lineTo(box.width - 8, y(value));
      context.stroke();
    }
    context.fillText(String(this.across), box.width - 8, box.height - 4);
    context.textAlign = "left";
    context.fillText("0", 44, box.height - 4);
    if (this.band) {
      context.fillStyle = style.getPropertyValue("--band");
      context.fillRect(44, y(this.band[1]), box.width - 52, Math.max(y(this.band[0]) - y(this.band[1]), 2));
    }
    this.lines.forEach(({ colour, dash }, k) => {
      context.strokeStyle = style.getPropertyValue(colour) || colour;
      context.setLineDash(dash || []);
      context.lineWidth = 1.6;
      context.beginPath();
      let pen = false;
      for (const { step, values: at } of this.points) {
        if (!Number.isFinite(scale(at[k]))) { pen = false; continue; }
        const place = [x(step), Math.min(Math.max(y(at[k]), 2), box.height - 16)];
        if (pen) context.lineTo(...place); else context.moveTo(...place);
        pen = true;
      }
      context.stroke();
    });
    context.setLineDash([]);
    context.strokeStyle = style.getPropertyValue("--ink");
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x(now), 4);
    context.lineTo(x(now), box.height - 18);
    context.stroke();
  }
};
