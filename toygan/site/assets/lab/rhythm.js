// Whether a curve has a rhythm that chance would not have made: Python's `toygan.quantities.rhythm`, tested against it.
"use strict";
lab.rhythm = (function () {
  const FEWEST = 12, SLOWEST = 2.5, FASTEST = 0.45, FINE = 4, FINER = 32;
  const dot = (a, b) => a.reduce((sum, one, i) => sum + one * b[i], 0);
  const less = (values, basis) => basis.reduce((left, one) => { const share = dot(left, one); return left.map((v, i) => v - share * one[i]); }, values);

  // Orthonormal columns that span the same.
  function orthonormal(columns) {
    const basis = [];
    for (const column of columns) {
      const left = less(less(column, basis), basis), length = Math.sqrt(dot(left, left));
      if (length > 1e-9 * Math.sqrt(dot(column, column))) basis.push(left.map((one) => one / length));
    }
    return basis;
  }

  // The share of what known columns leave of values that a sine wave of so many cycles explains.
  function explained(along, values, known, cycles) {
    const basis = orthonormal(known), left = less(values, basis), total = dot(left, left);
    if (!(total > 1e-18 * dot(values, values))) return cycles.map(() => 0);
    return cycles.map((one) => {
      const cos = less(along.map((t) => Math.cos(2 * Math.PI * one * t)), basis), sin = less(along.map((t) => Math.sin(2 * Math.PI * one * t)), basis);
      const [cc, ss, cs, c, s] = [dot(cos, cos), dot(sin, sin), dot(cos, sin), dot(left, cos), dot(left, sin)];
      return (ss * c * c - 2 * cs * c * s + cc * s * s) / Math.max(cc * ss - cs * cs, 1e-12 * along.length ** 2) / total;
    });
  }

  const range = (from, to, by) => Array.from({ length: Math.max(Math.ceil((to - from) / by), 0) }, (_, i) => from + i * by);
  const best = (tried, shares) => tried[shares.indexOf(Math.max(...shares))];

  return function (times, values, chance, least) {
    const pairs = values.map((_, i) => i).slice(1).filter((i) => Number.isFinite(values[i]) && Number.isFinite(values[i - 1])), n = pairs.length;
    if (n < FEWEST - 1) return false;
    const at = pairs.map((i) => times[i]), now = pairs.map((i) => values[i]), before = pairs.map((i) => values[i - 1]);
    const along = at.map((t) => (t - at[0]) / (at[n - 1] - at[0])), line = [along.map(() => 1), along], memory = [...line, before];
    let tried = range(SLOWEST, Math.max(FASTEST * (n - 1), SLOWEST + 1), 1 / FINE);
    const coarse = best(tried, explained(along, now, memory, tried));
    tried = range(Math.max(coarse - 1 / FINE, SLOWEST), coarse + 1 / FINE, 1 / FINER);
    const shares = explained(along, now, memory, tried), fine = best(tried, shares);
    const byChance = 1 - (chance / (Math.E * n / 2)) ** (2 / (n - 6));
    return Math.max(...shares) > byChance && explained(along, now, line, [fine])[0] > least;
  };
})();
