"""Instructions in documents, from the file to the screen: none leaves its quotation, and nothing becomes active."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from active_markdown import active
from injections import ATTACKS, HANDBOOK, Attack, outside_of_quotations, poisoned_index, read_all

from modelops.rag.answering import AnswerSettings, Prompt, cite, prompt_for
from modelops.rag.documents import Document
from modelops.rag.embedding import LocalEmbedder
from modelops.rag.retrieval import Hit, SearchSettings, search

UNSEEN = {"hidden.html", "white.html", "comment.html", "alt.html", "comment.md"}
CONTROL = re.compile(r"<\||</?s>|\[/?INST\]|<<SYS|<(?:start|end)_of_turn>")
SETTINGS = AnswerSettings(min_similarity=None, min_words=None, max_context_tokens=4096)

by_name = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    return read_all(tmp_path_factory.mktemp("injections") / "documents")


def found(attack: Attack, documents: dict[str, Document], embedder: LocalEmbedder, folder: Path) -> list[Hit]:
    index = poisoned_index(attack, documents, embedder, folder / "index")
    return search(index, attack.question, SearchSettings(top_k=6, per_source=2))


def prompt_of(attack: Attack, hits: list[Hit]) -> Prompt:
    return prompt_for(attack.question, hits, SETTINGS)


def test_there_are_enough_of_each_kind() -> None:
    assert len(ATTACKS) >= 30
    assert len({attack.kind for attack in ATTACKS}) >= 9
    assert len({attack.word for attack in ATTACKS}) == len(ATTACKS)


@by_name
def test_an_instruction_stays_in_its_quotation(
    attack: Attack, documents: dict[str, Document], embedder: LocalEmbedder, tmp_path: Path
) -> None:
    hits = found(attack, documents, embedder, tmp_path)
    prompt = prompt_of(attack, hits)
    told = "\n".join(message["content"] for message in prompt.messages)
    assert attack.word not in outside_of_quotations(prompt)
    assert not CONTROL.search(told)
    if attack.name in UNSEEN or attack.name == "tags.md":
        assert attack.word not in told
    else:
        assert attack.word in documents[attack.name].text  # or this would show nothing


@by_name
def test_what_a_model_repeats_is_not_active(attack: Attack, documents: dict[str, Document]) -> None:
    said = f"{attack.content}\n\n{documents[attack.name].text if attack.name in documents else ''}"
    assert active(cite(said, ()).text) == []


@by_name
def test_a_document_cannot_push_out_all_others(
    attack: Attack, documents: dict[str, Document], embedder: LocalEmbedder, tmp_path: Path
) -> None:
    sources = [hit.chunk.source for hit in found(attack, documents, embedder, tmp_path)]
    assert sources.count(attack.name) <= 2
    assert {*sources} & {*HANDBOOK}
