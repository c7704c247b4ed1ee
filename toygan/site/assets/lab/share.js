// What is taken along: the address, the command, a picture, a film.
"use strict";
(function () {
  const page = lab.page, { catalogue, at } = page, { el, filled } = lab;
  const FILM = 720, GIF = 360, EVERY = 100, MOST = 200; // pixels a side, of a GIF; ms between its pictures; so many at most
  let recorder = null, moving = null, gif = null, lastPicture = 0;

  page.shareCard = function () {
    const { words } = page, { button } = page;
    at.copyOut = el("textarea", { class: "copied", id: "copied", readonly: true, rows: 3, hidden: true, "aria-label": words.copyFailed });
    const copy = (make) => async (event) => {
      const text = make(), pressed = event.currentTarget, before = pressed.textContent;
      at.copyOut.value = text;
      at.copyOut.hidden = false;
      try { await navigator.clipboard.writeText(text); pressed.textContent = words.copied; setTimeout(() => { pressed.textContent = before; }, 1500); } catch (_) { at.copyOut.focus(); at.copyOut.select(); }
    };
    return el("div", { class: "card" }, el("h2", {}, words.share), el("div", { class: "row" },
      button("copyLink", words.copyLink, copy(() => { page.keepAddress(); return location.href.split("#")[0] + page.own; })), button("copyCommand", words.copyCommand, copy(command)),
      button("savePicture", words.savePicture, () => picture(FILM).toBlob((blob) => save(blob, "toygan.png"))),
      window.MediaRecorder && page.main().canvas.captureStream ? button("film", words.film, film) : null, button("gif", words.gif, animate),
      button("saveScenario", words.saveScenario, () => { page.scenarioFiles().forEach(([name, text]) => save(new Blob([text], { type: "text/plain" }), name)); })),
      at.copyOut, el("p", { class: "hint" }, words.commandHint));
  };

  function command() {
    const { experiment } = page, { look, setup } = page.main();
    return lab.commandOf({ ...experiment, drawn: page.isChanged() }, { measured: catalogue.measured, scenario: catalogue.scenarios[experiment.scenario], game: setup, dials: look.dials, criticSteps: look.criticSteps, size: experiment.size, plain: look.plain, onlyHere: onlyHere(look, setup) });
  }

  // What of a game no command says, in words.
  function onlyHere({ generatorSteps, plain }, { models }) {
    const { words } = page, parts = [];
    if (generatorSteps > 1) parts.push(`${words.generatorSteps}: ${generatorSteps}`);
    if (!models.step) for (const player of ["critic", "generator"]) if (plain[player] && !(plain.critic && plain.generator)) parts.push(`${words[player + "Optimiser"]}: ${words.optimisers.descent}`);
    return parts.length ? filled(words.onlyHere, { what: parts.join("; ") }) : "";
  }

  function save(blob, name) {
    lab.told.saved = { name, blob };
    const link = el("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // All games side by side in one square.
  function picture(side, canvas = document.createElement("canvas")) {
    const shown = page.panels.flatMap((panel) => [panel.canvas, ...(panel.other ? [panel.other.canvas] : [])]), across = Math.ceil(Math.sqrt(shown.length)), each = Math.floor(side / across);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, side, side);
    shown.forEach((one, k) => context.drawImage(one, (k % across) * each, Math.floor(k / across) * each, each, each));
    return canvas;
  }

  function film() {
    const { words } = page;
    if (recorder) { recorder.stop(); return; }
    const parts = [];
    moving = picture(FILM);
    recorder = new MediaRecorder(moving.captureStream(30));
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => { save(new Blob(parts, { type: "video/webm" }), "toygan.webm"); recorder = moving = null; at.film.textContent = words.film; };
    recorder.start();
    at.film.textContent = words.filmStop;
  }

  function animate() {
    if (gif) { endGif(); return; }
    const rgb = (colour) => [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16)), band = (one) => [one >> 16, (one >> 8) & 255, one & 255];
    const exact = [...catalogue.bands.map(band), ...catalogue.bands.map((one) => band(lab.Stage.darker(one))), rgb(catalogue.colours.real), rgb(catalogue.colours.generated), [255, 255, 255]];
    gif = new lab.Gif(GIF, exact, EVERY / 10);
    at.gif.textContent = page.words.filmStop;
    page.filmed(performance.now());
  }

  function endGif() {
    if (!gif.frames) shoot();
    save(gif.blob(), "toygan.gif");
    gif = null;
    at.gif.textContent = page.words.gif;
  }

  const small = document.createElement("canvas");
  function shoot() { gif.add(picture(GIF, small).getContext("2d").getImageData(0, 0, GIF, GIF).data); }

  // What is painted goes into the film too.
  page.filmed = function (now) {
    if (moving) picture(FILM, moving);
    if (!gif || now - lastPicture < EVERY) return;
    lastPicture = now;
    shoot();
    if (gif.frames >= MOST) endGif();
  };
})();
