// Light, dark or what the system says: set before anything is painted, kept where the browser allows it.
"use strict";
(function () {
  const kinds = ["auto", "light", "dark"];
  const root = document.documentElement;
  root.classList.add("js");

  function kept() {
    try { return localStorage.getItem("toygan-theme"); } catch (_) { return null; }
  }

  function set(kind) {
    root.dataset.theme = kind;
    try { localStorage.setItem("toygan-theme", kind); } catch (_) { /* private windows keep nothing */ }
  }

  root.dataset.theme = kinds.includes(kept()) ? kept() : "auto";
  document.addEventListener("DOMContentLoaded", function () {
    const button = document.getElementById("theme");
    const say = () => { button.textContent = "Theme: " + root.dataset.theme; };
    button.addEventListener("click", function () {
      set(kinds[(kinds.indexOf(root.dataset.theme) + 1) % kinds.length]);
      say();
    });
    say();
  });
})();
