"""What is written down about a quantized model: its metadata, ``quantization.json`` and its card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.quantization.cards import quantized_model_card

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from modelops.evaluation import Verdict
    from modelops.intervals import Measure
    from modelops.models import ModelInfo
    from modelops.quantization.reviews import Review
    from modelops.registry import VerifiedArtifact


def quantized_metadata(
    *,
    source: VerifiedArtifact,
    adapter: VerifiedArtifact | None,
    dataset: VerifiedArtifact,
    info: ModelInfo,
    tokenizer: PreTrainedTokenizerBase,
    review: Review,
    measures: Mapping[str, Measure],
    verdict: Verdict,
    requantized: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The metadata that a quantized model is registered with; ``info`` is what its source is, and
    ``requantized`` what :func:`~modelops.quantization.sources.open_source` says of a source that was quantized already.

    ``more`` says how it was quantized: at least ``format`` and ``quantization``, and the ``rows`` that judged it.
    """
    return {
        "base_model": source.artifact.ref,
        "base_digest": source.artifact.digest,
        "adapter": adapter.artifact.ref if adapter else None,
        "adapter_digest": adapter.artifact.digest if adapter else None,
        "dataset": dataset.artifact.ref,
        "dataset_digest": dataset.artifact.digest,
        "architecture": info.architecture,
        "parameter_count": review.parameters,
        "context_length": info.context_length,
        "chat_template": tokenizer.chat_template is not None,
        "bits_per_weight": round(review.bits_per_weight, 3),
        **({"requantized_from": dict(requantized)} if requantized else {}),
        **more,
        **{name: measure.value for name, measure in measures.items()},
        "intervals": {name: measure.interval for name, measure in measures.items()},
        "gate": verdict.as_json(),
    }


def write_record(
    folder: Path, name: str, metadata: Mapping[str, Any], review: Review, measures: Mapping[str, Measure]
) -> None:
    """Write ``quantization.json`` (all that was found and measured) and ``README.md`` beside the weights."""
    found = {key: measure.as_json() for key, measure in measures.items()}
    report = {**metadata, "review": review.as_json(), "measures": found}
    (folder / "quantization.json").write_text(json.dumps(report, indent=2, allow_nan=False))
    (folder / "README.md").write_text(quantized_model_card(name, metadata, measures))


def quality_table(
    base_bytes: int,
    sizes: Mapping[str, int],
    measures: Mapping[str, Mapping[str, Measure]],
    verdicts: Mapping[str, Verdict],
) -> str:
    """A line for each quantized model by its name: bytes of its weights, also as a share of ``base_bytes``, its
    perplexity as a multiple of the model's own, how often both would write the same token, how many tokens a second it
    writes where that was measured, and what the gate said."""
    width = max(map(len, sizes))
    head = f"{'':<{width}}{'size':>12}{'of it':>7}  {'perplexity, times':>24}  {'top-1 agreement':>22}"
    lines = [f"{head}{'written':>12}  gate"]
    for name, size in sizes.items():
        line = f"{name:<{width}}{size / 1e6:>9,.1f} MB{size / base_bytes:>7.0%}  "
        if found := measures[name]:
            ratio, top1 = found["perplexity_ratio"], found["top1_agreement"]
            line += f"{f'{ratio.value:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]':>24}  "
            line += f"{f'{top1.value:.1%} [{top1.low:.1%}, {top1.high:.1%}]':>22}"
        else:
            line += f"{'not measured':>24}  {'':>22}"
        speed = found.get("decode_speed")
        line += f"{f'{speed.value:.0f} tokens/s' if speed else '':>12}  "
        lines.append(line + ("passed" if verdicts[name].passed else "rejected"))
    return "\n".join(lines)
