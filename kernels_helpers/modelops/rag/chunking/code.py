"""Source code cut between its definitions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelops.rag.chunking.settings import ChunkSettings
from modelops.rag.chunking.spans import Span, joined

if TYPE_CHECKING:
    from tree_sitter import Node

# Grammars as wheels; tree-sitter-language-pack downloads compiled ones when they are first used.
_GRAMMARS = {
    "text/x-python": ("tree_sitter_python", "language"),
    "text/javascript": ("tree_sitter_javascript", "language"),
    "text/x-typescript": ("tree_sitter_typescript", "language_typescript"),
    "text/x-tsx": ("tree_sitter_typescript", "language_tsx"),
    "text/x-java": ("tree_sitter_java", "language"),
    "text/x-c": ("tree_sitter_c", "language"),
    "text/x-c++": ("tree_sitter_cpp", "language"),
    "text/x-go": ("tree_sitter_go", "language"),
    "text/x-rust": ("tree_sitter_rust", "language"),
}
CODE_TYPES = frozenset(_GRAMMARS)

_DEFINITIONS = frozenset(
    (
        "function_definition",
        "class_definition",
        "function_declaration",
        "generator_function_declaration",
        "class_declaration",
        "abstract_class_declaration",
        "method_definition",
        "method_declaration",
        "constructor_declaration",
        "interface_declaration",
        "enum_declaration",
        "record_declaration",
        "type_alias_declaration",
        "internal_module",
        "namespace_definition",
        "class_specifier",
        "struct_specifier",
        "enum_specifier",
        "type_spec",
        "function_item",
        "struct_item",
        "enum_item",
        "trait_item",
        "impl_item",
        "mod_item",
    )
)
# What begins before the definition that it is about, such as with a decorator.
_WRAPPERS = frozenset(("decorated_definition", "export_statement", "template_declaration"))


@dataclass(frozen=True)
class Definition:
    """A function, class or the like: the lines it takes, counted from 0, and its name."""

    first: int
    last: int
    name: str


def spans_of_code(text: str, media_type: str, settings: ChunkSettings) -> Iterator[tuple[Span, tuple[str, ...]]]:
    """Spans with the names of the class and function each begins in; whole definitions as far as they fit."""
    from semantic_text_splitter import CodeSplitter

    grammar = _grammar(media_type)
    splitter = CodeSplitter.from_callback(grammar, settings.size_of, settings.chunk_size, overlap=settings.overlap)
    definitions = definitions_of(text, media_type)
    lines = [0]
    for line in text.split("\n"):
        lines.append(lines[-1] + len(line) + 1)
    cut = ((begin, begin + len(chunk)) for begin, chunk in splitter.chunk_indices(text))
    for begin, end in joined(cut, text, settings):
        row = bisect_right(lines, begin) - 1
        # The first line's indentation was trimmed, which makes a method look like a function beside its body.
        indented = lines[row]
        trimmed = text[indented:begin].isspace() and settings.fits(text[indented:end])
        path = tuple(definition.name for definition in definitions if definition.first <= row <= definition.last)
        yield (indented if trimmed else begin, end), path


def definitions_of(text: str, media_type: str) -> list[Definition]:
    """The definitions of a source text, the outer before the inner; what is no valid code has those that parse."""
    from tree_sitter import Language, Parser

    tree = Parser(Language(_grammar(media_type))).parse(text.encode("utf-8", "replace"))
    found = []
    waiting = [tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.type in _DEFINITIONS and (name := _name(node)):
            whole = node.parent if node.parent is not None and node.parent.type in _WRAPPERS else node
            found.append(Definition(whole.start_point.row, node.end_point.row, name))
        waiting.extend(reversed(node.children))
    return found


def _grammar(media_type: str) -> Any:
    module, function = _GRAMMARS[media_type]
    return getattr(import_module(module), function)()


def _name(node: Node) -> str:
    named = node.child_by_field_name("name") or (node.child_by_field_name("type") if node.type == "impl_item" else None)
    if named is None:
        # In C a function's name is what is left of its declarator without pointers and parameters.
        inner = node.child_by_field_name("declarator")
        while inner is not None:
            named, inner = inner, inner.child_by_field_name("declarator")
    return (named.text or b"").decode("utf-8", "replace") if named is not None else ""
