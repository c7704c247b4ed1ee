// The cheapest way to pair two clouds of as many points, exactly, in a worker of its own. Tested against Python's.
"use strict";
lab.assigner = function () {
  // Shortest augmenting paths with duals (Kuhn, Munkres; Jonker and Volgenant, 1987): u_i + v_j <= cost_ij, equal on pairs.
  function assignment(cost, n) {
    const u = new Float64Array(n + 1), v = new Float64Array(n + 1), pair = new Int32Array(n + 1), way = new Int32Array(n + 1);
    for (let i = 1; i <= n; i++) {
      const least = new Float64Array(n + 1).fill(Infinity), used = new Uint8Array(n + 1);
      let column = 0;
      pair[0] = i;
      do {
        used[column] = 1;
        const row = pair[column], start = (row - 1) * n - 1;
        let delta = Infinity, next = 0;
        for (let j = 1; j <= n; j++) {
          if (used[j]) continue;
          const reduced = cost[start + j] - u[row] - v[j];
          if (reduced < least[j]) { least[j] = reduced; way[j] = column; }
          if (least[j] < delta) { delta = least[j]; next = j; }
        }
        for (let j = 0; j <= n; j++) {
          if (used[j]) { u[pair[j]] += delta; v[j] -= delta; } else least[j] -= delta;
        }
        column = next;
      } while (pair[column]);
      do { const before = way[column]; pair[column] = pair[before]; column = before; } while (column);
    }
    return { u, v, pair };
  }

  function between(real, fake) {
    const n = real.length / 2, cost = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) cost[i * n + j] = Math.hypot(real[2 * i] - fake[2 * j], real[2 * i + 1] - fake[2 * j + 1]);
    const { v, pair } = assignment(cost, n);
    let total = 0;
    for (let j = 1; j <= n; j++) total += cost[(pair[j] - 1) * n + j - 1];
    return { distance: total / n, duals: Float32Array.from(v.subarray(1)), pair: Int32Array.from(pair.subarray(1), (row) => row - 1) };
  }

  self.onmessage = ({ data }) => {
    if (data.floor) { // what perfect samplers score: the same cloud against independent ones
      const distances = data.floor.map((cloud) => between(data.real, cloud).distance);
      postMessage({ told: "floor", game: data.game, distances });
    } else postMessage({ told: "distance", game: data.game, step: data.step, ends: data.fake, ...between(data.real, data.fake) });
  };
};
