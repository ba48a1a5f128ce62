"""What is asked of each kind of row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import NotFound
from modelops.generation import read_prompts


def _dataset(folder: Path, *rows: dict[str, Any]) -> Path:
    (folder / "data").mkdir()
    (folder / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def _turns(*contents: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(contents)]


def test_a_conversation_is_asked_up_to_its_last_answer_and_a_text_as_it_is(tmp_path: Path) -> None:
    folder = _dataset(tmp_path, {"messages": _turns("a", "b", "c", "d")}, {"text": "Once"})

    chat, text = read_prompts(folder)

    assert (list(chat.messages), chat.reference, chat.question) == (_turns("a", "b", "c"), "d", "c")
    assert (list(text.messages), text.reference) == (_turns("Once"), None)


def test_a_system_prompt_takes_the_place_of_the_rows_own(tmp_path: Path) -> None:
    own = {"role": "system", "content": "Be kind."}
    folder = _dataset(tmp_path, {"messages": [own, *_turns("a", "b")]}, {"messages": _turns("c", "d")})

    kept = [prompt.messages[0]["content"] for prompt in read_prompts(folder)]
    replaced = [[turn["content"] for turn in prompt.messages] for prompt in read_prompts(folder, system_prompt="New")]

    assert kept == ["Be kind.", "c"]
    assert replaced == [["New", "a"], ["New", "c"]]


def test_rows_are_limited_and_samples_numbered(tmp_path: Path) -> None:
    folder = _dataset(tmp_path, *({"text": text} for text in "abc"))

    assert [prompt.key for prompt in read_prompts(folder, most=2, samples=2)] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    with pytest.raises(NotFound):
        read_prompts(folder, "test")
