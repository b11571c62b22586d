"""Print what the package's structure comes to: ``python -m tools.imports``.

Entries at the top, imports between top-level units, circles, and the longest files and functions. The rules themselves
are import-linter's contracts in pyproject.toml (``make lint``).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

NAME = "radiomics_mammo"
PACKAGE = Path(__file__).parents[1] / NAME


def unit(module: str) -> str:
    """Return the top-level module or package that a module lies in."""
    return module.split(".")[1] if "." in module else NAME


def circles(edges: set[tuple[str, str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one member."""
    names = sorted({name for edge in edges for name in edge})
    place = {name: i for i, name in enumerate(names)}
    rows, columns = zip(*((place[a], place[b]) for a, b in edges), strict=True)
    graph = coo_array(([1] * len(rows), (rows, columns)), shape=(len(names), len(names)))
    _, component = connected_components(graph, directed=True, connection="strong")
    groups = [[name for name, c in zip(names, component, strict=True) if c == k] for k in range(component.max() + 1)]
    return [group for group in groups if len(group) > 1]


def deferred(path: Path) -> set[int]:
    """Return the lines whose imports do not run when the module is loaded: in functions, or for type checking."""
    lines: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.Lambda) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        ):
            lines |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def at_load(graph: grimp.ImportGraph, edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the imports that run when the importing module is loaded."""
    late = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        late[".".join(parts).removesuffix(".__init__")] = deferred(path)
    return {
        (a, b)
        for a, b in edges
        if any(detail["line_number"] not in late[a] for detail in graph.get_import_details(importer=a, imported=b))
    }


def functions() -> Iterator[tuple[int, str]]:
    """Return each function's length in lines, docstring aside, with its place."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                lines = (node.end_lineno or 0) - (body[0].lineno if body else node.lineno) + 1
                yield lines, f"{path.relative_to(PACKAGE)}: {node.name}"


def main() -> None:
    """Print the figures."""
    graph = grimp.build_graph(NAME)
    edges = {(a, b) for a in graph.modules for b in graph.find_modules_directly_imported_by(a)}
    arrows = {(unit(a), unit(b)) for a, b in edges if unit(a) != unit(b)}
    files = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    entries = sorted(path.name for path in PACKAGE.iterdir() if path.name != "__pycache__")
    print(f"entries at the top: {len(entries)}: {', '.join(entries)}")
    loaded = {(unit(a), unit(b)) for a, b in at_load(graph, edges) if unit(a) != unit(b)}
    print(
        f"imports between top-level units: {len(loaded)} when modules are loaded, {len(arrows)} with those in functions"
    )
    print(f"mutual pairs of units: {sorted((a, b) for a, b in arrows if a < b and (b, a) in arrows)}")
    print(f"circles of units: {circles(arrows)}")
    print(f"circles of modules: {circles(edges)}")
    print(f"lines of Python: {sum(files.values()):,} in {len(files)} files")
    print(
        "longest files:",
        *(f"{n} {path.relative_to(PACKAGE)}" for path, n in sorted(files.items(), key=lambda x: -x[1])[:8]),
        sep="\n  ",
    )
    print("longest functions:", *(f"{n} {name}" for n, name in sorted(functions(), reverse=True)[:8]), sep="\n  ")


if __name__ == "__main__":
    main()
