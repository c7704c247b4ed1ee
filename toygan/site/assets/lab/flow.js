// The game as a picture of its parts: latents, generator, points, critic, scores, losses and the slopes that go back, each with a
// miniature of what it has made, and lines between them. In slow motion the five parts of a move are told and their way is lit.
"use strict";
(function () {
  const page = lab.page, { at, catalogue, charts } = page, { el, filled } = lab;
  const PARTS = ["sample", "judge", "loss", "pull", "update"], EACH = 40; // ms between two miniatures
  // Every part, the letter of the switch that shows the same in the large picture, and what of a look its miniature paints.
  const BOXES = {
    latent: { acts: () => page.carry(), paint: (mini, { panel, look }) => latents(mini, (look.slow && look.slow.latent) || panel.latents) },
    generator: { letter: "m", paint: (mini, { look, panel }) => mini.paint({ ...look, slow: null }, { mesh: true, law: panel.setup.draws.latent[0] }) },
    fake: { letter: "g", paint: (mini, { seen, panel }) => mini.paint(seen, { generated: true, kinds: panel.kinds }) },
    real: { letter: "r", paint: (mini, { seen }) => mini.paint(seen, { real: true }) },
    critic: { letter: "c", paint: (mini, { seen }) => mini.paint(seen, { critic: true }) },
    realScores: { letter: "s", paint: (mini, { seen }) => mini.paint(seen, { judged: true, real: true }) },
    fakeScores: { letter: "s", paint: (mini, { seen }) => mini.paint(seen, { judged: true, generated: true }) },
    criticLoss: { loss: "critic_loss" },
    generatorLoss: { loss: "generator_loss" },
    criticSlopes: { size: "critic_gradient" },
    generatorSlopes: { letter: "p", size: "generator_gradient", paint: (mini, { seen }) => mini.paint(seen, { generated: true, pulls: true }) },
  };
  // Lines: from where to where, which side of each box where there is room and where there is little, and whose moves go along.
  const LINES = [
    ["latent", "generator", "rl", "rl"], ["generator", "fake", "rl", "rl"], ["real", "critic", "rl", "rl"], ["fake", "critic", "rl", "rl"],
    ["critic", "realScores", "rl", "bt"], ["critic", "fakeScores", "rl", "bt"], ["realScores", "criticLoss", "rl", "bt"], ["fakeScores", "criticLoss", "rl", "bt"],
    ["realScores", "generatorLoss", "rl", "bt"], ["fakeScores", "generatorLoss", "rl", "bt"], ["criticLoss", "criticSlopes", "tr", "bt"], ["criticSlopes", "critic", "bt", "rr"],
    ["generatorLoss", "generatorSlopes", "br", "lr"], ["generatorSlopes", "generator", "lb", "tb"],
  ];
  const BACK = /Slopes/; // along these slopes go back

  // What a part of a move lights up: boxes, and lines as "from to". A generator whose loss looks at target points is shown them too.
  function litBy({ move, part }, compares) {
    const critic = move !== "generator", generator = move !== "critic", both = (one, other) => [...(critic ? one : []), ...(generator ? other : [])];
    const real = critic || compares, way = {
      sample: [["latent", "generator", "fake", ...(real ? ["real"] : [])], ["latent generator", "generator fake"]],
      judge: [["fake", ...(real ? ["real", "realScores"] : []), "critic", "fakeScores"], ["fake critic", "critic fakeScores", ...(real ? ["real critic", "critic realScores"] : [])]],
      loss: [[...(real ? ["realScores"] : []), "fakeScores", ...both(["criticLoss"], ["generatorLoss"])], both(["realScores criticLoss", "fakeScores criticLoss"], ["fakeScores generatorLoss", ...(compares ? ["realScores generatorLoss"] : [])])],
      pull: [both(["criticLoss", "criticSlopes"], ["generatorLoss", "generatorSlopes"]), both(["criticLoss criticSlopes"], ["generatorLoss generatorSlopes"])],
      update: [both(["criticSlopes", "critic"], ["generatorSlopes", "generator"]), both(["criticSlopes critic"], ["generatorSlopes generator"])],
    };
    return way[part];
  }

  const compares = ({ setup }) => Boolean(setup) && (setup.models.step || setup.models.generator).inputs.some(([port]) => port === "draw/real");

  // --- the room ---

  page.flow = function () {
    const { words } = page;
    at.lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    at.lines.setAttribute("aria-hidden", "true");
    at.lines.setAttribute("class", "lines");
    at.minis = {};
    at.boxes = {};
    at.parts = el("div", { class: "parts", hidden: true }, ["critic", "generator"].map(partsOf));
    at.others = el("p", { class: "hint" });
    at.flow = el("section", { class: "flow", "aria-label": words.flowName, hidden: page.hidden("flow") }, el("h2", {}, words.flowName), at.parts, el("ul", { class: "boxes" }, Object.keys(BOXES).map(box)), at.lines, at.others, el("p", { class: "hint" }, words.flowHint));
    new ResizeObserver(layLines).observe(at.flow);
    return at.flow;
  };

  function partsOf(player) {
    const { words } = page, part = (name) => (at[`part-${player}-${name}`] = el("li", {}, words.partNames[name]));
    return el("div", {}, el("span", {}, words.players[player]), el("ol", { class: player }, PARTS.map(part)));
  }

  // A part as a list's item: a picture that is a button where the large one can show the same, words, a bar, a number.
  function box(name) {
    const { words } = page, { letter, acts, paint, loss, size } = BOXES[name], parts = [];
    if (paint) {
      const canvas = el("canvas", { width: 96, height: 96, "aria-hidden": "true" }), pressed = letter && page.experiment.view.includes(letter);
      at.minis[name] = name === "latent" ? canvas : Object.assign(new lab.Stage(canvas, catalogue), { view: page.viewOf(), least: 96 });
      const pressing = letter ? () => document.getElementById("show-" + letter).click() : acts;
      parts.push(el("button", { type: "button", class: "mini", id: "mini-" + name, title: letter ? words.showLarge : words.carry, "aria-label": `${words.flow[name]}: ${letter ? words.showLarge : words.carry}`, "aria-pressed": letter ? String(pressed) : false, onclick: pressing }, canvas));
    }
    parts.push(el("span", { class: "name" }, words.flow[name]));
    if (loss) parts.push((at["bar-" + name] = el("span", { class: "bar", "aria-hidden": "true" })));
    if (loss || size) parts.push((at["number-" + name] = el("span", { class: "count" }, " ")));
    return (at.boxes[name] = el("li", { class: "box " + name }, parts));
  }

  page.tellShown = function () {
    for (const [name, { letter }] of Object.entries(BOXES)) {
      const button = letter && document.getElementById("mini-" + name);
      if (button) button.setAttribute("aria-pressed", String(page.experiment.view.includes(letter)));
    }
  };

  page.miniTarget = (points) => at.minis.real.setReal(points);

  // --- lines ---

  const OUT = { l: [-1, 0], r: [1, 0], t: [0, -1], b: [0, 1] };

  // The lines again, where the boxes are now.
  function layLines() {
    const home = at.flow.getBoundingClientRect(), isNarrow = home.width < 480, seesReal = compares(page.main());
    at.flow.classList.toggle("narrow", isNarrow);
    at.lines.setAttribute("viewBox", `0 0 ${home.width} ${home.height}`);
    const all = LINES.filter(([from, to]) => from !== "realScores" || to !== "generatorLoss" || seesReal);
    at.lines.replaceChildren(...all.flatMap((line) => drawn(line, home, line[isNarrow ? 3 : 2])));
    if (page.main().look) page.explain(page.main().look);
  }
  page.layLines = layLines;

  function drawn([from, to], home, sides) {
    const end = (name, side) => {
      const whole = at.boxes[name].getBoundingClientRect(), mini = at.boxes[name].querySelector("canvas"), inner = mini ? mini.parentElement.getBoundingClientRect() : whole, [x, y] = OUT[side];
      return [(x < 0 ? inner.left : x > 0 ? inner.right : inner.left + inner.width / 2) - home.left, (y < 0 ? whole.top : y > 0 ? whole.bottom : inner.top + inner.height / 2) - home.top];
    };
    const a = end(from, sides[0]), b = end(to, sides[1]), bow = sides[0] === sides[1] ? 18 : Math.max(Math.hypot(b[0] - a[0], b[1] - a[1]) * 0.45, 6);
    const bend = (point, side, far = bow) => OUT[side].map((one, d) => point[d] + one * far), [x, y] = OUT[sides[1]], foot = bend(b, sides[1], 6);
    const way = (shape, kind) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", shape);
      path.setAttribute("class", kind);
      path.dataset.way = `${from} ${to}`;
      return path;
    };
    return [way(`M${a} C${bend(a, sides[0])} ${bend(b, sides[1])} ${b}`, BACK.test(from + to) ? "back" : "on"), way(`M${foot[0] - 4 * y},${foot[1] - 4 * x} L${b} L${foot[0] + 4 * y},${foot[1] + 4 * x}`, "head")];
  }

  // --- what is going on in it ---

  const place = (reach) => (one) => 48 + 45 * one / reach;
  let drawnLatents = null;

  // Latents as they lie before they are carried: those of a move's batch, or those that are watched.
  function latents(canvas, places) {
    if (!places || places === drawnLatents) return;
    drawnLatents = places;
    const context = canvas.getContext("2d"), shown = places.subarray(0, 2 * catalogue.windows.samples), to = place(shown.reduce((most, one) => Math.max(most, Math.abs(one)), 1) * 1.05);
    context.fillStyle = "#fdfdfc";
    context.fillRect(0, 0, 96, 96);
    context.fillStyle = catalogue.colours.generated;
    for (let i = 0; i < shown.length; i += 2) context.fillRect(to(shown[i]) - 1, 96 - to(shown[i + 1]) - 1, 2, 2);
  }

  // A look with a move's own batch in place of the watched points.
  function batchOf(look) {
    const { slow } = look;
    return slow ? { ...look, samples: slow.now && slow.part === "update" ? slow.now : slow.fake, slow: null } : look;
  }

  let turn = 0, last = 0, game = "";
  // One miniature after another while a game plays, all of them where it stands or is new.
  page.paintMinis = function (panel, now) {
    if (at.flow.hidden) return;
    const { look } = panel, names = Object.keys(at.minis), told = { panel, look, seen: batchOf(look) };
    const some = page.playing && !look.slow && look.game === game ? Math.min(Math.floor((now - last) / EACH), names.length) : names.length;
    if (some) last = now;
    game = look.game;
    for (const name of Array.from({ length: some }, () => names[turn++ % names.length])) {
      const mini = at.minis[name];
      if (mini instanceof lab.Stage) Object.assign(mini, { watched: look.slow && name === "realScores" ? look.slow.real : panel.stage.watched, shown: at.minis.critic.shown });
      BOXES[name].paint(mini, told);
    }
  };

  // A loss as a bar beside the largest that was seen, to the left below zero.
  function losses({ report }) {
    const seen = charts.losses.points.flatMap(({ values }) => values.slice(0, 2)).filter(Number.isFinite).map(Math.abs), most = Math.max(...seen, 1e-9);
    for (const name of ["criticLoss", "generatorLoss"]) {
      const value = report[BOXES[name].loss], known = Number.isFinite(value);
      at["number-" + name].textContent = known ? lab.short(value) : "–";
      at["bar-" + name].style.setProperty("--share", known ? Math.max(-1, Math.min(1, value / most)).toFixed(3) : 0);
    }
    const frame = lab.told.frame || {};
    for (const name of ["criticSlopes", "generatorSlopes"]) at["number-" + name].textContent = lab.short(frame[BOXES[name].size]);
  }

  page.explain = function (look) {
    const { slow } = look, panel = page.main(), seesReal = compares(panel), [boxes, lines] = slow ? litBy(slow, seesReal) : [[], []];
    losses(look);
    document.getElementById("lab").classList.toggle("slow", page.speed === "slow");
    at.flow.dataset.move = slow ? slow.move : "";
    at.flow.classList.toggle("told", Boolean(slow));
    at.flow.classList.toggle("moving", page.playing && Boolean(slow) && !page.still);
    at.flow.style.setProperty("--gone", page.still ? 0 : -(look.step % 1000)); // dashes go on as steps are played
    for (const name in BOXES) at.boxes[name].classList.toggle("lit", boxes.includes(name));
    at.boxes.generator.classList.toggle("changing", Boolean(slow) && slow.part === "update" && slow.move !== "critic");
    at.boxes.critic.classList.toggle("changing", Boolean(slow) && slow.part === "update" && slow.move !== "generator");
    for (const path of at.lines.children) path.classList.toggle("lit", lines.includes(path.dataset.way));
    at.parts.hidden = !slow;
    for (const player of ["critic", "generator"]) for (const part of PARTS) {
      const isNow = Boolean(slow) && slow.part === part && (slow.move === player || slow.move === "step"), item = at[`part-${player}-${part}`];
      if (isNow) item.setAttribute("aria-current", "step"); else item.removeAttribute("aria-current");
    }
    const more = panel.setup ? Object.keys(panel.setup.starts).filter((name) => !["generator", "critic"].includes(name)) : [];
    at.others.textContent = more.length ? filled(page.words.flowMore, { names: more.join(", ") }) : "";
  };

  page.partInWords = function ({ slow, report }) {
    const { words } = page, player = words.players[slow.move], which = slow.of > 1 ? ` (${slow.which + 1}/${slow.of})` : "";
    const loss = report[slow.move === "generator" ? "generator_loss" : "critic_loss"], part = slow.move === "generator" && slow.part === "sample" && compares(page.main()) ? "sampleBoth" : slow.part;
    return filled(words.parts[slow.move][part], { player, n: slow.fake.length / 2, loss: lab.short(loss) }) + which;
  };
})();
