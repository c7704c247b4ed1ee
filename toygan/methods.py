"""How to play: the shipped methods, written as a user would write them in a scenario file's `[methods.NAME]` table.

The settings are for toys on one CPU core, chosen by time to quality; where a paper's own differ, its exhibit says them.
r = f(real) and g = f(fake) are critic scores, f' is the critic's gradient by the point. This file imports nothing, so that completion is quick.
"""

from typing import Any

METHODS: dict[str, dict[str, Any]] = {
    "gan": {
        "formula": "C: E sp(-r) + E sp(g);  G: -E sp(g)",
        "reference": "Goodfellow et al., 2014, arXiv:1406.2661",
        "look_for": "A critic that wins flattens the generator's loss: watch it stop moving while modes are missing.",
        "objective": {"kind": "minimax"},
    },
    "ns-gan": {
        "formula": "C: E sp(-r) + E sp(g);  G: E sp(-g)",
        "reference": "Goodfellow et al., 2014, arXiv:1406.2661",
        "look_for": "The generator keeps moving where the minimax one stands still; it may chase from mode to mode.",
        "objective": {"kind": "non-saturating"},
    },
    "lsgan": {
        "formula": "C: 1/2 E (r - 1)^2 + 1/2 E g^2;  G: 1/2 E (g - 1)^2",
        "reference": "Mao et al., 2016, arXiv:1611.04076",
        "look_for": "Points on the real side but far away are pulled back too: scores stay near 0 and 1.",
        "objective": {"kind": "least-squares"},
    },
    "wgan": {
        "formula": "C: E g - E r, every parameter in [-c, c];  G: -E g",
        "reference": "Arjovsky et al., 2017, arXiv:1701.07875",
        "look_for": "Clipping makes the critic simple: broad planes and few creases, whatever the data look like.",
        "objective": {"kind": "wasserstein"},
        "constraint": {"kind": "clip", "bound": 0.1},
        "optimiser": "rmsprop",
        "critic_steps": 5,
    },
    "wgan-gp": {
        "formula": "C: E g - E r + 0.1 E (|f'| - 1)^2 between pairs;  G: -E g",
        "reference": "Gulrajani et al., 2017, arXiv:1704.00028",
        "look_for": "The critic's ridge follows the data, and its slope is near one all the way there.",
        "objective": {"kind": "wasserstein"},
        "constraint": {"kind": "gradient-penalty", "weight": 0.1},
        "critic_steps": 2,
        "generator_rate": 2e-3,
        "critic_rate": 2e-3,
    },
    "wgan-lp": {
        "formula": "C: E g - E r + 0.1 E max(0, |f'| - 1)^2 between pairs;  G: -E g",
        "reference": "Petzka et al., 2017, arXiv:1709.08894",
        "look_for": "Slopes below one are free: the critic may be flat where nothing has to move.",
        "objective": {"kind": "wasserstein"},
        "constraint": {"kind": "gradient-penalty", "weight": 0.1, "sides": 1},
        "critic_steps": 2,
        "generator_rate": 2e-3,
        "critic_rate": 2e-3,
    },
    "wgan-none": {
        "formula": "C: E g - E r, unconstrained;  G: -E g",
        "reference": "Arjovsky et al., 2017, arXiv:1701.07875, on why a Lipschitz bound is needed",
        "look_for": "Nothing bounds the critic: its scores run away, and the colour scale with them.",
        "objective": {"kind": "wasserstein"},
        "critic_steps": 2,
        "generator_rate": 2e-3,
        "critic_rate": 2e-3,
    },
    "sngan": {
        "formula": "C: E max(0, 1 - r) + E max(0, 1 + g), every layer over its top singular value;  G: -E g",
        "reference": "Miyato et al., 2018, arXiv:1802.05957",
        "look_for": "The critic's slope cannot exceed the bound anywhere, and mostly stays well below it.",
        "objective": {"kind": "hinge"},
        "constraint": {"kind": "spectral-norm", "lipschitz": 64.0},
        "critic_steps": 2,
    },
    "hinge-gan": {
        "formula": "C: E max(0, 1 - r) + E max(0, 1 + g);  G: -E g",
        "reference": "Lim and Ye, 2017, arXiv:1705.02894",
        "look_for": "Points judged beyond the margin no longer teach the critic: plateaus at -1 and 1.",
        "objective": {"kind": "hinge"},
    },
    "ns-gan-r1": {
        "formula": "C: E sp(-r) + E sp(g) + 0.1/2 E |f'(real)|^2;  G: E sp(-g)",
        "reference": "Mescheder et al., 2018, arXiv:1801.04406",
        "look_for": "The critic is made flat on the data, so that the game comes to rest there.",
        "objective": {"kind": "non-saturating"},
        "constraint": {"kind": "r1", "weight": 0.1},
    },
    "dragan": {
        "formula": "C: E sp(-r) + E sp(g) + 0.1 E (|f'| - 1)^2 around real points;  G: E sp(-g)",
        "reference": "Kodali et al., 2017, arXiv:1705.07215",
        "look_for": "Slopes near one in a cloud around the data, and no promise anywhere else.",
        "objective": {"kind": "non-saturating"},
        "constraint": {"kind": "gradient-penalty", "weight": 0.1, "at": "around-real"},
    },
    "rpgan": {
        "formula": "C: E sp(g - r);  G: E sp(r - g)",
        "reference": "Jolicoeur-Martineau, 2018, arXiv:1807.00734",
        "look_for": "Only differences of scores count: every generated point is compared with a real one.",
        "objective": {"kind": "relativistic"},
    },
    "r3gan": {
        "formula": "C: E sp(g - r) + 0.1/2 E |f'(real)|^2 + 0.1/2 E |f'(fake)|^2;  G: E sp(r - g)",
        "reference": "Huang et al., 2025, arXiv:2501.05441",
        "look_for": "No mode is left behind, and the critic ends flat on both samples.",
        "objective": {"kind": "relativistic"},
        "constraint": {"kind": "r1-r2", "weight": 0.1},
    },
}
