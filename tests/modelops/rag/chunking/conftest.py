"""A real tokenizer, learned from real text, and documents of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.rag.documents import Document

LIBRARY = Path(re.__file__).parents[1]
"""The sources of Python's standard library."""


@pytest.fixture(scope="session")
def count_tokens() -> Callable[[str], int]:
    """Counts as an embedding model's tokenizer does: word pieces, and two tokens that are added to every text."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=3000, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False
    )
    tokenizer.train([str(path) for path in sorted(LIBRARY.glob("a*.py"))], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return lambda text: len(tokenizer.encode(text).ids)


@pytest.fixture
def document() -> Callable[..., Document]:
    def document(text: str, media_type: str = "text/plain", page_starts: tuple[int, ...] = ()) -> Document:
        return Document("a", "sha256:0", media_type, text, page_starts=page_starts)

    return document
