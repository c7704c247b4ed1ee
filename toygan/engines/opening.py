"""ONNX Runtime's session of a model: one thread, all of its own shortcuts; what it makes of a large model is kept.

It rewrites a model when it opens it, for a third of a second where there are 1400 operators. The outcome is kept in the user's
cache folder under the digest of the model's own bytes, so that it can be that of no other step: whatever changes in the program,
the user's code or the shapes is another model. What is damaged, missing or cannot be written is made again.
"""

from __future__ import annotations

import hashlib
import platform
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

LARGE = 1000  # operators; smaller models are opened in .01 to .04 s, of which a third would be left
FOLDER = "models"


def opened(content: bytes, operators: int) -> Any:
    """A model's session; a large one is kept as ONNX Runtime has rewritten it."""
    if operators < LARGE:
        return session(content)
    from toygan.files import cache

    name = f"{FOLDER}/{address(content)}.onnx"
    if rewritten := cache.content(name):
        with suppress(Exception):  # of a model that it cannot read it makes a dozen kinds
            return session(rewritten, rewrites=False)
    try:
        with TemporaryDirectory() as place:
            made = session(content, copy=Path(place) / "step.onnx")
            cache.keep(name, (Path(place) / "step.onnx").read_bytes())
            return made
    except Exception:  # there is no place for a copy; a model at fault is told below
        return session(content)


def address(content: bytes) -> str:
    """The digest of a model, and of what rewrites it on which kind of machine."""
    import onnxruntime

    known = hashlib.sha256(content)
    known.update(f"{onnxruntime.__version__} {platform.system()} {platform.machine()}".encode())
    return known.hexdigest()


def session(content: bytes, rewrites: bool = True, copy: Path | None = None) -> Any:
    """ONNX Runtime's session of a model, which it rewrites, leaving a copy of that, or takes as it is."""
    import onnxruntime

    options, level = onnxruntime.SessionOptions(), onnxruntime.GraphOptimizationLevel
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = level.ORT_ENABLE_ALL if rewrites else level.ORT_DISABLE_ALL
    options.log_severity_level = 3  # its warnings are about unused names
    if copy:
        options.optimized_model_filepath = str(copy)
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
