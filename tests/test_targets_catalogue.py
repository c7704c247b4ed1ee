"""Every target's density, modes and skeleton against its sampler, against scipy's quadrature and under transforms."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image
from scipy.integrate import quad
from scipy.spatial import cKDTree
from scipy.stats import chisquare, ks_2samp, norm
from sklearn.datasets import make_circles, make_moons, make_s_curve

from toygan.draw.targets import save_targets, target_sheet
from toygan.files.scenario import read
from toygan.files.shipped import shipped, shipped_folder
from toygan.files.world import build_target
from toygan.targets.areas import banana, checkerboard, pinwheel, uniform
from toygan.targets.curves import circles, fejer, lines, s_curve, spirals, swiss_roll, two_moons
from toygan.targets.mixtures import mixture, ring
from toygan.targets.table import TARGETS, examples, image
from toygan.targets.target import Target, moved

N = 20_000
names = pytest.mark.parametrize("name", TARGETS)


@cache
def example(name: str) -> Target:
    return examples(shipped_folder())[name]


@cache
def cloud(name: str) -> np.ndarray:
    return drawn(example(name))


def drawn(target: Target, n: int = N, seed: int = 0) -> np.ndarray:
    return target.sample(np.random.default_rng(seed), n)


def spread(x: np.ndarray) -> float:
    return float(np.sqrt(x.var(axis=0).sum())) or 1.0


class Pixels(NamedTuple):
    """Bins of a picture plane: their edges, and the probability [bins, bins] that a density gives to each."""

    x: np.ndarray
    y: np.ndarray
    mass: np.ndarray


def binned(target: Target, x: np.ndarray, blur: float, bins: int = 16, fine: int = 6) -> Pixels:
    """The density summed over fine x fine midpoints in every bin of a box around the points."""
    low, high = x.min(axis=0) - blur, x.max(axis=0) + blur
    edges = [np.linspace(*ends, bins + 1) for ends in zip(low, high, strict=True)]
    step = (high - low) / (bins * fine)
    middles = [start + size * (np.arange(bins * fine) + 0.5) for start, size in zip(low, step, strict=True)]
    places = np.stack(np.meshgrid(*middles), axis=-1).reshape(-1, 2)
    mass = np.exp(target.log_density(places, blur)).reshape(bins, fine, bins, fine).sum(axis=(1, 3)) * step.prod()
    return Pixels(*edges, mass)


# --- the contract of every target ------------------------------------------------------------------------------------


@names
def test_the_sampler_follows_its_own_density(name):
    """Points plus noise, counted in bins, against the density with that blur; and this density sums to 1."""
    x = cloud(name)
    blur = 0.12 * spread(x)
    noisy = x + blur * np.random.default_rng(1).standard_normal(x.shape)
    pixels = binned(example(name), noisy, blur)
    assert abs(pixels.mass.sum() - 1) < 1e-3
    counts, _, _ = np.histogram2d(noisy[:, 1], noisy[:, 0], bins=[pixels.y, pixels.x])
    expected = N * pixels.mass / pixels.mass.sum()
    rare = expected < 5
    pooled = [np.append(table[~rare], table[rare].sum()) for table in (counts, expected)]
    assert chisquare(*pooled).pvalue > 1e-3


@names
def test_a_density_exists_where_the_target_is_not_singular(name):
    target, x = example(name), cloud(name)[:20]
    if target.singular:
        with pytest.raises(ValueError, match="only with a blur above 0"):
            target.log_density(x, 0.0)
    else:
        assert np.isfinite(target.log_density(x, 0.0)).all()
    assert np.isfinite(target.log_density(x + 30 * spread(x), 0.5)).all()  # far away it is small, and still a number
    assert target.log_density(x[:0], 0.5).shape == (0,)


SHARP = {"uniform", "checkerboard", "image"}  # Gauss-Hermite does not integrate edges; they have their own test


@names
def test_blur_is_the_convolution_of_the_density(name):
    """E p(x + blur Z) by Gauss-Hermite quadrature over the plane."""
    target, x, blur = example(name), cloud(name)[:8], 0.03
    if target.singular or name in SHARP:
        pytest.skip("no smooth density to convolve")
    z, weights = np.polynomial.hermite_e.hermegauss(36)
    z, weights = np.stack(np.meshgrid(z, z), axis=-1).reshape(-1, 2), np.outer(weights, weights).ravel() / (2 * np.pi)
    shifted = (x[:, None] + blur * z).reshape(-1, 2)
    blurred = np.exp(target.log_density(shifted, 0.0)).reshape(len(x), -1) @ weights
    np.testing.assert_allclose(np.exp(target.log_density(x, blur)), blurred, rtol=1e-6)


@names
def test_transforms_act_alike_on_everything(name):
    target, scale, shift = example(name), 2.5, np.array([3.0, -1.0])
    there = moved(target, scale=scale, rotate=30.0, shift=(3.0, -1.0))
    turn = np.array([[np.sqrt(3), -1.0], [1.0, np.sqrt(3)]]) / 2
    x = cloud(name)[:50]
    moved_x = scale * x @ turn.T + shift
    np.testing.assert_allclose(drawn(there, 50), scale * drawn(target, 50) @ turn.T + shift, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        there.log_density(moved_x, 0.5), target.log_density(x, 0.5 / scale) - 2 * np.log(scale), rtol=1e-9, atol=1e-9
    )
    assert there.singular == target.singular
    assert there.radius == scale * target.radius
    if target.skeleton is not None:
        np.testing.assert_allclose(there.skeleton, scale * target.skeleton @ turn.T + shift, rtol=1e-12, atol=1e-12)
    if target.modes is not None:
        np.testing.assert_allclose(there.modes.centres, scale * target.modes.centres @ turn.T + shift, atol=1e-12)
        np.testing.assert_allclose(
            there.modes.covariances, scale**2 * turn @ target.modes.covariances @ turn.T, atol=1e-12
        )


@names
def test_the_skeleton_runs_along_the_cloud(name):
    """Every bone has points near it, and the points are within 3 standard deviations of the bones."""
    target, x = example(name), cloud(name)
    if target.skeleton is None:
        assert target.radius == 0
        pytest.skip("has no skeleton")
    assert cKDTree(x).query(target.skeleton)[0].max() < target.radius
    apart = np.hypot(*np.diff(target.skeleton, axis=0).T)
    assert np.median(apart) < target.radius / 5
    share = (cKDTree(target.skeleton).query(x)[0] <= target.radius).mean()
    if target.singular:
        assert share == 1
    else:  # a Gaussian across the curve, and a few points beyond its ends
        assert abs(share - (1 - 2 * norm.sf(3))) < 0.002


# --- densities against formulas --------------------------------------------------------------------------------------


def roll(u):
    t = 1.5 * np.pi * (1 + 2 * u)
    return t * np.cos(t), t * np.sin(t)


def spiral(u, sign):
    t = 3 * np.pi * np.sqrt(u)
    return -sign * t * np.cos(t) / 3, sign * t * np.sin(t) / 3


def letter(u):
    t = 3 * np.pi * (u - 0.5)
    return np.sin(t), np.sign(t) * (np.cos(t) - 1)


def circle(u, radius):
    return radius * np.cos(2 * np.pi * u), radius * np.sin(2 * np.pi * u)


CURVES: dict[str, tuple[Callable[..., Target], list[Callable]]] = {
    "swiss-roll": (swiss_roll, [roll]),
    "two-moons": (
        two_moons,
        [
            lambda u: (np.cos(np.pi * u), np.sin(np.pi * u)),
            lambda u: (1 - np.cos(np.pi * u), 0.5 - np.sin(np.pi * u)),
        ],
    ),
    "circles": (circles, [lambda u: circle(u, 1.0), lambda u: circle(u, 0.5)]),
    "s-curve": (s_curve, [letter]),
    "spirals": (spirals, [lambda u: spiral(u, 1), lambda u: spiral(u, -1)]),
}


def integrated(curves, place: np.ndarray, std: float) -> float:
    """The mean over curves of the integral over u of N(place; curve(u), std^2 I), by adaptive quadrature."""

    def term(u, curve):
        return np.exp(-((np.subtract(curve(u), place) ** 2).sum()) / (2 * std**2))

    fine = np.linspace(0, 1, 2001)
    total = 0.0
    for curve in curves:
        nearest = fine[np.argsort(np.hypot(*(np.stack(curve(fine)) - place[:, None])))[:1]]
        cuts = np.concatenate([[0], np.clip(nearest[:, None] + [-0.03, 0.0, 0.03], 0, 1).ravel(), np.linspace(0, 1, 9)])
        for low, high in zip(np.unique(cuts)[:-1], np.unique(cuts)[1:], strict=True):
            total += quad(term, low, high, args=(curve,), epsabs=0, epsrel=1e-9, limit=200)[0]
    return total / (2 * np.pi * std**2) / len(curves)


@pytest.mark.parametrize(("noise", "blur"), [(0.1, 0.0), (0.2, 0.5), (0.0, 0.3)])
@pytest.mark.parametrize("name", CURVES)
def test_curves_with_noise_are_integrals_along_the_curve(name, noise, blur):
    """At points of the curve, at points that are off it by several standard deviations, and beyond an end."""
    make, curves = CURVES[name]
    target, std = make(noise=noise), np.hypot(noise, blur)
    places = drawn(target, 5) + std * np.array([[0, 0], [1, 1], [0, 5], [-3, 0], [4, -4]])
    expected = [integrated(curves, place, std) for place in places]
    np.testing.assert_allclose(np.exp(target.log_density(places, blur)), expected, rtol=1e-6)


def test_segments_are_integrals_along_them():
    """A segment of three units and one of five, and one without a length, which has no mass."""
    places = np.array([[1.0, 0.1], [-0.4, -0.4], [0.5, 1.4], [3.5, 2.0]])
    flat, steep = (lambda u: (3 * u, 0 * u)), (lambda u: (3 * u, 1 + 4 * u))
    expected = [(3 * integrated([flat], at, 0.2) + 5 * integrated([steep], at, 0.2)) / 8 for at in places]
    target = lines(segments=(((0, 0), (3, 0)), ((0, 1), (3, 5)), ((5, 5), (5, 5))))
    np.testing.assert_allclose(np.exp(target.log_density(places, 0.2)), expected, rtol=1e-6)


def test_mixtures_are_sums_of_gaussians():
    """Against the formula with determinant and inverse; a flat Gaussian only once it is blurred."""
    shapes = np.array([[[1.0, 0.5], [0.5, 2.0]], [[0.1, 0.0], [0.0, 0.0]]])
    target = mixture(centres=((0.0, 0.0), (3.0, 1.0)), covariances=shapes.tolist(), weights=(1.0, 3.0))
    x, wide = np.array([[0.5, 0.5], [3.0, 1.2], [-7.0, 2.0]]), shapes + 0.3**2 * np.eye(2)
    off = x[:, None] - target.modes.centres
    squares = np.einsum("nki,kij,nkj->nk", off, np.linalg.inv(wide), off)
    density = np.exp(-squares / 2) @ (target.modes.weights / (2 * np.pi * np.sqrt(np.linalg.det(wide))))
    np.testing.assert_allclose(np.exp(target.log_density(x, 0.3)), density, rtol=1e-12)
    assert target.singular
    assert not ring().singular


def cells_of(name: str) -> tuple[Target, np.ndarray, np.ndarray, float]:
    """A board of cells: the target, lower left corners [K, 2] of its cells, their weights, and their side."""
    if name == "uniform":
        return uniform(low=(0.0, -1.0), high=(0.7, -0.3)), np.array([[0.0, -1.0]]), np.ones(1), 0.7
    corners = np.array([[i, j] for i in range(4) for j in range(4) if (i + j) % 2 == 0]) * 1.5 - 3
    return checkerboard(squares=4, side=1.5), corners, np.full(8, 1 / 8), 1.5


@pytest.mark.parametrize("name", ["uniform", "checkerboard"])
def test_boards_are_products_of_normal_probabilities(name):
    target, corners, weights, side = cells_of(name)
    x = np.random.default_rng(0).uniform(-4, 4, (50, 2))
    inside = ((x[:, None] >= corners) & (x[:, None] < corners + side)).all(axis=2)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(target.log_density(x, 0.0), np.log(inside @ weights / side**2), rtol=1e-12)
    sides = norm.cdf(x[:, None], corners, 0.4) - norm.cdf(x[:, None], corners + side, 0.4)
    np.testing.assert_allclose(
        np.exp(target.log_density(x, 0.4)), (sides.prod(axis=2) / side**2) @ weights, rtol=1e-6, atol=1e-14
    )


def test_far_from_a_board_nothing_underflows():
    """Beyond a corner without a square, only logarithms know how far it is: the nearest corner of a square decides."""
    board, blur = checkerboard(), 0.02
    far = board.log_density(np.array([[-40.0, 40.0], [-40.0, -40.0]]), blur)
    nearest = np.array([38**2 + 36**2, 2 * 36**2]) / (2 * blur**2)
    np.testing.assert_allclose(far, -nearest, rtol=1e-4)


def test_a_spread_that_is_too_fine_is_refused():
    for target, blur in (
        (swiss_roll(noise=1e-6), 0.0),
        (two_moons(noise=0.0), 1e-6),
        (banana(), 1e-6),
        (pinwheel(), 1e-6),
        (pinwheel(tangential=1e-4), 0.1),
    ):
        with pytest.raises(ValueError, match=r"too (fine|thin)"):
            target.log_density(np.zeros((1, 2)), blur)


def test_fejers_quadrature_is_exact_for_polynomials():
    for n in (5, 8):
        v, weights = fejer(n)
        assert (weights > 0).all()
        np.testing.assert_allclose([weights @ v**k for k in range(n)], 1 / (1 + np.arange(n)), rtol=1e-14)


# --- samplers against others -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "other"),
    [
        (two_moons(noise=0.1), lambda: make_moons(N, noise=0.1, random_state=0)[0]),
        (circles(factor=0.3, noise=0.1), lambda: make_circles(N, factor=0.3, noise=0.1, random_state=0)[0]),
        (s_curve(noise=0.1), lambda: make_s_curve(N, noise=0.1, random_state=0)[0][:, [0, 2]]),
    ],
    ids=["two-moons", "circles", "s-curve"],
)
def test_laws_are_scikit_learns(target, other):
    x, y = drawn(target), other()
    for view in (lambda p: p[:, 0], lambda p: p[:, 1], lambda p: np.hypot(*p.T), lambda p: p @ [1, -2]):
        assert ks_2samp(view(x), view(y)).pvalue > 1e-3


def test_angles_are_drawn_independently():
    """Even angles, as scikit-learn's, would put the same number of points into every sector."""
    x = drawn(circles(noise=0.0), 1000)
    counts = np.histogram(np.arctan2(x[:, 1], x[:, 0]), bins=10)[0]
    assert counts.std() > 4  # sqrt(90) for independent ones
    assert abs(int((np.hypot(*x.T) > 0.75).sum()) - 500) < 80


@pytest.mark.parametrize(
    ("target", "first"),
    [
        (spirals(arms=3, turns=0.1, noise=0.0), np.pi + 0.5),
        (pinwheel(arms=3, twist=0.0, radial=0.1, tangential=0.05), np.pi / 3),
    ],
    ids=["spirals", "pinwheel"],
)
def test_every_arm_has_the_same_mass(target, first):
    """Three arms in three sectors, the first of which begins at this angle."""
    x = drawn(target, 9000)
    sectors = (np.arctan2(x[:, 1], x[:, 0]) - first) % (2 * np.pi) // (2 * np.pi / 3)
    assert chisquare(np.unique(sectors, return_counts=True)[1]).pvalue > 1e-3
    assert len(np.unique(sectors)) == 3


def test_pinwheel_is_near_the_published_one():
    """Turning by a point's place along its arm instead of by its distance moves a point by little."""
    rng = np.random.default_rng(0)
    along, across = 1 + 0.3 * rng.standard_normal(N), 0.1 * rng.standard_normal(N)
    angle = 2 * np.pi / 5 * rng.integers(5, size=N) + 0.25 * np.exp(along)
    cos, sin = np.cos(angle), np.sin(angle)
    published = np.stack([along * cos + across * sin, across * cos - along * sin], axis=1)
    ours = drawn(pinwheel())
    for view in (lambda p: p[:, 0], lambda p: p[:, 1], lambda p: np.hypot(*p.T)):
        assert ks_2samp(view(ours), view(published)).statistic < 0.02


# --- pictures --------------------------------------------------------------------------------------------------------

GREY = np.array([[0, 255, 128, 255], [255, 64, 255, 0], [192, 255, 255, 32]], dtype=np.uint8)


def saved(tmp_path, picture: Image.Image, name: str = "picture.png") -> Target:
    picture.save(tmp_path / name)
    return image(path=tmp_path / name)


def test_points_of_a_picture_fall_where_it_is_dark(tmp_path):
    """Row 0 is on top, the width spans [-1, 1], pixels are squares: 4 x 3 of them, each 1/2 wide."""
    target = saved(tmp_path, Image.fromarray(GREY))
    x = drawn(target)
    assert (np.abs(x) <= [1.0, 0.75]).all()
    counts = np.histogram2d(-x[:, 1], x[:, 0], bins=[3, 4], range=[[-0.75, 0.75], [-1, 1]])[0]
    darkness = (255.0 - GREY) / (255.0 - GREY).sum()
    assert (counts[GREY == 255] == 0).all()
    assert chisquare(counts[GREY < 255], N * darkness[GREY < 255]).pvalue > 1e-3
    middles = np.stack(np.meshgrid(np.linspace(-0.75, 0.75, 4), np.linspace(0.5, -0.5, 3)), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(np.exp(target.log_density(middles, 0.0)), darkness.ravel() * 4, rtol=1e-12)
    within = x % 0.5 / 0.5
    assert ks_2samp(within[:, 0], np.linspace(0, 1, N)).pvalue > 1e-3


def test_all_kinds_of_pictures_say_the_same(tmp_path):
    places = np.random.default_rng(0).uniform(-1, 1, (200, 2)) * [1, 0.75]
    same = saved(tmp_path, Image.fromarray(GREY)).log_density(places, 0.0)
    transparent = Image.new("LA", (4, 3))
    transparent.putdata([(0, 255 - int(value)) for value in GREY.ravel()])
    others = {
        "colours.png": Image.fromarray(GREY).convert("RGB"),
        "palette.gif": Image.fromarray(GREY).convert("P"),
        "transparent.png": transparent.convert("RGBA"),
        "deep.png": Image.fromarray(GREY.astype(np.uint16) * 257),
        "picture.bmp": Image.fromarray(GREY),
    }
    for name, picture in others.items():
        np.testing.assert_allclose(saved(tmp_path, picture, name).log_density(places, 0.0), same, rtol=1e-12)


def test_a_large_picture_is_averaged(tmp_path):
    """1200 pixels become 400 cells; a black left half stays a black left half, with half of the box's area."""
    wide = np.full((30, 1200), 255, dtype=np.uint8)
    wide[:, :600] = 0
    target = saved(tmp_path, Image.fromarray(wide))
    assert (drawn(target)[:, 0] < 0).all()
    np.testing.assert_allclose(np.exp(target.log_density(np.array([[-0.5, 0.0]]), 0.0)), 1 / 0.05, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "path: no file"),
        (lambda path: path.mkdir(), "path: no file"),
        (
            lambda path: path.write_text("no picture"),
            r"path: p.png is not a picture that can be read \(of no known kind\)",
        ),
        (lambda path: path.write_bytes(b""), "path: p.png is not a picture"),
        (lambda path: Image.new("L", (5, 5), 255).save(path), "path: p.png is blank"),
        (lambda path: Image.new("RGBA", (5, 5), (0, 0, 0, 0)).save(path), "path: p.png is blank"),
        (lambda path: Image.new("F", (5, 5), 0.5).save(path, "TIFF"), "path: a picture of real numbers"),
    ],
)
def test_a_bad_picture_is_named(tmp_path, make, message):
    make(tmp_path / "p.png")
    with pytest.raises(ValueError, match=message):
        image(path=tmp_path / "p.png")


def test_a_picture_that_ends_early_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "p.png")
    whole = (tmp_path / "p.png").read_bytes()
    for size in range(1, len(whole) - 20, 97):
        (tmp_path / "p.png").write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"path: p.png is not a picture"):
            image(path=tmp_path / "p.png")


def test_a_rectangle_without_area_is_refused():
    with pytest.raises(ValueError, match="high: must lie above"):
        uniform(low=(0.0, 0.0), high=(1.0, 0.0))


# --- scenarios and the sheet -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", shipped())
def test_the_view_of_a_scenario_shows_its_target(scenario):
    config = read(scenario)
    x = drawn(build_target(config), 2000)
    seen = [(low <= x[:, i]) & (x[:, i] <= high) for i, (low, high) in enumerate((config.view.x, config.view.y))]
    assert (seen[0] & seen[1]).mean() > 0.99
    assert config.about


def test_the_sheet_shows_every_target(tmp_path, monkeypatch):
    monkeypatch.setattr("toygan.draw.targets.PIXELS", 30)  # of the density's shade, which is only to be there
    figure = target_sheet({name: example(name) for name in TARGETS})
    assert [axis.get_title(loc="left") for axis in figure.axes] == list(TARGETS)
    for axis, name in zip(figure.axes, TARGETS, strict=True):
        points = next(line for line in axis.lines if line.get_marker() == "o").get_xydata()
        np.testing.assert_array_equal(points, drawn(example(name), 600))
        (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
        assert ((points > [left, bottom]) & (points < [right, top])).all()
    save_targets({"uniform": uniform()}, tmp_path / "targets.svg")
    assert "uniform" in (tmp_path / "targets.svg").read_text()
    with pytest.raises(ValueError, match="cannot be written"):
        save_targets({"uniform": uniform()}, tmp_path / "targets.gif")
