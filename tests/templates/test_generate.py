"""The template that answers a dataset, executed on a tiny model and through a real endpoint."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import papermill
import pytest
from peft import LoraConfig, get_peft_model
from tiny_endpoint import register_gguf
from transformers import AutoModelForCausalLM

from modelops import Client
from modelops.client import Endpoint
from modelops.datasets import import_dataset
from modelops.evaluation.answers import greedy_answer
from modelops.models import load_for_inference
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.templates import find_template
from modelops_server.jobs import submit

Execute = Callable[..., list[dict[str, Any]]]

QUICK = {"max_rows": 6, "max_tokens": 8, "batch_size": 4, "most_refused": 0.5}
_BUILD = Build("import", {}, (Dependency("source", "file:test", "0" * 64),))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _made(events: list[dict[str, Any]]) -> tuple[dict[str, Any], Path]:
    [made] = [event for event in events if event["type"] == "artifact"]
    return made, Path(made["folder"])


def test_a_model_answers_and_the_answers_can_be_trained_on(
    execute: Execute, registry: Registry, tiny_model: Artifact, chats: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    events = execute("generate", model=tiny_model.ref, dataset=chats.ref, dataset_name="said", **QUICK)

    made, folder = _made(events)
    assert (made["name"], made["kind"]) == ("said", "dataset")
    rows, facts = _lines(folder / "data" / "train.jsonl"), _lines(folder / "facts" / "answers.jsonl")
    assert len(rows) == len(facts) == made["metadata"]["rows"] > 3
    loaded = load_for_inference(tiny_model_folder)
    for row, fact in zip(rows, facts, strict=True):
        asked, answer = row["messages"]
        number = fact["row"] - 1
        assert asked == {"role": "user", "content": f"Say {number}!"}
        assert answer["content"] == greedy_answer(*loaded, [asked], 8)
        assert fact["reference"] == f"ok {number} " + "yes " * (number % 7)
        assert (fact["finish_reason"], fact["tokens"]) in {("length", 8)} | {("stop", n) for n in range(1, 9)}
    metadata = made["metadata"]
    assert (metadata["dataset_digest"], metadata["model_digest"]) == (chats.digest, tiny_model.digest)
    assert metadata["temperature"] == 0
    assert metadata["tokens_per_second"] > 0
    assert {event["ref"] for event in events if event["type"] == "input"} == {tiny_model.ref, chats.ref}
    assert [event["done"] for event in events if event["type"] == "progress"][-1] == 6
    assert any(event["type"] == "metric" and event["values"]["tokens_per_second"] > 0 for event in events)
    # What was made is added like any other dataset.
    again = import_dataset(folder / "data", name="again", registry=registry)
    assert again.sheet["rows"] == len(rows)
    assert again.sheet["skipped"]["total"] == 0
    # And trained on as it is.
    registered = registry.register(folder, name="said", kind="dataset", metadata={}, build=_BUILD)
    options = {"max_length": 128, "max_steps": 1, "eval_rows": 1, "sample_tokens": 2, "warmup_steps": 0}
    events = execute("sft", base_model=tiny_model.ref, dataset=registered.ref, **options)
    assert [event["kind"] for event in events if event["type"] == "artifact"] == ["adapter"]


def test_a_system_prompt_several_samples_and_an_adapter(
    execute: Execute, registry: Registry, tiny_model: Artifact, chats: Artifact, tiny_model_folder: Path, tmp_path: Path
) -> None:
    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model_folder), lora)
    adapted.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    trained_on = {"base_model": tiny_model.ref, "base_digest": tiny_model.digest}
    adapter = registry.register(tmp_path / "adapter", name="bot", kind="adapter", metadata=trained_on, build=_BUILD)

    given = QUICK | {"max_rows": 2, "samples": 3, "temperature": 1.0, "system_prompt": "Be brief.", "split": "test"}
    made, folder = _made(execute("generate", adapter=adapter.ref, dataset=chats.ref, **given))

    rows, facts = _lines(folder / "data" / "train.jsonl"), _lines(folder / "facts" / "answers.jsonl")
    assert {(fact["row"], fact["sample"]) for fact in facts} == {
        (row, sample) for row in (1, 2) for sample in (1, 2, 3)
    }
    assert all(row["messages"][0] == {"role": "system", "content": "Be brief."} for row in rows)
    assert rows[0]["messages"][1]["content"] == "Say 40!"
    assert len({row["messages"][2]["content"] for row in rows[:3]}) > 1
    assert made["metadata"]["adapter_digest"] == adapter.digest


def test_prompts_without_room_for_an_answer_are_left_out_with_the_reason(
    execute: Execute, registry: Registry, tiny_model: Artifact, tmp_path: Path
) -> None:
    (tmp_path / "texts" / "data").mkdir(parents=True)
    texts = ["Once", "word " * 200, "upon", "a time"]
    (tmp_path / "texts" / "data" / "train.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    dataset = registry.register(tmp_path / "texts", name="texts", kind="dataset", metadata={}, build=_BUILD)

    made, folder = _made(execute("generate", model=tiny_model.ref, dataset=dataset.ref, **QUICK))

    [refused] = _lines(folder / "facts" / "refused.jsonl")
    assert (refused["row"], refused["code"]) == (2, "context_length_exceeded")
    assert made["metadata"]["refused"] == {"context_length_exceeded": 1}
    assert [fact["reference"] for fact in _lines(folder / "facts" / "answers.jsonl")] == [None] * 3

    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("generate", model=tiny_model.ref, dataset=dataset.ref, **QUICK | {"most_refused": 0.2})
    assert "1 of 4 prompts have no answer" in failure.value.evalue


def test_exactly_one_of_model_and_endpoint_is_named(execute: Execute, tiny_model: Artifact, chats: Artifact) -> None:
    with pytest.raises(papermill.PapermillExecutionError) as neither:
        execute("generate", dataset=chats.ref)
    with pytest.raises(papermill.PapermillExecutionError) as both:
        execute("generate", dataset=chats.ref, model=tiny_model.ref, endpoint="bot")

    assert neither.value.evalue == "Neither a model nor an endpoint is named."
    assert both.value.evalue == "Both a model and an endpoint are named."


def test_a_gguf_file_is_left_to_an_endpoint(
    execute: Execute, registry: Registry, chats: Artifact, tiny_gguf: Path
) -> None:
    gguf = register_gguf(registry.home, tiny_gguf)

    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("generate", dataset=chats.ref, model=gguf.ref)

    assert "modelops endpoints start tiny@1" in "".join(failure.value.traceback)


def test_a_run_that_was_killed_ends_with_the_bytes_of_one_that_was_not(
    jobs: Any, tiny_model: Artifact, chats: Artifact
) -> None:
    settings = {"model": tiny_model.ref, "dataset": chats.ref, "batch_size": 2, "max_tokens": 100, "most_refused": 1}
    generate = find_template("generate", jobs.home)
    killed = submit(jobs.home, generate, settings | {"dataset_name": "killed"})
    journal = jobs.until(lambda: list((killed.folder / "checkpoints").glob("*/answers.jsonl")))[0]
    jobs.until(lambda: journal.read_bytes().count(b"\n") >= 4)
    os.kill(jobs.queue.get(killed.id).attempt.runner.pid, signal.SIGKILL)

    killed = jobs.ended(killed, 120)
    whole = jobs.ended(submit(jobs.home, generate, settings | {"dataset_name": "whole"}), 120)

    assert [(job.state, job.epoch) for job in (killed, whole)] == [("succeeded", 2), ("succeeded", 1)]
    assert "Goes on after" in (killed.folder / "journal.jsonl").read_text()
    registry = Registry(jobs.home)
    one, other = registry.get("killed"), registry.get("whole")
    assert one.files == other.files
    dependencies = {item["uri"] for item in _dependencies(registry, other)}
    assert {tiny_model.uri, chats.uri} <= dependencies


def _dependencies(registry: Registry, artifact: Artifact) -> list[dict[str, Any]]:
    with registry.verified_open(artifact.ref) as opened:
        return list(opened.statement["predicate"]["buildDefinition"]["resolvedDependencies"])


@pytest.fixture(scope="module")
def served(running_server: Any, tiny_gguf: Path) -> Iterator[tuple[Client, Endpoint]]:
    """A server with the tiny model as an endpoint, and a dataset of which one row is too long for it."""
    register_gguf(running_server.home, tiny_gguf, "spoken-to")
    source = running_server.root / "asked.jsonl"
    questions = [f"Say {number}!" for number in range(9)] + ["word " * 300]
    rows = [{"prompt": question, "completion": "ok"} for question in questions]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_dataset(source, name="asked", registry=Registry(running_server.home))
    with Client(running_server.url, running_server.token) as client:
        started = client.endpoints.start("spoken-to", context=256, parallel=2, threads=1, parity="off")
        yield client, started
        started.remove()


def test_a_job_asks_an_endpoint_and_its_signature_names_what_answered(
    served: tuple[Client, Endpoint], running_server: Any
) -> None:
    client, endpoint = served
    given = {"dataset": "asked", "endpoint": "spoken-to", "max_tokens": 8, "most_refused": 0.5}

    job = client.run("generate", given | {"dataset_name": "told"}, wait=True)

    assert job.state == "succeeded"
    registry = Registry(running_server.home)
    with registry.verified_open("told") as opened:
        rows, facts = _lines(opened.path / "data" / "train.jsonl"), _lines(opened.path / "facts" / "answers.jsonl")
        refused = _lines(opened.path / "facts" / "refused.jsonl")
        dependencies = opened.statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert "context_length_exceeded" in {line["code"] for line in refused if line["row"] == 10}
    assert len(rows) == len(facts) == 10 - len(refused)
    for row, fact in list(zip(rows, facts, strict=True))[:2]:
        assert fact["reference"] == "ok"
        asked = row["messages"][:-1]
        assert row["messages"][-1]["content"] == endpoint.chat(asked, max_tokens=8, temperature=0).text
    model = registry.get("spoken-to")
    assert {"sha256": model.digest} in [item["digest"] for item in dependencies]
    assert registry.get("told").metadata["model_digest"] == model.digest


def test_an_endpoint_that_stays_away_ends_the_run_and_its_rows_are_kept(
    served: tuple[Client, Endpoint], running_server: Any
) -> None:
    client, endpoint = served
    given = {"dataset": "asked", "endpoint": "spoken-to", "max_tokens": 150, "most_refused": 1, "concurrency": 1}
    job = client.run("generate", given | {"dataset_name": "away", "wait_minutes": 0.02})
    checkpoints = running_server.home.jobs / job.id / "checkpoints"
    _until(lambda: any(file.read_bytes() for file in checkpoints.glob("*/answers.jsonl")))

    endpoint.stop()
    try:
        with pytest.raises(Exception, match="has not answered for"):
            job.wait()
    finally:
        endpoint.restart().wait()
    again = job.retry().wait()

    assert again.state == "succeeded"
    assert Registry(running_server.home).get("away").metadata["rows"] > 0


def _until(condition: Callable[[], bool]) -> None:
    import time

    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
