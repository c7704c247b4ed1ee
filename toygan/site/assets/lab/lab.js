// The page begins: its address, its language, its keys, and what tests ask of it.
"use strict";
(function () {
  const page = lab.page, { catalogue } = page, { el } = lab;
  Object.assign(page, { languageNow: "en", own: "", said: "", sticky: false });

  // --- the address ---

  page.addressNow = function () {
    const { experiment } = page;
    return lab.addressOf({ ...experiment, step: experiment.now || 0, language: page.languageNow === "en" ? "" : page.languageNow, box: page.viewOf(), view: experiment.view === page.VIEW ? "" : experiment.view });
  };

  page.keepAddress = function () {
    page.own = page.addressNow();
    try { history.replaceState(null, "", page.own); } catch (_) { location.replace(page.own); }
  };

  let addressing = 0;
  page.keepAddressSoon = function (ms) { clearTimeout(addressing); addressing = setTimeout(page.keepAddress, ms); };

  addEventListener("hashchange", () => { if (location.hash !== page.own) arrive(); });

  function arrive() {
    const wanted = lab.experimentOf(location.hash);
    page.language(wanted.language || (navigator.language || "").slice(0, 2));
    page.start(wanted, wanted.step ? true : !page.still);
  }

  page.language = function (wanted) {
    page.languageNow = wanted in lab.words ? wanted : "en";
    page.words = lab.words[page.languageNow];
    document.documentElement.lang = page.languageNow;
    document.title = page.words.brand;
  };

  // --- keys ---

  addEventListener("keydown", (event) => {
    if (/^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = { " ": () => (page.playing ? page.pause() : page.play()), ArrowRight: () => page.once("step"), c: () => page.once("critic"), g: () => page.once("generator"), r: () => page.restart() };
    const act = acts[event.key];
    if (act && !page.hidden("transport")) { event.preventDefault(); act(); }
  });
  addEventListener("resize", () => page.repaint());

  // --- for tests ---

  lab.probe = (name, feeds) => { lab.told.probed = null; page.trainer.postMessage({ do: "probe", id: page.main().setup.id, name, feeds }); };
  lab.load = (state) => page.trainer.postMessage({ do: "load", id: page.main().setup.id, state });
  lab.looks = () => page.panels.map((panel) => panel.look);
  lab.setup = () => page.main() && page.main().setup;
  lab.look = () => page.main() && page.main().look;
  lab.assign = (real, fake) => new Promise((resolve) => {
    const worker = lab.workerOf(lab.assigner);
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ real: Float32Array.from(real), fake: Float32Array.from(fake), step: 0 });
  });

  // --- beginning ---

  const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
  function able() {
    try { return !/without-simd/.test(location.search) && WebAssembly.validate(Uint8Array.from(SIMD)) && typeof DecompressionStream === "function"; } catch (_) { return false; }
  }

  document.documentElement.style.setProperty("--scores", `linear-gradient(90deg, ${catalogue.bands.map((rgb) => "#" + rgb.toString(16).padStart(6, "0")).join(", ")})`);
  let theme = "auto";
  try { theme = localStorage.getItem("toygan-theme") || "auto"; } catch (_) { /* private windows keep nothing */ }
  document.documentElement.dataset.theme = page.themes.includes(theme) ? theme : "auto";
  if (able()) arrive();
  else {
    page.language((navigator.language || "").slice(0, 2));
    document.body.replaceChildren(el("main", { class: "sorry" }, el("h1", {}, page.words.brand), el("p", { role: "alert" }, page.words.noSimd)));
  }
  lab.told.interactive = performance.now();
})();
