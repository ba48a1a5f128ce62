"""``python -m modelops.training.preview_worker``: answers questions about datasets and tokenizers, a line each.

Loading what reads a tokenizer takes seconds and 600 MB, and a server must have neither; so this is a process of its
own, in the environment of the kernel that would train, kept while it is asked and gone when it was not for a while.
Each line of its input is a question as JSON, each line of its output ``{"answer": …}`` or ``{"problem": …}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from modelops.errors import ModelOpsError
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops.training.preview import TokenizedDataset, is_tokenizer_file

IDLE = 120.0
"""Seconds without a question after which the process ends and gives its memory back."""

_KEPT = 2
"""Tokenized datasets that are kept; another max_length is then a fraction of a second."""


class Answers:
    """What can be asked."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], TokenizedDataset] = OrderedDict()

    def facts(self, home: str, dataset: str, model: str, max_length: int) -> dict[str, Any]:
        """``DatasetFacts`` of a dataset with a model's tokenizer."""
        return self._tokenized(home, dataset, model).facts(max_length).as_json()

    def first_rows(
        self, home: str, dataset: str, model: str, max_length: int, rows: int, most_tokens: int
    ) -> dict[str, Any]:
        """The first packed rows, token by token."""
        return self._tokenized(home, dataset, model).first_rows(max_length, rows, most_tokens)

    def _tokenized(self, home: str, dataset: str, model: str) -> TokenizedDataset:
        from modelops.models import load_tokenizer

        key = (home, dataset, model)
        if key not in self._kept:
            registry = Registry(StateHome(Path(home)))
            with (
                closing(registry.database.conn),
                registry.verified_open(model, only=is_tokenizer_file) as base,
                registry.verified_open(dataset) as data,
            ):
                self._kept[key] = TokenizedDataset(data.path, load_tokenizer(base.path))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def answer(answers: Answers, line: bytes) -> dict[str, Any]:
    """The answer to one question, or the problem with it."""
    question = json.loads(line)
    known: dict[str, Callable[..., dict[str, Any]]] = {"facts": answers.facts, "first_rows": answers.first_rows}
    ask = known[question.pop("ask")]
    try:
        return {"answer": ask(**question)}
    except ModelOpsError as error:
        return {"problem": error.as_json()}
    except Exception as error:  # noqa: BLE001 - whatever a tokenizer raises is told, and the next one may do better
        detail = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        return {"problem": {"code": "preview_failed", "detail": detail, "hint": ""}}


def serve(questions: IO[bytes], replies: IO[bytes], idle: float = IDLE) -> None:
    """Answer until the questions end, or none has come for ``idle`` seconds."""
    from datasets import disable_progress_bars

    disable_progress_bars()
    answers = Answers()
    while select.select([questions], [], [], idle)[0] and (line := questions.readline()):
        replies.write(json.dumps(answer(answers, line)).encode() + b"\n")
        replies.flush()


def main() -> None:
    # What a library prints must not get between the answers.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(BrokenPipeError):
        # Unbuffered: what select() sees is all there is.
        serve(os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0), replies)


if __name__ == "__main__":
    main()
