"""Every threshold of the diagnosis, with its reason."""

from __future__ import annotations

from types import SimpleNamespace

# fmt: off
THRESHOLDS: dict[str, tuple[float | int, str]] = {
    "runaway": (1e6, "float32 keeps one digit of a unit step there; the game gives a seed up at the same number"),
    "nearly_all": (0.8, "one frame in five may be an exception: frames are looks at a noisy process"),
    "mostly": (0.5, "a spike may take half of the last fifth of a run that was at its goal before and after it"),
    "astray": (0.1, "a tenth fewer points on modes or on the curve than perfect ones have is seen in the film"),
    "floors": (1.7, "well beyond half as much again as what a perfect sampler scores, the eye sees a difference"),
    "spreads": (2.5, "or where samples differ much: a perfect one lies farther off than this once in a hundred times"),
    "of_start": (0.05, "a target without a floor (a point) is reached at a twentieth of the first distance"),
    "progress": (0.1, "a tenth of what is left, from one fifth of the run to the next, is worth waiting for"),
    "quarter": (0.25, "a mode with less than a quarter of its share is lost; 1000 fair points on 25 modes never have "
                      "so few"),
    "expected": (6, "with six points due, a mode has less than a quarter of them once in fifty looks by bad luck"),
    "on_modes": (0.5, "modes can only be counted as found or lost once most points are on modes"),
    "reach": (1 / 3, "such discs hold a third of a cloud spread over a grid of modes; half-way ones hold most of it"),
    "perched": (0.25, "who holds a mode has points on it, within 3 sigma: a quarter of them at most times, or it only "
                      "passes"),
    "untouched": (0.9, "modes that have kept nine tenths of their points have not begun to lose them"),
    "at_home": (0.5, "who stands between the modes or beside the target has not chosen among them"),
    "settled": (0.95, "who still comes nearer with more than this share at modes only moves within them"),
    "kept": (0.75, "7 of 8 or 24 of 25 modes is a blemish, 6 of 8 a collapse"),
    "regions": (12, "without modes, a dozen regions of real points stand for them: each holds some 80 of 1000 points"),
    "crowd": (40, "regions of fewer points than this would be lost by bad luck"),
    "moved": (0.6, "more mass elsewhere than at home: a shuffle inside one group of modes does not count"),
    "pause": (3, "between moves that belong together no pause is three times as long as most"),
    "hops": (3, "the way from the start to a collapsed end is one or two moves; three are a habit"),
    "swing": (0.2, "a swing of a fifth of the curve's or the target's size is seen in the film; noise is a tenth"),
    "sway": (0.35, "mass that moves from one half of the target to the other moves its mean by a third of its size"),
    "errors": (6.0, "standard errors of a mean: differences of two independent means reach four in a film's length"),
    "swings": (3, "two ups and downs happen on the way; three are a rhythm"),
    "rhythm": (0.2, "a sawtooth is to 60 % a sine wave, an irregular beat to a third of that"),
    "chance": (0.02, "one curve of noise in fifty may seem to have a rhythm; few of these swing far enough to count"),
    "undamped": (0.4, "swings that shrink below this while we watch are dying out"),
    "claims": (30.0, "a 1-Lipschitz critic's loss is W1 at most; classifiers' losses are below ten times the target's "
                     "size"),
    "growing": (10.0, "ten times the target's size is believed of a loss that still grows by half over the second half "
                      "of the run"),
    "grows": (1.5, "a loss that grows in proportion to the step is 1.8 times as large at the end as in the middle"),
    "astride": (3.0, "a cloud three times as far away as the target is wide, and as it started, has left the target "
                     "behind"),
    "narrow": (0.5, "half as wide as the target is seen at a glance; another sample of 40 points differs by a tenth"),
    "slopes": (1000.0, "a classifier between modes of width 0.02 is as steep as 100; nothing true is ten times "
                       "steeper"),
    "logits": (1000.0, "classifiers' scores reach some 100; beyond a thousand targets' sizes they mean nothing"),
    "growth": (10.0, "a critic that only warms up grows a few times"),
    "saturated": (0.5, "most of the parameters: what is learned is their signs (arXiv:1704.00028, Fig. 1b)"),
    "layer_ratio": (1e3, "three orders of magnitude: Adam's step at one end knows nothing of the other; healthy nets "
                         "stay within 10"),
    "a_layer": (100.0, "a layer that makes gradients a hundred times larger has weights of a net that is lost already"),
    "gradient_left": (1e-3, "a sigmoid at score -7: what is left is below the noise of a batch"),
    "gradient_faint": (1e-2, "a sigmoid at score -4.6, where its loss is called flat: believed where points say so "
                             "too"),
    "flat": (0.9, "nearly every generated point where the generator's loss is flat, gradient below 0.01"),
}
# fmt: on

LIMIT = SimpleNamespace(**{name: value for name, (value, _) in THRESHOLDS.items()})
