"""Code is cut between its definitions, and each chunk knows which it begins in."""

from __future__ import annotations

import inspect
import json.decoder
from collections.abc import Callable

import pytest

from modelops.rag.chunking import ChunkSettings, chunks_of
from modelops.rag.chunking.code import CODE_TYPES, definitions_of
from modelops.rag.documents import Document

Count = Callable[[str], int]
Make = Callable[..., Document]

SAMPLES = {
    "text/x-python": (
        "class A:\n    @cached\n    def b(self):\n        pass\n\nasync def c(): pass\n",
        ["A", "b", "c"],
    ),
    "text/javascript": ("class A { b() {} }\nexport function c() {}\n", ["A", "b", "c"]),
    "text/x-typescript": ("interface A { x: number }\nabstract class B { c(): void {} }\n", ["A", "B", "c"]),
    "text/x-tsx": ("function A() { return <p>hi</p>; }\n", ["A"]),
    "text/x-java": ("class A { A() {} void b() {} enum C { X } }\n", ["A", "A", "b", "C"]),
    "text/x-c": ("struct a { int x; };\nstatic char *b(int c) { return 0; }\n", ["a", "b"]),
    "text/x-c++": ("namespace a { class B { void c() {} }; }\nint a::d(int) { return 1; }\n", ["a", "B", "c", "a::d"]),
    "text/x-go": ("package p\ntype A struct{}\nfunc (a A) B() {}\nfunc c() {}\n", ["A", "B", "c"]),
    "text/x-rust": ("struct A;\nimpl A { fn b(&self) {} }\nmod c { enum D {} }\n", ["A", "A", "b", "c", "D"]),
}


def test_every_language_has_a_sample() -> None:
    assert set(SAMPLES) == CODE_TYPES


@pytest.mark.parametrize("media_type", SAMPLES)
def test_definitions_are_known_by_name(media_type: str) -> None:
    source, names = SAMPLES[media_type]

    assert [definition.name for definition in definitions_of(source, media_type)] == names


def test_a_chunk_of_code_has_the_class_and_function_it_begins_in(document: Make, count_tokens: Count) -> None:
    source = inspect.getsource(json.decoder)
    chunks = chunks_of(document(source, "text/x-python"), ChunkSettings(count_tokens, chunk_size=256, overlap=0))
    headings = [chunk.headings for chunk in chunks]

    assert ("JSONDecoder",) in headings
    assert any(path[:1] == ("JSONDecoder",) and len(path) == 2 for path in headings)
    assert all(path[0] in vars(json.decoder) for path in headings if path)


def test_functions_that_fit_are_not_cut(document: Make, count_tokens: Count) -> None:
    source = "\n\n".join(
        f'@decorated\ndef function_{n}(value):\n    """Number {n}."""\n    return value + {n}' for n in range(40)
    )
    chunks = chunks_of(document(source, "text/x-python"), ChunkSettings(count_tokens, chunk_size=128, overlap=0))

    assert all(chunk.text.startswith("@decorated") for chunk in chunks)
    assert [chunk.headings[0] for chunk in chunks][:2] == ["function_0", chunks[1].text.split("def ")[1].split("(")[0]]


def test_a_method_keeps_its_indentation(document: Make, count_tokens: Count) -> None:
    body = "\n".join(f"        self.value_{n} = compute(self, {n})" for n in range(12))
    source = "class A:\n" + "\n\n".join(f"    def method_{n}(self):\n{body}" for n in range(6))
    chunks = chunks_of(document(source, "text/x-python"), ChunkSettings(count_tokens, chunk_size=256, overlap=0))

    methods = [chunk.text for chunk in chunks if chunk.text.lstrip().startswith("def ")]
    assert methods
    assert all(text.startswith("    def ") for text in methods)


def test_code_that_does_not_parse_is_cut_all_the_same(document: Make, count_tokens: Count) -> None:
    source = "def f(:\n  ((((\nclass\n" * 200

    assert len(chunks_of(document(source, "text/x-python"), ChunkSettings(count_tokens))) > 3
