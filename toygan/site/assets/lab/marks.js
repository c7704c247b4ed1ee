// What is painted on a stage above the critic's map: points by kind, arrows, the latent mesh, trails, the way back, a move's batch.
"use strict";
lab.marks = (function () {
  const FOLLOWED = 12, PATHS = 30, WAYS = 120, BETWEEN = 4; // points with numbers, with trails, with a way back; every which has a pull

  function squares(stage, points, colours, side, from = 0, count = points.length / 2) {
    const { context } = stage;
    context.fillStyle = "#fff";
    for (let i = from; i < count; i++) {
      const [x, y] = stage.at(points[2 * i], points[2 * i + 1]);
      context.fillRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
    }
    for (let i = from; i < count; i++) {
      const [x, y] = stage.at(points[2 * i], points[2 * i + 1]);
      context.fillStyle = typeof colours === "string" ? colours : colours(i);
      context.fillRect(x - side / 2, y - side / 2, side, side);
    }
  }

  const sideOf = (stage) => Math.max(stage.canvas.width / 110, 3);

  // Generated points, a colour a kind where there are kinds.
  function points(stage, samples, kinds) {
    const every = stage.kindColours, colours = kinds ? (i) => every[kinds.of[i] % every.length] : stage.colours.generated;
    squares(stage, samples, colours, sideOf(stage), 0, Math.min(stage.windows.samples, samples.length / 2));
  }

  // Points in the colour of the critic's score where they are: target points round, generated ones square.
  function judged(stage, look, show) {
    const { context } = stage, side = sideOf(stage) * 1.15;
    const fill = (x, y) => { const found = stage.read(look, [x, y]); return found ? "#" + stage.bandColours[stage.bandOf(found.score)].toString(16).padStart(6, "0") : "#fff"; };
    context.lineWidth = Math.max(stage.canvas.width / 500, 1);
    for (const [cloud, colour, isRound, count] of [[show.real && stage.watched, stage.colours.real, true, 200], [show.generated && look.samples, stage.colours.generated, false, stage.windows.samples]]) {
      context.strokeStyle = colour;
      for (let i = 0; cloud && i < Math.min(cloud.length / 2, count); i++) {
        const [x, y] = stage.at(cloud[2 * i], cloud[2 * i + 1]);
        context.fillStyle = fill(cloud[2 * i], cloud[2 * i + 1]);
        context.beginPath();
        if (isRound) context.arc(x, y, side * 0.6, 0, 7); else context.rect(x - side / 2, y - side / 2, side, side);
        context.fill();
        context.stroke();
      }
    }
  }

  // Lines of equal density of the target, at shares of its highest.
  function contours(stage, logs) {
    const SHARES = [0.05, 0.15, 0.3, 0.5, 0.75], side = stage.windows.scores, size = stage.canvas.width, canvas = document.createElement("canvas"), highest = logs.reduce((a, b) => Math.max(a, b));
    canvas.width = canvas.height = size;
    const context = canvas.getContext("2d"), image = context.createImageData(size, size), pixels = new Uint32Array(image.data.buffer), levels = new Uint8Array(size * size);
    const limits = SHARES.map((share) => highest + Math.log(share)), step = (side - 1) / (size - 1);
    for (let y = 0, k = 0; y < size; y++) {
      const v = (size - 1 - y) * step, j = Math.min(v | 0, side - 2), b = v - j;
      for (let x = 0; x < size; x++, k++) {
        const u = x * step, i = Math.min(u | 0, side - 2), a = u - i, low = j * side + i;
        const here = (1 - b) * ((1 - a) * logs[low] + a * logs[low + 1]) + b * ((1 - a) * logs[low + side] + a * logs[low + side + 1]);
        levels[k] = limits.filter((limit) => here >= limit).length;
        if ((x && levels[k - 1] !== levels[k]) || (y && levels[k - size] !== levels[k])) pixels[k] = 0xc03e2410;
      }
    }
    context.putImageData(image, 0, 0);
    return canvas;
  }

  // Arrows [x, y, dx, dy] in pixels, with heads.
  function drawn(stage, ways, colour) {
    const { context } = stage, size = stage.canvas.width;
    context.strokeStyle = colour;
    context.lineWidth = Math.max(size / 500, 1);
    context.beginPath();
    for (const [x, y, dx, dy] of ways) {
      const length = Math.hypot(dx, dy);
      if (!(length > size / 300)) continue;
      const [ex, ey] = [x + dx, y + dy], [ux, uy] = [dx / length, dy / length], head = Math.min(length * 0.4, size / 90);
      context.moveTo(x, y);
      context.lineTo(ex, ey);
      context.moveTo(ex - head * (ux + 0.6 * uy), ey - head * (uy - 0.6 * ux));
      context.lineTo(ex, ey);
      context.lineTo(ex - head * (ux - 0.6 * uy), ey - head * (uy + 0.6 * ux));
    }
    context.stroke();
  }

  // A slope as an arrow: as long as it is steep beside the steepest, within reason.
  function scaled(stage, dx, dy) {
    const size = stage.canvas.width, side = stage.windows.slopes, reach = size / side * 1.1 / stage.steep, length = Math.hypot(dx, dy) * reach;
    const shrink = length ? reach * Math.min(1, 1.6 * size / side / length) : 0;
    return [dx * shrink, -dy * shrink];
  }

  function measure(stage, slopes) {
    let longest = 0;
    for (let i = 0; i < slopes.length; i += 2) longest = Math.max(longest, Math.hypot(slopes[i], slopes[i + 1]));
    stage.steep = stage.steep && longest < 1.5 * stage.steep && longest > stage.steep / 2 ? stage.steep : longest || 1;
  }

  function arrows(stage, slopes) {
    const side = stage.windows.slopes, [left, right, bottom, top] = stage.view;
    measure(stage, slopes);
    const ways = Array.from({ length: side * side }, (_, i) => {
      const place = stage.at(left + (i % side) / (side - 1) * (right - left), bottom + Math.floor(i / side) / (side - 1) * (top - bottom));
      return [...place, ...scaled(stage, slopes[2 * i], slopes[2 * i + 1])];
    });
    drawn(stage, ways, "rgb(16 36 62 / 62%)");
  }

  // Arrows at generated points.
  function pulls(stage, look) {
    measure(stage, look.slopes);
    const ways = [];
    for (let i = 0; i < stage.windows.samples; i += BETWEEN) {
      const place = [look.samples[2 * i], look.samples[2 * i + 1]], found = stage.read(look, place);
      if (found) ways.push([...stage.at(...place), ...scaled(stage, ...found.way)]);
    }
    drawn(stage, ways, "rgb(139 50 0 / 90%)");
  }

  // The mesh of latents carried by the generator: the darker a cell, the more points come to lie in so much room; cells that lie face
  // down, its folds, are hatched by a colour of their own. Latents that are normal are fewer towards the edge.
  function mesh(stage, samples, law) {
    const { context } = stage, n = stage.windows.mesh, first = stage.windows.samples, cells = [];
    const corner = (i, j) => stage.at(samples[2 * (first + i * n + j)], samples[2 * (first + i * n + j) + 1]);
    if (samples.length < 2 * (first + n * n)) return;
    let up = 0;
    for (let i = 0; i + 1 < n; i++) {
      for (let j = 0; j + 1 < n; j++) {
        const four = [corner(i, j), corner(i, j + 1), corner(i + 1, j + 1), corner(i + 1, j)];
        const area = four.reduce((sum, [x, y], k) => sum + x * four[(k + 1) % 4][1] - four[(k + 1) % 4][0] * y, 0);
        up += Math.sign(area);
        const far = [i, j].reduce((sum, k) => sum + ((2 * k + 1) / (n - 1) - 1) ** 2, 0);
        cells.push([four, area, law === "normal" ? Math.exp(-2 * far) : 0.4]); // of 2 standard deviations from end to middle
      }
    }
    context.lineWidth = Math.max(stage.canvas.width / 700, 0.7);
    context.strokeStyle = "rgb(139 26 107 / 55%)";
    for (const [four, area, mass] of cells) {
      context.beginPath();
      four.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      const dense = Math.min(0.04 + 0.35 * mass * (stage.canvas.width / n) ** 2 / (n * Math.abs(area) + 1), 0.6);
      context.fillStyle = area * up < 0 ? `rgb(0 70 150 / ${0.2 + 0.6 * dense})` : `rgb(139 26 107 / ${dense})`;
      context.fill();
      context.stroke();
    }
  }

  function trails(stage) {
    const { context } = stage;
    context.strokeStyle = "rgb(213 94 0 / 55%)";
    context.lineWidth = Math.max(stage.canvas.width / 600, 1);
    context.beginPath();
    for (let i = 0; i < PATHS; i++) {
      stage.trails.forEach(({ points: seen }, t) => {
        const [x, y] = stage.at(seen[2 * i], seen[2 * i + 1]);
        if (t) context.lineTo(x, y); else context.moveTo(x, y);
      });
    }
    context.stroke();
  }

  // A few points with their numbers, so that the eye can follow each.
  function tracked(stage, samples) {
    const { context } = stage, size = stage.canvas.width, radius = size / 45;
    context.font = `600 ${Math.round(radius * 1.2)}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.lineWidth = Math.max(size / 300, 1.5);
    for (let i = 0; i < FOLLOWED; i++) {
      const [x, y] = stage.at(samples[2 * i], samples[2 * i + 1]);
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
      context.fillStyle = "#fff";
      context.fill();
      context.strokeStyle = stage.colours.generated;
      context.stroke();
      context.fillStyle = "#7a3400";
      context.fillText(String(i + 1), x, y + radius * 0.42);
    }
  }

  // From real points to what comes back of them.
  function wayBack(stage, reconstructed) {
    const { watched } = stage, ways = [];
    if (!watched) return;
    for (let i = 0; i < Math.min(WAYS, reconstructed.length / 2, watched.length / 2); i++) {
      const from = stage.at(watched[2 * i], watched[2 * i + 1]), to = stage.at(reconstructed[2 * i], reconstructed[2 * i + 1]);
      ways.push([...from, to[0] - from[0], to[1] - from[1]]);
    }
    drawn(stage, ways, "rgb(139 26 107 / 80%)");
  }

  // The points that a move sees, what pulls at the generated ones, and where they go.
  function batch(stage, { part, move, real, fake, pull, now }) {
    const { context } = stage, side = sideOf(stage) * 1.2, ways = [];
    if (move !== "generator") {
      context.fillStyle = stage.colours.real;
      for (let i = 0; i < real.length; i += 2) {
        const [x, y] = stage.at(real[i], real[i + 1]);
        context.beginPath();
        context.arc(x, y, side * 0.55, 0, 7);
        context.fill();
      }
    }
    if (part === "pull") for (let i = 0; i < pull.length; i += 2) ways.push([...stage.at(fake[i], fake[i + 1]), ...scaled(stage, pull[i], pull[i + 1])]);
    if (part === "update" && move !== "critic") {
      for (let i = 0; i < fake.length; i += 2) { const [from, to] = [stage.at(fake[i], fake[i + 1]), stage.at(now[i], now[i + 1])]; ways.push([...from, to[0] - from[0], to[1] - from[1]]); }
    }
    squares(stage, part === "update" ? now : fake, stage.colours.generated, side);
    stage.steep = stage.steep || 1;
    drawn(stage, ways, "rgb(139 50 0 / 95%)");
  }

  return { points, judged, contours, arrows, pulls, mesh, trails, tracked, wayBack, batch };
})();
