"""The product's own files, parsed once: what imports cannot show is read from the code itself."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from app.settings import ROOT


@cache
def trees() -> dict[str, ast.Module]:
    """Return every module that is shipped, by its path."""
    files = [
        *(ROOT / "app").rglob("*.py"),
        ROOT / "worker.py",
        ROOT / "wsgi.py",
        ROOT / "deploy" / "gunicorn.py",
    ]
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(files)
    }


@cache
def nodes(
    tree: ast.Module,
) -> tuple[ast.Attribute | ast.Call | ast.Import | ast.ImportFrom | ast.AsyncFunctionDef, ...]:
    """Return what the questions below are asked of, gathered in one walk."""
    kinds = ast.Attribute | ast.Call | ast.Import | ast.ImportFrom | ast.AsyncFunctionDef
    return tuple(node for node in ast.walk(tree) if isinstance(node, kinds))


def attributes(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each `a.b` of a module, with its line."""
    for node in nodes(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            yield f"{owner}.{node.attr}", node.lineno


def called(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the last name of whatever a module calls, with its line."""
    for node in nodes(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr, node.lineno
            elif isinstance(node.func, ast.Name):
                yield node.func.id, node.lineno


def imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each imported name in full, with its line."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((one.name, node.lineno) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{one.name}", node.lineno) for one in node.names)


def coroutines(tree: ast.Module) -> Iterator[str]:
    """Yield the name of each `async def`."""
    for node in nodes(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield node.name


def templates() -> dict[str, str]:
    """Return every template's text by the name under which it is rendered."""
    folder = ROOT / "templates"
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.html"))
    }


def fragments() -> frozenset[str]:
    """Return the templates that views and sockets render as pieces of a page."""
    return frozenset(name for name in templates() if Path(name).name.startswith("_"))
