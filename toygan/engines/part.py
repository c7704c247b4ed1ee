"""A part of a game as a model: what it reads goes in, what it changes comes out, and nothing else.

A page plays a game move by move, and looks at it; each is one small model that it feeds by name.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from toygan.engines.clean import cleaned
from toygan.engines.graph import Graph, recorded, wires_in
from toygan.engines.onnx import Model, model_of
from toygan.engines.tree import Tree, copied, named, rebuilt

NEXT = "next "  # before the name of an input, the output that takes its place


def part(function: Callable[..., Tree], name: str, **trees: Tree) -> Model:
    """A pure function of named trees, at the shapes of these examples, as a model whose outputs are `next NAME/...`.

    An input that is not read is left out, and so is an output that is an input unchanged. Raises Untraceable.
    """
    examples = copied({place: leaf for key, tree in trees.items() for place, leaf in named(tree, key).items()})
    places: list[str] = []

    def flat(*leaves: Tensor) -> list[Tensor]:
        given = dict(zip(examples, leaves, strict=True))
        after = named(function(**{key: rebuilt(tree, given, key) for key, tree in trees.items()}), name)
        places[:] = [f"{NEXT}{place}" for place in after]
        return list(after.values())

    return pruned(cleaned(recorded(flat, list(examples.values()))[0]), list(examples), places)


def pruned(graph: Graph, inputs: list[str], outputs: list[str]) -> Model:
    """A graph as a model without what it does not read and what it does not change."""
    given = {f"{NEXT}{at}": wire.key for at, wire in zip(inputs, graph.inputs, strict=True)}
    leaving = [(at, wire) for at, wire in zip(outputs, graph.outputs, strict=True) if wire.key != given.get(at)]
    read = {wire.key for node in graph.nodes for wire in wires_in(node.args)}
    entering = [(at, wire) for at, wire in zip(inputs, graph.inputs, strict=True) if wire.key in read]
    small = graph._replace(inputs=[wire for _, wire in entering], outputs=[wire for _, wire in leaving])
    return model_of(small, [at for at, _ in entering], [at for at, _ in leaving])
