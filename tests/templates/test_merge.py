"""The merging template, executed on an adapter of a tiny model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from modelops.models import load_for_inference
from modelops.parity import FILE, find_golden, read_golden, record_golden
from modelops.registry import Artifact, Build, Dependency, Registry

Execute = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def adapter(registry: Registry, tiny_model: Artifact, tiny_model_folder: Path, tmp_path: Path) -> Artifact:
    """An adapter of the tiny model whose update is not zero."""
    model = AutoModelForCausalLM.from_pretrained(tiny_model_folder)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    adapted.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    AutoTokenizer.from_pretrained(tiny_model_folder).save_pretrained(tmp_path / "adapter")
    return registry.register(
        tmp_path / "adapter",
        name="bot",
        kind="adapter",
        metadata={"base_model": tiny_model.ref, "base_digest": tiny_model.digest},
        build=Build("job", {}, (Dependency("base_model", f"modelops:artifact/{tiny_model.ref}", tiny_model.digest),)),
    )


def test_a_merged_model_is_an_ordinary_model_that_computes_what_the_adapter_did(
    execute: Execute, registry: Registry, adapter: Artifact, tiny_model_folder: Path
) -> None:
    events = execute("merge", adapter=adapter.ref)

    [made] = [event for event in events if event["type"] == "artifact"]
    assert (made["name"], made["kind"]) == ("bot-merged", "model")
    assert made["metadata"]["adapter_digest"] == adapter.digest
    merged = AutoModelForCausalLM.from_pretrained(made["folder"], dtype=torch.float32)
    tokens = AutoTokenizer.from_pretrained(made["folder"])("Say 7!", return_tensors="pt")
    with registry.verified_open(adapter.ref) as opened, torch.inference_mode():
        base = AutoModelForCausalLM.from_pretrained(tiny_model_folder, dtype=torch.float32)
        plain = base(**tokens).logits
        adapted = PeftModel.from_pretrained(base, opened.path)(**tokens).logits
        torch.testing.assert_close(merged(**tokens).logits, adapted, atol=1e-4, rtol=1e-4)
    assert (adapted - plain).abs().max() > 1e-2


@pytest.mark.full
def test_its_golden_prompts_are_what_it_answers_when_it_is_loaded_and_are_signed_with_it(
    execute: Execute, registry: Registry, adapter: Artifact
) -> None:
    events = execute("merge", adapter=adapter.ref)

    [made] = [event for event in events if event["type"] == "artifact"]
    folder = Path(made["folder"])
    golden = read_golden(folder / FILE)
    assert golden.as_json() == record_golden(*load_for_inference(folder, torch.float32)).as_json()
    merged = registry.register(folder, name="bot-merged", kind="model", metadata={}, build=Build("job", {}, ()))
    with registry.verified_open(merged.ref) as opened:
        digests = {subject["name"]: subject["digest"]["sha256"] for subject in opened.statement["subject"]}
    assert digests[FILE] == hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    found = find_golden(registry, merged.ref)
    assert found is not None
    assert found.as_json() == golden.as_json()


def test_what_is_stored_is_judged_against_the_adapter_on_held_out_rows(
    execute: Execute, adapter: Artifact, chats: Artifact
) -> None:
    events = execute("merge", adapter=adapter.ref, dataset=chats.ref, eval_rows=8)
    [made] = [event for event in events if event["type"] == "artifact"]
    # The tiny model is stored in float32, so that nothing is rounded.
    assert made["metadata"]["gate"]["verdict"] == "passed"
    assert made["metadata"]["top1_agreement"] == 1

    events = execute("merge", adapter=adapter.ref, dataset=chats.ref, eval_rows=8, min_top1_agreement=1.0)
    [made] = [event for event in events if event["type"] == "artifact"]
    assert made["metadata"]["gate"]["verdict"] == "rejected"
    assert "more rows would decide" in made["metadata"]["gate"]["reasons"][0]


def test_an_adapter_is_never_merged_into_a_model_that_it_was_not_trained_on(
    execute: Execute, registry: Registry, adapter: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    other = AutoModelForCausalLM.from_pretrained(tiny_model_folder)
    torch.nn.init.normal_(other.model.layers[0].mlp.up_proj.weight)
    other.save_pretrained(tmp_path / "other")
    build = Build("import", {}, (Dependency("source", "file:other", "0" * 64),))
    stranger = registry.register(tmp_path / "other", name="other", kind="model", metadata={}, build=build)

    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("merge", adapter=adapter.ref, base_model=stranger.ref)
    assert failure.value.ename == "VerificationError"
    assert "was trained on tiny@1" in failure.value.evalue
