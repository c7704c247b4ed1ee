// The player: one slider for all panels. Only panels in sight are drawn, and data is asked for when one comes in sight.
"use strict";
(function () {
  const FRAMES_A_SECOND = 12, LEAST = 6, REST = 1.5, FINEST = 900, CROWD = 6; // a film takes so many seconds and rests at its end
  const root = document.documentElement, darkness = window.matchMedia("(prefers-color-scheme: dark)");
  const SWITCHES = ["points", "critic", "arrows", "optimal", "latent", "trails", "extras", "names"];
  const place = document.getElementById("film-facts");
  if (!place) return;

  const facts = JSON.parse(place.textContent);
  const last = facts.ticks - 1;
  const find = (id) => document.getElementById(id);
  const state = { tick: last, playing: false, speed: 1, scale: "frame", seed: facts.runs[0].seeds[0], on: {}, pointer: null };
  const panels = Array.from(document.querySelectorAll(".panel"), (figure, i) => panelOf(figure, facts.runs[i]));
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let moveCursors = () => {}, begun = still;

  function panelOf(figure, run) {
    return {
      run, stage: figure.querySelector(".stage"), canvas: figure.querySelector("canvas"), over: figure.querySelector(".over"),
      numbers: figure.querySelector(".numbers"), reading: figure.querySelector(".reading"), seen: false, surface: null,
      data: {}, asked: {}, fault: "", extras: Array.from(figure.querySelectorAll(".extra")),
    };
  }

  // --- data ----------------------------------------------------------------------------------------------------------

  // The real points come with the first seed's file, so that one is always needed.
  function ask(panel) {
    for (const s of new Set([0, panel.run.seeds.indexOf(state.seed)])) {
      if (s < 0 || panel.asked[s]) continue;
      panel.asked[s] = true;
      toygan.load(panel.run.files[s]).then(function (data) {
        panel.data[s] = data;
        draw(panel);
      }).catch(function (error) {
        panel.fault = error.message;
        draw(panel);
      });
    }
  }

  // The place among a data file's frames that is nearest to frame t, for as long as the seed lived.
  function nearest(panel, s, data, t) {
    const wanted = Math.min(t, panel.run.alive[s] - 1);
    let best = 0;
    data.frames.forEach((frame, i) => { if (Math.abs(frame - wanted) < Math.abs(data.frames[best] - wanted)) best = i; });
    while (best > 0 && data.frames[best] >= panel.run.alive[s]) best--;
    return best;
  }

  // Whether the page is dark, and the colours for that.
  const isNight = () => root.dataset.theme === "dark" || (root.dataset.theme !== "light" && darkness.matches);
  const tones = () => isNight() ? facts.night : facts.colours;

  // --- drawing -------------------------------------------------------------------------------------------------------

  function drawAll() {
    for (const panel of panels) if (panel.seen) draw(panel);
    moveCursors(last ? state.tick / last : 0);
  }

  function draw(panel) {
    const s = panel.run.seeds.indexOf(state.seed), first = panel.data[0], data = panel.data[s];
    const t = panel.run.clock[state.tick];
    if (s < 0) return nothing(panel, `this run has no seed ${state.seed}`);
    if (panel.fault) return nothing(panel, panel.fault);
    if (!first || !data) return put(panel.over, `loading seed ${state.seed} …`);
    const surface = panel.surface || (panel.surface = surfaceOf(panel)), colours = { ...facts.colours, ...tones() };
    toygan.setTone(isNight());
    const i = nearest(panel, s, data, t);
    paint(panel, surface, first, data, i);
    drawExtras(panel, { panel, run: panel.run, first, data, s, i, colours, night: isNight(), paletteNow });
    panel.canvas.classList.add("ready");
    if (!begun) start();
    say(panel, notes(panel, data, i), s, data.frames[i]);
    read(panel, data, i);
  }

  function drawExtras(panel, one) {
    for (const figure of panel.extras) {
      figure.hidden = !state.on.extras;
      if (!figure.hidden) toygan.drawExtra(figure, one);
    }
  }

  // Text is laid out anew whenever it is set, so only when it has changed.
  function put(element, words) {
    if (element.textContent !== words) element.textContent = words;
  }

  function nothing(panel, words) {
    panel.canvas.classList.remove("ready");
    put(panel.over, words);
    put(panel.numbers, "");
    put(panel.reading, "");
  }

  function paint(panel, surface, first, data, i) {
    const on = state.on, optimal = shownOptimal(panel, data), run = panel.run, clouds = [[first.real, 0], [data.points, i]];
    if (optimal) toygan.paintField(surface, optimal, Math.min(i, optimal.frames - 1), paletteNow(run.optimalBands, [optimal], i, null, clouds));
    else if (on.critic && data.scores) {
      toygan.paintField(surface, data.scores, Math.min(i, data.scores.frames - 1), paletteNow(run.bands, [data.scores], i, facts.bands, clouds));
    }
    else toygan.blank(surface);
    const circles = on.points && run.rings && data.modes ? toygan.circles(surface, run, data.modes, i) : [];
    if (on.points) {
      const { real, generated, rim } = tones(), inks = facts.inks;
      toygan.paintReal(surface, first.real, real, inks.real);
      toygan.paintDiscs(surface, circles, generated, rim, inks.disc);
      toygan.paintGenerated(surface, data.points, i, generated, circles.length ? inks.pale : inks.generated);
    }
    toygan.flush(surface);
    toygan.strokeRings(surface, circles, tones().real);
    const boundary = run.boundary && run.boundary[run.seeds.indexOf(state.seed)];
    if (on.critic && !optimal && data.scores && boundary) {
      const t = Math.min(i, data.scores.frames - 1);
      toygan.strokeBoundary(surface, data.scores, t, boundary[data.frames[t]], tones().boundary);
    }
    if (on.latent && data.latent) toygan.strokeLatent(surface, data.latent, i);
    if (on.trails && run.followed) toygan.strokeTrails(surface, data.points, i);
    if (on.arrows && data.slopes) {
      toygan.strokeArrows(surface, data.slopes, Math.min(i, data.slopes.frames - 1), run.longest, run.view);
    }
    if (on.names) toygan.nameParts(surface, first.real, data.points, i, on);
    if (state.pointer) toygan.strokeCross(surface, state.pointer.u, state.pointer.v);
  }

  // Colours on a run's own scale through its film, on one for all runs, or on each moment's own; `fields` share one scale.
  // A moment's own levels share out what is seen of the fields all over the plane and at the points of `clouds`.
  function bandsNow(own, fields, i, common, clouds) {
    if (state.scale === "all" && common) return common;
    return state.scale === "frame" ? { ...toygan.levels(fields, i, clouds || []), colours: facts.ramp } : own;
  }

  const palettes = new Map();

  function paletteNow(...asked) {
    const bands = bandsNow(...asked), ramp = isNight() ? facts.night.ramp : null;
    if (bands.edges) return toygan.palette(bands, ramp);
    if (!palettes.has(bands)) palettes.set(bands, toygan.palette(bands, ramp));
    return palettes.get(bands);
  }

  // The page turned dark or light: everything is drawn anew.
  function turn() {
    palettes.clear();
    drawAll();
  }

  const shownOptimal = (panel, data) => state.on.optimal && panel.run.optimalBands && data.optimal ? data.optimal : null;

  function notes(panel, data, i) {
    const run = panel.run, words = [], outside = toygan.outside(data.points, i);
    if (outside && state.on.points) words.push(`${percent(outside)} of points out of view`);
    if (!data.scores && (state.on.critic || state.on.arrows || state.on.latent || state.on.optimal)) {
      words.push(run.critics ? `no critic kept for this seed, only for seed ${run.seeds.slice(0, run.critics).join(", ")}` : "no critic was recorded");
    } else if (state.on.optimal && !shownOptimal(panel, data)) words.push("the optimal critic is not known here");
    else if (shownOptimal(panel, data)) {
      const best = data.optimal.frames > 1 ? "the optimal critic" : "the optimal critic against the last frame's points";
      words.push(best + (state.on.arrows && data.slopes ? ", arrows of the learned one" : ""));
    }
    if (state.on.trails && !run.followed) words.push("no trails: samples are not of the same latents in every frame");
    if (run.note && state.seed === run.seeds[0] && run.clock[state.tick] >= run.alive[0]) words.push(run.note);
    return words.join(" · ");
  }

  const percent = toygan.percent = (share) => share < 0.01 ? (share ? "<\u00a01\u00a0%" : "0\u00a0%") : `${Math.round(100 * share)}\u00a0%`;

  function say(panel, words, s, t) {
    const run = panel.run, parts = [seedWords(run, s), `step ${run.step[t]} of ${run.steps}`, ...lossWords(run, s)];
    put(panel.over, words);
    const { scores, optimal } = panel.data[s], i = panel.data[s].frames.indexOf(t);
    const shades = shownOptimal(panel, panel.data[s]) ? bandsNow(run.optimalBands, [optimal], i)
      : state.on.critic && scores && bandsNow(run.bands, [scores], i, facts.bands);
    for (const row of facts.quantities.filter((one) => one.line)) {
      const line = run.curves[row.name], value = line && line[s] ? line[s][t] : null;
      if (value !== null && value !== undefined) parts.push(inWords(row, value, run) + touched(run, row, s, t));
    }
    if (shades) parts.push(shades.edges && shades.low === shades.high ? "one score everywhere" : `colours from ${toygan.ends(shades).join(" to ")}`);
    put(panel.numbers, parts.join(" · "));
  }

  const seedWords = (run, s) => `seed ${run.seeds[s]}` + (run.seeds.length > 1 ? `, one of ${run.seeds.length}` : "");

  // Whether the shown seed has diverged by now, and how many have where others are among them.
  function lossWords(run, s) {
    const now = run.step[run.clock[state.tick]], gone = run.diverged.map((step) => step !== null && step <= now);
    const words = gone[s] ? [`diverged at step ${run.diverged[s]}`] : [];
    if (gone.some((lost, i) => lost && i !== s)) words.push(`${gone.filter(Boolean).length} of ${gone.length} seeds diverged`);
    return words;
  }

  // What a number of modes is where few points are on any: for a mode to count one point is enough.
  function touched(run, row, s, t) {
    const good = run.curves.high_quality && run.curves.high_quality[s][t];
    return row.name === "modes" && typeof good === "number" && good < facts.many ? " touched" : "";
  }

  // A quantity's value beside what a perfect sampler scores, as the pictures say it.
  function inWords(row, value, run) {
    if (row.unit === row.name) return `${value} of ${run.modes.length} ${row.label}`;
    const write = row.unit === "share" ? percent : toygan.short, best = run.best[row.name];
    const told = row.unit === "share" ? `${write(value)} ${row.label}` : `${row.label} ${write(value)}`;
    return told + (best === null || best === undefined || !row.best ? "" : ` (${row.best} ${write(best)})`);
  }

  function surfaceOf(panel) {
    const box = panel.stage.getBoundingClientRect(), crowd = panels.filter((one) => one.seen).length > CROWD;
    const width = Math.round(Math.min(box.width * (crowd ? 1 : window.devicePixelRatio || 1), FINEST));
    return toygan.surface(panel.canvas, width, Math.max(Math.round(width * box.height / box.width), 1));
  }

  // --- the pointer: every panel says its own value at the same place --------------------------------------------------

  function read(panel, data, i) {
    const at = state.pointer, run = panel.run, [left, right, bottom, top] = run.view;
    if (!at) return put(panel.reading, "");
    const x = left + at.u * (right - left), y = bottom + at.v * (top - bottom);
    const words = [`(${x.toFixed(2)}, ${y.toFixed(2)})`.replaceAll("-", "\u2212")];
    const field = shownOptimal(panel, data) || data.scores;
    if (field) {
      panel.score = toygan.valueAt(field, Math.min(i, field.frames - 1), at.u, at.v);
      words.push(`${shownOptimal(panel, data) ? "optimal " : ""}score ${Number.isNaN(panel.score) ? "unknown" : toygan.short(panel.score)}`);
    }
    if (data.slopes) {
      panel.slope = toygan.slopeAt(data.slopes, Math.min(i, data.slopes.frames - 1), at.u, at.v);
      words.push(`${shownOptimal(panel, data) ? "slope of the learned critic" : "slope"} ${toygan.short(panel.slope)}`);
    }
    if (run.modes.length) words.push(nearestMode(run, data.modes, i, x, y));
    put(panel.reading, words.join(" · "));
    panel.reading.dataset.score = field ? panel.score : "";
    panel.reading.dataset.slope = data.slopes ? panel.slope : "";
  }

  function nearestMode(run, modes, i, x, y) {
    const far = run.modes.map((mode) => Math.hypot(mode[0] - x, mode[1] - y)), k = far.indexOf(Math.min(...far));
    const share = run.rings && modes ? `, has ${percent(modes.counts[i][k] / modes.of)} of the points, ${percent(run.rings.due[k])} due` : "";
    return `mode ${k + 1} is ${toygan.short(far[k])} away${share}`;
  }

  function point(panel, event) {
    const box = panel.canvas.getBoundingClientRect();
    state.pointer = { u: (event.clientX - box.left) / box.width, v: 1 - (event.clientY - box.top) / box.height };
    drawAll();
  }

  // A finger that is lifted leaves too: what it read stays until the next touch.
  function leave(event) {
    if (event.pointerType === "touch") return;
    state.pointer = null;
    drawAll();
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  function stepWords() {
    const share = last ? state.tick / last : 0;
    return facts.steps ? `step ${nearestStep()} of ${facts.steps}` : `${Math.round(100 * share)} % of training`;
  }

  // By the share of training, which is every run's: the first run may have ended early.
  const nearestStep = () => Math.round((last ? state.tick / last : 0) * facts.steps);

  function go(tick, aloud) {
    state.tick = Math.min(Math.max(Math.round(tick), 0), last);
    find("time").value = state.tick;
    find("time").setAttribute("aria-valuetext", stepWords());
    find("step").textContent = stepWords();
    if (aloud) find("told").textContent = stepWords();
    drawAll();
  }

  let before = 0;

  function play(on) {
    state.playing = on;
    find("play").textContent = on ? "❚❚" : "▶";
    find("play").setAttribute("aria-label", on ? "Pause" : "Play");
    if (on && state.tick === last) go(0);
    before = performance.now();
    if (on) requestAnimationFrame(tickOn);
    else find("told").textContent = "paused at " + stepWords();
  }

  // Films begin over after a rest, for as long as nobody stops them.
  function tickOn(now) {
    if (!state.playing) return;
    const rate = Math.min(FRAMES_A_SECOND, last / LEAST) * state.speed, wait = 1000 / rate;
    if (state.tick === last) {
      if (now - before >= 1000 * REST) { before = now; go(0); }
    } else {
      const frames = Math.floor((now - before) / wait);
      if (frames > 0) { before += frames * wait; go(state.tick + frames); }
    }
    requestAnimationFrame(tickOn);
  }

  // As soon as one panel has its data, for who has not asked for less motion.
  function start() {
    begun = true;
    if (last) { go(0); play(true); }
  }

  function step(by) {
    begun = true;
    if (state.playing) play(false);
    go(state.tick + by, true);
  }

  const KEYS = {
    " ": () => play(!state.playing), ArrowLeft: () => step(-1), ArrowRight: () => step(1),
    Home: () => step(-last), End: () => step(last),
  };

  // Boxes, lists and buttons keep the keys that they know themselves.
  function key(event) {
    const own = event.target.closest("button, a, summary, input, select, textarea, [tabindex]");
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    if (own && own.id !== "time" && (event.key === " " || !own.matches("button, a, summary, input[type=checkbox]"))) return;
    event.preventDefault();
    KEYS[event.key]();
  }

  // --- events --------------------------------------------------------------------------------------------------------

  const tickOf = (run, at) => Math.round(last * at / Math.max(run.steps, run.step[run.step.length - 1], 1));

  function listEvents() {
    const list = document.createElement("ul"), marks = find("marks");
    facts.runs.forEach((run) => run.events.forEach(function (event) {
      const line = document.createElement("li"), button = document.createElement("button"), words = document.createElement("span");
      button.type = "button";
      button.textContent = `step ${event.step}`;
      button.addEventListener("click", () => step(tickOf(run, event.step) - state.tick));
      const seeds = ` in seed${event.seeds.length > 1 ? "s" : ""} ${event.seeds.join(", ")}`;
      words.append(`${run.label}: `, labelled(event.label), seeds + (event.why ? ` (${event.why})` : ""));
      line.append(button, words);
      list.append(line);
      const mark = document.createElement("i");
      mark.style.setProperty("--at", tickOf(run, event.step) / Math.max(last, 1));
      mark.dataset.seeds = event.seeds.join(" ");
      mark.title = words.textContent;
      marks.append(mark);
    }));
    const none = document.createElement("p");
    none.textContent = "Nothing was diagnosed.";
    find("events").append(list.children.length ? list : none);
  }

  // A label, which leads to its rule in the glossary where there is one.
  function labelled(label) {
    const name = document.createElement(facts.glossary ? "a" : "span");
    name.textContent = label;
    if (facts.glossary) name.href = `${facts.glossary}#label-${label}`;
    return name;
  }

  function markOwn() {
    for (const mark of find("marks").children) mark.classList.toggle("own", mark.dataset.seeds.split(" ").includes(String(state.seed)));
  }

  // --- the beginning -------------------------------------------------------------------------------------------------

  function choose(seed) {
    state.seed = seed;
    panels.forEach((panel) => { if (panel.seen) ask(panel); });
    drawCurves();
    markOwn();
    drawAll();
  }

  function drawCurves() {
    const pick = (share) => step(share * last - state.tick);
    const some = toygan.curves(find("curves"), facts, state.seed, pick, (row) => row.curve);
    const more = toygan.curves(find("more"), facts, state.seed, pick, (row) => row.more);
    find("more").closest("details").hidden = !find("more").children.length;
    moveCursors = (share) => { some(share); more(share); };
    moveCursors(last ? state.tick / last : 0);
  }

  function watch() {
    let wide = 0;
    new ResizeObserver(function ([entry]) {
      const found = Math.round(entry.contentRect.width);
      if (found !== wide) drawCurves();
      wide = found;
    }).observe(find("curves"));
    find("more").closest("details").addEventListener("toggle", drawCurves); // a closed one has no width
    const sight = new IntersectionObserver(function (entries) {
      for (const entry of entries) {
        const panel = panels.find((one) => one.stage === entry.target);
        panel.seen = entry.isIntersecting;
        if (panel.seen) { ask(panel); draw(panel); }
      }
    }, { rootMargin: "80px" });
    const sizes = new ResizeObserver(function (entries) {
      for (const entry of entries) {
        const panel = panels.find((one) => one.stage === entry.target);
        panel.surface = null;
        if (panel.seen) draw(panel);
      }
    });
    for (const panel of panels) {
      sight.observe(panel.stage);
      sizes.observe(panel.stage);
      panel.stage.addEventListener("pointermove", (event) => point(panel, event));
      panel.stage.addEventListener("pointerdown", (event) => point(panel, event));
      panel.stage.addEventListener("pointerleave", leave);
    }
  }

  function begin() {
    find("time").max = last;
    state.scale = find("scale").value;
    for (const name of SWITCHES) {
      const box = find("show-" + name);
      if (!box) continue; // what no run knows has no switch
      state.on[name] = box.checked;
      box.addEventListener("change", () => { state.on[name] = box.checked; drawAll(); });
    }
    find("play").addEventListener("click", () => play(!state.playing));
    find("back").addEventListener("click", () => step(-1));
    find("forward").addEventListener("click", () => step(1));
    find("time").addEventListener("input", (event) => { begun = true; if (state.playing) play(false); go(Number(event.target.value), true); });
    find("speed").addEventListener("change", (event) => { state.speed = Number(event.target.value); });
    find("scale").addEventListener("change", (event) => { state.scale = event.target.value; drawAll(); });
    find("seed").addEventListener("change", (event) => choose(Number(event.target.value)));
    document.addEventListener("keydown", key);
    darkness.addEventListener("change", turn);
    new MutationObserver(turn).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    listEvents();
    watch();
    go(last);
    choose(state.seed);
  }

  toygan.player = { go, panels, state, last };
  begin();
})();
