// Parts of a curve, as the diagnosis takes them: last and first fifths, medians, what stays and since when. Python's
// `toygan.quantities.evidence`, tested against it.
"use strict";
lab.parts = (function () {
  const finite = (values) => values.filter(Number.isFinite);
  const part = (values) => Math.max(1, Math.round(values.length / 5));
  const last = (values) => values.slice(-part(values));
  const beforeLast = (values) => values.slice(0, -part(values)).slice(-part(values));
  const early = (values) => (values.length > 1 ? values.slice(1, 1 + part(values)) : values);
  const mean = (values) => values.reduce((sum, one) => sum + Number(one), 0) / values.length;

  function middle(values) {
    const sorted = finite(values).sort((a, b) => a - b), half = sorted.length >> 1;
    return sorted.length ? (sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2) : NaN;
  }

  // The p-th percentile, between the values where it falls between.
  function percentile(values, p) {
    const sorted = [...values].sort((a, b) => a - b), at = (sorted.length - 1) * p / 100, low = Math.floor(at);
    return sorted[low] + (at - low) * ((sorted[low + 1] === undefined ? sorted[low] : sorted[low + 1]) - sorted[low]);
  }

  const differences = (values) => values.slice(1).map((one, i) => one - values[i]);

  function noise(values) {
    const steps = differences(finite(values)).map(Math.abs);
    return steps.length > 1 ? 1.25 * middle(steps) / 0.954 / Math.sqrt(steps.length + 1) : 0;
  }

  function bends(values) {
    const second = differences(differences(finite(values))).map(Math.abs);
    return second.length ? middle(second) / (0.6745 * Math.sqrt(6)) : 0;
  }

  // The first frame of the last unbroken stretch to the end, single exceptions forgiven; null where there is none.
  function since(holds) {
    let kept = holds;
    if (!kept.length || !kept[kept.length - 1]) kept = kept.slice(0, -1);
    const broken = kept.map((one, i) => !one && !(i > 0 && i < kept.length - 1 && kept[i - 1] && kept[i + 1]));
    if (!broken.length || broken[broken.length - 1]) return null;
    return broken.lastIndexOf(true) + 1;
  }

  const stays = (holds, limit) => Boolean(holds.length) && mean(last(holds)) >= limit.nearly_all;

  function lasting(holds, limit) {
    const tail = part(holds), n = holds.length;
    if (!n || mean(last(holds)) < limit.mostly || !holds.slice(-Math.min(3, tail + 1)).some(Boolean)) return null;
    const end = tail > 1 ? n - tail + 1 : n;
    for (let t = 0; t < end; t++) {
      if (holds[t] && mean(holds.slice(t)) >= limit.nearly_all && mean(holds.slice(t, t + tail)) >= limit.mostly) return t;
    }
    return null;
  }

  return { finite, part, last, beforeLast, early, middle, percentile, mean, noise, bends, since, stays, lasting };
})();
