"""The lab's data as classic scripts, which is how a page that was opened from disk gets data: a header and bytes as text.

Every file is `lab.arrive(name, header, "base64 of gzip")`. Numbers are little-endian; points have 16 bits in their box, first
parameters 16-bit floats.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from toygan.session.playable import Fill, Model, Playable, Port
from toygan.site.pack import as_json

VENDOR = Path(__file__).parent / "vendor"
Header = dict[str, Any]
File = tuple[Header, bytes]  # a file's header and its bytes, not yet packed


def script(name: str, header: Mapping[str, Any], content: bytes) -> bytes:
    """The data file: the same bytes for the same content. A header goes before its bytes, unless these were packed before."""
    if content and not content.startswith(PACKED):
        told = as_json(header).encode()
        header, content = {"head": len(told)}, gzip.compress(told + content, 9, mtime=0)
    return f'lab.arrive({as_json(name)},{as_json(header)},"{base64.b64encode(content).decode()}");\n'.encode()


PACKED = b"\x1f\x8b"  # how gzip begins


# --- models ----------------------------------------------------------------------------------------------------------


def models_file(
    games: Mapping[str, Playable], plays: Mapping[str, Mapping[str, str]], starts: dict[str, np.ndarray]
) -> File:
    """A method's games; their first parameters are added to `starts` under keys of their own, equal ones once."""
    pieces = Pieces()
    kinds = sorted({kind for game in games.values() for kind in game.models})
    for kind in kinds:  # equal kinds side by side: what they share is near enough for gzip
        for game in games.values():
            if kind in game.models:
                pieces.add(game.models[kind].content)
    told = {name: described(game, pieces, starts) for name, game in games.items()}
    return {"games": told, "plays": plays}, b"".join(pieces.content)


class Pieces:
    """Bytes one behind the other, equal ones once."""

    def __init__(self) -> None:
        self.content: list[bytes] = []
        self.found: dict[bytes, list[int]] = {}
        self.length = 0

    def add(self, content: bytes) -> list[int]:
        """Where these bytes are: start and length."""
        if content not in self.found:
            self.found[content] = [self.length, len(content)]
            self.content.append(content)
            self.length += len(content)
        return self.found[content]


def described(game: Playable, pieces: Pieces, starts: dict[str, np.ndarray]) -> Header:
    """A game without its bytes."""
    keys = {}
    for player, parameters in game.starts.items():
        keys[player] = hashlib.sha256(parameters.tobytes()).hexdigest()[:12]
        starts[keys[player]] = parameters
    return {
        "models": {name: described_model(model, pieces) for name, model in game.models.items()},
        "state": {place: described_fill(fill) for place, fill in game.state.items()},
        "starts": keys,
        "draws": {name: [drawn.law, drawn.columns] for name, drawn in game.draws.items()},
        "dials": game.dials,
        "places": game.places,
        "critic_steps": game.critic_steps,
        "batch": game.batch,
        "codes": list(game.codes),
    }


def described_model(model: Model, pieces: Pieces) -> Header:
    """Where a model's bytes are, and what goes in and comes out."""
    ports = {"inputs": model.inputs, "outputs": model.outputs}
    return {"at": pieces.add(model.content), **{way: list(map(described_port, some)) for way, some in ports.items()}}


def described_port(port: Port) -> list[Any]:
    """A port's name, type and shape."""
    return [port.name, str(port.dtype).removeprefix("torch."), list(port.stored)]


def described_fill(fill: Fill) -> Header:
    """A tensor of the first state."""
    shape = [n for n in fill.shape if n != 1]  # as models have it
    return {
        "size": int(np.prod(fill.shape)),
        "shape": shape,
        "wide": fill.wide,
        "player": fill.player,
        "number": fill.number,
    }


# --- numbers ---------------------------------------------------------------------------------------------------------


def starts_file(starts: Mapping[str, np.ndarray]) -> File:
    """First parameters [seed, P] by key."""
    pieces = Pieces()
    told = {key: [*pieces.add(halved(one)), *one.shape] for key, one in starts.items()}
    return {"starts": told}, b"".join(pieces.content)


def halved(numbers: np.ndarray) -> bytes:
    """As 16-bit floats."""
    return numbers.astype("<f2").tobytes()


def target_file(points: np.ndarray) -> File:
    """Points [n, 2] in 16 bits of their box, x first."""
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.where(high > low, high - low, 1.0)
    codes = np.round((points - low) / size * 65535).astype("<u2")
    return {"low": low.tolist(), "size": size.tolist(), "count": len(points)}, codes.T.tobytes()


def engine_file(potential: Model) -> File:
    """The runtime: its two scripts as text, its WASM as it was packed; and the model of the optimal critic."""
    texts = {"ort": "ort.wasm.min.js", "loader": "ort-wasm-simd-threaded.mjs"}
    model = {"text": base64.b64encode(potential.content).decode(), **described_model(potential, Pieces())}
    header = {key: (VENDOR / name).read_text(encoding="utf-8") for key, name in texts.items()}
    return {**header, "potential": model}, (VENDOR / "ort-wasm-simd-threaded.wasm.gz").read_bytes()
