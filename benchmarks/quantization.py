"""SmolLM2-135M-Instruct made smaller in every way there is: size, quality with its interval, speed, time and memory.

Every model is made by its template as a job, in one state home, and judged on the same held-out rows. Then two more
questions: are our GGUF files those of llama.cpp's own tools, and does the gate catch what would make a model worse
without an error?

Environments are created in the state home (with a compiler: 7 minutes, once); ``--home`` keeps it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from common.machine import memory_bandwidth
from common.workplace import DATASET, MODEL, ROOT, command, provide, state_home

GGUF = ("q8_0", "q4_k_m", "q2_k")
RUNS: dict[str, list[str]] = {
    "quantize-gguf": ["-p", f"types={json.dumps(GGUF)}"],
    "quantize-awq": ["-p", "scheme=W4A16"],
    "quantize-gptq": ["-p", "scheme=W4A16"],
    "quantize-bnb": ["-p", "scheme=nf4"],
}
ENVIRONMENTS = ("llamacpp", "llamacpp-kquants", "llm-compressor")
SAME_PERPLEXITY = 0.001
MEASURES = ("perplexity", "perplexity_ratio", "kl_divergence", "top1_agreement", "decode_speed", "prefill_speed")


def run_template(name: str, options: list[str]) -> list[dict[str, Any]]:
    """Run a quantizing template as a job; a row for each model that it made."""
    print(f"running {name}", file=sys.stderr)
    job = command("jobs", "show", command("run", name, *options)["id"])
    attempt = job["attempts"][-1]
    seconds = (datetime.fromisoformat(attempt["finished"]) - datetime.fromisoformat(attempt["started"])).total_seconds()
    rows = []
    for ref in job["artifacts"]:
        with tempfile.TemporaryDirectory() as folder:
            command("artifacts", "export", ref, "--to", f"{folder}/out")
            report = json.loads((Path(folder) / "out/files/quantization.json").read_text())
        rows.append(
            {
                "ref": ref,
                "template": name,
                "quantization": report["quantization"],
                "size_bytes": report["review"]["size_bytes"],
                "bits_per_weight": report["review"]["bits_per_weight"],
                "verdict": report["gate"]["verdict"],
                "reasons": report["gate"]["reasons"],
                "measures": {key: report["measures"][key] for key in MEASURES if key in report["measures"]},
                "reference": {
                    key: report["measures"][f"reference_{key}"]
                    for key in MEASURES
                    if f"reference_{key}" in report["measures"]
                },
                "speed_engine": report.get("speed_engine"),
                "job_seconds": seconds,
                "job_peak_memory_bytes": attempt["peak_memory"],
            }
        )
    return rows


def original(table: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of the model that all others were made from, as their jobs measured it beside them."""
    measures = [key for row in table for key in row["reference"]]
    return {
        "template": "",
        "quantization": "as it is",
        "size_bytes": next(
            item["size"] for item in command("artifacts", "list", "--limit", "1000") if item["name"] == MODEL
        ),
        "measures": {key: next(row["reference"][key] for row in table if key in row["reference"]) for key in measures},
        "speed_engine": "transformers",
    }


class Opened:
    """The model, its tokenizer and the held-out rows as token sequences, opened once."""

    def __init__(self, rows: int) -> None:
        import modelops
        from modelops.conversations import IGNORED, tokenize_rows
        from modelops.datasets import held_out_rows
        from modelops.models import load_tokenizer

        self.model = modelops.open_artifact(MODEL)
        self.tokenizer = load_tokenizer(self.model.path)
        held_out = held_out_rows(modelops.open_artifact(DATASET).path, rows).rows
        self.examples = tokenize_rows(held_out, self.tokenizer, 512)
        self.sequences = [
            {"ids": row["input_ids"], "learned": [at for at, label in enumerate(row["labels"]) if label != IGNORED]}
            for row in self.examples.dataset
        ]


def tensor_digests(file: Path) -> dict[str, str]:
    """SHA-256 of the stored bytes of every tensor of a GGUF file."""
    from gguf import GGUFReader

    return {tensor.name: hashlib.sha256(tensor.data.tobytes()).hexdigest() for tensor in GGUFReader(file).tensors}


def by_hand(home: Path, model: Path, type: str, target: Path) -> Path:
    """What a person types who has llama.cpp: its converter, straight from its folder."""
    prefix = home / "environments/llamacpp"
    converter = prefix / "share/llama.cpp/convert_hf_to_gguf.py"
    typed = [str(prefix / "bin/python"), str(converter), str(model), "--outtype", type, "--outfile", str(target)]
    environment = {**os.environ, "PYTHONPATH": str(converter.parent / "gguf-py")}
    subprocess.run(typed, check=True, capture_output=True, env=environment)
    return target


def with_llama_cpp(home: Path, file: Path, sequences: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """What llama.cpp itself makes of a file."""
    (folder / "sequences.json").write_text(json.dumps(sequences))
    python = home / "environments/llamacpp-kquants/bin/python"
    script = ROOT / "benchmarks/others/llama_cpp_likelihood.py"
    typed = [str(python), str(script), str(file), str(folder / "sequences.json")]
    done = subprocess.run(typed, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    answer["perplexity"] = math.exp(answer["nll"] / answer["tokens"])
    return answer


def against_own_tools(home: Path, opened: Opened, file: Path, ours: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Our q8_0 file beside that of llama.cpp's converter, tensor by tensor and by llama.cpp's own perplexity."""
    theirs_file = by_hand(home, opened.model.path, "q8_0", folder / "by-hand.gguf")
    mine, theirs = tensor_digests(file), tensor_digests(theirs_file)
    beside = with_llama_cpp(home, theirs_file, opened.sequences, folder)
    return {
        "tensors": len(theirs),
        "identical": sum(mine.get(name) == digest for name, digest in theirs.items()),
        "perplexity": ours["perplexity"],
        "perplexity_by_hand": beside["perplexity"],
        "difference": abs(ours["perplexity"] / beside["perplexity"] - 1),
    }


def planted(file: Path, whole: Path, two_bits: Path, folder: Path) -> dict[str, Path]:
    """Files that say ``q8_0`` and would be worse without an error, by what is wrong with them."""
    from gguf import GGUFReader

    tensor = next(found for found in GGUFReader(file).tensors if found.name == "blk.3.ffn_up.weight")
    content = bytearray(file.read_bytes())
    content[tensor.data_offset : tensor.data_offset + 2] = b"\x00\x7e"  # the scale of its first block: a NaN
    (folder / "nan.gguf").write_bytes(content)
    content = bytearray(file.read_bytes())
    written = content.replace(b"<|im_start|>assistant", b"<|im_start|>Assistant", 1)
    if written == content:
        raise SystemExit("The chat template is written otherwise.")
    (folder / "template.gguf").write_bytes(written)
    return {
        "NaN weights": folder / "nan.gguf",
        "skipped quantization": whole,
        "wrong chat template": folder / "template.gguf",
        "2-bit file": two_bits,
    }


def judge(opened: Opened, reference: Any, file: Path, type: str, folder: Path) -> list[str]:
    """Why the gate rejects a file of a type, as the template judges it; empty where it passes."""
    import torch

    from modelops import evaluation, quantization
    from modelops.models import load_for_inference

    problems = quantization.review_gguf(file, type, opened.tokenizer).problems
    measures = {}
    if not problems:
        alone = folder / f"alone-{file.stem}"
        alone.mkdir()
        (alone / file.name).symlink_to(file)
        candidate = load_for_inference(alone, dtype=torch.float32).model
        measures = evaluation.measures(evaluation.score_rows(candidate, opened.examples, reference=reference))
    policy = evaluation.Policy(max_perplexity_increase=0.1, min_top1_agreement=0.8)
    return list(evaluation.judge(policy, measures, problems).reasons)


def gate(home: Path, opened: Opened, files: dict[str, Path], folder: Path) -> dict[str, Any]:
    """What the gate says to each planted file, and to the sound one."""
    import torch

    from modelops.models import load_for_inference

    reference = load_for_inference(opened.model.path, dtype=torch.float32).model
    whole = by_hand(home, opened.model.path, "bf16", folder / "bf16.gguf")
    bad = planted(files["q8_0"], whole, files["q2_k"], folder)
    # The 2-bit file is what it says; it is its answers that are worse.
    types = {name: "q2_k" if name == "2-bit file" else "q8_0" for name in bad}
    return {
        "caught": {name: judge(opened, reference, file, types[name], folder) for name, file in bad.items()},
        "sound q8_0": judge(opened, reference, files["q8_0"], "q8_0", folder),
    }


def exported(ref: str, folder: Path) -> Path:
    """The GGUF file of a registered model, verified."""
    command("artifacts", "export", ref, "--to", str(folder / ref))
    return next((folder / ref / "files").glob("*.gguf"))


def measure(home: Path, only: list[str] | None, rows: int) -> dict[str, Any]:
    """Everything; ``only`` names the templates to run."""
    provide(ENVIRONMENTS)
    table = [
        row
        for name in RUNS
        if not only or name in only
        for row in run_template(name, [*RUNS[name], "-p", f"eval_rows={rows}"])
    ]
    table.insert(0, original(table))
    result: dict[str, Any] = {"table": table, "rows": rows, "memory_bandwidth": memory_bandwidth()}
    opened = Opened(rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = {row["quantization"]: row for row in table if row["template"] == "quantize-gguf"}
        if made:
            files = {type: exported(row["ref"], folder) for type, row in made.items()}
            for type, file in files.items():
                made[type]["llama_cpp"] = with_llama_cpp(home, file, opened.sequences, folder)
            result["own_tools"] = against_own_tools(home, opened, files["q8_0"], made["q8_0"]["llama_cpp"], folder)
            result["gate"] = gate(home, opened, files, folder)
    return result


def targets(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What was asked for, and whether it is so."""
    found = {}
    if "own_tools" in result:
        own = result["own_tools"]
        found["tensors identical to llama.cpp's own"] = {
            "value": own["identical"],
            "target": own["tensors"],
            "met": own["identical"] == own["tensors"],
        }
        found["perplexity beside llama.cpp's own file"] = {
            "value": own["difference"],
            "target": SAME_PERPLEXITY,
            "met": own["difference"] <= SAME_PERPLEXITY,
        }
    if "gate" in result:
        caught = result["gate"]["caught"]
        found["planted faults that the gate catches"] = {
            "value": sum(bool(reasons) for reasons in caught.values()),
            "target": len(caught),
            "met": all(caught.values()),
        }
        passed = not result["gate"]["sound q8_0"]
        found["sound q8_0 files that pass"] = {"value": int(passed), "target": 1, "met": passed}
    return found


def print_text(result: dict[str, Any]) -> None:
    """The tables for a person."""
    print(f"{MODEL} on {result['rows']} held-out rows of {DATASET}; intervals of 95 %")
    line = "{:<22}{:>6}{:>7}  {:>25}  {:>22}  {:>22}{:>8}{:>9}  {}"
    heads = ("", "MB", "bits", "perplexity", "times the model's own", "top-1 agreement", "job", "memory", "gate")
    print(line.format(*heads))
    for row in result["table"]:
        name = f"{row['template'].removeprefix('quantize-')} {row['quantization']}".strip()
        found = row["measures"]
        size, bits = (
            f"{row['size_bytes'] / 1e6:.0f}",
            f"{row['bits_per_weight']:.2f}" if "bits_per_weight" in row else "",
        )
        quality = [_interval(found.get(key)) for key in ("perplexity", "perplexity_ratio", "top1_agreement")]
        job = (f"{row['job_seconds']:.0f} s", f"{row['job_peak_memory_bytes'] / 1e9:.2f} GB") if bits else ("", "")
        print(line.format(name, size, bits, *quality, *job, row.get("verdict", "")))
    print("job and memory are those of the whole job, its gate included")
    print_speeds(result)
    if "own_tools" in result:
        own = result["own_tools"]
        print(f"q8_0 beside llama.cpp's own converter: {own['identical']} of {own['tensors']} tensors are identical,")
        print(f"  perplexity by llama.cpp {own['perplexity']:.4f} and {own['perplexity_by_hand']:.4f}")
    if "gate" in result:
        caught, sound = result["gate"]["caught"], result["gate"]["sound q8_0"]
        for name, reasons in caught.items():
            print(f"  {name:<22} {'caught: ' + reasons[0] if reasons else 'NOT CAUGHT'}")
        passed = "passed" if not sound else f"REJECTED: {sound[0]}"
        print(f"gate: {sum(map(bool, caught.values()))} of {len(caught)} caught; sound q8_0 {passed}")


def print_speeds(result: dict[str, Any]) -> None:
    """How fast each model reads and writes, and how much of the memory's bandwidth writing takes."""
    line = "{:<22}{:>24}{:>10}{:>24}  {}"
    print(line.format("tokens/s", "written", "of memory", "read", "by"))
    for row in result["table"]:
        found = row["measures"]
        if "decode_speed" not in found:
            continue
        name = f"{row['template'].removeprefix('quantize-')} {row['quantization']}".strip()
        share = found["decode_speed"]["value"] * row["size_bytes"] / result["memory_bandwidth"]
        speeds = [
            "{value:.0f} [{low:.0f}, {high:.0f}]".format(**found[key]) for key in ("decode_speed", "prefill_speed")
        ]
        print(line.format(name, speeds[0], f"{share:.0%}", speeds[1], row["speed_engine"]))
    print(f"memory: {result['memory_bandwidth'] / 1e9:.1f} GB/s read by all cores; a token reads every weight once")


def _interval(measure: dict[str, Any] | None) -> str:
    return "{value:.3f} [{low:.3f}, {high:.3f}]".format(**measure) if measure else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--home", type=Path, help="the state home to use, and to keep; default: one of its own")
    parser.add_argument("--only", action="append", choices=list(RUNS), help="run this template; may be repeated")
    parser.add_argument("--rows", type=int, default=64, help="held-out rows")
    arguments = parser.parse_args()
    with state_home(arguments.home) as home:
        result = measure(home, arguments.only, arguments.rows)
    result["targets"] = targets(result)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print_text(result)


if __name__ == "__main__":
    main()
