"""A tiny embedding model with a tokenizer of whole words, and a cross-encoder, for the rooms that need one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from modelops.models.embedding_probe import PAIRS
from modelops.models.reranker_probe import ANSWERED

_TEXT = """
the a of and to in is it you that he was for on are with as his they at be this from have or by one had not but what all
were when we there can an your which their said if do will each about how up out them then she many some so these would
other into has more her two like him see time could no make than first been its who now people my made over did down
only way find use may water long little very after words called just where most know bread is baked with flour and yeast
a kernel runs the cells of a notebook solar panels turn light into electricity cats sleep most of the day the river
flows to the sea question answer page one two three four five six seven eight nine ten word source poison secret
"""


def write_tokenizer(folder: Path, most_tokens: int = 64, pairs: Iterable[tuple[str, str]] = PAIRS) -> int:
    """Write a tokenizer of words in BERT's manner; returns how many it knows."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = sorted({*_TEXT.split(), *(word for pair in pairs for text in pair for word in _words(text))})
    characters = [*map(chr, range(33, 127))]
    pieces = [*special, *dict.fromkeys([*characters, *(f"##{one}" for one in characters), *words])]
    pieces = [piece for piece in pieces if not piece.isupper() or piece in special]
    tokenizer = Tokenizer(
        models.WordPiece(vocab={piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
        model_max_length=most_tokens,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    ).save_pretrained(folder)
    return len(pieces)


def write_tiny_embedder(folder: Path, *, seed: int = 0, prompts: dict[str, str] | None = None) -> None:
    """Write a sentence-transformers model: two BERT layers that learned the probe's pairs, mean pooling, length 1."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertModel

    inner = folder.parent / f"{folder.name}-bert"
    inner.mkdir()
    torch.manual_seed(seed)
    BertModel(_config(write_tokenizer(inner))).save_pretrained(inner)
    bert = Transformer(str(inner), max_seq_length=64)
    model = SentenceTransformer(modules=[bert, Pooling(32, "mean"), Normalize()], device="cpu")
    _learn(model)
    if prompts:
        model.prompts = prompts
    model.save_pretrained(str(folder), create_model_card=False)


def write_tiny_cross_encoder(folder: Path, *, learned: bool = False) -> None:
    """Write a cross-encoder: two BERT layers and one score, with random weights or such that have learned the probe."""
    import torch
    from transformers import BertForSequenceClassification

    folder.mkdir()
    torch.manual_seed(0)
    config = _config(write_tokenizer(folder, pairs=ANSWERED), num_labels=1)
    model = BertForSequenceClassification(config)
    if learned:
        _learn_answers(model, folder)
    model.save_pretrained(folder)


def _config(vocabulary: int, **more: Any) -> Any:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
        pad_token_id=0,
        **more,
    )


def _words(text: str) -> list[str]:
    return text.lower().replace(".", " ").replace("?", " ").split()


def _learn(model: Any) -> None:
    """Bring the probe's pairs together: in-batch negatives, until each sentence finds its partner."""

    def similarities() -> Any:
        sides = [model(dict(model.preprocess([pair[side] for pair in PAIRS])))["sentence_embedding"] for side in (0, 1)]
        return 10 * sides[0] @ sides[1].T

    _learn_partners(model, similarities)


def _learn_answers(model: Any, folder: Path) -> None:
    """Let each question of the probe give its own passage the best score."""
    from transformers import AutoTokenizer

    pairs = [(question, passage) for question, _ in ANSWERED for _, passage in ANSWERED]
    columns = [list(column) for column in zip(*pairs, strict=True)]
    inputs = AutoTokenizer.from_pretrained(folder)(*columns, padding=True, truncation=True, return_tensors="pt")
    _learn_partners(model, lambda: model(**inputs).logits.reshape(len(ANSWERED), len(ANSWERED)), rate=5e-3)


def _learn_partners(model: Any, scores: Callable[[], Any], rate: float = 2e-3) -> None:
    """Train until the best score of each row is the one on the diagonal."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    model.eval()
    for _ in range(400):
        found = scores()
        loss = torch.nn.functional.cross_entropy(found, torch.arange(len(found)))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if loss.item() < 0.1:
            break
    assert loss.item() < 0.1
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny_embedder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny embedding model; not to be written to."""
    folder = tmp_path_factory.mktemp("embedder") / "tiny"
    write_tiny_embedder(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_cross_encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny cross-encoder; not to be written to."""
    folder = tmp_path_factory.mktemp("cross-encoder") / "tiny"
    write_tiny_cross_encoder(folder)
    return folder


def module_entries(folder: Path) -> list[dict[str, Any]]:
    """What a model's ``modules.json`` lists."""
    entries: list[dict[str, Any]] = json.loads((folder / "modules.json").read_text())
    return entries
