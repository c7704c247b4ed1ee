"""How games of more than one critic and one generator are played, and those that need classes or a second world.

Written as in `toygan.game.methods`, and played as ns-gan-r1 is where a row says nothing else, each on the shipped scenario
that `PLAYED_ON` names; `all` does not stand for them. Nothing else is imported here, so that completion is quick.
"""

from typing import Any

from toygan.game.methods import NS_R1, WGAN

ROWS: dict[str, dict[str, Any]] = {
    "cgan": {
        "formula": "ns-gan-r1;  both players are told the point's class, one-hot",
        "reference": "Mirza and Osindero, 2014, arXiv:1411.1784",
        "look_for": "A cloud for each class; the critic is another function for each, and its mean is drawn.",
        "labels": "both",
    },
    "tc-gan": {
        "formula": "cgan;  the class is the moment, of twelve",
        "reference": "after Mirza and Osindero, 2014, arXiv:1411.1784, with time for a label",
        "look_for": "A target that moves: a cloud a moment, each in its colour; a moment's critic flattens as its cloud arrives.",
        "labels": "both",
    },
    "ac-gan": {
        "formula": "ns-gan-r1, G told the class;  C: + E -log softmax(head)[class] of real and fake;  G: + of fake",
        "reference": "Odena et al., 2016, arXiv:1610.09585",
        "look_for": "A head tells classes: points far from its boundaries are preferred, and a class's edge is thin.",
        "labels": "generator",
        "auxiliary": 1.0,
    },
    "cat-gan": {
        "formula": "C: E H[p(k|real)] - E H[p(k|fake)] - H[E p(k|real)] + 0.1/2 E |f'(real)|^2;  "
        "G: E H[p(k|fake)] - H[E p(k|fake)]",
        "reference": "Springenberg, 2015, arXiv:1511.06390",
        "look_for": "Classes that nobody named: the critic is to be sure on the data and evenly used.",
        "objective": {"kind": "categorical", "categories": 8},
        "generator_rate": 1e-3,
    },
    "ali": {
        "formula": "ns-gan-r1 of pairs: C tells (x, E(x)) from (G(z), z);  G: E sp(-g);  E: E sp(r);  G: + ns-gan-r1 of points",
        "reference": "Donahue et al., 2016, arXiv:1605.09782 (bigan); Dumoulin et al., 2016, arXiv:1606.00704; of points: "
        "Donahue and Simonyan, 2019, arXiv:1907.02544",
        "look_for": "G(E(x)) should be x, though nobody asks for it: the arrows from x are what is missing.",
        "ema": 0.999,
        "cast": {"kind": "encoder", "judges": "both"},
    },
    "veegan": {
        "formula": "ali;  G and E: + 0.01 E |z - E(G(z))|^2",
        "reference": "Srivastava et al., 2017, arXiv:1705.07761",
        "look_for": "The encoder must find every latent again, so two latents may not give one point.",
        "ema": 0.999,
        "cast": {"kind": "encoder", "judges": "both", "latents": 0.01},
    },
    "ae-gan": {
        "formula": "ns-gan-r1;  G and E: + E |x - G(E(x))|^2",
        "reference": "after Larsen et al., 2015, arXiv:1512.09300, without variances; also Che et al., 2016, arXiv:1612.02136",
        "look_for": "Every real point must be made from some latent: no mode can be left out.",
        "cast": {"kind": "encoder", "judges": "points", "points": 1.0},
    },
    "vae-gan": {
        "formula": "ns-gan-r1;  G and E: + E |x - G(E(x))|^2, E(x) ~ N(mean, variance);  E: + 0.05 KL(E(x) | N(0, I))",
        "reference": "Larsen et al., 2015, arXiv:1512.09300, whose error is one of the critic's features",
        "look_for": "Reconstruction covers, the critic sharpens; the code's divergence keeps latents within the law.",
        "cast": {"kind": "encoder", "judges": "points", "points": 1.0, "divergence": 0.05},
    },
    "cvae-gan": {
        "formula": "vae-gan;  both players are told the point's class, one-hot",
        "reference": "Bao et al., 2017, arXiv:1703.10155, whose errors are of features",
        "look_for": "A cloud a class, and the latent says where in it.",
        "labels": "both",
        "cast": {"kind": "encoder", "judges": "points", "points": 1.0, "divergence": 0.05},
    },
    "ic-gan": {
        "formula": "cgan;  E: E |z - E(G(z))|^2, which teaches the encoder alone",
        "reference": "Perarnau et al., 2016, arXiv:1611.06355, who train it when the game is over",
        "look_for": "An encoder that only listens: what G does is cgan's, and E finds the latent of a point.",
        "labels": "both",
        "cast": {"kind": "encoder", "judges": "points", "latents": 1.0, "teaches": "encoder"},
    },
    "cogan": {
        "formula": "ns-gan-r1 twice: one body of G gives a point of each world, a critic for each",
        "reference": "Liu and Tuzel, 2016, arXiv:1606.07536",
        "look_for": "Pairs that nobody paired: the same latent gives points that belong together in both worlds.",
        "cast": {"kind": "coupled"},
    },
    "cyclegan": {
        "formula": "lsgan + 0.1/2 E |f'(real)|^2 both ways;  G and F: + 1 (E |F(G(a)) - a|_1 + E |G(F(b)) - b|_1)",
        "reference": "Zhu et al., 2017, arXiv:1703.10593",
        "look_for": "There and back again costs nothing for any pairing that is one to one: modes may be swapped.",
        "objective": {"kind": "least-squares"},
        "cast": {"kind": "translators", "cycle": 1.0},
    },
    "discogan": {
        "formula": "ns-gan-r1 both ways;  G and F: + 1 (E |F(G(a)) - a|^2 + E |G(F(b)) - b|^2)",
        "reference": "Kim et al., 2017, arXiv:1703.05192",
        "look_for": "As cyclegan, with squares: small errors are forgiven, large ones are not.",
        "cast": {"kind": "translators", "cycle": 1.0, "power": 2},
    },
    "dualgan": {
        "formula": "wgan both ways, every parameter in [-0.1, 0.1];  G and F: + 1 (E |F(G(a)) - a|_1 + E |G(F(b)) - b|_1)",
        "reference": "Yi et al., 2017, arXiv:1704.02510",
        "look_for": "Clipped critics are simple: worlds with many modes are matched coarsely.",
        **WGAN,
        "cast": {"kind": "translators", "cycle": 1.0},
    },
    "mgan": {
        "formula": "ns-gan-r1 of 4 generators;  all: + E -log softmax(head(fake))[generator]",
        "reference": "Hoang et al., 2017, arXiv:1708.02556",
        "look_for": "A colour a generator: the head drives them apart, and each takes modes of its own.",
        "cast": {"kind": "generators", "number": 4, "tell": "head", "weight": 1.0},
    },
    "mad-gan": {
        "formula": "D of 4 + 1 classes;  C: -E log D_data(real) - E log D_k(fake of G_k) + 0.1/2 E |f'(real)|^2;  "
        "G: -E log D_data(fake)",
        "reference": "Ghosh et al., 2017, arXiv:1704.02906",
        "look_for": "The critic must tell the generators apart too; they need not help it.",
        "cast": {"kind": "generators", "number": 4, "tell": "classes"},
    },
    "d2gan": {
        "formula": "D = sp(f);  C1: -E log D1(real) + E D1(fake);  C2: -E log D2(fake) + E D2(real);  "
        "both + 0.1/2 E |f'(real)|^2;  G: -E D1(fake) + E log D2(fake)",
        "reference": "Nguyen et al., 2017, arXiv:1709.03831",
        "look_for": "One critic, the drawn one, likes the data, the other what is generated: KL and reverse KL pull together.",
        "objective": {"kind": "positive-ratio"},
        "generator_rate": 2e-3,
        "critic_rate": 2e-3,
        "cast": {"kind": "opposed"},
    },
    "gman": {
        "formula": "ns-gan-r1 against 3 critics;  G: sum_k w_k E sp(-g_k), w the softmax of these losses",
        "reference": "Durugkar et al., 2016, arXiv:1611.01673",
        "look_for": "Several teachers: where one is flat another is not; the drawn one is the first.",
        "cast": {"kind": "critics", "number": 3, "sharpness": 1.0},
    },
    "adagan": {
        "formula": "ns-gan-r1 in 4 rounds, each of a fresh G, x weighing (c - (1-b) e^-J(x))_+ / b, b = 1/round, c for mean 1;  "
        "J tells x from the mixture so far",
        "reference": "Tolstikhin et al., 2017, arXiv:1701.02386",
        "look_for": "Rounds: what the mixture lacks weighs more, and the next generator goes there.",
        "cast": {"kind": "boosting", "rounds": 4},
    },
    "gogan": {
        "formula": "C: E max(0, 1 - r + g) + 0.1/2 E |f'(real)|^2, + E max(0, 2 - r + f(x')), x' of the G that ended the last of "
        "3 stages;  G: -E g",
        "reference": "after Juefei-Xu et al., 2017, arXiv:1704.04865",
        "look_for": "Stages: the present generator is to have half the margin to the data that the last one had.",
        "objective": {"kind": "margin"},
        "cast": {"kind": "stages", "stages": 3},
    },
    "ls-gan": {
        "formula": "C: E sp(-r) + E max(0, |x - x'| - r + g) + 0.1/2 E |f'(real)|^2;  G: -E g",
        "reference": "Qi, 2017, arXiv:1701.06264 (loss-sensitive)",
        "look_for": "Real points are to score higher by how far away the generated ones are, and no more.",
        "objective": {"kind": "loss-sensitive"},
    },
    "b-gan": {
        "formula": "C: E g^2/2 - E r + 0.1/2 E |f'(real)|^2;  G: -E g",
        "reference": "Uehara et al., 2016, arXiv:1610.02920",
        "look_for": "The score is the ratio p/q itself: 1 where both agree.",
        "objective": {"kind": "density-ratio"},
    },
    "msgan": {
        "formula": "ns-gan-r1;  G: + 0.003 E |z - z'| / |G(z) - G(z')|",
        "reference": "Mao et al., 2019, arXiv:1903.05628",
        "look_for": "Different latents must give different points: collapse is dear.",
        "cast": {"kind": "diverse", "weight": 0.003},
    },
    "pres-gan": {
        "formula": "ns-gan-r1;  G: + 0.05 E log E' exp(-|x - x'|^2 / 2 0.1^2) over its batch",
        "reference": "after Dieng et al., 2019, arXiv:1910.04302, who sample the entropy's slope",
        "look_for": "Crowding costs: modes are filled to their width, and a few points too many lie between.",
        "cast": {"kind": "uncrowded"},
    },
    "bayesian-gan": {
        "formula": "ns-gan-r1 by descent;  every move of a rate h also by N(0, 2 h 0.00001) in each parameter",
        "reference": "after Saatci and Wilson, 2017, arXiv:1705.09558, who add friction",
        "look_for": "A fan of generators: play several seeds, each is a sample, and none comes to rest.",
        "optimiser": "descent",
        "schedule": "constant",
        "generator_rate": 0.1,
        "critic_rate": 0.1,
        "cast": {"kind": "heated", "temperature": 1e-5},
    },
    "lapgan": {
        "formula": "ns-gan-r1 twice: G0 makes lattice points c, 0.5 apart, G1 makes x = c + G1(z, c), critics of c and of (x, c)",
        "reference": "Denton et al., 2015, arXiv:1506.05751, of pictures",
        "look_for": "First which cell, then where in it: no point can lie far between cells that have mass.",
        "cast": {"kind": "coarse-to-fine", "spacing": 0.5},
    },
    "deq-gan": {
        "formula": "r at (v, -x)(t), g at (x', v')(t), C told t: E sp(g - r) + 0.3/2 E |f'(real)|^2 + 0.3/2 E |f'(fake)|^2;  "
        "G: E sp(r - g), (x, v) = (1, 0) at t = 0",
        "reference": "Bullwinkel et al., 2022, arXiv:2209.07081; a plain game runs away with both sides",
        "look_for": "The trajectory is the exact circle where both sides agree: the error grows with time.",
        "objective": {"kind": "relativistic"},
        "constraint": {"kind": "r1-r2", "weight": 0.3},
        "generator_rate": 1e-3,
        "critic_rate": 2e-3,
        "cast": {"kind": "equation"},
    },
    "paired-gan": {
        "formula": "C sees (x, y), one real: E sp(-f(real, fake)) + E sp(f(fake, real)) + 0.1/2 E |f'|^2;  "
        "G: E sp(-f(fake, real))",
        "reference": "Sandlund, 2026 (paired discriminator)",
        "look_for": "A comparison needs no level: f(x, y) tends to l(x) - l(y), l = log p/q.",
        "cast": {"kind": "partners"},
    },
    "minibatch-gan": {
        "formula": "ns-gan-r1;  beside a point C sees E exp(-|x - x'|_1 / s) over its batch, s = 0.1 and 0.5",
        "reference": "after Salimans et al., 2016, arXiv:1606.03498, whose directions are learned",
        "look_for": "A collapsed batch gives itself away by its neighbours.",
        "cast": {"kind": "neighbours"},
    },
    "minibatch-std-gan": {
        "formula": "ns-gan-r1;  beside a point C sees the standard deviation of its batch",
        "reference": "Karras et al., 2017, arXiv:1710.10196",
        "look_for": "One number for a whole batch: it tells collapse, and not which mode is missing.",
        "cast": {"kind": "spread"},
    },
    "feature-matching": {
        "formula": "C: ns-gan-r1's;  G: |E phi(real) - E phi(fake)|^2, phi the critic's last hidden layer",
        "reference": "Salimans et al., 2016, arXiv:1606.03498",
        "look_for": "Means of features agree early; what the features do not see is left as it is.",
        "cast": {"kind": "feature-matching"},
    },
    "historical-gan": {
        "formula": "ns-gan-r1;  both: + 0.001 |p - mean of p so far|^2 of the parameters p",
        "reference": "Salimans et al., 2016, arXiv:1606.03498",
        "look_for": "Circling costs: the players are pulled to where they have been on average.",
        "history": 0.001,
    },
}

ZOO: dict[str, dict[str, Any]] = {name: {**NS_R1, **row} for name, row in ROWS.items()}
PLAYED_ON: dict[str, str] = {
    "tc-gan": "clock",
    "cogan": "two-rings",
    "deq-gan": "oscillator",
    "cyclegan": "ring-to-grid",
    "discogan": "ring-to-grid",
    "dualgan": "ring-to-grid",
}  # the others: eight-gaussians
