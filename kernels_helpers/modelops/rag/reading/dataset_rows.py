"""The rows of a registered dataset as documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from modelops.datasets import Row, split_names
from modelops.datasets.canonical import iterate_lines
from modelops.errors import InvalidInput
from modelops.inputs import open_artifact
from modelops.rag.documents import Document, Skipped
from modelops.rag.reading.cleaning import one_line, visible_text
from modelops.rag.reading.formats import MARKDOWN, PLAIN
from modelops.rag.reading.reasons import NotRead, Reason


def read_rows(ref: str) -> Iterator[Document | Skipped]:
    """Each row of a dataset, verified first: texts as they are, chats as Markdown with a heading for each turn.

    A row's source is ``NAME@VERSION#ROW``, its line in ``data/train.jsonl`` counted from 1, and
    ``NAME@VERSION#test/ROW`` in another split. Raises ``InvalidInput`` (``not_a_dataset``), and what
    ``open_artifact`` raises.
    """
    dataset = open_artifact(ref)
    artifact = dataset.artifact
    if artifact.kind != "dataset":
        raise InvalidInput("not_a_dataset", f"{artifact.ref} is of kind {artifact.kind}.", "Choose a dataset.")
    for split in split_names(dataset.path):
        begin = f"{artifact.ref}#" if split == "train" else f"{artifact.ref}#{split}/"
        for number, line in enumerate(iterate_lines(dataset.path, split), 1):
            source = f"{begin}{number}"
            row: Row = json.loads(line)
            text = _text(row)
            if text.strip():
                digest = f"sha256:{hashlib.sha256(line).hexdigest()}"
                media_type = MARKDOWN if "messages" in row else PLAIN
                yield Document(source, digest, media_type, text, _title(row))
            else:
                yield NotRead(Reason.EMPTY, "The row has no visible text.").of(source)


def _text(row: Row) -> str:
    if "messages" not in row:
        return visible_text(row["text"])
    turns = (f"# {turn['role'].capitalize()}\n\n{visible_text(turn['content'])}" for turn in row["messages"])
    return "\n\n".join(turns)


def _title(row: Row) -> str:
    """The first question of a chat."""
    asked = (turn["content"] for turn in row.get("messages", ()) if turn["role"] == "user")
    return one_line(next(asked, ""), 80)
