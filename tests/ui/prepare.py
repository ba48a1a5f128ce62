"""Fills the state home of the environment with small artifacts that look as real ones do.

``pages`` (dataset, two versions) → ``tiny-lora`` (adapter of the model ``tiny``) → ``tiny-merged`` (model), and
``tampered``, an adapter one of whose files was changed after it was signed. Beside them ``tiny-q8_0`` and
``tiny-q2_k``, of which the second was rejected, and ``tiny-eval``, an evaluation of the first.
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelops.registry import Artifact, Build, Dependency, Registry

PROBE = {"loss": "3.1042", "loss_repeated": "0.2211", "chance": "10.8027"}
TRAINED = {
    "method": "lora",
    "rank": 16,
    "loss_before": "2.7204",
    "loss_after": "2.2517",
    "steps": 45,
    "seconds": "288.4",
    "tokens_per_second": "175.2",
    "peak_memory_bytes": 4_512_000_000,
}


def sha(letter: str) -> str:
    """A digest that is easily told from others."""
    return letter * 64


class Shelf:
    """Registers artifacts in the registry of the environment."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def add(
        self,
        name: str,
        kind: str,
        files: dict[str, str],
        metadata: dict[str, Any],
        *inputs: Dependency,
        job: str | None = None,
    ) -> Artifact:
        """Register files, as the import of ``inputs`` or as what ``job`` made of them."""
        moment = datetime.now(UTC)
        if job:
            template = Dependency("template", f"modelops:template/{job.split('-')[0]}", sha("7"))
            inputs = (template, *inputs, Dependency("environment", "file:environment.json", sha("e")))
        build = Build("job" if job else "import", {"seed": 42}, inputs, job, started=moment, finished=moment)
        with tempfile.TemporaryDirectory() as folder:
            for path, content in files.items():
                target = Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(content)
            return self.registry.register(Path(folder), name=name, kind=kind, metadata=metadata, build=build)


def dataset(shelf: Shelf, rows: int) -> Artifact:
    """A dataset with so many rows."""
    question = {"role": "user", "content": "What does textwrap.dedent do?"}
    answer = {"role": "assistant", "content": "It removes common leading whitespace from every line."}
    line = json.dumps({"messages": [question, answer]}) + "\n"
    facts = {
        "rows": rows,
        "format": "messages",
        "splits": {"train": rows - 4, "test": 4},
        "duplicates": 0,
        "leaked": 0,
        "skipped_rows": 2,
        "lengths": {"unit": "tokens", "p50": 61, "p95": 180, "max": 402, "total": rows * 70},
    }
    source = Dependency("source", "file:pages.jsonl", sha(str(rows % 10)))
    return shelf.add(
        "pages", "dataset", {"data/train.jsonl": line * (rows - 4), "data/test.jsonl": line * 4}, facts, source
    )


def fill(registry: Registry) -> None:
    """Register everything, and change one file behind the registry's back."""
    shelf = Shelf(registry)
    dataset(shelf, 20)
    pages = dataset(shelf, 312)
    registry.set_alias("pages", "stable", 1)
    facts = {
        "source": "pypi:tiny==0.1.2",
        "architecture": "LlamaForCausalLM",
        "parameter_count": 134_515_008,
        "dtype": "float32",
        "context_length": 8192,
        "vocabulary_size": 49152,
        "chat_template": sha("c"),
        "licence": "apache-2.0",
        "probe": PROBE,
    }
    tiny = shelf.add(
        "tiny",
        "model",
        {"model.safetensors": "weights", "config.json": "{}", "README.md": "# tiny\n\nA model for tests.\n"},
        facts,
        Dependency("source", "pkg:pypi/tiny@0.1.2", sha("a")),
    )
    results: dict[str, Any] = {
        "base_model": tiny.ref,
        "base_digest": tiny.digest,
        "dataset": pages.ref,
        "dataset_digest": pages.digest,
    }
    results |= TRAINED
    inputs = (tiny.as_dependency("base_model"), pages.as_dependency("dataset"))
    adapter = shelf.add(
        "tiny-lora",
        "adapter",
        {"adapter_model.safetensors": "update", "adapter_config.json": "{}", "README.md": CARD},
        results,
        *inputs,
        job="sft-demo0001",
    )
    registry.set_alias("tiny-lora", "candidate", 1)
    shelf.add(
        "tiny-merged",
        "model",
        {"model.safetensors": "merged", "config.json": "{}", "README.md": HOSTILE},
        {**facts, "adapter": adapter.ref, "adapter_digest": adapter.digest, "largest_logit_difference": "0.0000123"},
        adapter.as_dependency("adapter"),
        tiny.as_dependency("input"),
        job="merge-demo0001",
    )
    quantize(shelf, tiny, pages)
    tampered = shelf.add(
        "tampered", "adapter", {"adapter_model.safetensors": "an update"}, results, *inputs, job="sft-demo0002"
    )
    blob = registry.blobs.path(tampered.files[0].sha256)
    blob.chmod(0o600)
    blob.write_text("edited")


def quantize(shelf: Shelf, tiny: Artifact, pages: Artifact) -> None:
    """Two quantized models, and an evaluation of the better one."""
    inputs = (tiny.as_dependency("model"), pages.as_dependency("dataset"))
    made = {}
    for name, (size, ratio, low, high, speed) in {
        "q8_0": (3000, "1.002", 0.998, 1.006, "113.2"),
        "q2_k": (1200, "1.346", 1.3, 1.392, "145.7"),
    }.items():
        worse = [f"perplexity ratio {ratio} [{low}, {high}], at most 1.1 is asked for."] if high > 1.1 else []
        facts = {
            "base_model": tiny.ref,
            "base_digest": tiny.digest,
            "quantization": name,
            "bits_per_weight": "5.25" if worse else "8.61",
            "rows": 64,
            "perplexity_ratio": ratio,
            "perplexity": "22.25",
            "reference_perplexity": "22.21",
            "decode_speed": speed,
            "intervals": {
                "perplexity_ratio": f"{low} to {high}",
                "perplexity": "17.4 to 29.1",
                "reference_perplexity": "17.37 to 29.06",
                "decode_speed": f"{float(speed) - 4} to {float(speed) + 4}",
            },
            "gate": {"verdict": "rejected" if worse else "passed", "reasons": worse, "rulings": []},
        }
        files = {f"tiny-{name}.gguf": "w" * size}
        made[name] = shelf.add(f"tiny-{name}", "model", files, facts, *inputs, job="quantize-gguf-demo0001")
    rows: list[dict[str, Any]] = [
        {"row": 1, "loss": 2.5, "reference_loss": 2.4, "question": "What is a byte?", "expected": "Eight bits."},
        {
            "row": 2,
            "loss": 4.9,
            "reference_loss": 2.1,
            "question": "What is <b>zip</b>?",
            "expected": "It pairs items.",
        },
    ]
    answers = [
        {"answer": "Bits.", "reference_answer": "Eight bits."},
        {"answer": "It packs.", "reference_answer": "Pairs."},
    ]
    lines = "".join(json.dumps(row | answer) + "\n" for row, answer in zip(rows, answers, strict=True))
    shelf.add(
        "tiny-eval",
        "evaluation",
        {"rows.jsonl": lines, "README.md": "# tiny-eval\n"},
        {
            "model": made["q8_0"].ref,
            "model_digest": made["q8_0"].digest,
            "dataset": pages.ref,
            "size_bytes": 3000,
            "f1": "0.152",
            "intervals": {"f1": "0.093 to 0.202"},
        },
        made["q8_0"].as_dependency("model"),
        pages.as_dependency("dataset"),
        job="evaluate-demo0001",
    )


CARD = """---
base_model: tiny@1
---
# tiny-lora

A LoRA adapter for `tiny@1`, trained on `pages@2`.

| held-out loss | |
|---|---|
| before | 2.720 |
| after | 2.252 |

## Settings

- **LoRA**: rank 16, alpha 32, on all-linear
- **learning rate**: 0.001, cosine, warm-up of 3 steps
"""

HOSTILE = """---
license: apache-2.0
---
# tiny-merged

An ordinary paragraph, and a table.

| | loss |
|---|---|
| before | 2.72 |
| after | 2.25 |

<script>window.hacked = 'script'</script>
<img src="http://127.0.0.1:9/pixel.png" alt="a picture from elsewhere" onerror="window.hacked = 'onerror'">

![another one](http://127.0.0.1:9/markdown.png)

<button data-commandlinker-command="application:reset-layout" data-commandlinker-args="{}">press me</button>
<div style="background: url(http://127.0.0.1:9/style.png); position: fixed; inset: 0" class="jp-Dialog">over all</div>

<a href="javascript:window.hacked = 'link'">click me</a>

[and me](javascript:window.hacked='markdown')

```mermaid
flowchart TD
  A@{ img: "http://127.0.0.1:9/diagram.png", label: "x", w: 60, h: 60 }
```

<iframe src="http://127.0.0.1:9/frame"></iframe>
<form action="http://127.0.0.1:9/form"><input name="token"></form>
"""


if __name__ == "__main__":
    fill(Registry())
