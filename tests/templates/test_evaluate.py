"""The evaluation template, executed on tiny models in every form that one can be stored in."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
import torch
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2 as predicate_pb2
from peft import LoraConfig, get_peft_model
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

from modelops.conversations import IGNORED, tokenize_conversation
from modelops.datasets import read_split
from modelops.models import fast_dtype, load_model
from modelops.parity import FILE, find_golden, read_golden
from modelops.registry import Artifact, Build, Dependency, Registry

Execute = Callable[..., list[dict[str, Any]]]

QUICK = {"max_length": 128, "answers": 2, "worst": 1, "answer_tokens": 4}


def _register(registry: Registry, folder: Path, name: str, kind: str = "model", **metadata: Any) -> Artifact:
    build = Build("import", {}, (Dependency("source", f"file:{name}", "0" * 64),))
    return registry.register(folder, name=name, kind=kind, metadata=metadata, build=build)


def _made(events: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """The artifact event, the evaluation that it declares, and the folder."""
    [made] = [event for event in events if event["type"] == "artifact"]
    folder = Path(made["folder"])
    return made, json.loads((folder / "evaluation.json").read_text()), folder


def test_a_model_alone(
    execute: Execute, registry: Registry, tiny_model: Artifact, chats: Artifact, tiny_model_folder: Path
) -> None:
    events = execute("evaluate", model=tiny_model.ref, dataset=chats.ref, evaluation_name="first", **QUICK)

    made, found, folder = _made(events)
    assert (made["name"], made["kind"]) == ("first", "evaluation")
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "evaluation.json",
        "golden.json",
        "rows.jsonl",
        "test-result.json",
    ]
    golden = read_golden(folder / FILE)
    assert golden.subject == {"ref": tiny_model.ref, "digest": tiny_model.digest}
    assert len(golden.answers) == 8
    assert find_golden(registry, tiny_model.ref) is None
    build = Build("job", {}, (tiny_model.as_dependency("model"), chats.as_dependency("dataset")))
    registry.register(folder, name="first", kind="evaluation", metadata={}, build=build)
    assert find_golden(registry, tiny_model.ref) == golden
    # The loss is what plain transformers computes for one row after the other.
    model = AutoModelForCausalLM.from_pretrained(tiny_model_folder, dtype=fast_dtype())
    tokenizer = AutoTokenizer.from_pretrained(tiny_model_folder)
    total = tokens = 0.0
    with registry.verified_open(chats.ref) as opened:
        rows = read_split(opened.path, "test")
    for row in rows:
        example = tokenize_conversation(row["messages"], tokenizer)
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([example["input_ids"]])).logits[0, :-1].float()
        labels = torch.tensor(example["labels"][1:])
        total += cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum").item()
        tokens += int((labels != IGNORED).sum())
    measures = found["measures"]
    assert list(measures) == ["loss", "perplexity", "bits_per_byte", "exact_match", "f1"]
    assert measures["loss"]["value"] == pytest.approx(total / tokens, rel=2e-3)
    assert measures["loss"]["low"] < measures["loss"]["value"] < measures["loss"]["high"]
    assert measures["perplexity"]["value"] == pytest.approx(math.exp(measures["loss"]["value"]))
    assert (found["rows"], found["tokens"], found["truncated"], found["dropped"]) == (8, tokens, 0, 0)
    assert found["settings"]["split"] == "test"

    lines = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert [line["row"] for line in lines] == list(range(1, 9))
    assert sum(line["loss"] * line["tokens"] for line in lines) == pytest.approx(total, rel=2e-3)
    worst = max(lines, key=lambda line: line["loss"])
    assert [line for line in lines if "answer" in line] == [line for line in lines if line["row"] <= 2 or line is worst]

    metadata = made["metadata"]
    assert (metadata["model"], metadata["model_digest"]) == (tiny_model.ref, tiny_model.digest)
    assert metadata["loss"] == measures["loss"]["value"]
    assert metadata["size_bytes"] == tiny_model.size
    [metric] = [event["values"] for event in events if event["type"] == "metric"]
    assert metric["perplexity"] == measures["perplexity"]["value"]
    assert {event["ref"] for event in events if event["type"] == "input"} == {tiny_model.ref, chats.ref}


def test_the_test_result_names_what_was_tested_with_what(
    execute: Execute, tiny_model: Artifact, chats: Artifact
) -> None:
    settings = QUICK | {"max_length": 70}  # some rows are longer
    events = execute("evaluate", model=tiny_model.ref, dataset=chats.ref, reference=tiny_model.ref, **settings)

    _, found, folder = _made(events)
    assert found["truncated"] > 0
    statement = json.loads((folder / "test-result.json").read_text())
    assert statement["subject"] == [{"name": "model", "uri": tiny_model.uri, "digest": {"sha256": tiny_model.digest}}]
    predicate = json_format.Parse(json.dumps(statement["predicate"]), predicate_pb2.TestResult())
    assert (predicate.result, list(predicate.warned_tests)) == ("WARNED", ["rows_whole"])
    digests = {item.name: item.digest["sha256"] for item in predicate.configuration}
    assert digests["dataset"] == chats.digest
    assert digests["reference"] == tiny_model.digest
    for name in ("evaluation.json", "golden.json", "rows.jsonl"):
        assert digests[name] == hashlib.sha256((folder / name).read_bytes()).hexdigest()


@pytest.fixture
def gguf(registry: Registry, tiny_gguf: Path, tmp_path: Path) -> Artifact:
    (tmp_path / "gguf").mkdir()
    shutil.copy(tiny_gguf, tmp_path / "gguf")
    return _register(registry, tmp_path / "gguf", "tiny-gguf")


def test_a_gguf_file_of_the_same_weights_agrees_with_them_everywhere(
    execute: Execute, tiny_model: Artifact, gguf: Artifact, chats: Artifact
) -> None:
    options = QUICK | {"measure_speed": True}
    events = execute("evaluate", model=gguf.ref, reference=tiny_model.ref, dataset=chats.ref, **options)

    made, found, folder = _made(events)
    measures = found["measures"]
    assert "by llama.cpp" in measures["decode_speed"]["method"]
    assert made["metadata"]["speed_engine"] == "llama.cpp"
    assert measures["top1_agreement"]["value"] == 1
    assert 0.9 < measures["top1_agreement"]["low"] < 1
    assert measures["kl_divergence"]["value"] == pytest.approx(0, abs=1e-6)
    assert measures["perplexity_ratio"]["value"] == pytest.approx(1, abs=1e-6)
    assert measures["exact_match"] == measures["reference_exact_match"]
    lines = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert all(line["top1_agreement"] == 1 for line in lines)
    assert lines[0]["answer"] == lines[0]["reference_answer"]
    assert lines[0]["question"]
    assert lines[0]["expected"]


def test_a_checkpoint_in_four_bits_differs_from_what_it_was_made_from(
    execute: Execute, registry: Registry, tiny_model: Artifact, chats: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    nf4 = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=fast_dtype())
    load_model(tiny_model_folder, quantization_config=nf4).save_pretrained(tmp_path / "nf4")
    AutoTokenizer.from_pretrained(tiny_model_folder).save_pretrained(tmp_path / "nf4")
    quantized = _register(registry, tmp_path / "nf4", "tiny-nf4")

    choices = tmp_path / "choices.jsonl"
    choices.write_text('{"question": "Sky?", "choices": ["blue", "x"], "answer": 0}\n' * 2)
    options = QUICK | {"measure_speed": True, "choices": str(choices)}
    events = execute("evaluate", model=quantized.ref, reference=tiny_model.ref, dataset=chats.ref, **options)

    _, found, _ = _made(events)
    measures = found["measures"]
    assert measures["kl_divergence"]["low"] > 1e-6
    assert measures["perplexity_ratio"]["value"] != 1
    assert measures["prefill_speed"]["value"] > measures["decode_speed"]["value"] > 0
    assert measures["choice_accuracy"]["n"] == measures["reference_choice_accuracy"]["n"] == 2
    assert found["settings"]["choices_sha256"] == hashlib.sha256(choices.read_bytes()).hexdigest()
    assert found["size_bytes"] == quantized.size < tiny_model.size


@pytest.mark.full
def test_an_adapter_is_the_subject_and_its_base_part_of_the_configuration(
    execute: Execute, registry: Registry, tiny_model: Artifact, chats: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model_folder), lora)
    adapted.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    trained_on = {"base_model": tiny_model.ref, "base_digest": tiny_model.digest}
    adapter = _register(registry, tmp_path / "adapter", "bot", "adapter", **trained_on)

    given = {"model": tiny_model.ref, "adapter": adapter.ref, "reference": tiny_model.ref, "dataset": chats.ref}
    made, found, folder = _made(execute("evaluate", **given, **QUICK))

    assert found["measures"]["kl_divergence"]["low"] > 1e-3
    assert made["metadata"]["adapter_digest"] == adapter.digest
    statement = json.loads((folder / "test-result.json").read_text())
    assert statement["subject"][0]["digest"] == {"sha256": adapter.digest}
    assert statement["predicate"]["configuration"][0]["digest"] == {"sha256": tiny_model.digest}
    golden = read_golden(folder / FILE)
    assert golden.subject == {"ref": adapter.ref, "digest": adapter.digest}


def test_weights_that_are_not_finite_end_it(
    execute: Execute, registry: Registry, chats: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    broken = AutoModelForCausalLM.from_pretrained(tiny_model_folder)
    with torch.no_grad():
        broken.model.norm.weight[0] = math.nan
    broken.save_pretrained(tmp_path / "broken")
    AutoTokenizer.from_pretrained(tiny_model_folder).save_pretrained(tmp_path / "broken")
    model = _register(registry, tmp_path / "broken", "broken")

    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("evaluate", model=model.ref, dataset=chats.ref, **QUICK)
    assert failure.value.ename == "NonFinite"


@pytest.mark.full
def test_plain_text_without_a_test_split_is_scored_on_its_last_rows_and_says_so(
    execute: Execute, registry: Registry, tiny_model: Artifact, tmp_path: Path
) -> None:
    (tmp_path / "texts" / "data").mkdir(parents=True)
    rows = "".join(json.dumps({"text": f"Once upon a time there were {number}."}) + "\n" for number in range(40))
    (tmp_path / "texts" / "data" / "train.jsonl").write_text(rows)
    texts = _register(registry, tmp_path / "texts", "texts", "dataset")

    events = execute("evaluate", model=tiny_model.ref, dataset=texts.ref, **QUICK)

    _, found, folder = _made(events)
    assert list(found["measures"]) == ["loss", "perplexity", "bits_per_byte"]
    lines = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    assert [line["row"] for line in lines] == [37, 38, 39, 40]
    [note] = [event for event in events if event["type"] == "note"]
    assert (note["level"], "no test split" in note["text"]) == ("warning", True)
    statement = json.loads((folder / "test-result.json").read_text())
    assert statement["predicate"]["warnedTests"] == ["rows_held_out"]
