"""Names that stand in the program's own text, read without importing it, so that completion is quick."""

from __future__ import annotations

import ast
from functools import cache

from toygan.files.shipped import PACKAGE


@cache
def tree_of(module: str) -> ast.Module:
    """The parsed text of a module below `toygan`, such as `game.rules`."""
    return ast.parse((PACKAGE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))


def table_of(module: str, table: str) -> list[ast.expr]:
    """What a module's table is made of: one expression, or those that are joined by |."""
    for node in tree_of(module).body:
        names = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign) and table in [getattr(name, "id", None) for name in names]:
            return joined(node.value) if node.value else []
    return []


def joined(node: ast.expr) -> list[ast.expr]:
    """a | b as a and b."""
    return [*joined(node.left), *joined(node.right)] if isinstance(node, ast.BinOp) else [node]


def rows_of(module: str, table: str) -> list[str]:
    """The names of a table's rows, as far as they are written out: keys of dictionaries, first words of tuples."""
    heads = list[ast.expr | None]()
    for part in table_of(module, table):
        heads += part.keys if isinstance(part, ast.Dict) else []
        heads += [one.elts[0] for one in getattr(part, "elts", []) if isinstance(one, ast.Tuple)]
    return [head.value for head in heads if isinstance(head, ast.Constant) and isinstance(head.value, str)]


def fields_of(module: str, model: str) -> list[str]:
    """The fields that a class declares."""
    classes = [node for node in tree_of(module).body if isinstance(node, ast.ClassDef) and node.name == model]
    declared = [part.target for node in classes for part in node.body if isinstance(part, ast.AnnAssign)]
    return [part.id for part in declared if isinstance(part, ast.Name)]


def options_of(room: str, module: str, table: str, *more: str) -> list[str]:
    """The keyword arguments of the functions, in any module of a room, that a table and `more` name."""
    parts = [node for part in table_of(module, table) for node in ast.walk(part)]
    called = {node.id for node in parts if isinstance(node, ast.Name)} | set(more)
    nodes = [node for file in sorted((PACKAGE / room).glob("*.py")) for node in tree_of(f"{room}.{file.stem}").body]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name in called]
    return list(dict.fromkeys(argument.arg for function in functions for argument in function.args.kwonlyargs))
