// Painting what was last seen, at most once a frame, and saying it in words.
"use strict";
(function () {
  const page = lab.page, { at, charts } = page, { filled } = lab;
  let frame = 0, painted = 0, best = null;

  page.repaint = function () { if (!frame) frame = requestAnimationFrame(paint); };

  function paint(now) {
    frame = 0;
    const show = page.shownParts();
    for (const panel of page.panels) {
      if (!panel.look) continue;
      panel.stage.paint(panel.look.slow ? eased(panel, now) : carried(panel, now), { ...show, mesh: show.mesh || Boolean(carrying), law: panel.setup && panel.setup.draws.latent[0], kinds: panel.kinds }, panel.look);
      if (panel.other && panel.look.other) panel.other.paint({ samples: panel.look.other }, { real: show.real, generated: show.generated });
      for (; panel.unseen > 0; panel.unseen--) page.trainer.postMessage({ do: "seen" });
    }
    if (carrying) {
      if (now - carrying > CARRY) carrying = 0;
      page.repaint();
    }
    painted++;
    lab.told.painted = painted;
    const look = page.main() && page.main().look;
    if (!look) return;
    page.paintMinis(page.main(), now);
    if (show.optimal && look.optimal && (!page.playing || look.optimal !== best)) { // it changes as seldom as the map, with its points
      best = look.optimal;
      at.optimalStage.paint(look, { ...show, generated: true, real: true });
      at.optimal.hidden = false;
    }
    if (painted % 8 === 0 || !page.playing) Object.values(charts).forEach((chart) => chart.paint(look.step));
    page.filmed(now);
    page.askMeasures(now);
    tell(look);
  }

  // Latents on their way to where the generator carries them: a look whose points are between.
  const CARRY = 2200, REACH = { normal: 2.6 }; // ms; latents beyond this are outside
  let carrying = 0;
  page.carry = function () { carrying = performance.now(); page.repaint(); };

  function carried({ look, latents, setup, stage }, now) {
    if (!carrying || !latents || latents.length !== look.samples.length) return look;
    const t = Math.min(Math.max((now - carrying) / CARRY * 1.3 - 0.15, 0), 1), share = t * t * (3 - 2 * t), [left, right, bottom, top] = stage.view;
    const reach = REACH[setup.draws.latent[0]] || 1.2, middle = [(left + right) / 2, (bottom + top) / 2], half = [(right - left) / 2 / reach, (top - bottom) / 2 / reach];
    return { ...look, samples: look.samples.map((one, i) => (1 - share) * (middle[i % 2] + half[i % 2] * latents[i]) + share * one), slow: null };
  }

  // A part of a move in slow motion on its way: what it changes goes from what was to what is.
  const EASE = 700; // ms
  let easing = null;
  function eased({ look, look: { slow } }, now) {
    if (page.still || !page.playing) return look;
    const key = [look.game, look.step, slow.move, slow.which, slow.part].join();
    if (!easing || easing.key !== key) easing = { key, since: now, before: easing && easing.look.game === look.game ? easing.look : null };
    easing.look = look;
    const t = Math.min((now - easing.since) / EASE, 1), share = t * t * (3 - 2 * t), { before } = easing, updates = slow.part === "update";
    const mixed = (from, to) => (from && from.length === to.length ? to.map((one, i) => (1 - share) * from[i] + share * one) : to);
    if (t >= 1) return look;
    page.repaint();
    const moved = updates && slow.move !== "critic" ? mixed(slow.fake, slow.now) : slow.now, pull = slow.part === "pull" ? slow.pull.map((one) => share * one) : slow.pull;
    return { ...look, scores: updates && before ? mixed(before.scores, look.scores) : look.scores, slow: { ...slow, now: moved, pull } };
  }

  page.shownParts = function () {
    const has = (letter) => page.experiment.view.includes(letter);
    return { critic: has("c"), arrows: has("a"), pulls: has("p"), real: has("r"), generated: has("g"), mesh: has("m"), trails: has("t"), tracked: has("k"), back: has("b"), density: has("d"), judged: has("s"), optimal: has("o") };
  };

  // In words, ten times a second: each change of a word lays the page out.
  let told = 0;
  function tell(look) {
    const { words, playing } = page, now = performance.now();
    if (playing && now - told < 100) return;
    told = now;
    at.step.textContent = filled(words.stepOf, { step: look.step, steps: Math.round(look.dials.steps) });
    at.rate.textContent = playing && look.rate && page.speed !== "slow" ? filled(words.rate, { rate: Math.round(look.rate) }) : "";
    at.time.max = Math.max(look.kept[1], look.step, 1);
    if (document.activeElement !== at.time || playing) at.time.value = look.step;
    at.time.setAttribute("aria-valuetext", at.step.textContent);
    for (const [key, row] of page.dialRows) row.follow({ critic_steps: look.criticSteps, generator_steps: look.generatorSteps }[key] || look.dials[key]);
    for (const player in at.optimisers) at.optimisers[player].value = look.plain[player] ? "descent" : "own";
    if (at.frozen) at.frozen.value = look.frozen;
    page.panels.forEach((panel) => panel.caption());
    page.explain(look);
    page.keyNumbers();
    if (look.diverged) page.say(filled(words.diverged, { step: look.step }));
    else if (look.step >= look.dials.steps) page.say(filled(words.over, { step: look.step }));
    else if (look.slow) page.say(page.partInWords(look), true);
    else if (page.said !== words.loading && !page.sticky) page.say("");
    const named = filled(words.stageName, { scenario: page.titleOf(page.experiment.scenario), method: page.experiment.method, step: look.step });
    if (!playing || painted % 60 === 1) page.main().canvas.setAttribute("aria-label", named);
  }
})();
