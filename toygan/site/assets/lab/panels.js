// Elements, and the sliders of a game's dials.
"use strict";
// An element: attributes (on... are listeners, true stands alone, false and null are left out), then children.
lab.el = function (kind, attributes, ...children) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== false));
  return made;
};

// A sentence with {names} filled in.
lab.filled = (words, values) => words.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));

// How a dial is turned: between which numbers, and whether by factors.
lab.rangeOf = function (key, value) {
  if (/^betas/.test(key)) return { low: 0, high: 0.999, log: false };
  if (key === "ema") return { low: 0, high: 0.9999, log: false };
  if (key === "noisy_labels") return { low: 0, high: 0.5, log: false };
  if (key === "steps") return { low: Math.min(200, value), high: 1e6, log: true };
  if (value > 0) return { low: value / 100, high: value * 100, log: true };
  return { low: Math.min(-2, 2 * value), high: Math.max(2, -2 * value), log: false };
};

// A labelled slider; `turned(value)` hears of every change by hand. By factors, its lowest place may mean none at all.
lab.slider = function (name, { low, high, log, whole }, value, turned, canBeNone) {
  const PLACES = whole ? high - low : 400, none = canBeNone && log;
  const toPlace = (number) => (log ? (number <= 0 ? 0 : (none ? 12 : 0) + (PLACES - (none ? 12 : 0)) * Math.log(number / low) / Math.log(high / low)) : PLACES * (number - low) / (high - low));
  function toValue(place) {
    if (none && place < 6) return 0;
    const share = none ? Math.max(place - 12, 0) / (PLACES - 12) : place / PLACES;
    const number = log ? low * (high / low) ** share : low + (high - low) * share;
    return whole ? Math.round(number) : Number(number.toPrecision(2));
  }
  const id = "dial-" + name.key.replace(/\W/g, "-");
  const said = lab.el("output", { for: id }, lab.short(value));
  const input = lab.el("input", { type: "range", id, min: 0, max: PLACES, step: 1, "data-key": name.key, "aria-valuetext": lab.short(value),
    oninput: () => { const now = toValue(Number(input.value)); show(now); turned(now); } });
  let shown = value;
  function show(now) { shown = now; said.textContent = lab.short(now); input.setAttribute("aria-valuetext", lab.short(now)); }
  input.value = toPlace(value);
  const row = lab.el("div", { class: "dial" }, lab.el("label", { for: id }, name.words), said, input);
  row.follow = (now) => { if (document.activeElement !== input || Math.abs(now - shown) > 0.02 * Math.abs(shown)) { input.value = toPlace(now); show(now); } };
  return row;
};
