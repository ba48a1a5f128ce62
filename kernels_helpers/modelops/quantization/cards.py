"""The README of a quantized model: made from what, how small it is, how good, and what the gate said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelops.names import in_words
from modelops.quantization.sources import requantized_note

if TYPE_CHECKING:
    from modelops.intervals import Measure

_LOADING = {
    "gguf": """\
import modelops
from modelops.models import load_for_inference

artifact = modelops.open_artifact("{name}")
model, tokenizer = load_for_inference(artifact.path)  # dequantized; llama.cpp opens the file itself""",
    "safetensors": """\
import modelops
from modelops.models import load_for_inference

artifact = modelops.open_artifact("{name}")
model, tokenizer = load_for_inference(artifact.path)  # transformers; the package below must be installed""",
}

_SERVING = {
    "bitsandbytes": """\
transformers loads it with `bitsandbytes`, on a GPU or a processor. vLLM loads it on a GPU:
`vllm serve FOLDER --quantization bitsandbytes` (not run here).""",
    "compressed-tensors": """\
transformers loads it with `compressed-tensors`, on a GPU or a processor. vLLM sees in `config.json` how it is stored:
`vllm serve FOLDER` (not run here).""",
}


def quantized_model_card(name: str, metadata: Mapping[str, Any], measures: Mapping[str, Measure]) -> str:
    """The model card as Markdown with the hub's YAML header; ``metadata`` is what the quantizing notebook registers."""
    from huggingface_hub import ModelCardData

    library = "gguf" if metadata["format"] == "gguf" else "transformers"
    header = ModelCardData(
        pipeline_tag="text-generation",
        library_name=library,
        tags=["quantized", metadata["quantization"]],
        base_model=metadata["base_model"],
        datasets=[metadata["dataset"]],
    )
    made_from = f"`{metadata['base_model']}` (sha256:{metadata['base_digest']})"
    if metadata["adapter"]:
        made_from += f" with the adapter `{metadata['adapter']}` (sha256:{metadata['adapter_digest']}) merged into it"
    gate = metadata["gate"]
    lines = [f"- {reason}" for reason in gate["reasons"]]
    said = "It **passed** its gate." if gate["verdict"] == "passed" else "It was **rejected** by its gate:"
    rows = "\n".join(
        f"| {in_words(key)} | {one.value:.4g} | {one.interval} | {one.unit} |" for key, one in measures.items()
    )
    table = (
        f"| measure | value | 95 % interval | unit |\n|---|---|---|---|\n{rows}\n" if rows else "It was not measured.\n"
    )
    return "\n".join(
        [
            f"---\n{header.to_yaml()}\n---",
            f"# {name}\n",
            f"{made_from}, quantized to {metadata['quantization']}: {metadata['bits_per_weight']:.2f} bits a weight.\n",
            *([f"{requantized_note(before)}\n"] if (before := metadata.get("requantized_from")) else []),
            said,
            *lines,
            f"\nAgainst the model it was made from, on {metadata['rows']} held-out rows of `{metadata['dataset']}`:\n",
            table,
            f"## Loading\n\n```python\n{_LOADING[metadata['format']].format(name=name)}\n```\n",
            *([_SERVING[metadata["quant_method"]] + "\n"] if metadata.get("quant_method") in _SERVING else []),
        ]
    )
