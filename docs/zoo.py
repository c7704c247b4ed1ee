"""Write docs/zoo.md: every name of the lecture's list, what its idea is, and which row here plays or carries it.

python docs/zoo.py [DIR ...]

Folders of runs (`toygan sweep`) renew the numbers, docs/zoo.csv, and the pictures, docs/pictures/zoo; without any, the page is
written from what is there.
"""

from __future__ import annotations

import csv
import io
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from toygan.draw.choice import save_chosen
from toygan.draw.companions import EXTRAS, extras_of
from toygan.files.disk import write_aside
from toygan.game.methods import METHODS
from toygan.game.zoo import PLAYED_ON, ZOO
from toygan.many.results import records, run_folders
from toygan.quantities.table import label_of, written
from toygan.session.recording import load
from toygan.view.look import Options
from toygan.view.scene import scene

HERE = Path(__file__).parent
PAGE, NUMBERS, PICTURES = HERE / "zoo.md", HERE / "zoo.csv", HERE / "pictures" / "zoo"
WIDE = 720  # pixels of a picture: about 80 kB
USUAL = "eight-gaussians"
COMPARED = ("gan", "ns-gan-r1")  # plain games beside the zoo
KEPT = ("w1", "w1_floor", "modes", "high_quality")
EXTRA = ("class_w1", "class_accuracy", "generator_overlap", "reconstruction_error", "other_w1", "way_error")


class Name(NamedTuple):
    """A name of the list: the rows that play it or carry its idea, the idea, and why it is not played itself, if it is not."""

    name: str
    rows: tuple[str, ...]
    idea: str
    why: str = ""


PLAIN = (
    Name("GAN", ("gan", "ns-gan"), "two players, one loss"),
    Name("LSGAN", ("lsgan",), "squares in place of logarithms"),
    Name("WGAN, WGAN-GP", ("wgan", "wgan-gp", "wgan-lp"), "a Lipschitz critic measures transport"),
    Name("SN-GAN", ("sngan",), "every layer's largest singular value is 1"),
    Name("DRAGAN", ("dragan",), "slope 1 around the data"),
    Name("f-GAN", ("f-kl", "f-reverse-kl", "f-js", "f-pearson"), "any f-divergence by its dual"),
    Name("b-GAN", ("b-gan",), "the critic is the density ratio itself"),
    Name("BS-GAN", ("bs-gan",), "generated points at the critic's boundary"),
    Name("EBGAN, BEGAN", ("ebgan", "began"), "an autoencoder's error is the critic"),
    Name("MMD-GAN, Cramer GAN", ("mmd-gan", "cramer-gan"), "distances of kernels and energies"),
    Name("RaGAN, RpGAN, R3GAN", ("ragan", "rpgan", "r3gan"), "real against generated, in pairs or on average"),
    Name("LS-GAN (loss-sensitive)", ("ls-gan",), "real points score higher by how far away generated ones are"),
    Name("GoGAN", ("gogan",), "stages of margins, each better than the last"),
    Name("Unrolled GAN", ("unrolled-gan",), "the generator looks ahead at the critic's next moves"),
    Name("PacGAN", ("pacgan",), "several points are judged at once"),
)

MORE = (
    Name("CGAN", ("cgan",), "both players are told a label"),
    Name("AC-GAN", ("ac-gan",), "a head of the critic tells labels"),
    Name("CatGAN, AM-GAN", ("cat-gan",), "a critic of classes: sure on data, unsure on what is generated"),
    Name("InfoGAN", ("infogan",), "a code that can be told from the point"),
    Name("BiGAN, ALI", ("ali",), "an encoder; the critic sees pairs of point and latent"),
    Name("VEEGAN", ("veegan",), "the encoder must find every latent again"),
    Name("AE-GAN, MDGAN", ("ae-gan",), "points are to come back through the encoder"),
    Name("VAE-GAN", ("vae-gan",), "the same with an encoder that has a variance"),
    Name("CVAE-GAN", ("cvae-gan",), "and with labels"),
    Name("IC-GAN (IcGAN)", ("ic-gan",), "an encoder beside a conditional game, to edit points"),
    Name("CoGAN", ("cogan",), "one latent, a point in each of two worlds"),
    Name("CycleGAN", ("cyclegan",), "two translators whose round trips end where they began"),
    Name("DiscoGAN, DualGAN", ("discogan", "dualgan"), "the same with squares, and with a clipped Wasserstein critic"),
    Name(
        "DTN",
        ("cyclegan",),
        "what a feature says of a point must not change",
        "its features are of a network for faces; the round trip stands for them here",
    ),
    Name("MGAN", ("mgan",), "several generators, told apart by a head"),
    Name("MAD-GAN", ("mad-gan",), "several generators, the critic names the culprit"),
    Name("D2GAN", ("d2gan",), "two critics of opposite taste"),
    Name("GMAN", ("gman",), "several critics, from the mean to the worst"),
    Name("AdaGAN", ("adagan",), "boosting: a new generator for what the mixture lacks"),
    Name("Bayesian GAN", ("bayesian-gan",), "a sample of players in place of the best ones"),
    Name(
        "Improved GAN",
        ("minibatch-gan", "feature-matching", "historical-gan", "ns-gan-smooth"),
        "features matched, batches looked at, history averaged, labels smoothed",
    ),
    Name(
        "Progressive GAN",
        ("minibatch-std-gan",),
        "grows with resolution; the batch's deviation beside a point",
        "the growth needs images",
    ),
    Name("MSGAN", ("msgan",), "different latents must give different points"),
    Name("PresGAN", ("pres-gan",), "noise on the output, and its entropy rewarded"),
    Name("Paired-discriminator GAN", ("paired-gan",), "the critic compares a real and a generated point"),
    Name("LAPGAN", ("lapgan",), "coarse first, then residuals", "its pyramid is of an image's resolutions"),
    Name(
        "AnoGAN",
        (),
        "how far a point is from what the generator can make",
        "a use of a trained game: `toygan draw RUN --view anomaly`",
    ),
    Name(
        "iGAN",
        (),
        "drag a point along the learned manifold",
        "a use of a trained game: `toygan draw RUN --view edit`",
    ),
    Name("DEQ-GAN", ("deq-gan",), "the generator solves a differential equation"),
    Name("TC-GAN", ("tc-gan",), "the time is the label"),
)

ELSEWHERE = (
    Name("DCGAN", ("ns-gan",), "convolutions and batch norm make the plain game train", "its convolutions need images"),
    Name(
        "StackGAN, StackGAN++",
        ("cgan",),
        "a sentence conditions a coarse image, then a fine one",
        "needs sentences and images; conditioning is `cgan`",
    ),
    Name(
        "GAN-INT-CLS, TAC-GAN, AttnGAN",
        ("cgan", "ac-gan"),
        "images of a sentence",
        "needs sentences; the label is the word here",
    ),
    Name(
        "Pix2Pix",
        ("cgan",),
        "an image conditions an image, with an l1 term to its partner",
        "needs pairs of images; two worlds with a term of distance are `cyclegan`",
    ),
    Name(
        "SRGAN, ESRGAN",
        ("ae-gan",),
        "sharp detail for a coarse image",
        "the detail is of images; distance plus critic is `ae-gan`",
    ),
    Name(
        "BigGAN",
        ("cgan", "hinge-gan"),
        "large batches, hinge, class projection, truncation",
        "size is its idea; hinge and labels are here",
    ),
    Name("SAGAN", ("hinge-gan", "sngan"), "attention between far places of an image", "a point has no far places"),
    Name(
        "StyleGAN",
        ("ns-gan-r1",),
        "a mapped latent styles every scale",
        "styles are of images; its game is `ns-gan-r1`",
    ),
    Name(
        "StarGAN, AttGAN, FaceApp's kin",
        ("ac-gan", "cyclegan"),
        "one translator for many domains",
        "needs faces; domain head and round trip are here",
    ),
    Name(
        "UNIT, MUNIT",
        ("cogan", "vae-gan"),
        "two worlds share a latent",
        "a shared content of images; the shared latent is `cogan`",
    ),
    Name(
        "Context encoders, inpainting", ("ae-gan",), "fill a hole so that a critic believes it", "a point has no hole"
    ),
    Name(
        "SeqGAN, MaskGAN",
        (),
        "a policy writes a sentence, the critic rewards it",
        "words are discrete and in sequence: gradients go by rewards",
    ),
    Name(
        "TextGAN",
        ("mmd-gan", "feature-matching"),
        "features of sentences matched by a kernel",
        "needs sentences; the matching is here",
    ),
    Name("RankGAN", ("rpgan",), "sentences ranked against real ones", "needs sentences; comparison is `rpgan`"),
    Name("MidiNet, MuseGAN, WaveGAN", ("cgan",), "music, a bar given the last one", "needs sequences of sound"),
    Name("VGAN, TGAN, MoCoGAN", ("tc-gan",), "video: content and motion", "needs frames; a target in time is `tc-gan`"),
    Name("3D-GAN", ("vae-gan",), "voxels", "needs shapes in space"),
    Name("GAIL", ("gan",), "imitate an expert's steps", "needs a world to act in; the critic's game is `gan`"),
    Name(
        "DR-GAN, TP-GAN, FaceID-GAN",
        ("ac-gan", "ic-gan"),
        "a face turned, its person kept",
        "needs faces; identity is a label here",
    ),
    Name(
        "SimGAN, PixelDA, CyCADA",
        ("cyclegan",),
        "make simulated images real, or one domain another",
        "needs images; two worlds are here",
    ),
    Name("GP-GAN, SeGAN, Perceptual GAN", ("ae-gan",), "blend, segment, detect small things", "needs images"),
    Name("ID-CGAN, DeblurGAN", ("ae-gan",), "rain or blur removed", "needs images"),
    Name(
        "SSL-GAN, Triple-GAN",
        ("cat-gan", "ac-gan"),
        "few labels, many points",
        "half-labelled data are no scenario here",
    ),
)

GROUPS = {
    "One generator and one critic": PLAIN,
    "More players, labels, two worlds": MORE,
    "Names that need images, sequences or faces": ELSEWHERE,
}

HEAD = """# The zoo: every name, and what plays it

The lecture that toygan follows ends with a list of named GANs. Those whose idea has a plane are rows here (`toygan run SCENARIO
--method ROW`); of the others this page says what the idea is, which row carries it, and why the name itself needs images,
sequences or faces. `python docs/zoo.py` writes the page.
"""

TABLE = """## What the rows reach

Medians over the seeds 0 to 7, everything at its shipped settings, on the scenario that the row is written for: real runs,
`toygan sweep SCENARIO --method ROW --seeds 8`, whose numbers by seed are in [zoo.csv](zoo.csv). No seed was chosen, and rows that
fail stand here with the others. A perfect sampler's W1 is {floors}.

Where a game is told labels (`cgan`, `tc-gan`, `ac-gan`, `cvae-gan`, `ic-gan`), generated points have classes of their own at
every look, drawn as the data's are, so W1 is that of any other row, and so is its floor. The W1 by class, whose perfect value is
0.005 on these eight modes, is the number to look at.

"""


# --- numbers ---------------------------------------------------------------------------------------------------------


def renew_numbers(folders: Sequence[Path]) -> None:
    """Keep the final numbers of every seed of finished runs in a table."""
    rows = [row for row in records(folders) if row["status"] in ("done", "diverged") and is_as_shipped(row)]
    known = ["scenario", "method", "seed", "status", *KEPT, *EXTRA]
    text = io.StringIO()
    table = csv.DictWriter(text, known, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for row in sorted(rows, key=lambda one: (one["scenario"], one["method"], one["seed"])):
        if row["scenario"] == PLAYED_ON.get(row["method"], USUAL):
            table.writerow({name: short(row.get(name)) for name in known})
    write_aside(NUMBERS, text.getvalue().encode())


def short(value: object) -> object:
    """A number with four digits; nothing for an unknown one."""
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else value


def is_as_shipped(row: Mapping[str, Any]) -> bool:
    """Whether nothing is set in a run but how often it is looked at."""
    return all(part.startswith("training.frames=") for part in str(row.get("settings") or "").split())


def kept_numbers() -> list[dict[str, str]]:
    """The table of final numbers, a row a run and seed."""
    return list(csv.DictReader(io.StringIO(NUMBERS.read_text()))) if NUMBERS.exists() else []


def numbers_in_words(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """A row's medians as cells, and how many of its seeds diverged."""
    found = {name: [float(row[name]) for row in rows if row[name]] for name in (*KEPT, *EXTRA)}
    medians = {name: statistics.median(values) for name, values in found.items() if values}
    cells = [written(name, medians[name]) if name in medians else "" for name in KEPT if name != "w1_floor"]
    more = "; ".join(f"{label_of(name)} {written(name, medians[name])}" for name in EXTRA if name in medians)
    lost = sum(row["status"] == "diverged" and not row["w1"] for row in rows)
    return [str(len(rows)), str(lost or ""), *cells, more]


def table_lines(rows: Sequence[Mapping[str, str]]) -> Iterable[str]:
    """The table of what rows reach."""
    yield "| row | scenario | seeds | diverged | W1 | modes | high quality | more |"
    yield "|---|---|---:|---:|---:|---:|---:|---|"
    for name in (*COMPARED, *ZOO):
        own = [row for row in rows if row["method"] == name]
        if own:
            yield f"| `{name}` | {own[0]['scenario']} | {' | '.join(numbers_in_words(own))} |"


def floors_in_words(rows: Sequence[Mapping[str, str]]) -> str:
    """What perfect samplers score on each scenario."""
    known = {row["scenario"]: row["w1_floor"] for row in rows if row["w1_floor"]}
    return ", ".join(f"{float(value):.3g} on `{scenario}`" for scenario, value in known.items())


# --- pictures --------------------------------------------------------------------------------------------------------


def renew_pictures(folders: Sequence[Path]) -> None:
    """Draw the first seed of every row of the zoo that a folder holds, small."""
    for folder in folders:
        run = load(folder)
        name = run.facts.method
        if name not in ZOO or run.facts.scenario != PLAYED_ON.get(name, USUAL):
            continue
        path = PICTURES / f"{name}.png"
        own, wide, broad = ([one for one in extras_of(scene(run)) if EXTRAS[one].slots == n] for n in (1, 2, 3))
        chosen = wide or (broad if not own else []) or ["critic", *(own[:2] or ["slope"])]
        save_chosen([run], chosen, path, options=Options(px=WIDE))
        with Image.open(path) as picture:
            picture.convert("RGB").save(path, optimize=True)  # a palette would lose the few pixels of a kind's colour


# --- the page --------------------------------------------------------------------------------------------------------


def row_in_words(row: str) -> str:
    """A row as the page names it."""
    assert row in ZOO or row in METHODS, f"{row}: no such row"
    return f"`{row}`"


def group_lines(title: str, names: Sequence[Name]) -> Iterable[str]:
    """The table of one group of names."""
    plays = names is not ELSEWHERE
    yield f"## {title}"
    yield ""
    yield f"| name | idea | {'row' if plays else 'row that carries it'} | {'' if plays else 'why it is not played itself'} |"
    yield "|---|---|---|---|"
    for one in names:
        yield f"| {one.name} | {one.idea} | {', '.join(map(row_in_words, one.rows))} | {one.why} |"
    yield ""


def picture_lines() -> Iterable[str]:
    """Every row of the zoo: what it minimises, what to look for, its picture."""
    yield "## The rows"
    yield ""
    for name, row in ZOO.items():
        yield f"### `{name}`"
        yield ""
        yield f"    {row['formula']}"
        yield ""
        yield f"{row['look_for']} {row['reference']}; played on `{PLAYED_ON.get(name, USUAL)}`."
        yield ""
        if (PICTURES / f"{name}.png").exists():
            yield f"![{name}](pictures/zoo/{name}.png)"
            yield ""


def page() -> str:
    """The whole page as Markdown."""
    rows = kept_numbers()
    groups = [line for title, names in GROUPS.items() for line in group_lines(title, names)]
    told = [TABLE.format(floors=floors_in_words(rows)).rstrip("\n"), "", *table_lines(rows), ""] if rows else []
    return "\n".join([HEAD, *groups, *told, *picture_lines()]).rstrip("\n") + "\n"


def main(places: Sequence[str]) -> None:
    """Renew what folders of runs say, then write the page."""
    folders = [folder for place in places for folder in run_folders(place)]
    if folders:
        renew_numbers(folders)
        renew_pictures(folders)
    write_aside(PAGE, page().encode())


if __name__ == "__main__":
    main(sys.argv[1:])
