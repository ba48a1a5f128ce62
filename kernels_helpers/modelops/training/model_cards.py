"""The README of what training made: where it comes from, how it was made, how well it does, how it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LOADING = {
    "adapter": """\
import modelops
from modelops.models import load_model, load_tokenizer
from peft import PeftModel

base = modelops.open_artifact("{base_model}")
adapter = modelops.open_artifact("{name}")
model = PeftModel.from_pretrained(load_model(base.path), adapter.path)
tokenizer = load_tokenizer(adapter.path)""",
    "model": """\
import modelops
from modelops.models import load_model, load_tokenizer

artifact = modelops.open_artifact("{name}")
model = load_model(artifact.path)
tokenizer = load_tokenizer(artifact.path)""",
}


def model_card(name: str, results: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The model card of a training result as Markdown with the hub's YAML header.

    ``results`` are what the training notebook registers as metadata (``base_model``, ``dataset``, ``method``,
    ``loss_before`` … with losses in nats per answer token); ``settings`` are hyper-parameters by their readable names.
    """
    kind = "model" if results["method"] == "full" else "adapter"
    before, after = results["loss_before"], results["loss_after"]
    facts = {
        "base model": f"`{results['base_model']}`, sha256:{results['base_digest']}",
        "dataset": f"`{results['dataset']}`, sha256:{results['dataset_digest']}",
        "method": results["method"],
        **settings,
        "steps": f"{results['steps']}, {results['seconds']:.0f} s",
        "speed": f"{results['tokens_per_second']:.0f} tokens/s",
        "peak memory": f"{results['peak_memory_bytes'] / 1e9:.2f} GB",
    }
    header = _yaml(
        library_name="peft" if kind == "adapter" else "transformers",
        tags=["sft", results["method"]],
        base_model=results["base_model"],
        datasets=[results["dataset"]],
    )
    table = "\n".join(f"| {fact} | {_cell(value)} |" for fact, value in facts.items())
    return f"""\
{header}
# {name}

Held-out loss **{before:.4f} → {after:.4f}** nats per answer token ({after / before - 1:+.1%}).

| | |
|---|---|
{table}

## Loading

```python
{_LOADING[kind].format(name=name, base_model=results["base_model"])}
```

Base model and dataset are named by the digests of their signed statements. The attestation of this {kind} says the
same, signed: `modelops artifacts verify {name}`.
"""


def merged_model_card(name: str, metadata: Mapping[str, Any]) -> str:
    """The model card of a merged model; ``metadata`` is what the merging notebook registers."""
    header = _yaml(library_name="transformers", tags=["merge"], base_model=metadata["base_model"])
    return f"""\
{header}
# {name}

`{metadata["base_model"]}` (sha256:{metadata["base_digest"]}) with the adapter `{metadata["adapter"]}`
(sha256:{metadata["adapter_digest"]}) merged into its weights, stored in {metadata["dtype"]}. On a prompt, its logits
differ from those of the adapter beside the base model by at most {metadata["largest_logit_difference"]:.2g}.

## Loading

```python
{_LOADING["model"].format(name=name)}
```
"""


def _yaml(**fields: Any) -> str:
    from huggingface_hub import ModelCardData

    return f"---\n{ModelCardData(pipeline_tag='text-generation', **fields).to_yaml()}\n---"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
