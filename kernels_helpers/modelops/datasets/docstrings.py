"""Finds the documented modules, classes and functions of Python's standard library without importing it."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# Tests, programs, and packages that not every machine has (Debian ships tkinter apart).
_SKIPPED = frozenset(
    {
        "__phello__", "__pycache__", "config", "dist-packages", "distutils", "ensurepip", "idle_test", "idlelib",
        "lib-dynload", "lib2to3", "pydoc_data", "site-packages", "test", "tests", "tkinter", "turtledemo",
    }
)  # fmt: skip
# Where one imports from another module than the text is in, that module's name; and modules that copy from a family.
_PUBLIC = {
    "_collections_abc": "collections.abc",
    "_pydatetime": "datetime",
    "_pydecimal": "decimal",
    "_pyio": "io",
    "_pylong": "int",
    "_weakrefset": "weakref",
    "genericpath": "os.path",
    "posixpath": "os.path",
}
_FAMILY = {"ntpath": "os", "nturl2path": "urllib"}

_KNOWN_DECORATORS = frozenset({"abstractmethod", "classmethod", "contextmanager", "coroutine", "staticmethod", "wraps"})

Kind = Literal["module", "class", "function", "method", "property"]


@dataclass(frozen=True)
class Documented:
    """A documented public object: ``json.dumps``, its parameters as in a call, its cleaned docstring."""

    module: str
    name: str
    kind: Kind
    signature: str
    docstring: str

    @property
    def family(self) -> str:
        """The top-level module or package, under which texts may repeat."""
        top = self.module.partition(".")[0]
        return _FAMILY.get(top, top)

    @property
    def full_name(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


def source_files(library: Path) -> Iterator[tuple[str, Path]]:
    """Public modules below the standard library's folder as (dotted name, file), sorted by name."""
    yield from sorted(_named(library))


def _named(library: Path) -> Iterator[tuple[str, Path]]:
    for path in _python_files(library):
        parts = path.relative_to(library).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if not parts or parts[0] in _SKIPPED:
            continue
        parts = (*_PUBLIC.get(parts[0], parts[0]).split("."), *parts[1:])
        if all(part.isidentifier() and not part.startswith("_") for part in parts):
            yield ".".join(parts), path


def _python_files(library: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(library):
        # Installed packages may be many times the library itself: they are not even walked.
        folders[:] = [folder for folder in folders if folder not in _SKIPPED]
        yield from (Path(base, name) for name in names if name.endswith(".py"))


def documented(module: str, source: bytes) -> Iterator[Documented]:
    """What a module documents, in the order of its source; raise ``SyntaxError`` where it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Old modules hold invalid escapes; they are no concern of the reader's.
        tree = ast.parse(source)
    docstring = ast.get_docstring(tree)
    if docstring is not None:
        yield Documented(module, "", "module", "", docstring)
    yield from _members(module, "", tree.body)


def _members(module: str, prefix: str, body: list[ast.stmt]) -> Iterator[Documented]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            # Definitions that depend on the platform.
            yield from _members(module, prefix, node.body)
            yield from _members(module, prefix, node.orelse)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        name = prefix + node.name
        docstring = ast.get_docstring(node)
        if docstring is not None:
            kind = _kind(node, prefix)
            yield Documented(module, name, kind, _signature(node, kind), docstring)
        if isinstance(node, ast.ClassDef):
            yield from _members(module, f"{name}.", node.body)


def _kind(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, prefix: str) -> Kind:
    if isinstance(node, ast.ClassDef):
        return "class"
    if any("property" in decorator or decorator.endswith("setter") for decorator in _decorators(node)):
        return "property"
    return "method" if prefix else "function"


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, kind: Kind) -> str:
    """The parameters as in a call, without annotations and without the object itself; ``...`` where unsure."""
    if isinstance(node, ast.ClassDef):
        return ""
    decorators = _decorators(node)
    if not decorators <= _KNOWN_DECORATORS:
        return "..."
    arguments = node.args
    for argument in ast.walk(arguments):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    if kind == "method" and "staticmethod" not in decorators:
        del (arguments.posonlyargs or arguments.args)[:1]
    return ast.unparse(arguments)


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    """The last part of each decorator's name: ``contextmanager`` for ``@contextlib.contextmanager``."""
    names = set()
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        names.add(ast.unparse(called).rpartition(".")[2])
    return names
