// What went wrong and when, of the game as far as it was played: Python's rules (`toygan.quantities.diagnosis`), tested against
// them on the same stories. Every threshold, and which label explains which, comes from Python.
"use strict";
lab.diagnosis = (function () {
  const { finite, part, last, beforeLast, early, middle, percentile, mean, noise, bends, since, stays, lasting } = lab.parts;
  const QUALITIES = ["high_quality", "on_skeleton", "skeleton_coverage"];
  const found = (frame, key, ...numbers) => ({ frame, key, numbers: numbers.map((one) => (typeof one === "number" ? Number(one.toPrecision(3)) : one)) });

  // A story: `steps`, `alive` frames before the end of numbers, `curves` by name, `layers` [frame][layer] of all frames, `shares`
  // [frame][place], `home`, `carried`, `centre`, `width` by frame, the places' `weights`, and facts of the target.
  return function (story, { limits: limit, claims, rules }) {
    const curve = (name) => { const values = story.curves[name] && story.curves[name].slice(0, story.alive); return values && values.some(Number.isFinite) ? values : null; };
    const w1 = curve("w1"), floorCurve = curve("w1_floor"), bottom = floorCurve ? middle(floorCurve) : 0, weights = story.weights || [];
    const living = (values) => (values ? values.slice(0, story.alive) : null);
    const shares = living(story.shares), home = living(story.home), carried = living(story.carried), centre = living(story.centre), width = living(story.width);
    const after = (values) => values.slice(Math.floor(values.length / 5));

    // --- how good it got ---

    function excess() {
      if (!w1) return null;
      const byFloor = Math.max(limit.floors * bottom, bottom + limit.spreads * story.floorSpread);
      const good = bottom > 0 ? byFloor : limit.of_start * finite(w1)[0];
      return good > 0 ? w1.map((one) => one / good) : null;
    }
    const ratio = excess();
    const farOff = () => ratio === null || lasting(ratio.map((one) => one <= 1), limit) === null;
    const qualities = () => Object.fromEntries(QUALITIES.map((name) => [name, curve(name)]).filter(([, values]) => values));

    function holding() {
      if (!shares || !shares.length) return null;
      const judged = weights.map((one) => one * story.points >= limit.expected);
      if (judged.filter(Boolean).length <= 1) return null;
      return shares.map((row) => row.map((one, k) => one >= limit.quarter * weights[k] || !judged[k]));
    }

    function kept() {
      const held = holding(), quality = curve("high_quality"), seen = story.hasModes ? curve("modes") : null;
      if (!held) return seen;
      const count = held.map((row) => row.filter(Boolean).length);
      return seen && quality && middle(last(quality)) >= limit.on_modes ? count.map((one, t) => (Number.isFinite(seen[t]) ? Math.min(one, seen[t]) : one)) : count;
    }
    const count = kept();

    function goneForGood() {
      const held = holding();
      return held && weights.map((_, k) => mean(last(held).map((row) => !row[k])) >= limit.nearly_all);
    }

    function lostForGood() {
      const gone = goneForGood(), measured = count ? Math.trunc(weights.length - Math.max(0, ...finite(last(count)))) : 0;
      return Math.max(gone ? gone.filter(Boolean).length : 0, measured);
    }

    function arrived() {
      if (!ratio) return null;
      let there = ratio.map((one) => one <= 1);
      if (!(bottom > 0)) return there;
      const modes = story.ceilings.modes === undefined ? Infinity : story.ceilings.modes;
      if (count) there = there.map((one, t) => one && count[t] >= Math.min(weights.length, Math.ceil(modes - 0.5)));
      for (const [name, values] of Object.entries(qualities())) there = there.map((one, t) => one && values[t] >= (1 - limit.astray) * story.ceilings[name]);
      return there;
    }

    // --- the rules ---

    const diverged = () => (story.alive === story.steps.length ? null : found(story.alive, "diverged"));

    function stillGrows(sizes) {
      const third = middle(sizes.slice(2 * part(sizes), 3 * part(sizes)));
      return middle(last(sizes)) > limit.grows * third && limit.grows * third > limit.grows ** 2 * middle(early(sizes));
    }

    function runawayCritic() {
      const scale = Math.max(w1 ? Math.max(...finite(w1)) : 0, story.size) || 1;
      for (const [name, most] of claims) {
        const values = curve(name);
        if (!values || values.length < 4) continue;
        const sizes = values.map(Math.abs), least = (name === "critic_loss" && stillGrows(sizes) ? limit.growing : most) * scale;
        const first = finite(sizes.slice(0, 1 + part(sizes)));
        if (!finite(last(sizes)).length || !first.length) continue;
        const begin = Math.min(...first), end = middle(last(sizes));
        if (end > least && end > limit.growth * begin) return found(Math.max(sizes.findIndex((one) => one > least), 0), "runaway-critic", "=" + name, begin, end, scale);
      }
      return null;
    }

    function swappedCritic() {
      const lead = curve("lead") || curve("critic_value"), range = curve("score_range");
      if (!lead || !w1 || lead.length < 5 || !farOff()) return null;
      const below = lead.map((one) => one < 0);
      if (!(stays(below, limit) && mean(beforeLast(below)) >= limit.nearly_all && middle(last(w1)) > w1[0])) return null;
      if (stillImproving() || !(middle(last(lead).map(Math.abs)) > limit.swing * middle(range ? last(range) : [0]))) return null;
      return found(since(below) || 0, "swapped-critic", -middle(last(lead)), w1[0], middle(last(w1)));
    }

    function runawayGenerator() {
      if (!w1 || w1.length < 3 || !farOff()) return null;
      const least = limit.astride * Math.max(story.size, w1[0]), away = w1.map((one) => one > least);
      return stays(away, limit) ? found(since(away) || 0, "runaway-generator", w1[0], middle(last(w1)), story.size) : null;
    }

    function weightSaturation() {
      const values = curve("weight_saturation");
      if (!values) return null;
      const held = values.map((one) => one >= limit.saturated);
      return stays(held, limit) ? found(since(held) || 0, "weight-saturation", Math.round(100 * middle(last(values)))) : null;
    }

    function throughLayers(holds, key) {
      if (!story.layers || !story.layers.length || story.layers[0].length < 3) return null;
      const layers = story.layers[0].length;
      const known = story.layers.map((row) => Number.isFinite(row[0]) && Number.isFinite(row[layers - 1]) && row[layers - 1] > 0);
      const times = story.layers.map((row, t) => (known[t] ? row[0] / row[layers - 1] : 1)), beyond = times.map((one, t) => known[t] && holds(one));
      const lost = story.alive < story.steps.length, end = lost && known.includes(true) ? known.lastIndexOf(true) + 1 : story.alive;
      let told = stays(beyond.slice(0, story.alive), limit) && !(lost && story.alive < 2);
      const built = (one) => one > 0 && Math.abs(Math.log(one)) <= (layers - 1) * Math.log(limit.a_layer);
      told = told || (lost && end > 1 && beyond[end - 1] && built(times[end - 1]));
      if (!told) return null;
      const now = lost ? times[end - 1] : middle(last(times));
      return found(since(beyond.slice(0, end)) || 0, key, now > 0 ? Math.max(now, 1 / now) : "∞", layers);
    }

    function largestButForASpike(sizes) {
      const known = finite(sizes), sorted = [...known].sort((a, b) => a - b);
      return known.length ? Math.max(known[0], sorted[Math.max(sorted.length - 2, 0)]) : 0;
    }

    function vanishingGradient() {
      const sizes = curve("generator_gradient"), flat = curve("score_saturation");
      if (!sizes || !farOff() || sizes.length < 3 || stillImproving()) return null;
      const largest = largestButForASpike(sizes);
      if (!(largest > 0)) return null;
      const gone = sizes.map((one, t) => one <= limit.gradient_left * largest || Boolean(flat && flat[t] >= limit.flat && one <= limit.gradient_faint * largest));
      return stays(gone, limit) ? found(since(gone) || 0, "vanishing-gradient", middle(last(sizes)) / largest) : null;
    }

    function jumps(rows) {
      const frames = [];
      let anchor = rows[0];
      rows.forEach((now, t) => {
        if (now.reduce((sum, one, k) => sum + Math.abs(one - anchor[k]), 0) / 2 >= limit.moved) { frames.push(t); anchor = now; }
      });
      return frames;
    }

    function onModes(later) {
      const quality = curve("high_quality"), near = !home || middle(home.slice(later)) >= limit.at_home;
      return near && (!quality || middle(quality.slice(later)) >= limit.perched);
    }

    function firstOfChain(moves) {
      const gaps = moves.slice(1).map((one, i) => one - moves[i]), most = limit.pause * middle(gaps);
      let far = -1;
      gaps.forEach((one, i) => { if (one > most) far = i; });
      return moves[far >= 0 && far + limit.hops < moves.length ? far + 1 : 0];
    }

    function modeHopping() {
      if (!shares || !carried || !count || count.length < 6 || !story.hasModes) return null;
      const later = Math.floor(count.length / 5), half = weights.length / 2;
      if (!onModes(later)) return null;
      const hops = jumps(shares.slice(later)), few = middle(count.slice(later)) <= half && middle(carried.slice(later)) <= half;
      if (hops.length < limit.hops || hops[hops.length - 1] < (count.length - later) / 2 || !few) return null;
      const moves = jumps(shares), first = firstOfChain(moves.length >= limit.hops ? moves : hops.map((one) => later + one));
      const held = [10, 90].map((p) => Math.trunc(percentile(count.slice(later), p)));
      return found(first, "mode-hopping", hops.length, held[0] === held[1] ? held[0] : `${held[0]}–${held[1]}`, weights.length);
    }

    function beingFound() {
      const late = last(count), half = late.length >> 1, [then, now] = half > 1 ? [late.slice(0, half), late.slice(-half)] : [beforeLast(count), late];
      return then.length > 0 && mean(now) - mean(then) > Math.max(0.5, 0.05 * weights.length);
    }

    function onItsWay() {
      if (shares && jumps(last(shares)).length) return true;
      if (!centre || !centre.length) return false;
      return [0, 1].some((axis) => { const path = last(centre).map((one) => one[axis]); return percentile(path, 75) - percentile(path, 25) > limit.sway * story.size; });
    }

    function modeCollapse() {
      if (!count || weights.length < 2 || count.length < 2 || !farOff()) return null;
      const few = count.map((one) => one <= limit.kept * weights.length), left = weights.length - lostForGood();
      if (!stays(few, limit) || beingFound() || onItsWay() || left > limit.kept * weights.length) return null;
      const near = home ? middle(last(home)) : 1;
      if (near < limit.at_home || (near < limit.settled && stillImproving())) return null;
      const at = since(few) || 0, emptied = emptiedFrom(at);
      if (emptied !== null || !home) return found(Math.max(emptied === null ? at : emptied, 1), "mode-collapse", left, weights.length);
      const settled = since(few.map((one, t) => one && home[t] >= limit.at_home));
      return found(Math.max(at, settled || 0, 1), "mode-collapse", left, weights.length);
    }

    function emptiedFrom(few) {
      const gone = goneForGood();
      if (!shares || !gone || !gone.some(Boolean) || few < 1) return null;
      const due = weights.reduce((sum, one, k) => sum + (gone[k] ? one : 0), 0);
      const held = shares.slice(0, few + 1).map((row) => row.reduce((sum, one, k) => sum + (gone[k] ? one : 0), 0));
      const level = Math.min(due, ...[...held].sort((a, b) => a - b).slice(-3));
      return level < due / 2 ? null : held.map((one) => one >= limit.untouched * level).lastIndexOf(true) + 1;
    }

    function shrunk() {
      if (!width || weights.length > 1 || !farOff() || stillImproving()) return null;
      const narrow = width.map((one) => one <= limit.narrow);
      return narrow.length >= 3 && stays(narrow, limit) ? found(Math.max(since(narrow) || 0, 1), "shrunk", middle(last(width))) : null;
    }

    // --- swings ---

    function level(values, from = 0) {
      const known = values.map((one, t) => [t, one]).filter(([t, one]) => t >= from && Number.isFinite(one));
      if (known.length < 3) return values;
      const t = mean(known.map(([at]) => at)), v = mean(known.map(([, one]) => one));
      const slope = known.reduce((sum, [at, one]) => sum + (at - t) * (one - v), 0) / known.reduce((sum, [at]) => sum + (at - t) ** 2, 0);
      return values.map((one, at) => one - slope * (at - t));
    }

    function zigzag(values, least) {
      const turns = [];
      let low = 0, high = 0, direction = 0;
      values.forEach((value, t) => {
        if (!Number.isFinite(value)) return;
        if (direction <= 0 && !(value >= values[low])) low = t;
        if (direction >= 0 && !(value <= values[high])) high = t;
        if (direction >= 0 && values[high] - value >= least) { turns.push(high); low = t; direction = -1; }
        else if (direction <= 0 && value - values[low] >= least) { turns.push(low); high = t; direction = 1; }
      });
      return turns;
    }

    function swinging() {
      const curves = w1 ? [[w1, Math.max(bottom, limit.swing * Math.max(...finite(w1)))]] : [];
      if (centre && centre.length) {
        const spans = [0, 1].map((axis) => { const path = level(after(centre).map((one) => one[axis])); return Math.max(...path) - Math.min(...path); });
        const least = Math.max(bottom, limit.sway * story.size, limit.swing * Math.max(...spans), limit.errors * story.error);
        for (const axis of [0, 1]) curves.push([centre.map((one) => one[axis]), least]);
      }
      return curves.filter(([, least]) => least > 0);
    }

    function swings(values, least) {
      const later = level(after(values)), turns = zigzag(later, least), times = (turns.length - 1) >> 1;
      if (times < limit.swings || turns[turns.length - 1] < 0.6 * later.length || !lab.rhythm(later.map((_, t) => t), later, limit.chance / 3, limit.rhythm)) return null;
      const heights = turns.slice(1).map((one, i) => Math.abs(later[one] - later[turns[i]]));
      if (middle(last(heights)) < limit.undamped * middle(early(heights))) return null;
      let every = zigzag(values, least);
      if (every.length < turns.length) every = zigzag(level(values, Math.floor(values.length / 5)), least);
      const gaps = every.slice(1).map((one, i) => one - every[i]);
      return { frame: Math.trunc(Math.max(every[0], every[1] - middle(gaps))), times, height: middle(heights) };
    }

    function oscillation() {
      if (!farOff()) return null;
      const all = swinging().map(([values, least]) => swings(values, least)).filter(Boolean);
      if (!all.length) return null;
      const most = all.reduce((best, one) => (one.times > best.times ? one : best));
      return found(most.frame, "oscillation", most.times, most.height);
    }

    // --- and how it ends ---

    function converged() {
      const there = arrived(), began = there && lasting(there, limit);
      return began === null ? null : found(began, "converged", w1[began], bottom > 0 ? w1[began] / bottom : w1[began]);
    }

    function falls(values, ground) {
      const now = middle(last(values)), then = middle(beforeLast(values)), frames = part(values);
      const error = frames !== 2 ? noise(last(values)) : bends(values.slice(-3 * frames)) / Math.sqrt(frames);
      return then - now > Math.max(limit.progress * (then - ground), 2 * error) && now < middle(early(values));
    }

    function stillImproving() {
      if (!w1 || w1.length < 3) return null;
      if (falls(w1, bottom)) return found(w1.length - part(w1), "still-improving", middle(beforeLast(w1)), middle(last(w1)));
      if (farOff()) return null;
      for (const [name, values] of Object.entries(qualities())) {
        const good = (1 - limit.astray) * story.ceilings[name];
        if (middle(last(values)) < good && falls(values.map((one) => -one), -good)) return found(w1.length - part(w1), "still-improving", middle(beforeLast(values)), middle(last(values)));
      }
      return null;
    }

    const RULES = {
      diverged, "runaway-critic": runawayCritic, "swapped-critic": swappedCritic, "runaway-generator": runawayGenerator, "weight-saturation": weightSaturation,
      "exploding-layers": () => throughLayers((one) => one >= limit.layer_ratio, "exploding-layers"),
      "vanishing-layers": () => throughLayers((one) => one <= 1 / limit.layer_ratio, "vanishing-layers"),
      "vanishing-gradient": vanishingGradient, "mode-hopping": modeHopping, "mode-collapse": modeCollapse, oscillation, shrunk, converged, "still-improving": stillImproving,
    };
    const labels = {};
    for (const [label, unless] of rules) {
      if (unless.some((other) => other in labels)) continue;
      const one = RULES[label]();
      if (one) labels[label] = one;
    }
    return labels;
  };
})();
