"""How to play: the shipped methods, written as a user would write them in a scenario file's `[methods.NAME]` table.

The settings are for toys on one CPU core, chosen by time to quality; where a paper's own differ, PAPERS says them.
r = f(real) and g = f(fake) are critic scores, f' is the critic's gradient by the point. Nothing is imported here, so that
completion is quick.
"""

from typing import Any

R1 = {"kind": "r1", "weight": 0.1}
NS_R1 = {"objective": {"kind": "non-saturating"}, "constraint": R1}  # as ns-gan-r1 is played
WASSERSTEIN = {"objective": {"kind": "wasserstein"}, "critic_steps": 2}
FAST = {**WASSERSTEIN, "generator_rate": 2e-3, "critic_rate": 2e-3}  # how wgan-gp and its like are played
WGAN = {**WASSERSTEIN, "constraint": {"kind": "clip", "bound": 0.1}, "optimiser": "rmsprop", "critic_steps": 5}

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
        "look_for": "Points on the real side but far away are pulled back too: at points, scores stay near 0 and 1.",
        "objective": {"kind": "least-squares"},
    },
    "wgan": {
        "formula": "C: E g - E r, every parameter in [-0.1, 0.1];  G: -E g",
        "reference": "Arjovsky et al., 2017, arXiv:1701.07875",
        "look_for": "Clipping makes the critic simple: broad planes and few creases, whatever the data look like.",
        **WGAN,
    },
    "wgan-gp": {
        "formula": "C: E g - E r + 0.1 E (|f'| - 1)^2 between pairs;  G: -E g",
        "reference": "Gulrajani et al., 2017, arXiv:1704.00028",
        "look_for": "Watch whether the critic's ridge follows the data, with slopes near one all the way there.",
        **FAST,
        "constraint": {"kind": "gradient-penalty", "weight": 0.1},
    },
    "wgan-lp": {
        "formula": "C: E g - E r + 0.1 E max(0, |f'| - 1)^2 between pairs;  G: -E g",
        "reference": "Petzka et al., 2017, arXiv:1709.08894",
        "look_for": "Slopes below one are free: the critic may be flat where nothing has to move.",
        **FAST,
        "constraint": {"kind": "gradient-penalty", "weight": 0.1, "sides": 1},
    },
    "wgan-none": {
        "formula": "C: E g - E r, unconstrained;  G: -E g",
        "reference": "Arjovsky et al., 2017, arXiv:1701.07875, on why a Lipschitz bound is needed",
        "look_for": "Nothing bounds the critic: watch whether its scores run away, and the colour scale with them.",
        **FAST,
    },
    "sngan": {
        "formula": "C: E max(0, 1 - r) + E max(0, 1 + g), layers over their top singular values, times 64 in all;  G: -E g",
        "reference": "Miyato et al., 2018, arXiv:1802.05957",
        "look_for": "The slope of a critic of ReLU cannot exceed 64 anywhere, and mostly stays well below it.",
        "objective": {"kind": "hinge"},
        "constraint": {"kind": "spectral-norm", "lipschitz": 64.0},
        "critic_steps": 2,
    },
    "hinge-gan": {
        "formula": "C: E max(0, 1 - r) + E max(0, 1 + g);  G: -E g",
        "reference": "Lim and Ye, 2017, arXiv:1705.02894",
        "look_for": "Points judged beyond the margins -1 and 1 no longer teach the critic: nothing holds its scores there.",
        "objective": {"kind": "hinge"},
    },
    "ns-gan-r1": {
        "formula": "C: E sp(-r) + E sp(g) + 0.1/2 E |f'(real)|^2;  G: E sp(-g)",
        "reference": "Mescheder et al., 2018, arXiv:1801.04406",
        "look_for": "The critic is made flat on the data, so that the game can come to rest there.",
        **NS_R1,
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
        "look_for": "Watch whether a mode is left behind, and how flat the critic ends on both samples.",
        "objective": {"kind": "relativistic"},
        "constraint": {"kind": "r1-r2", "weight": 0.1},
    },
    "wgan-l2clip": {
        "formula": "C: E g - E r, each layer's weights of l2 norm at most 2;  G: -E g",
        "reference": "after Arjovsky et al., 2017, arXiv:1701.07875",
        "look_for": "A kinder clip: whole layers are scaled back, so weights can differ in size.",
        **WASSERSTEIN,
        "constraint": {"kind": "norm-clip", "bound": 2.0},
    },
    "wgan-weight-norm": {
        "formula": "C: E g - E r, weights as length times direction;  G: -E g",
        "reference": "Salimans and Kingma, 2016, arXiv:1602.07868",
        "look_for": "Lengths are still free: a change of coordinates is no bound, and the scores may drift away.",
        **WASSERSTEIN,
        "constraint": {"kind": "weight-norm"},
    },
    "wgan-l1": {
        "formula": "C: E g - E r + 0.001 sum |w|;  G: -E g",
        "reference": "after Gulrajani et al., 2017, arXiv:1704.00028, who report decay to fail as clipping does",
        "look_for": "A price on every weight empties some: watch whether creases get few and contours straight.",
        **WASSERSTEIN,
        "constraint": {"kind": "l1-decay", "weight": 0.001},
    },
    "wgan-l2": {
        "formula": "C: E g - E r + 0.001 sum w^2;  G: -E g",
        "reference": "after Gulrajani et al., 2017, arXiv:1704.00028, who report decay to fail as clipping does",
        "look_for": "A price on large weights, everywhere alike and not where it matters: watch whether it bounds the scores.",
        **WASSERSTEIN,
        "constraint": {"kind": "l2-decay", "weight": 0.001},
    },
    "wgan-sn": {
        "formula": "C: E g - E r, layers over their top singular values;  G: -E g",
        "reference": "Miyato et al., 2018, arXiv:1802.05957",
        "look_for": "A critic of ReLU is never steeper than one, and mostly much flatter: a share of W1 goes unseen.",
        **WASSERSTEIN,
        "constraint": {"kind": "spectral-norm"},
    },
    "ragan": {
        "formula": "C: E sp(E g - r) + E sp(g - E r);  G: mirrored",
        "reference": "Jolicoeur-Martineau, 2018, arXiv:1807.00734",
        "look_for": "Every point is compared with the average of the other side.",
        "objective": {"kind": "relativistic-average"},
    },
    "f-kl": {
        "formula": "C: -E r + E exp(g - 1) + 0.1/2 E |f'(real)|^2;  G: -E g",
        "reference": "Nowozin et al., 2016, arXiv:1606.00709",
        "look_for": "KL(p | q) must cover: missing mass is dear, extra mass is cheap.",
        "objective": {"kind": "f-kl", "trick": True},
        "constraint": R1,
    },
    "f-reverse-kl": {
        "formula": "C: E exp(-r) + E (g - 1);  G: -E (g - 1)",
        "reference": "Nowozin et al., 2016, arXiv:1606.00709",
        "look_for": "KL(q | p) may choose: extra mass is dear, missing modes are cheap.",
        "objective": {"kind": "f-reverse-kl"},
    },
    "f-pearson": {
        "formula": "C: -E r + E (g^2/4 + g) + 0.1/2 E |f'(real)|^2;  G: -E g",
        "reference": "Nowozin et al., 2016, arXiv:1606.00709",
        "look_for": "Large ratios p/q count squared. Without the trick G gains from scores below -2, and leaves for good.",
        "objective": {"kind": "f-pearson", "trick": True},
        "constraint": R1,
    },
    "f-hellinger": {
        "formula": "C: -E (1 - exp(-r)) + E (exp(g) - 1);  G: -E (exp(g) - 1)",
        "reference": "Nowozin et al., 2016, arXiv:1606.00709",
        "look_for": "A gentle, symmetric distance, with exponentials that can still run away.",
        "objective": {"kind": "f-hellinger"},
    },
    "f-js": {
        "formula": "C: E sp(-r) + E sp(g) - 2 log 2;  G: -E sp(g) + log 2",
        "reference": "Nowozin et al., 2016, arXiv:1606.00709",
        "look_for": "The minimax game again, up to a constant: compare with gan, they should agree.",
        "objective": {"kind": "f-js"},
    },
    "f-total-variation": {
        "formula": "C: -E tanh(r)/2 + E tanh(g)/2 + 0.1/2 E |f'(real)|^2;  G: -E tanh(g)/2",
        "reference": "Nowozin et al., 2016, arXiv:1606.00709",
        "look_for": "Only the sign of p - q counts; where tanh is flat nothing moves, so the critic is kept from there.",
        "objective": {"kind": "f-total-variation"},
        "constraint": R1,
    },
    "bs-gan": {
        "formula": "C: E sp(-r) + E sp(g) + 0.1/2 E |f'(real)|^2;  G: 1/2 E g^2",
        "reference": "Hjelm et al., 2017, arXiv:1702.08431",
        "look_for": "Generated points seek the boundary, score 0: the data's edge, but also any other place where f is 0.",
        "objective": {"kind": "boundary-seeking"},
        "constraint": R1,
        "generator_rate": 1e-3,
    },
    "ebgan": {
        "formula": "D = |x - dec(enc(x))|^2; C: E D(real) + E max(0, 1 - D(fake)), at first E D(real) alone;  "
        "G: E D(fake) + 0.1 alignment of codes",
        "reference": "Zhao et al., 2016, arXiv:1609.03126",
        "look_for": "A valley of low energy is dug along the data, first in the head start, then against the generator.",
        "objective": {"kind": "energy", "margin": 1.0, "pulling_away": 0.1},
        "critic": "autoencoder",
        "head_start": 100,
    },
    "began": {
        "formula": "D = |x - dec(enc(x))|^2; C: E D(real) - k E D(fake);  G: E D(fake);  k follows 0.5 E D(real) - E D(fake)",
        "reference": "Berthelot et al., 2017, arXiv:1703.10717",
        "look_for": "k keeps the two errors in balance; watch the critic's valley follow the generator.",
        "objective": {"kind": "began"},
        "critic": "autoencoder",
    },
    "mmd-gan": {
        "formula": "C: -MMD^2 + 0.1/2 E |f'(real)|^2;  G: MMD^2 of the critic's features;  f the witness",
        "reference": "Li et al., 2017, arXiv:1705.08584; Binkowski et al., 2018, arXiv:1801.01401",
        "look_for": "The witness is high where real features outnumber generated ones.",
        "objective": {"kind": "mmd"},
        "constraint": R1,
    },
    "cramer-gan": {
        "formula": "C: -D + 0.1 E (|f'| - 1)^2 between pairs;  G: D, the energy distance of features;  f its witness",
        "reference": "Bellemare et al., 2017, arXiv:1705.10743",
        "look_for": "As wgan-gp, with gradients that are right on average for any batch size.",
        "objective": {"kind": "cramer"},
        "constraint": {"kind": "gradient-penalty", "weight": 0.1},
    },
    "infogan": {
        "formula": "ns-gan-r1, and both players minimise E -log softmax(head(fake))[category]",
        "reference": "Chen et al., 2016, arXiv:1606.03657",
        "look_for": "Colours by category: a code keeps to one place, but two may share one and leave another empty.",
        **NS_R1,
        "categories": 8,
        "mutual_information": 1.0,
    },
    "unrolled-gan": {
        "formula": "ns-gan-r1;  G against the critic 5 moves from now, differentiated through them",
        "reference": "Metz et al., 2016, arXiv:1611.02163",
        "look_for": "The generator foresees the critic's answer: watch whether it still runs into one mode.",
        **NS_R1,
        "update": {"kind": "unrolled", "ahead": 5},
    },
    "pacgan": {
        "formula": "ns-gan;  the critic judges 2 points at once",
        "reference": "Lin et al., 2017, arXiv:1712.04086",
        "look_for": "Two equal points side by side give collapse away.",
        "objective": {"kind": "non-saturating"},
        "pack": 2,
    },
    "ns-gan-instance-noise": {
        "formula": "ns-gan;  real and generated points + N(0, s^2 I), s from 0.5 falling to 0",
        "reference": "Sonderby et al., 2016, arXiv:1610.04490; Arjovsky and Bottou, 2017, arXiv:1701.04862",
        "look_for": "Blurred worlds overlap: the critic is smooth at first and sharpens as the noise goes.",
        "objective": {"kind": "non-saturating"},
        "instance_noise": 0.5,
    },
    "ns-gan-smooth": {
        "formula": "C: cross-entropy with labels 0.7..1.2 for real, 0..0.3 for generated;  G: E sp(-g)",
        "reference": "after Salimans et al., 2016, arXiv:1606.03498",
        "look_for": "The critic is never told to be sure: at points, its scores stay small.",
        "objective": {"kind": "soft-labels"},
    },
    "ns-gan-flip": {
        "formula": "ns-gan;  5 % of the label pairs are swapped while the critic learns",
        "reference": "after Chintala et al., 2016",
        "look_for": "A little wrong teaching keeps the critic from certainty.",
        "objective": {"kind": "non-saturating"},
        "noisy_labels": 0.05,
    },
}

# What the papers themselves used, or their authors' code or re-implementations where these are named, where it differs
# from the above.
F_GAN = (
    "in re-implementations Adam at 2e-4, first beta 0.5, batch 4096; in an author's notebook (Nowozin, 2018) on one dimension "
    "no trick, R1 on T, Adam at 1e-3, batch 256"
)
RELATIVISTIC = (
    "in the author's code for CIFAR-10 spectral norm, batch 32, Adam at 2e-4, betas (0.5, 0.999), "
    "or at 1e-4, betas (0.5, 0.9), and 5 critic steps"
)
PAPERS: dict[str, str] = {
    "gan": "one critic step; in the authors' settings for MNIST descent at 0.1, momentum 0.5 rising to 0.7, batch 100",
    "lsgan": "Adam, betas (0.5, 0.999); in the authors' code at 1e-3 on scenes and 2e-4 on characters, on eight Gaussians 1e-3 "
    "for the generator and 1e-4 for the critic, batch 512",
    "wgan": "clip at 0.01, RMSprop at 5e-5, batch 64, 5 critic steps, in the authors' code 100 in each of the generator's first "
    "25 and in every 500th",
    "wgan-gp": "weight 10, Adam at 1e-4, betas (0, 0.9), 5 critic steps; "
    "on toys weight 0.1, betas (0.5, 0.9), three layers of 512, batch 256",
    "wgan-lp": "on toys RMSprop at 5e-5, batch 256, 10 critic steps, 100 each in the first 25, weight 5 "
    "and slopes around the real points (the defaults of its reproduction, Seo, 2017, arXiv:1712.05882); the toys in an author's "
    "code (Lukovnikov) have the settings of wgan-gp's: weight 0.1, Adam at 1e-4, betas (0.5, 0.9), 5 critic steps, batch 256, "
    "slopes between pairs",
    "sngan": "Lipschitz bound 1, one power iteration a step, Adam at 2e-4, betas (0, 0.9), 5 critic steps",
    "ns-gan-r1": "weight 10; in the authors' code without the half, RMSprop at 1e-4 (or Adam, betas (0, 0.99)), batch 64; "
    "on the Dirac-GAN descent at 0.2 for 500 steps",
    "dragan": "weight 10, points at up to half the data's deviation around the real ones; in the authors' notebook Adam at 1e-4, "
    "betas (0.5, 0.9), batch 128, one critic step",
    "rpgan": RELATIVISTIC,
    "r3gan": "Adam without momentum; in the authors' code the rate falls from 2e-4 to 5e-5, the second beta rises from 0.9 to "
    "0.99, and the penalties' weight, 0.05 to 150 by data set, falls to a tenth",
    "ragan": "half of both losses; " + RELATIVISTIC,
    **dict.fromkeys(("f-kl", "f-pearson"), "no penalty, the trick as an alternative; " + F_GAN),
    **dict.fromkeys(("f-reverse-kl", "f-hellinger", "f-js"), "the trick as an alternative; " + F_GAN),
    "f-total-variation": "in its table of divergences, and not in an author's notebook (Nowozin, 2018)",
    "bs-gan": "no constraint; in the authors' code G: E g^2, Adam at 1e-4, first beta 0.5",
    "ebgan": "D = |x - dec(enc(x))|, no head start in the main text, pulling-away weight 0.1; on MNIST margin 10, "
    "in one figure 1 to 32, Adam at 1e-3",
    "began": "D = |x - dec(enc(x))|^eta with eta 1 or 2, and k follows at 0.001 from 0, batch 16; in re-implementations eta 1, "
    "gamma from 0.3 to 0.7, Adam at 1e-4 or 8e-5, and falling",
    "mmd-gan": "by Li et al.'s code G: MMD, not squared, mixture of Gaussian kernels of widths 1 to 16, a critic that also "
    "decodes its features, clip at 0.01, RMSprop at 5e-5; by Binkowski et al. rational quadratic kernels of 0.2 to 5, "
    "16 features, (|f'| - 1)^2 between pairs with weight 1, Adam at 1e-4; both batch 64, 5 critic steps",
    "cramer-gan": "C: -E (|r - g| - |r|) + E (|g' - g| - |g'|), a stand-in for D with the origin for a second real point; "
    "at first f = |. - g| - |.|, in the revision the witness; weight 10, 256 features or more; in re-implementations, one "
    "after the revision, 5 critic steps, Adam at 1e-4, betas (0.5, 0.9), batch 64",
    "infogan": "no constraint; Adam, in the authors' code for MNIST 2e-4 for the critic and 1e-3 for the generator, "
    "first beta 0.5, batch 128",
    "unrolled-gan": "minimax, no constraint, 10 moves ahead on eight Gaussians; in the authors' notebook 5, both players "
    "at once, Adam at 1e-3 for the generator and 1e-4 for the critic, betas (0.5, 0.999), batch 512, two layers of 128 tanh, "
    "latent of 256 numbers",
    "pacgan": "packs of 2 to 4, 100 packs a batch, Adam at 1e-4, betas (0.8, 0.999), latent of 2 numbers, four layers of 400 "
    "with batch norm, a critic of three maxout layers of 200",
    "ns-gan-smooth": "real labels alone below 1, 0.75 in the authors' code for ImageNet; these ranges are of "
    "Chintala et al., 2016, How to train a GAN",
    "ns-gan-flip": "now and then: no share is named",
}
