"""Asks an imported model whether its weights make sense, before anything is signed.

Weights can load without an error and be wrong all the same: permuted by a converter, of another layer, scaled twice.
Such a model is still shaped like a model, but it no longer predicts text. It reads a short text twice. The first
reading shows that it knows the language. The second shows that attention works: a language model copies what it has
just seen (induction heads, https://arxiv.org/abs/2209.11895). SmolLM2-135M reads the text with 2.4 nats a token and
then with 0.2; with query and key rows in GGUF's order instead of transformers', with 5.3 and 5.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import InvalidInput
from modelops.models.loading import import_transformers, load_model_with_report, load_tokenizer, quiet
from modelops.models.reports import refuse_incomplete

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

OnLoaded = Callable[["PreTrainedModel", "PreTrainedTokenizerBase"], object]
"""Is given a model that makes sense, while it is loaded."""

TEXT = '''\
The sun was going down behind the hills when the two children walked home from school. They talked about the long
summer holidays, and about the small boat that their father had promised to build. "We can take it to the lake," said
the girl, "and fish until it gets dark." Her brother laughed. He did not like fish, but he liked the water very much.

def fibonacci(n):
    """Return a list of the first n Fibonacci numbers."""
    numbers = [0, 1]
    while len(numbers) < n:
        numbers.append(numbers[-1] + numbers[-2])
    return numbers[:n]
'''

CHANCE_SHARE = 0.5
"""A first reading must be below this share of ln(vocabulary), the loss of guessing evenly."""

REPEAT_SHARE = 0.35
"""A second reading must be below this share of the first."""


def ignored(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Nothing more is asked of it."""


@dataclass(frozen=True)
class Probe:
    """Mean loss per token, in nats, of a first and of a second reading; ``chance`` is ln(vocabulary)."""

    loss: float
    loss_repeated: float
    chance: float

    @property
    def is_plausible(self) -> bool:
        return self.loss < CHANCE_SHARE * self.chance and self.loss_repeated < REPEAT_SHARE * self.loss

    def as_metadata(self) -> dict[str, str]:
        """The losses as text, as signed metadata wants them."""
        return {name: f"{value:.4f}" for name, value in asdict(self).items()}


def probe_model(folder: Path, then: OnLoaded = ignored) -> Probe:
    """Load the model in ``folder`` and let it read :data:`TEXT` twice; raise unless that makes sense.

    ``then`` is given the loaded model and its tokenizer when it does. Raises ``InvalidInput``: ``incomplete_weights``
    when tensors are missing, left over or of another shape, ``implausible_model`` when the model predicts text no
    better than a broken one, ``unsupported_architecture`` when transformers has no causal language model of that kind.
    """
    transformers = import_transformers()
    with quiet(transformers):
        model, tokenizer = _load(folder), load_tokenizer(folder)
        probe = _read_twice(model, tokenizer)
    if not probe.is_plausible:
        raise InvalidInput(
            "implausible_model",
            f"The model loads, but reads plain text with a loss of {probe.loss:.2f} nats a token, and again with "
            f"{probe.loss_repeated:.2f}; guessing evenly gives {probe.chance:.2f}. Its weights are probably damaged.",
            "Fetch or convert it again. An untrained model, or one of other text, can skip the probe (--no-probe).",
            **probe.as_metadata(),
        )
    with quiet(transformers):
        then(model, tokenizer)
    return probe


def _load(folder: Path) -> Any:
    try:
        model, report = load_model_with_report(folder)
    except (ValueError, KeyError, ImportError, OSError) as error:
        raise InvalidInput(
            "unsupported_architecture",
            f"transformers cannot load this model: {str(error)[:300]}",
            "Use a causal language model that the installed transformers supports.",
        ) from error
    refuse_incomplete(report)
    for name, weights in model.named_parameters():
        if weights.ndim > 1 and not weights.any():  # what a download leaves that reserved its space and broke off
            raise InvalidInput(
                "implausible_model",
                f"The tensor {name} holds nothing but zeros.",
                "Fetch the model again, and compare its files' digests with the source's.",
                tensor=name,
            )
    return model


def _read_twice(model: Any, tokenizer: PreTrainedTokenizerBase) -> Probe:
    import torch

    if torch.cuda.is_available() and model.get_memory_footprint() < 0.8 * torch.cuda.mem_get_info()[0]:
        model.cuda()
    first = tokenizer(TEXT)["input_ids"]
    again = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    # Positions past the context length are undefined for a model.
    limit = (getattr(model.config, "max_position_embeddings", None) or 1 << 20) // 2
    first, again = first[:limit], again[:limit]
    ids = torch.tensor([first + again], device=model.device)
    with torch.inference_mode():
        logits = model(input_ids=ids, use_cache=False).logits[0, :-1].float()
    losses = torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none")
    return Probe(
        loss=losses[: len(first) - 1].mean().item(),
        loss_repeated=losses[len(first) :].mean().item(),
        chance=math.log(logits.shape[-1]),
    )
