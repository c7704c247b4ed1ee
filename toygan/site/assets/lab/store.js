// What travels with the page arrives as classic scripts: a page opened from disk can ask for nothing else.
"use strict";
window.lab = { held: {}, waiting: {} };
lab.arrive = function (name, header, text, size) {
  lab.held[name] = { header, text, size };
  if (lab.waiting[name]) lab.waiting[name](lab.held[name]);
};
// The file of a name, asked for once.
lab.wanted = {};
lab.want = function (name) {
  if (lab.held[name]) return Promise.resolve(lab.held[name]);
  lab.wanted[name] = lab.wanted[name] || new Promise((resolve, reject) => {
    lab.waiting[name] = resolve;
    const script = document.createElement("script");
    script.src = "data/" + name + ".js";
    script.onerror = () => { delete lab.wanted[name]; reject(new Error("data/" + name + ".js cannot be read")); };
    document.head.append(script);
  });
  return lab.wanted[name];
};
