"""The lab's data as classic scripts, which is how a page that was opened from disk gets data: a header and bytes as text.

Every file is `lab.arrive(name, header, "gzip as text", bytes)` in UTF-16, 15 bits a letter: a fifth less than base64. Numbers
are little-endian; points have 16 bits in their box.
"""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from toygan.quantities.modes import maps_of
from toygan.session.beginning import Beginning
from toygan.session.playable import Model, Playable, Supply
from toygan.site.folding import folded
from toygan.site.pack import as_json

VENDOR = Path(__file__).parent / "vendor"
PACKED = b"\x1f\x8b"  # how gzip begins
FAR = 1e9  # the reach of a place that is alone
FIRST_LETTER = 0x100  # letters from here on are none that a script has to escape, and all of one unit
NOTHING: Mapping[str, bytes] = {}
Header = dict[str, Any]
File = tuple[Header, bytes]  # a file's header and its bytes, not yet packed


def script(name: str, header: Mapping[str, Any], content: bytes, after: Mapping[str, bytes] = NOTHING) -> bytes:
    """The data file: the same bytes for the same content. A header goes before its bytes, unless these were packed before. It may
    be told as what is unlike the contents of other files, `after` which it is read.
    """
    if content and not content.startswith(PACKED):
        told = as_json(header).encode()
        header, content = packed(told + content, after)
        header["head"] = len(told)
    begun, ended = f'lab.arrive({as_json(name)},{as_json(header)},"', f'",{len(content)});\n'
    return codecs.BOM_UTF16_LE + begun.encode("utf-16-le") + letters(content) + ended.encode("utf-16-le")


def file_content(header: Mapping[str, Any], content: bytes) -> bytes:
    """What a data file holds, as files that are read after it have it before them."""
    return as_json(header).encode() + content


def packed(content: bytes, after: Mapping[str, bytes]) -> File:
    """Bytes packed in the shorter of two ways, and which one it is: as they are, or folded by what stands before them."""
    plain, short = (gzip.compress(one, 9, mtime=0) for one in (content, folded(content, b"".join(after.values()))))
    if len(plain) <= len(short):
        return {}, plain
    return {"after": list(after), "size": len(content)}, short


def letters(content: bytes) -> bytes:
    """Bytes as letters of UTF-16, 15 bits each, the highest bit first; the end is filled with zeros."""
    whole = np.zeros((-(-len(content) // 15), 16), np.uint8)  # eight letters a row, and a byte of zeros to look beyond
    whole[:, :15] = np.frombuffer(content.ljust(whole.shape[0] * 15, b"\0"), np.uint8).reshape(-1, 15)
    wide = whole.astype(np.uint32)
    codes = np.empty((len(whole), 8), "<u2")
    for k in range(8):
        byte, bit = divmod(15 * k, 8)
        three = wide[:, byte] << 16 | wide[:, byte + 1] << 8 | wide[:, min(byte + 2, 15)]
        codes[:, k] = (three >> (9 - bit) & 0x7FFF) + FIRST_LETTER
    return codes.ravel()[: -(-8 * len(content) // 15)].tobytes()


def models_file(games: Mapping[str, Playable], plays: Mapping[str, Mapping[str, str]]) -> File:
    """A method's games."""
    pieces = Pieces()
    for kind in sorted({kind for game in games.values() for kind in game.models}):  # equal kinds near enough for gzip
        for game in games.values():
            if kind in game.models:
                pieces.add(game.models[kind].content)
    told = {name: described(game, pieces) for name, game in games.items()}
    return {"games": told, "plays": plays}, pieces.content


class Pieces:
    """Bytes one behind the other, equal ones once: where each of them is `found`."""

    def __init__(self) -> None:
        self.found: dict[bytes, list[int]] = {}
        self.length = 0

    def add(self, content: bytes) -> list[int]:
        """Where these bytes are: start and length."""
        if content not in self.found:
            self.found[content] = [self.length, len(content)]
            self.length += len(content)
        return self.found[content]

    @property
    def content(self) -> bytes:
        """All of them: a dictionary keeps its keys in the order in which they came."""
        return b"".join(self.found)


def described(game: Playable, pieces: Pieces) -> Header:
    best = game.best
    return {
        "models": {name: described_model(model, pieces) for name, model in game.models.items()},
        "state": game.state,
        "starts": {player: described_start(start, pieces) for player, start in game.starts.items()},
        "draws": {name: [law.name, law.columns] for name, law in game.draws.items()},
        "dials": game.dials,
        "places": game.places,
        "critic_steps": game.critic_steps,
        "batch": game.batch,
        "codes": list(game.codes),
        "kinds": game.kinds,
        "shift": game.shift,
        "best": best and {"source": best.source, "about": best.about, "drawn": best.drawn},
        "shows_samples": game.shows_samples,
        "cut": game.cut,
    }


def described_start(start: Beginning, pieces: Pieces) -> Header:
    """First parameters: what makes them, or where they are, a row a seed, as 16-bit floats."""
    told: Header = {"size": start.size, "entropy": start.entropy}
    if start.recipe is not None:
        return told | {"draws": start.recipe.draws, "parts": start.recipe.parts}
    assert start.numbers is not None, "a start without a recipe has numbers"
    return told | {"at": pieces.add(start.numbers.astype("<f2").tobytes())}


def described_model(model: Model, pieces: Pieces) -> Header:
    """Where a model's bytes are, and what goes in and comes out."""
    inputs, outputs = (
        [[port.name, str(port.dtype).removeprefix("torch."), list(port.stored)] for port in ports]
        for ports in (model.inputs, model.outputs)
    )
    return {"at": pieces.add(model.content), "inputs": inputs, "outputs": outputs}


def target_file(pool: Supply) -> File:
    """Points of a target and of its source, with the classes of the first, a byte each."""
    pieces = Pieces()
    told: Header = {"points": boxed(pool.points, pieces)}
    if pool.labels is not None:
        told |= {"classes": pool.classes, "labels": pieces.add(pool.labels.astype("u1").tobytes())}
    if pool.curve is not None:
        told |= {"curve": boxed(pool.curve.points, pieces), "radius": pool.curve.radius}
    if pool.modes is not None:
        told["modes"] = {"centres": pool.modes.centres.tolist(), "maps": maps_of(pool.modes).tolist()}
    if pool.places is not None:
        places = pool.places
        told["places"] = {
            "centres": places.centres.tolist(),
            "weights": places.weights.tolist(),
            "reach": np.nan_to_num(places.reach, posinf=FAR).tolist(),
        }
    return told | ({} if pool.source is None else {"source": boxed(pool.source, pieces)}), pieces.content


def boxed(points: np.ndarray, pieces: Pieces) -> Header:
    """Points [n, 2] in 16 bits of their box, x first."""
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.where(high > low, high - low, 1.0)
    codes = np.round((points - low) / size * 65535).astype("<u2")
    return {"low": low.tolist(), "size": size.tolist(), "count": len(points), "at": pieces.add(codes.T.tobytes())}


def runtime_file(models: Mapping[str, Model]) -> File:
    """The runtime's two scripts, and the models that belong to no game, by name."""
    pieces = Pieces()
    scripts = {"ort": "ort.wasm.min.js", "loader": "ort-wasm-simd-threaded.mjs"}
    told: Header = {key: pieces.add((VENDOR / name).read_bytes()) for key, name in scripts.items()}
    told["models"] = {name: described_model(model, pieces) for name, model in models.items()}
    return told, pieces.content
