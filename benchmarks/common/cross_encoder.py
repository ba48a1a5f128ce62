"""A cross-encoder that is made here, since no package brings one: MiniLM, trained on docstrings of installed packages.

The first sentence of a docstring asks for the rest of it; passages that a hybrid search finds instead are the wrong
answers. Nothing of the standard library, of its documentation or of the licences is among them.
"""

from __future__ import annotations

import ast
import hashlib
import random
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from common.workplace import command
from modelops.inputs import open_artifact
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document
from modelops.rag.embedding import LocalEmbedder, OnProgress
from modelops.rag.index import build_index, open_index
from modelops.rag.retrieval import SearchSettings, search

NAME = "trained-here"
_LEAST, _MOST = 150, 900
"""Characters of a passage."""
_WRONG = 3
"""Wrong passages beside each right one."""
_TOKENS = 160
"""Of question and passage together."""


def provide_cross_encoder(
    embedder: LocalEmbedder, model: str, questions: int, vectors: Path, scratch: Path, told: OnProgress
) -> str:
    """Train one on so many questions, unless it is in the state home, and register it; returns its name."""
    if any(item["name"] == NAME for item in command("artifacts", "list", "--limit", "1000")):
        return NAME
    pairs = _pairs(embedder, questions, vectors, scratch, told)
    _train(open_artifact(model).path, pairs, scratch / NAME)
    command("models", "add", str(scratch / NAME), "--name", NAME)
    return NAME


def _train(base: Path, pairs: Sequence[tuple[str, str, float]], folder: Path) -> None:
    from datasets import Dataset
    from sentence_transformers import CrossEncoder
    from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss

    columns = {name: [pair[place] for pair in pairs] for place, name in enumerate(("question", "passage", "label"))}
    model = CrossEncoder(str(base), num_labels=1, max_length=_TOKENS, local_files_only=True)
    arguments = CrossEncoderTrainingArguments(
        output_dir=str(folder.with_suffix(".checkpoints")),
        num_train_epochs=1,
        per_device_train_batch_size=16,
        learning_rate=5e-5,
        warmup_steps=0.1,
        seed=0,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
    )
    CrossEncoderTrainer(
        model=model, args=arguments, train_dataset=Dataset.from_dict(columns), loss=BinaryCrossEntropyLoss(model)
    ).train()
    model.save_pretrained(str(folder), create_model_card=False)


def _pairs(
    embedder: LocalEmbedder, questions: int, vectors: Path, scratch: Path, told: OnProgress
) -> list[tuple[str, str, float]]:
    """Questions and passages, with 1 for the right one and 0 for each of the wrong ones."""
    said = list(dict.fromkeys(_docstrings()))
    random.Random(0).shuffle(said)
    said = said[: 2 * questions]  # those that are not asked for are wrong answers
    rows = []
    for number, (_, passage) in enumerate(said):
        digest = f"sha256:{hashlib.sha256(passage.encode()).hexdigest()}"
        document = Document(source=f"{number}", digest=digest, media_type="text/plain", text=passage)
        rows.append((document, [Chunk(source=f"{number}", start=0, end=len(passage), text=passage)]))
    build_index(rows, embedder, scratch / "docstrings", chunker={}, checkpoints=vectors, on_progress=told)
    index = open_index(scratch / "docstrings", embedder)
    chosen, pairs = random.Random(1), []
    for number, (question, passage) in enumerate(said[:questions]):
        hits = search(index, question, SearchSettings(top_k=20))
        wrong = [hit.chunk.text for hit in hits if hit.document.source != f"{number}"]
        pairs.append((question, passage, 1.0))
        pairs += [(question, text, 0.0) for text in chosen.sample(wrong, min(_WRONG, len(wrong)))]
    return pairs


def _docstrings() -> Iterator[tuple[str, str]]:
    """The first sentence and the rest of what installed packages say of their functions and classes."""
    for path in sorted(Path(sysconfig.get_paths()["purelib"]).rglob("*.py")):
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                first, _, rest = (ast.get_docstring(node) or "").partition("\n\n")
                question, passage = " ".join(first.split()), rest.strip()[:_MOST]
                if 4 <= len(question.split()) <= 30 and len(passage) >= _LEAST:
                    yield question, passage
