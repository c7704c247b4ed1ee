"""Every target against its moments in closed form, and the curves against independent samplers."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from conftest import facts_of
from PIL import Image
from scipy.stats import ks_2samp
from sklearn.datasets import make_moons, make_swiss_roll

from toygan.targets.curves import line, lines, swiss_roll, two_moons
from toygan.targets.densities import log_mixture
from toygan.targets.mixtures import dirac, grid, mixture, ring
from toygan.targets.table import ATOMS, TARGETS, image, points
from toygan.targets.target import Modes, Target, moved
from toygan.targets.user_files import read_points

N = 20_000
NOTHING = np.zeros((2, 2))
TABLE = np.array([[0.0, 1.0], [2.0, -3.0], [5.5, 4.0]])


class Fact(NamedTuple):
    """Options of a target, and the mean [2] and covariance [2, 2] that follow from them."""

    options: dict[str, Any]
    mean: np.ndarray
    covariance: np.ndarray


def along(
    *curves: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], noise: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of equal mass on curves u -> (x, y), u uniform on [0, 1], plus noise N(0, I)."""
    u = (np.arange(100_000) + 0.5) / 100_000
    x = np.concatenate([np.stack(curve(u), axis=1) for curve in curves])
    return x.mean(axis=0), np.cov(x.T, bias=True) + noise**2 * np.eye(2)


def roll(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    t = 1.5 * np.pi * (1 + 2 * u)
    return t * np.cos(t), t * np.sin(t)


def upper_moon(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.cos(np.pi * u), np.sin(np.pi * u)


def lower_moon(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return 1 - np.cos(np.pi * u), 0.5 - np.sin(np.pi * u)


def letter(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    t = 3 * np.pi * (u - 0.5)
    return np.sin(t), np.sign(t) * (np.cos(t) - 1)


def spiral(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    t = 3 * np.pi * np.sqrt(u)
    return -t * np.cos(t) / 3, t * np.sin(t) / 3


CENTRES = np.array([[0.0, 0.0], [3.0, 1.0]])
SHAPES = np.array([[[1.0, 0.5], [0.5, 2.0]], [[0.1, 0.0], [0.0, 0.0]]])
FACTS = {
    "swiss-roll": Fact({"noise": 0.4}, *along(roll, noise=0.4)),
    "two-moons": Fact({"noise": 0.1}, *along(upper_moon, lower_moon, noise=0.1)),
    "ring": Fact({"modes": 5, "radius": 3.0, "std": 0.2}, np.zeros(2), (9 / 2 + 0.04) * np.eye(2)),
    "grid": Fact(
        {"rows": 3, "columns": 5, "spacing": 2.0, "std": 0.3}, np.zeros(2), np.diag([8.0, 8 / 3]) + 0.09 * np.eye(2)
    ),
    "mixture": Fact(
        {"centres": CENTRES.tolist(), "covariances": SHAPES.tolist(), "weights": (1.0, 3.0)},
        np.array([2.25, 0.75]),
        (SHAPES[0] + 3 * SHAPES[1]) / 4 + 3 / 16 * np.array([[9.0, 3.0], [3.0, 1.0]]),
    ),
    "line": Fact({"start": (1.0, 2.0), "end": (4.0, 2.0)}, np.array([2.5, 2.0]), np.diag([9 / 12, 0.0])),
    "lines": Fact(
        {
            "segments": (((0.0, 0.0), (3.0, 0.0)), ((0.0, 1.0), (1.0, 1.0)))
        },  # three quarters of the mass on the longer one
        np.array([1.25, 0.25]),
        np.array([[3 / 4 * 3 + 1 / 4 / 3 - 1.25**2, 1 / 8 - 1.25 / 4], [1 / 8 - 1.25 / 4, 3 / 16]]),
    ),
    "dirac": Fact({"at": (1.0, -2.0)}, np.array([1.0, -2.0]), NOTHING),
    "points": Fact({}, TABLE.mean(axis=0), np.cov(TABLE.T, bias=True)),
    "uniform": Fact({"low": (-1.0, 2.0), "high": (3.0, 3.0)}, np.array([1.0, 2.5]), np.diag([16 / 12, 1 / 12])),
    "circle": Fact({"noise": 0.1}, np.zeros(2), (1 / 2 + 0.01) * np.eye(2)),
    "circles": Fact({"factor": 0.3, "noise": 0.1}, np.zeros(2), ((1 + 0.09) / 4 + 0.01) * np.eye(2)),
    "s-curve": Fact({"noise": 0.1}, *along(letter, noise=0.1)),
    "spirals": Fact({"noise": 0.2}, *along(spiral, lambda u: tuple(-z for z in spiral(u)), noise=0.2)),
    # Equal arms at least three leave no direction: half of E |x|^2 = 1 + radial^2 + tangential^2 each way.
    "pinwheel": Fact({"radial": 0.4, "tangential": 0.2}, np.zeros(2), (1 + 0.16 + 0.04) / 2 * np.eye(2)),
    "checkerboard": Fact({"squares": 2, "side": 1.0}, np.zeros(2), np.array([[1 / 3, 1 / 4], [1 / 4, 1 / 3]])),
    # y = 0.5 z2 + 2 (x^2 - 9) with x normal of std 3: variance 0.25 + 4 * 2 * 81, no correlation with x
    "banana": Fact({"length": 3.0, "width": 0.5, "bend": 2.0}, np.zeros(2), np.diag([9.0, 0.25 + 8 * 81])),
    # two black pixels of four: the upper left and the lower right unit square
    "image": Fact({}, np.zeros(2), np.array([[1 / 3, -1 / 4], [-1 / 4, 1 / 3]])),
}
names = pytest.mark.parametrize("name", TARGETS)


def built(name: str, tmp_path) -> tuple[Target, Fact]:
    fact = facts_of(FACTS, name, "FACTS in tests/test_targets.py")
    np.save(tmp_path / "points.npy", TABLE)
    Image.fromarray(np.array([[0, 255], [255, 0]], dtype=np.uint8)).save(tmp_path / "image.png")
    files = {"points": "points.npy", "image": "image.png"}
    needs_file = {"path": tmp_path / files[name]} if name in files else {}
    return TARGETS[name](**fact.options, **needs_file), fact


def drawn(target: Target, n: int = N, seed: int = 0) -> np.ndarray:
    return target.sample(np.random.default_rng(seed), n)


# --- checks, also held against the silent errors ---------------------------------------------------------------------


def check_moments(x: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> None:
    """Mean and covariance within five of their standard errors."""
    off = x - mean
    products = off[:, :, None] * off[:, None, :]
    error = 5 / np.sqrt(len(x))
    assert (np.abs(off.mean(axis=0)) <= error * np.sqrt(np.diag(covariance)) + 1e-12).all(), off.mean(axis=0)
    assert (np.abs(products.mean(axis=0) - covariance) <= error * products.std(axis=0) + 1e-12).all()


def check_modes(x: np.ndarray, modes: Modes) -> None:
    """Modes are distinct, and each one's own points have its share, its mean and its covariance."""
    centres, shapes, weights = modes
    assert len(np.unique(centres.round(9), axis=0)) == len(centres)
    owner = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    for k, weight in enumerate(weights):
        own = x[owner == k]
        assert abs(len(own) / len(x) - weight) <= 5 * np.sqrt(weight * (1 - weight) / len(x))
        check_moments(own, centres[k], shapes[k])


def check_alike(x: np.ndarray, y: np.ndarray) -> None:
    """Two samples are of one law, as far as x, y, radius and two slanted directions tell (Kolmogorov-Smirnov)."""
    for view in (
        lambda p: p[:, 0],
        lambda p: p[:, 1],
        lambda p: np.hypot(*p.T),
        lambda p: p.sum(axis=1),
        lambda p: p @ [1, -2],
    ):
        assert ks_2samp(view(x), view(y)).pvalue > 1e-3


# --- the contract of every target ------------------------------------------------------------------------------------


@names
def test_shape_and_determinism(name, tmp_path):
    target, _ = built(name, tmp_path)
    x = drawn(target, 100)
    assert x.shape == (100, 2)
    assert x.dtype == np.float64
    assert np.isfinite(x).all()
    np.testing.assert_array_equal(x, drawn(target, 100))
    assert name == "dirac" or (x != drawn(target, 100, seed=1)).any()


@names
def test_moments_are_the_closed_form(name, tmp_path):
    target, fact = built(name, tmp_path)
    check_moments(drawn(target), fact.mean, fact.covariance)


@names
def test_scale_then_turn_then_shift(name, tmp_path):
    target, _ = built(name, tmp_path)
    x = drawn(moved(target, scale=2.0, rotate=90.0, shift=(10.0, 0.0)))
    before = drawn(target)
    np.testing.assert_allclose(x, np.stack([10 - 2 * before[:, 1], 2 * before[:, 0]], axis=1), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(drawn(moved(target)), before)


@names
def test_modes_belong_to_the_mixtures_moments(name, tmp_path):
    """What the modes say must give the same mean and covariance as the closed form."""
    target, fact = built(name, tmp_path)
    if target.modes is None:
        pytest.skip("has no modes")
    centres, shapes, weights = target.modes
    np.testing.assert_allclose(weights.sum(), 1, rtol=1e-14)
    np.testing.assert_allclose(weights @ centres, fact.mean, atol=1e-12)
    second = np.einsum("k,kij->ij", weights, shapes + centres[:, :, None] * centres[:, None, :])
    np.testing.assert_allclose(second - np.outer(fact.mean, fact.mean), fact.covariance, atol=1e-12)


SEPARATE = {
    "ring": ring(modes=8, radius=2.0, std=0.02),
    "unbalanced": ring(modes=4, radius=2.0, std=0.1, weights=(1, 2, 4, 8)),
    "grid": grid(rows=3, columns=2, spacing=2.0, std=0.05),
    "dirac": dirac(at=(1.0, 2.0)),
    "slanted": mixture(centres=((0, 0), (9, 0)), covariances=(((0.5, 0.4), (0.4, 0.5)), ((1.0, 0.0), (0.0, 0.0)))),
    "stds": mixture(centres=((0, 0), (9, 0), (0, 9)), stds=(0.1, 0.5, 0.0), weights=(2, 1, 1)),
}


@pytest.mark.parametrize("target", SEPARATE.values(), ids=SEPARATE)
def test_modes_move_with_the_samples(target):
    check_modes(drawn(target), target.modes)
    there = moved(target, scale=0.5, rotate=30.0, shift=(1.0, -4.0))
    check_modes(drawn(there), there.modes)


# --- one by one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modes", [1, 2, 7, 8])
def test_ring_has_as_many_places_as_it_says(modes):
    target = ring(modes=modes, std=0.0)
    assert len(np.unique(drawn(target, 2000).round(9), axis=0)) == modes
    np.testing.assert_allclose(target.modes.centres[0], [2.0, 0.0], atol=1e-15)


@pytest.mark.parametrize("modes", [1, 2, 8])
def test_a_doubled_ring_has_one_place_fewer_and_twice_the_mass_at_the_first(modes):
    """As linspace(0, 2 pi, 8) lays them: the last angle is the first again."""
    target = ring(modes=modes, std=0.0, doubled=True)
    angles = np.linspace(0, 2 * np.pi, modes)
    written = 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    places, count = np.unique(written.round(9) + 0.0, axis=0, return_counts=True)
    assert len(target.modes.centres) == len(places) == max(modes - 1, 1)
    shares = {tuple(place): n / modes for place, n in zip(places, count, strict=True)}
    found = zip((target.modes.centres.round(9) + 0.0).tolist(), target.modes.weights, strict=True)
    assert {tuple(place): weight for place, weight in found} == pytest.approx(shares)
    weighed = ring(modes=3, weights=(1.0, 2.0, 5.0), doubled=True).modes
    np.testing.assert_allclose(weighed.weights, [0.75, 0.25])


def test_grid_is_rows_and_columns():
    centres = grid(rows=2, columns=3, spacing=4.0).modes.centres
    assert sorted(map(tuple, centres)) == [(x, y) for x in (-4.0, 0.0, 4.0) for y in (-2.0, 2.0)]


def test_swiss_roll_is_its_formula():
    rng = np.random.default_rng(5)
    formula = np.stack(roll(rng.random(N)), axis=1) + 0.25 * rng.standard_normal((N, 2))
    check_alike(drawn(moved(swiss_roll(), scale=1 / 7.5)), formula / 7.5)
    assert 1.8 < np.abs(drawn(moved(swiss_roll(), scale=1 / 7.5))).max() < 2.1  # the usual one fills [-2, 2]


def test_the_swiss_roll_is_scikit_learns_number_by_number():
    legacy = np.random.RandomState(np.random.default_rng(3).bit_generator)
    wanted = make_swiss_roll(500, noise=0.4, random_state=legacy)[0][:, [0, 2]]
    np.testing.assert_array_equal(swiss_roll(noise=0.4).sample(np.random.default_rng(3), 500), wanted)


def test_two_moons_are_scikit_learns():
    check_alike(drawn(two_moons(noise=0.1)), make_moons(N, noise=0.1, random_state=0)[0])


def test_lines_are_uniform_on_their_segments():
    x = drawn(line(start=(1, 0), end=(1, 2)))
    assert (x[:, 0] == 1).all()
    assert ks_2samp(x[:, 1], np.linspace(0, 2, N)).pvalue > 1e-3
    both = drawn(lines(segments=(((0, 0), (0, 3)), ((5, 0), (5, 1)))))
    assert abs((both[:, 0] == 0).mean() - 0.75) < 0.02


@pytest.mark.parametrize("header", ["", "x,y\n"])
def test_points_of_a_csv(tmp_path, header):
    file = tmp_path / "points.csv"
    file.write_text(header + "".join(f"{x},{y}\n" for x, y in TABLE) + "\n")
    check_every_point_is_drawn(drawn(points(path=file), 500), TABLE)


def check_every_point_is_drawn(x: np.ndarray, table: np.ndarray) -> None:
    """Every row of the file appears, and nothing else."""
    np.testing.assert_array_equal(np.unique(x, axis=0), np.unique(table, axis=0))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", "1,2\n3\n", "row 2: '3' is not two numbers"),
        ("p.csv", "x,y\n1,2\n3,b\n", "row 2: '3,b' is not two numbers"),
        ("p.csv", "1,2\nnan,2\n", "row 2: .* is not a finite point"),
        ("p.csv", "x,y\n", r"shape \[0, 2\]"),
        ("p.npy", "not numpy", "not a numpy array"),
        ("p.dat", "1,2\n", "neither .csv nor .tsv nor .txt nor .npy nor .npz"),
        ("p.csv", "1+2j,0\n", "row 1: '1\\+2j,0' is not two numbers"),
        ("p.csv", "1_0,2\n", "row 1: '1_0,2' is not two numbers"),
        ("p.csv", "1,2\n1e30,0\n", "row 2: .* is too far away"),
        ("p.csv", ",0,1\n0,1.5,2.5\n", "row 1: ',0,1' is not two numbers"),
        ("p.csv", f"1,{'9' * 300}x\n", "row 1: '1,9+\\.\\.\\.' is not two numbers"),
        ("p.npz", "PK", "not an archive of one array"),
    ],
)
def test_a_bad_file_of_points_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        points(path=tmp_path / name)


@pytest.mark.parametrize("name", ["p.csv", "P.CSV"])
@pytest.mark.parametrize("before", ["", "\ufeff", "x,y\n", "\ufeffx,y\n", "0,1\n"])
def test_what_comes_before_the_points_of_a_csv_is_no_point(tmp_path, name, before):
    (tmp_path / name).write_text(before + "".join(f"{x:f},{y:e}\n" for x, y in TABLE), encoding="utf-8")
    check_every_point_is_drawn(drawn(points(path=tmp_path / name), 500), TABLE)


def test_a_first_row_of_0_and_1_is_a_point_among_whole_numbers(tmp_path):
    (tmp_path / "p.csv").write_text("0,1\n2,3\n")
    assert len(read_points(tmp_path / "p.csv")) == 2


def test_pandas_writes_what_is_read(tmp_path):
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame(TABLE).to_csv(tmp_path / "p.csv", index=False)
    np.testing.assert_array_equal(read_points(tmp_path / "p.csv"), TABLE)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i1", "u2", "i8"])
@pytest.mark.parametrize("name", ["p.npy", "p.npz"])
def test_real_numbers_of_every_kind_are_points(tmp_path, name, dtype):
    table = np.asfortranarray(np.round(8 * TABLE) % 50).astype(dtype)
    (np.savez_compressed if name.endswith("z") else np.save)(tmp_path / name, table)
    np.testing.assert_array_equal(read_points(tmp_path / name), table.astype(float))


@pytest.mark.parametrize("array", [np.ones((3, 2), complex), np.ones((3, 2), bool), np.array([["1", "2"]])])
def test_what_is_no_real_number_is_no_point(tmp_path, array):
    np.save(tmp_path / "p.npy", array)
    with pytest.raises(ValueError, match=rf"p\.npy is not a numpy array of numbers \(it holds {array.dtype}\)"):
        read_points(tmp_path / "p.npy")


def npy(header: str, body: bytes = b"") -> bytes:
    """A NPY file with any header."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode("latin-1") + body


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': %s}"


@pytest.mark.parametrize(
    "content",
    [
        npy(HEADER % "(1000000000000, 2)"),
        npy(HEADER % "(-1, 2)"),
        npy(HEADER % f"({'9' * 400}, 2)"),
        npy(HEADER % "(2, 2)", b"\0" * 31),
        npy(HEADER % ("(" * 3000)),
        npy("{'descr': '<f8'"),
        npy("\0" * 60),
        npy("[]"),
        npy(HEADER % "(1, 2)", b"\0" * 16)[:9],
        b"\x93NUMPY\x09\x00",
        b"",
    ],
    ids=["huge", "negative", "absurd", "short", "deep", "torn", "zeros", "list", "cut", "version", "empty"],
)
def test_an_absurd_header_is_a_message(tmp_path, content):
    (tmp_path / "p.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"p\.npy is not a numpy array of numbers"):
        read_points(tmp_path / "p.npy")


def test_an_archive_of_two_arrays_is_no_table(tmp_path):
    np.savez(tmp_path / "p.npz", a=TABLE, b=TABLE)
    with pytest.raises(ValueError, match="holds 2 arrays"):
        read_points(tmp_path / "p.npz")


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path):
    file = tmp_path / "p.csv"
    file.write_text("1,2\n")
    first = read_points(file)
    assert read_points(file) is first
    file.write_text("3,4\n")
    assert read_points(file).tolist() == [[3, 4]]


def test_the_density_of_many_points_is_of_some_and_says_so(tmp_path):
    table = np.random.default_rng(1).normal(size=(ATOMS + 1, 2))
    np.save(tmp_path / "p.npy", table)
    many = points(path=tmp_path / "p.npy")
    assert many.density_of == f"{ATOMS} of its {ATOMS + 1} points"
    all_atoms = Modes(table, np.zeros((len(table), 2, 2)), np.full(len(table), 1 / len(table)))
    np.testing.assert_allclose(many.log_density(table[:50], 0.3), log_mixture(table[:50], all_atoms, 0.3), atol=0.01)
    np.save(tmp_path / "p.npy", table[1:])
    assert points(path=tmp_path / "p.npy").density_of == ""


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    Image.new("1", (9000, 9000)).save(tmp_path / "wide.png")
    with pytest.raises(ValueError, match="9000 x 9000 pixels, more than 25 million"):
        image(path=tmp_path / "wide.png")


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:40] + bytes(99) + b[139:]])
def test_a_damaged_picture_is_a_message(tmp_path, damage):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(tmp_path / "torn.png")
    (tmp_path / "torn.png").write_bytes(damage((tmp_path / "torn.png").read_bytes()))
    with pytest.raises(ValueError, match=r"torn\.png is not a picture that can be read"):
        image(path=tmp_path / "torn.png")


def test_files_that_are_no_points(tmp_path):
    with pytest.raises(ValueError, match="no file"):
        points(path=tmp_path / "missing.csv")
    np.save(tmp_path / "wide.npy", np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"shape \[4, 3\]"):
        points(path=tmp_path / "wide.npy")
    np.save(tmp_path / "object.npy", np.array([{"code": "runs"}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="not a numpy array of numbers"):
        points(path=tmp_path / "object.npy")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ring(modes=3, weights=(1.0, 2.0)), "2 weights for 3 modes"),
        (lambda: mixture(centres=()), "no centre"),
        (lambda: mixture(centres=((0, 0),)), "either stds or covariances"),
        (lambda: mixture(centres=((0, 0),), stds=(1.0, 2.0)), "2 stds for 1 centres"),
        (lambda: mixture(centres=((0, 0),), covariances=(((1, 2), (2, 1)),)), "negative eigenvalue"),
        (lambda: mixture(centres=((0, 0),), covariances=(((1, 1), (0, 1)),)), "symmetric"),
        (lambda: line(start=(1, 1), end=(1, 1)), "no segment with a length"),
    ],
)
def test_impossible_options_say_why(make, message):
    with pytest.raises(ValueError, match=message):
        make()
