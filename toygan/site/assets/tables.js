// Everything else that moves: copying, sorting, filtering, and films as thumbnails.
"use strict";
(function () {
  const find = (id) => document.getElementById(id);

  // --- copying -------------------------------------------------------------------------------------------------------

  for (const button of document.querySelectorAll("button.copy")) {
    button.addEventListener("click", function () {
      const words = button.parentElement.querySelector("code").textContent;
      copied(words).then(() => say(button, "Copied"), () => say(button, "Select and copy"));
    });
  }

  // Pages opened from disk may lack the clipboard; a hidden text area does as well.
  function copied(words) {
    if (navigator.clipboard) return navigator.clipboard.writeText(words).catch(() => byHand(words));
    return byHand(words);
  }

  function byHand(words) {
    const area = document.createElement("textarea");
    area.value = words;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done ? Promise.resolve() : Promise.reject(new Error("not allowed"));
  }

  function say(button, words) {
    button.textContent = words;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  // --- the leaderboard -----------------------------------------------------------------------------------------------

  const boards = Array.from(document.querySelectorAll("table.sortable"));
  for (const board of boards) {
    Array.from(board.tHead.rows[0].cells).forEach((head, column) => head.firstChild.addEventListener("click", () => sort(board, head, column)));
  }
  if (boards.length) {
    find("find").addEventListener("input", function (event) {
      const words = event.target.value.toLowerCase();
      for (const row of boards.flatMap((board) => Array.from(board.tBodies[0].rows))) {
        row.hidden = !row.textContent.toLowerCase().includes(words);
      }
    });
  }

  function sort(board, head, column) {
    const down = head.getAttribute("aria-sort") === "ascending", body = board.tBodies[0];
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = Array.from(body.rows, (row) => [row.cells[column].textContent, row]);
    rows.sort(([a], [b]) => order(a, b, down));
    body.append(...rows.map(([, row]) => row));
  }

  // Numbers by size, words by the alphabet but for numbers in them; what is not known comes last either way.
  function order(a, b, down) {
    if (a === "–" || b === "–") return (a === "–") - (b === "–");
    const x = size(a), y = size(b);
    const found = Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", { numeric: true }) : x - y;
    return down ? -found : found;
  }

  // A number as Python's toygan.files.text writes it: −0.5, 2.5·10⁻⁶, 10⁷, 98 %, < 0.1 %, 0.1 – 0.2, inf; of a word NaN.
  function size(words) {
    const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    const plain = words.trim().replace(/^[<>]\s*/, "").replace("−", "-").replace(/(·?)10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/, (_, dot, power) =>
      (dot ? "e" : "1e") + power.replace("⁻", "-").replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (digit) => raised.indexOf(digit)));
    if (/^-?inf$/.test(plain)) return plain[0] === "-" ? -Infinity : Infinity;
    return /^-?\d*\.?\d+(e-?\d+)?(\s.*)?$/.test(plain) ? parseFloat(plain) : NaN;
  }

  // --- the matrix ----------------------------------------------------------------------------------------------------

  const listed = find("matrix-facts");
  if (listed) {
    const facts = JSON.parse(listed.textContent), choice = find("matrix-choice");
    const show = function () {
      for (const name of document.querySelectorAll(".measure-name")) name.textContent = choice.selectedOptions[0].textContent;
      for (const value of document.querySelectorAll("[data-cell]")) {
        const [number, span] = facts.cells[value.dataset.cell][choice.value];
        value.textContent = number;
        value.title = span;
      }
      shadeAll();
    };
    choice.addEventListener("change", show);
    shadeAll();
  }

  // Pairs are compared with each other, methods only within a column, where all else is equal.
  function shadeAll() {
    for (const table of document.querySelectorAll("table.shaded")) {
      const cells = Array.from(table.tBodies[0].querySelectorAll("td"));
      if (table.classList.contains("pairs")) shade(cells);
      else for (const i of new Set(cells.map((cell) => cell.cellIndex))) shade(cells.filter((cell) => cell.cellIndex === i));
    }
  }

  // Every number of some cells by its rank: the darker, the larger.
  function shade(some) {
    const cells = some.map((cell) => [cell, cell.querySelector(".value") ? size(cell.querySelector(".value").textContent) : NaN]);
    const known = cells.map(([, value]) => value).filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    for (const [cell, value] of cells) {
      cell.style.setProperty("--shade", Number.isNaN(value) || known.length < 2 ? 0 : known.indexOf(value) / (known.length - 1));
    }
  }

  // --- films as thumbnails ---------------------------------------------------------------------------------------------

  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const thumbs = Array.from(document.querySelectorAll("img[data-film]")), inSight = new Set();
  let all = !still.matches;

  function play(image, on) {
    image.dataset.still = image.dataset.still || image.getAttribute("src");
    const wanted = on ? image.dataset.film : image.dataset.still;
    if (image.getAttribute("src") !== wanted) image.setAttribute("src", wanted);
  }

  for (const image of thumbs) {
    const card = image.closest("li"), begin = () => play(image, true), end = () => play(image, all && inSight.has(image));
    card.addEventListener("pointerenter", begin);
    card.addEventListener("pointerleave", end);
    card.addEventListener("focusin", begin);
    card.addEventListener("focusout", end);
  }

  // Only films in sight play, and none where less motion is asked for, unless somebody wants them.
  const button = find("play-all");
  if (button && !thumbs.length) button.remove();
  else if (button) {
    const show = function () {
      button.textContent = all ? "Stop all films" : "Play all films";
      thumbs.forEach((image) => play(image, all && inSight.has(image)));
    };
    const sight = new IntersectionObserver(function (entries) {
      for (const entry of entries) inSight[entry.isIntersecting ? "add" : "delete"](entry.target);
      show();
    });
    thumbs.forEach((image) => sight.observe(image));
    button.addEventListener("click", () => { all = !all; show(); });
    show();
  }
})();
