"""An embedding model that is served: sentence-transformers computes its vectors, as it does elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from transformers import PreTrainedTokenizerBase

from modelops.errors import InvalidInput
from modelops.models import load_embedder
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.transformers.problems import Problem


class EncoderReader(NamedTuple):
    """What reads a text for the model."""

    tokenizer: PreTrainedTokenizerBase


class Encoder:
    """A loaded embedding model. Only one thread at a time may call :meth:`embed`."""

    def __init__(self, assignment: Assignment) -> None:
        if assignment.adapters:
            raise InvalidInput(
                "adapter_not_supported", "This model makes vectors; no adapter can be put beside it.", "Serve it alone."
            )
        self.name = assignment.name
        self.base: Any = load_embedder(assignment.model)
        self.readers: dict[str | None, EncoderReader] = {None: EncoderReader(self.base.tokenizer)}
        most = int(self.base.max_seq_length or self.base.tokenizer.model_max_length)
        self.context = min(assignment.context or most, most)
        self.vocabulary: int = len(self.base.tokenizer)
        self.names = [self.name]
        self.adapters: list[str] = []

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        device: torch.device = self.base.device
        return device

    def resolve(self, model: str) -> None:
        """Nothing, for the model itself; raises a :class:`Problem` (404, ``model_not_found``) for others."""
        if model != self.name:
            raise Problem(404, "model_not_found", f"There is no model {model[:200]} here, only {self.name}.", "model")

    def embed(self, inputs: Sequence[list[int]], adapter: str | None) -> list[list[float]]:
        """The vectors of token ids, as the model's own modules make them."""
        tokenizer = self.base.tokenizer
        longest = max(map(len, inputs))
        columns = {
            "input_ids": [ids + [tokenizer.pad_token_id or 0] * (longest - len(ids)) for ids in inputs],
            "attention_mask": [[1] * len(ids) + [0] * (longest - len(ids)) for ids in inputs],
        }
        if "token_type_ids" in tokenizer.model_input_names:
            columns["token_type_ids"] = [[0] * longest for _ in inputs]
        features = {name: torch.tensor(rows, device=self.device) for name, rows in columns.items()}
        with torch.inference_mode():
            vectors: list[list[float]] = self.base(features)["sentence_embedding"].float().tolist()
        return vectors
