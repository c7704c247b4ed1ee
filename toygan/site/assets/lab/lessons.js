// Lessons as data: where each starts, which controls it shows, and how it looks. Their words are in the tables of words.
"use strict";
lab.lessons = [
  { id: "vanishing", start: { scenario: "far-gaussian", method: "gan", size: "small", changes: [[0, "frozen", "generator"], [0, "steps", 20000]] }, dials: ["generator_rate", "critic_rate"], methods: ["gan", "ns-gan", "wgan-gp"] },
  { id: "collapse", start: { scenario: "eight-gaussians", method: "ns-gan", size: "small" }, dials: ["generator_rate", "critic_rate", "critic_steps"], methods: ["ns-gan", "ns-gan-r1", "r3gan", "unrolled-gan", "pacgan"] },
  { id: "clipping", start: { scenario: "swiss-roll", method: "wgan", size: "small", beside: [{ method: "wgan-gp", seed: 0 }] }, dials: ["constraint.bound", "constraint.weight", "critic_steps"], methods: ["wgan", "wgan-gp"] },
  { id: "lambda", start: { scenario: "swiss-roll", method: "wgan-gp", size: "small" }, dials: ["constraint.weight", "critic_steps"], methods: ["wgan-gp", "wgan-lp"] },
  { id: "onesided", start: { scenario: "two-moons", method: "wgan-gp", size: "small", beside: [{ method: "wgan-lp", seed: 0 }] }, dials: ["constraint.weight", "critic_steps"], methods: ["wgan-gp", "wgan-lp"] },
  { id: "dirac", start: { scenario: "dirac", method: "ns-gan-r1", size: "small", view: "crgaot", changes: [[0, "constraint.weight", 0], [0, "steps", 100000]] }, speed: "sixty", dials: ["constraint.weight", "generator_rate", "critic_rate"], methods: ["ns-gan-r1", "wgan-gp"] },
  { id: "unbounded", start: { scenario: "eight-gaussians", method: "wgan-none", size: "small" }, dials: ["generator_rate", "critic_rate", "critic_steps"], methods: ["wgan-none", "wgan-gp"] },
  { id: "capacity", start: { scenario: "checkerboard", method: "r3gan", size: "small" }, dials: ["generator_rate", "critic_rate"], methods: ["r3gan", "wgan-gp"] },
  { id: "trained", start: { scenario: "eight-gaussians", method: "r3gan", size: "small", step: 1500 }, dials: ["generator_rate", "critic_rate", "critic_steps", "generator_steps"], methods: ["r3gan", "ns-gan-r1"] },
  { id: "good", start: { scenario: "eight-gaussians", method: "r3gan", size: "small" }, dials: null, methods: null },
  { id: "bad", start: { scenario: "eight-gaussians", method: "ns-gan", size: "small", changes: [[0, "betas.0", 0.9], [0, "generator_rate", 0.02], [0, "critic_rate", 0.02]] }, dials: ["betas.0", "generator_rate", "critic_rate"], methods: ["ns-gan", "r3gan"] },
];
