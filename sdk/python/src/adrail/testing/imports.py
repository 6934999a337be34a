"""What a sandbox imports of its own plugin, read from its source text without running it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path


def sandbox_imports(provider: type) -> list[str]:
    """Return every import in the sandbox's modules that reaches its plugin outside of the sandbox, with its place.

    The sandbox is the package or module named ``sandbox`` that the provider's class was defined in; its plugin is the
    package around it. An import inside a function counts like any other.
    """
    sandbox, plugin = _places(provider.__module__)
    if not plugin:
        return []  # a module on its own has no builders beside it
    found = []
    for module, path in _modules(sandbox):
        for line, target in _imported(module, path):
            inside = target == sandbox or target.startswith(f"{sandbox}.")
            if (target == plugin or target.startswith(f"{plugin}.")) and not inside:
                found.append(f"{path.name}:{line} imports {target}")
    return found


def _places(module: str) -> tuple[str, str]:
    parts = module.split(".")
    end = parts.index("sandbox") + 1 if "sandbox" in parts else len(parts)
    return ".".join(parts[:end]), ".".join(parts[: end - 1])


def _modules(sandbox: str) -> Iterator[tuple[str, Path]]:
    """Yield (package that relative imports start from, file) for every module of the sandbox."""
    path = Path(sys.modules[sandbox].__file__ or "")
    if path.name != "__init__.py":
        yield sandbox.rpartition(".")[0], path
        return
    for file in sorted(path.parent.rglob("*.py")):
        folders = file.parent.relative_to(path.parent).parts
        yield ".".join((sandbox, *folders)), file


def _imported(package: str, path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(package, node)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def _absolute(package: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])
