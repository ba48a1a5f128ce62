"""The model that is served, its adapters and tokenizers, and the one place where it computes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import DynamicCache, GenerationConfig, PreTrainedTokenizerBase

from modelops.errors import InvalidInput
from modelops.models.greedy import end_tokens
from modelops.models.inference import load_for_inference
from modelops.models.loading import load_tokenizer
from modelops.models.token_bytes import TokenBytes
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.engines.transformers.problems import Problem

_LONGEST = 8192
"""Tokens of prompt and answer where nobody says how many: the memory for more would surprise."""

_BASE = "__base__"
"""PEFT's name for rows without an adapter."""


@dataclass(frozen=True)
class Reader:
    """A tokenizer, and what ends an answer that is written with it."""

    tokenizer: PreTrainedTokenizerBase
    ends: frozenset[int]
    bytes: TokenBytes


class Served:
    """A loaded model. Only one thread at a time may call :meth:`logits` and :meth:`embed`."""

    def __init__(self, assignment: Assignment) -> None:
        self.name = assignment.name
        self._default = assignment.default_adapter
        self.base: Any
        self.base, tokenizer = load_for_inference(assignment.model)
        self.defaults: GenerationConfig = self.base.generation_config
        """What the model's author finds good."""
        self.readers: dict[str | None, Reader] = {None: self._reader(tokenizer)}
        self._adapted: Any = None
        self._active: str | None = None
        self._labels: dict[str, str] = {}
        """What PEFT calls the adapters: a dot in a name would end it."""
        for adapter in assignment.adapters:
            self._add_adapter(adapter.name, adapter.folder)
        self.context = assignment.context or min(self._made_for(tokenizer), _LONGEST)
        self.vocabulary: int = self.base.get_input_embeddings().weight.shape[0]
        known = inspect.signature(self.base.forward).parameters
        self._optional = {"position_ids", "logits_to_keep"} & known.keys()

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        device: torch.device = self.base.device
        return device

    @property
    def names(self) -> list[str]:
        """What a request may ask for."""
        return [self.name, *(f"{self.name}/{adapter}" for adapter in self._labels)]

    @property
    def adapters(self) -> list[str]:
        """The names of the adapters."""
        return list(self._labels)

    def resolve(self, model: str) -> str | None:
        """The adapter that a request's ``model`` means; raises a :class:`Problem` (404, ``model_not_found``)."""
        if model == self.name:
            return self._default
        adapter = model.removeprefix(f"{self.name}/")
        if adapter == model or adapter not in self._labels:
            raise Problem(
                404, "model_not_found", f"There is no model {model[:200]} here, only {', '.join(self.names)}.", "model"
            )
        return adapter

    def logits(
        self,
        tokens: torch.Tensor,
        adapters: Sequence[str | None],
        cache: DynamicCache,
        padding: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The logits behind the last of ``tokens`` (rows, new tokens), as float32 (rows, vocabulary).

        ``adapters`` has one for each row. ``cache`` holds what came before, and gets the new tokens; ``padding`` says
        how many of its first places are empty, row by row.
        """
        begin = cache.get_seq_length()
        places = torch.arange(begin + tokens.shape[1], device=tokens.device)
        padding = torch.zeros(len(tokens), dtype=torch.long, device=tokens.device) if padding is None else padding
        mask = (places >= padding[:, None]).long()
        options = {"position_ids": places[begin:] - padding[:, None], "logits_to_keep": 1}
        with torch.inference_mode(), self._applied(adapters) as told:
            output = (self._adapted or self.base)(
                input_ids=tokens,
                attention_mask=mask,
                past_key_values=cache,
                use_cache=True,
                **{name: options[name] for name in self._optional},
                **told,
            )
            logits: torch.Tensor = output.logits[:, -1].to(torch.float32)
        return logits

    def embed(self, inputs: Sequence[list[int]], adapter: str | None) -> list[list[float]]:
        """A vector for each input: the mean of the hidden states behind the last layer, of length 1."""
        longest = max(map(len, inputs))
        tokens = torch.tensor([ids + [0] * (longest - len(ids)) for ids in inputs], device=self.device)
        lengths = torch.tensor([len(ids) for ids in inputs], device=self.device)
        mask = (torch.arange(longest, device=self.device) < lengths[:, None]).long()
        self._enable(adapter)
        with torch.inference_mode():
            output = self.base.base_model(input_ids=tokens, attention_mask=mask, use_cache=False)
            states = output.last_hidden_state.float() * mask[..., None]
        means = states.sum(dim=1) / lengths[:, None]
        vectors: list[list[float]] = torch.nn.functional.normalize(means, dim=-1).tolist()
        return vectors

    def activate(self, adapter: str | None) -> Any:
        """The model with one adapter, or none."""
        self._enable(adapter)
        return self.base

    @contextmanager
    def _applied(self, adapters: Sequence[str | None]) -> Iterator[dict[str, Any]]:
        """Apply the adapters of all rows; yields what the forward call must be told for it."""
        if len(set(adapters)) == 1:
            self._enable(adapters[0])
            yield {}
            return
        self._enable(self._active or next(iter(self._labels)))
        try:
            yield {"adapter_names": [self._labels[adapter] if adapter else _BASE for adapter in adapters]}
        except BaseException:
            self._forget_names()
            raise

    def _forget_names(self) -> None:
        """Remove what PEFT leaves on its layers where a call with names of adapters is broken off."""
        for module in self._adapted.modules():
            for number, hook in list(module._forward_pre_hooks.items()):
                if isinstance(hook, partial) and "adapter_names" in hook.keywords:
                    del module._forward_pre_hooks[number]
                    module._forward_pre_hooks_with_kwargs.pop(number, None)

    def _enable(self, adapter: str | None) -> None:
        if self._adapted is None or adapter == self._active:
            return
        if adapter is None:
            self._adapted.base_model.disable_adapter_layers()
        else:
            self._adapted.base_model.enable_adapter_layers()
            self._adapted.set_adapter(self._labels[adapter], inference_mode=True)
        self._active = adapter

    def _add_adapter(self, name: str, folder: str) -> None:
        from peft import PeftConfig, PeftModel

        if PeftConfig.from_pretrained(folder).is_prompt_learning:
            raise InvalidInput(
                "adapter_not_supported",
                f"The adapter {name} puts learned tokens in front of prompts, which this engine cannot serve.",
                "Serve adapters such as LoRA, which change the weights.",
            )
        label = f"adapter{len(self._labels)}"
        if self._adapted is None:
            self._adapted = PeftModel.from_pretrained(self.base, folder, adapter_name=label).eval()
        else:
            self._adapted.load_adapter(folder, adapter_name=label)
            self._adapted.eval()
        self._labels[name] = label
        self._adapted.set_adapter(label, inference_mode=True)
        self._active = name
        own = (Path(folder) / "tokenizer_config.json").is_file()
        self.readers[name] = self._reader(load_tokenizer(folder)) if own else self.readers[None]

    def _reader(self, tokenizer: PreTrainedTokenizerBase) -> Reader:
        return Reader(tokenizer, frozenset(end_tokens(self.base, tokenizer)), TokenBytes(tokenizer))

    def _made_for(self, tokenizer: PreTrainedTokenizerBase) -> int:
        config = self.base.config.get_text_config()
        return int(getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length)
