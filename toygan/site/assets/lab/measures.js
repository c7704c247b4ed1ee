// What is counted of clouds of points [x, y, x, y, ...]: Python's measures in the page, tested against them. What decides - the
// maps of modes, radii, reaches, shares - comes with the target.
"use strict";
lab.measures = (function () {
  const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / Math.max(numbers.length, 1);

  // How far (x, y) is from a mode, in standard deviations of it.
  function away(x, y, [cx, cy], [[a, b], [c, d]]) {
    const dx = x - cx, dy = y - cy;
    return Math.hypot(a * dx + b * dy, c * dx + d * dy);
  }

  // The nearest of some, by distances that are asked for; the first of equally near ones.
  function nearest(count, distance) {
    let best = 0, least = Infinity;
    for (let k = 0; k < count; k++) {
      const now = distance(k);
      if (now < least * (1 - 1e-9) - 1e-9) { least = now; best = k; }
    }
    return { k: best, distance: least };
  }

  // The mode that (x, y) belongs to, and how far it is.
  const modeAt = (x, y, { centres, maps }) => nearest(centres.length, (k) => away(x, y, centres[k], maps[k]));
  const placeAt = (x, y, centres) => nearest(centres.length, (k) => Math.hypot(x - centres[k][0], y - centres[k][1]));

  function each(points, act) { for (let i = 0; i < points.length; i += 2) act(points[i], points[i + 1]); }

  function ofModes(points, modes, sigmas) {
    const counts = new Float64Array(modes.centres.length), n = points.length / 2;
    each(points, (x, y) => { const { k, distance } = modeAt(x, y, modes); if (distance <= sigmas) counts[k]++; });
    return { modes: counts.filter((one) => one > 0).length, high_quality: counts.reduce((a, b) => a + b, 0) / n };
  }

  // How much of a curve's points has a point within the radius, and how many points are within it of the curve.
  function ofCurve(points, { curve, radius }) {
    const reached = new Uint8Array(curve.length / 2), least = radius * radius;
    let on = 0;
    each(points, (x, y) => {
      let isOn = false;
      for (let k = 0; k < curve.length; k += 2) {
        const dx = curve[k] - x, dy = curve[k + 1] - y;
        if (dx * dx + dy * dy <= least) { reached[k >> 1] = 1; isOn = true; }
      }
      if (isOn) on++;
    });
    return { on_skeleton: on / (points.length / 2), skeleton_coverage: mean([...reached]) };
  }

  // Mean of a cloud and the root mean square distance from it.
  function middleOf(points) {
    let x = 0, y = 0, far = 0;
    each(points, (a, b) => { x += a; y += b; });
    x /= points.length / 2;
    y /= points.length / 2;
    each(points, (a, b) => { far += (a - x) ** 2 + (b - y) ** 2; });
    return { centre: [x, y], size: Math.sqrt(far / (points.length / 2)) };
  }

  // Shares of the points at each place, the share within its reach, and how many places have theirs once the cloud is put onto
  // the target's middle.
  function ofPlaces(points, { centres, weights, reach }, target, quarter) {
    const shares = new Array(centres.length).fill(0), moved = new Array(centres.length).fill(0), n = points.length / 2;
    const { centre } = middleOf(points), [dx, dy] = [target.centre[0] - centre[0], target.centre[1] - centre[1]];
    let home = 0;
    each(points, (x, y) => {
      const here = placeAt(x, y, centres), there = placeAt(x + dx, y + dy, centres);
      shares[here.k] += 1 / n;
      if (here.distance <= reach[here.k]) home++;
      if (there.distance <= reach[there.k]) moved[there.k] += 1 / n;
    });
    return { shares, home: home / n, carried: moved.filter((one, k) => one >= quarter * weights[k]).length };
  }

  // E f(real) - E f(fake), and which share of W1 it is of a critic that is as steep as seen (Python's critic_value, critic_gap).
  function ofScores({ real, fake, pair, distance, realScores, fakeScores, steepest }) {
    const value = mean([...realScores]) - mean([...fakeScores]);
    let steep = steepest;
    pair.forEach((i, j) => {
      const length = Math.hypot(real[2 * i] - fake[2 * j], real[2 * i + 1] - fake[2 * j + 1]);
      if (length > 0) steep = Math.max(steep, Math.abs(realScores[i] - fakeScores[j]) / length);
    });
    return { critic_value: value, critic_gap: steep * distance > 0 ? value / (steep * distance) : NaN };
  }

  return { away, modeAt, placeAt, ofModes, ofCurve, ofPlaces, ofScores, middleOf, mean };
})();
