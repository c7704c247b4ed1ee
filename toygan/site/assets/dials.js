// The Dirac-GAN with dials: paths that were played, chosen by start, game, rule, step size and weight. Nothing is computed here.
"use strict";
(function () {
  const NS = "http://www.w3.org/2000/svg", SIZE = 420, PAD = 26, STEPS_A_SECOND = 20, REST = 1.5;
  const place = document.getElementById("dials-facts");
  if (!place) return;

  const facts = JSON.parse(place.textContent), n = facts.starts.length, find = (id) => document.getElementById("dial-" + id);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const state = { at: [Math.round(0.75 * (n - 1)), Math.round(0.75 * (n - 1))], step: facts.steps, playing: false, data: {} };
  const parts = {};

  function make(name, attributes) {
    const element = document.createElementNS(NS, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  }

  const x = (theta) => PAD + (theta / facts.window + 1) / 2 * (SIZE - 2 * PAD), y = (psi) => SIZE - x(psi);

  // --- what was played -----------------------------------------------------------------------------------------------

  const found = () => facts.found[find("method").value + " " + find("rule").value];

  // The setting that the dials show, among those of the game and the rule.
  function chosen() {
    const games = found().games, rate = Number(find("rate").value), weight = find("weight").value;
    return games.findIndex((game) => game.rate === rate && (game.weight === null || String(game.weight) === weight));
  }

  function points() {
    const data = state.data[found().file];
    return data && data[String(chosen())];
  }

  // Where the path from start k is after some steps; null where it has left what was kept.
  function placeOf(path, step, k) {
    const at = 2 * path.n * step + k, size = 1 + 2 * path.margin;
    if (!path.codes[at]) return null;
    const plane = (code) => ((code - 1) / path.top * size - path.margin) * 2 * facts.window - facts.window;
    return [plane(path.codes[at]), plane(path.codes[at + path.n])];
  }

  const start = () => state.at[1] * n + state.at[0];

  // --- drawing -------------------------------------------------------------------------------------------------------

  function frame() {
    const svg = make("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img" });
    const edge = facts.window;
    svg.append(make("rect", { class: "sheet", x: x(-edge), y: y(edge), width: x(edge) - x(-edge), height: y(-edge) - y(edge) }));
    const clip = make("clipPath", { id: "dial-clip" });
    clip.append(make("rect", { x: x(-edge), y: y(edge), width: x(edge) - x(-edge), height: y(-edge) - y(edge) }));
    const inner = make("g", { "clip-path": "url(#dial-clip)" });
    for (const name of ["arrows", "whole", "walked"]) inner.append(parts[name] = make("path", { class: name }));
    inner.append(make("path", { class: "home", d: `M${x(0) - 6} ${y(0)}h12M${x(0)} ${y(0) - 6}v12` }));
    inner.append(parts.now = make("circle", { class: "here", r: 5 }));
    inner.append(parts.start = make("rect", { class: "start", width: 16, height: 16, rx: 2 }));
    svg.append(clip, inner);
    for (const value of [-edge, 0, edge]) {
      const words = String(value).replace("-", "\u2212");
      svg.append(label(words, x(value), SIZE - 10, "middle"), label(words, PAD - 5, y(value) + 4, "end"));
    }
    svg.append(label("θ, the generated point", x(1), SIZE - 10, "middle"));
    const upright = label("ψ, the critic’s slope", 0, 0, "middle");
    upright.setAttribute("transform", `translate(${PAD - 10} ${y(1)}) rotate(-90)`);
    svg.append(upright);
    parts.svg = svg;
    document.getElementById("plane").append(svg);
    svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); drag(event); });
    svg.addEventListener("pointermove", (event) => { if (event.buttons) drag(event); });
  }

  function label(words, left, top, anchor) {
    const element = make("text", { x: left, y: top, "text-anchor": anchor });
    element.textContent = words;
    return element;
  }

  function line(path, k, last) {
    let words = "", drawing = false;
    for (let step = 0; step <= last; step++) {
      const at = placeOf(path, step, k);
      if (at) words += `${drawing ? "L" : "M"}${x(at[0]).toFixed(1)} ${y(at[1]).toFixed(1)}`;
      drawing = Boolean(at);
    }
    return words;
  }

  // The first move from every start, with a barb at its end.
  function arrowsOf(path) {
    let words = "";
    for (let k = 0; k < path.n; k++) {
      const from = placeOf(path, 0, k), to = placeOf(path, 1, k);
      if (!from || !to) continue;
      const [a, b, c, d] = [x(from[0]), y(from[1]), x(to[0]), y(to[1])], u = (c - a) * 0.3, v = (d - b) * 0.3;
      if (Math.hypot(u, v) < 0.25) continue;
      words += `M${a} ${b}L${c} ${d}M${c - u - v / 2} ${d - v + u / 2}L${c} ${d}L${c - u + v / 2} ${d - v - u / 2}`;
    }
    return words;
  }

  function draw() {
    const path = points(), from = [facts.starts[state.at[0]], facts.starts[state.at[1]]];
    parts.start.setAttribute("x", x(from[0]) - 8);
    parts.start.setAttribute("y", y(from[1]) - 8);
    if (!path) return;
    parts.arrows.setAttribute("d", arrowsOf(path));
    parts.whole.setAttribute("d", line(path, start(), facts.steps));
    walk();
    const game = found().games[chosen()];
    find("motion").textContent = game.motion;
    find("theory").textContent = game.theory || "No short form for this game under this rule.";
  }

  // What one step changes: how far the path is walked, and how far from rest that is.
  function walk() {
    const path = points();
    if (!path) return;
    const at = placeOf(path, state.step, start()), from = placeOf(path, 0, start());
    parts.walked.setAttribute("d", line(path, start(), state.step));
    parts.now.style.display = at ? "" : "none";
    if (at) { parts.now.setAttribute("cx", x(at[0])); parts.now.setAttribute("cy", y(at[1])); }
    const far = (one) => toygan.short(Number(Math.hypot(one[0], one[1]).toPrecision(3)));
    const words = `step ${state.step} of ${facts.steps}: ${at ? `${far(at)} from rest` : "far out of the plane"}, ${far(from)} at the start`;
    find("now").textContent = words;
    if (!state.playing) parts.svg.setAttribute("aria-label", `Path of the game, ${words}`);
  }

  // --- dials ---------------------------------------------------------------------------------------------------------

  function drag(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(parts.svg.getScreenCTM().inverse());
    const share = (place) => (place - PAD) / (SIZE - 2 * PAD);
    const whole = (value) => Math.min(Math.max(Math.round(value * (n - 1)), 0), n - 1);
    state.at = [whole(share(at.x)), whole(1 - share(at.y))];
    find("theta").value = state.at[0];
    find("psi").value = state.at[1];
    say();
    again();
  }

  function say() {
    ["theta", "psi"].forEach((name, i) => find(name).setAttribute("aria-valuetext", toygan.short(facts.starts[state.at[i]])));
  }

  // The choices of a list, the one that was chosen kept where it is still there.
  function offer(list, values) {
    const before = list.value, wanted = values.map(String);
    list.replaceChildren(...wanted.map((value) => new Option(value, value)));
    list.value = wanted.includes(before) ? before : wanted[Math.min(1, wanted.length - 1)] || "";
    list.closest("label").hidden = !values.length;
  }

  function refresh() {
    const games = found().games, each = (key) => [...new Set(games.map((game) => game[key]))].filter((one) => one !== null);
    offer(find("rate"), each("rate"));
    offer(find("weight"), each("weight"));
    const file = found().file;
    if (state.data[file]) return again();
    toygan.load(file).then((data) => { state.data[file] = data; again(); }).catch((error) => { find("now").textContent = error.message; });
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  let before = 0;

  function again() {
    state.step = state.playing ? 0 : facts.steps;
    before = performance.now();
    draw();
  }

  function play(on) {
    state.playing = on;
    find("play").textContent = on ? "❚❚" : "▶";
    find("play").setAttribute("aria-label", on ? "Pause" : "Play");
    if (!on) return walk();
    again();
    requestAnimationFrame(tick);
  }

  function tick(now) {
    if (!state.playing) return;
    const passed = (now - before) / 1000 * STEPS_A_SECOND, over = passed > facts.steps + REST * STEPS_A_SECOND;
    if (over) before = now;
    const step = over ? 0 : Math.min(Math.max(Math.floor(passed), 0), facts.steps);
    if (step !== state.step) { state.step = step; walk(); }
    requestAnimationFrame(tick);
  }

  frame();
  for (const [i, name] of ["theta", "psi"].entries()) {
    find(name).max = n - 1;
    find(name).value = state.at[i];
    find(name).addEventListener("input", () => { state.at[i] = Number(find(name).value); say(); again(); });
  }
  for (const name of ["method", "rule", "rate", "weight"]) find(name).addEventListener("change", refresh);
  find("play").addEventListener("click", () => play(!state.playing));
  say();
  refresh();
  if (!still) play(true);
  toygan.dials = { state, placeOf, points, facts };
})();
