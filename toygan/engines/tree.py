"""Trees of tensors: tuples, named tuples and mappings in each other, as lists of tensors with a name each, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

Tree = Any  # a tensor, None, or a tuple, named tuple or mapping of trees
Step = Callable[[Tree, Tree, Tree], Tree]  # (state, draw, dials) -> state, pure


def named(tree: Tree, name: str) -> dict[str, Tensor]:
    """The tensors of a tree by where they stand, `state/1/critic/0`: keys of mappings, places in tuples. Else TypeError."""
    if isinstance(tree, Tensor):
        return {name: tree}
    if tree is None:
        return {}
    if isinstance(tree, Mapping | tuple):
        parts = tree.items() if isinstance(tree, Mapping) else enumerate(tree)
        return {place: leaf for key, part in parts for place, leaf in named(part, f"{name}/{key}").items()}
    raise TypeError(f"{name} is a {type(tree).__name__}, neither a tensor nor a tuple or mapping of such")


def rebuilt(like: Tree, leaves: Mapping[str, Tensor], name: str) -> Tree:
    """A tree of the form of another with these tensors at its places."""
    if isinstance(like, Tensor):
        return leaves[name]
    if like is None:
        return None
    if isinstance(like, Mapping):
        return {key: rebuilt(part, leaves, f"{name}/{key}") for key, part in like.items()}
    parts = (rebuilt(part, leaves, f"{name}/{i}") for i, part in enumerate(like))
    return type(like)(*parts) if type(like) is not tuple else tuple(parts)


def copied(leaves: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors each with a memory of its own: two places may hold one tensor."""
    return {name: leaf.detach().clone(memory_format=torch.contiguous_format) for name, leaf in leaves.items()}
