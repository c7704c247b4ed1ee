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
    const { words } = page, box = (name) => (at["flow-" + name] = el("li", { class: "box " + name }, words.flow[name]));
    at.flow = el("div", { class: "flow", hidden: true, role: "group", "aria-label": words.flowName }, ORDER.map((row) => el("ol", {}, row.map(box))));
    return at.flow;
  };

  page.explain = function ({ slow }) {
    at.flow.hidden = !slow;
    if (!slow) return;
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
