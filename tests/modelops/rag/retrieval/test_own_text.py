"""Passages are found by their own text, or the index was made wrongly."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from modelops.errors import InvalidInput
from modelops.rag.index import Index
from modelops.rag.retrieval import found_by_own_text


def test_a_sound_index_finds_what_it_holds(make_index: Callable[..., Index]) -> None:
    assert found_by_own_text(make_index()) == 1


def test_one_whose_vectors_are_turned_around_does_not(make_index: Callable[..., Index]) -> None:
    index = make_index()
    with pytest.raises(InvalidInput, match="are found by their own text") as refused:
        found_by_own_text(dataclasses.replace(index, vectors=-index.vectors))
    assert refused.value.code == "index_finds_nothing"
