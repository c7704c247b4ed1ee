// Slow motion: the four parts of a move - points are drawn, judged, pulled, and the player changes - each with what it means, and
// a picture of how points and slopes flow through the two players.
"use strict";
(function () {
  const page = lab.page, { at } = page, { el, filled } = lab;
  // Which boxes of the flow a part lights up.
  const LIT = {
    critic: { sample: ["latent", "generator", "fake", "real"], judge: ["fake", "real", "critic"], loss: ["critic", "loss"], pull: ["loss", "critic"], update: ["critic"] },
    generator: { sample: ["latent", "generator", "fake"], judge: ["fake", "critic"], loss: ["critic", "loss"], pull: ["loss", "critic", "fake"], update: ["fake", "generator"] },
    step: { sample: ["latent", "generator", "fake", "real"], judge: ["fake", "real", "critic"], loss: ["critic", "loss"], pull: ["critic", "loss", "fake"], update: ["critic", "generator"] },
  };
  const ORDER = [["latent", "generator", "fake"], ["real"], ["critic", "loss"]];

  page.flow = function () {
    const { words } = page, box = (name) => (at["flow-" + name] = el("li", { class: "box " + name }, name === "latent" ? (at.latents = el("canvas", { width: 56, height: 56, class: "latents", "aria-hidden": "true" })) : null, words.flow[name]));
    at.flow = el("div", { class: "flow", hidden: true, role: "group", "aria-label": words.flowName }, ORDER.map((row) => el("ol", {}, row.map(box))));
    return at.flow;
  };

  // The latents of a move's batch, as they lie before they are carried.
  let drawn = null;
  function latents(places) {
    const context = at.latents.getContext("2d"), reach = places.reduce((most, one) => Math.max(most, Math.abs(one)), 1) * 1.1, at1 = (one) => 28 + 27 * one / reach;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, 56, 56);
    context.fillStyle = page.catalogue.colours.generated;
    for (let i = 0; i < places.length; i += 2) context.fillRect(at1(places[i]) - 1, 56 - at1(places[i + 1]) - 1, 2, 2);
  }

  page.explain = function ({ slow }) {
    at.flow.hidden = !slow;
    if (!slow) return;
    if (slow.latent !== drawn) latents(drawn = slow.latent);
    for (const name of ORDER.flat()) at["flow-" + name].classList.toggle("lit", LIT[slow.move][slow.part].includes(name));
    at["flow-generator"].classList.toggle("changing", slow.part === "update" && slow.move !== "critic");
    at["flow-critic"].classList.toggle("changing", slow.part === "update" && slow.move !== "generator");
  };

  page.partInWords = function ({ slow, report, critic }) {
    const { words } = page, player = words.players[slow.move], which = slow.of > 1 ? ` (${slow.which + 1}/${slow.of})` : "";
    const loss = report[slow.move === "generator" ? "generator_loss" : "critic_loss"];
    return filled(words.parts[slow.move][slow.part], { player, n: slow.fake.length / 2, loss: lab.short(loss) }) + which;
  };
})();
