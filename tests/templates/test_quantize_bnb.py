"""The bitsandbytes template, executed on a tiny model: what it writes loads, and is judged before it is handed over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
import torch
from peft import LoraConfig, get_peft_model

from modelops.models import inspect_model, load_for_inference, load_model, load_tokenizer
from modelops.parity import FILE, read_golden, record_golden
from modelops.registry import Artifact, Build, Dependency, Registry

Execute = Callable[..., list[dict[str, Any]]]

ANY = {"max_perplexity_increase": 10.0, "min_top1_agreement": 0.0}
"""Limits that random weights hold to, too."""


def made(events: list[dict[str, Any]]) -> dict[str, Any]:
    [artifact] = [event for event in events if event["type"] == "artifact"]
    return artifact


def logits(folder: Path) -> torch.Tensor:
    model, tokenizer = load_for_inference(folder, torch.float32)
    with torch.inference_mode():
        return model(**tokenizer("Say 7!", return_tensors="pt")).logits


@pytest.mark.parametrize(
    ("scheme", "stored", "furthest"),
    [("nf4", torch.uint8, 0.2), pytest.param("int8", torch.int8, 0.05, marks=pytest.mark.full)],
)
def test_a_checkpoint_that_loads_and_computes_nearly_the_same(
    execute: Execute,
    tiny_model: Artifact,
    chats: Artifact,
    tiny_model_folder: Path,
    scheme: str,
    stored: torch.dtype,
    furthest: float,
) -> None:
    artifact = made(execute("quantize-bnb", model=tiny_model.ref, dataset=chats.ref, scheme=scheme, **ANY))

    folder, metadata = Path(artifact["folder"]), artifact["metadata"]
    assert (artifact["name"], artifact["kind"]) == (f"tiny-{scheme}", "model")
    assert inspect_model(folder).quantization == "bitsandbytes"
    assert load_for_inference(folder).model.model.layers[1].mlp.down_proj.weight.dtype == stored
    difference = (logits(folder) - logits(tiny_model_folder)).abs().max()
    assert 0 < difference < furthest
    assert load_tokenizer(folder).chat_template == load_tokenizer(tiny_model_folder).chat_template
    assert metadata["gate"]["verdict"] == "passed"
    assert metadata["base_digest"] == tiny_model.digest
    assert metadata["decode_speed"] > 0
    assert metadata["reference_decode_speed"] > 0
    assert metadata["dataset_digest"] == chats.digest
    assert metadata["parameter_count"] == inspect_model(tiny_model_folder).parameter_count
    golden, again = read_golden(folder / FILE), record_golden(*load_for_inference(folder, torch.float32))
    assert [answer.ids for answer in golden.answers[:4]] == [answer.ids for answer in again.answers]
    assert golden.computed == again.computed
    report = json.loads((folder / "quantization.json").read_text())
    assert report["review"]["problems"] == []
    assert report["review"]["stored"][scheme] > 0.7 * report["review"]["parameters"]
    assert report["measures"]["perplexity_ratio"]["low"] < report["measures"]["perplexity_ratio"]["high"]
    card = (folder / "README.md").read_text()
    assert "It **passed** its gate." in card
    assert "vllm serve FOLDER --quantization bitsandbytes" in card


@pytest.mark.full
def test_one_that_may_be_worse_than_allowed_is_declared_as_rejected(
    execute: Execute, tiny_model: Artifact, chats: Artifact
) -> None:
    events = execute(
        "quantize-bnb", model=tiny_model.ref, dataset=chats.ref, max_perplexity_increase=None, min_top1_agreement=1.0
    )

    gate = made(events)["metadata"]["gate"]
    assert gate["verdict"] == "rejected"
    assert "top1 agreement" in gate["reasons"][0]
    assert any("is rejected" in event["text"] for event in events if event["type"] == "note")


def test_an_adapter_is_merged_before_anything_is_rounded(
    execute: Execute, registry: Registry, tiny_model: Artifact, chats: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    adapted: Any = get_peft_model(
        load_model(tiny_model_folder, "float32"),
        LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False),
    )
    adapted.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    load_tokenizer(tiny_model_folder).save_pretrained(tmp_path / "adapter")
    trained = registry.register(
        tmp_path / "adapter",
        name="bot",
        kind="adapter",
        metadata={"base_model": tiny_model.ref, "base_digest": tiny_model.digest},
        build=Build("job", {}, (Dependency("base_model", f"modelops:artifact/{tiny_model.ref}", tiny_model.digest),)),
    )

    artifact = made(
        execute("quantize-bnb", model=tiny_model.ref, adapter=trained.ref, dataset=chats.ref, scheme="int8", **ANY)
    )

    assert artifact["name"] == "bot-int8"
    assert artifact["metadata"]["adapter_digest"] == trained.digest
    merged = adapted.merge_and_unload()
    tokens = load_tokenizer(tiny_model_folder)("Say 7!", return_tensors="pt")
    with torch.inference_mode():
        expected = merged(**tokens).logits
    found = logits(Path(artifact["folder"]))
    assert (found - expected).abs().max() < 0.25 * (logits(tiny_model_folder) - expected).abs().max()


@pytest.mark.full
def test_a_quantized_model_is_refused_unless_it_is_forced_and_then_what_is_lost_stands_beside_it(
    execute: Execute, registry: Registry, tiny_model: Artifact, chats: Artifact
) -> None:
    artifact = made(execute("quantize-bnb", model=tiny_model.ref, dataset=chats.ref, **ANY))
    build = Build("import", {}, (Dependency("source", "file:tiny", "0" * 64),))
    small = registry.register(
        Path(artifact["folder"]), name="small", kind="model", metadata=artifact["metadata"], build=build
    )

    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("quantize-bnb", model=small.ref, dataset=chats.ref)
    assert f"{small.ref} is quantized already (bitsandbytes nf4)" in failure.value.evalue

    again = {"scheme": "int8", "force_requantize": True, "model_name": "twice"}
    events = execute("quantize-bnb", model=small.ref, dataset=chats.ref, **again, **ANY)

    [note] = [event for event in events if event["type"] == "note"]
    assert note["level"] == "warning"
    assert "what rounding most of its weights to 4 bits took away does not come back" in note["text"]
    assert f"worse than {tiny_model.ref} quantized directly" in note["text"]
    twice = made(events)
    assert twice["metadata"]["requantized_from"] == {
        "model": small.ref,
        "method": "bitsandbytes nf4",
        "bits": 4,
        "original": tiny_model.ref,
    }
    assert twice["metadata"]["base_digest"] == small.digest
    assert note["text"] in (Path(twice["folder"]) / "README.md").read_text()
    # It is judged against what it was given, from which int8 moves it little; nf4 had moved it further.
    once = float(artifact["metadata"]["kl_divergence"])
    assert 0 < float(twice["metadata"]["kl_divergence"]) < once / 2
