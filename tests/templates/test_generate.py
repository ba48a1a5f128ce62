"""The template that answers a dataset, executed on a tiny model and through a real endpoint."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import papermill
import pytest
from peft import LoraConfig, get_peft_model
from tiny_answers import QUESTIONS
from tiny_endpoint import register_gguf, serving
from tiny_gguf import write_gguf
from transformers import AutoModelForCausalLM

from modelops import Client
from modelops.client import Endpoint, JobFailed
from modelops.datasets import import_dataset
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.templates import find_template
from modelops_server.jobs import submit
from modelops_server.jobs.journal import read_events

Execute = Callable[..., list[dict[str, Any]]]

_BUILD = Build("import", {}, (Dependency("source", "file:test", "0" * 64),))
_TOO_LONG = "word " * 300


@pytest.fixture
def taught(registry: Registry, learned_model: Path) -> Artifact:
    return registry.register(learned_model, name="taught", kind="model", metadata={}, build=_BUILD)


def _questions(registry: Registry, folder: Path, times: int = 1) -> Artifact:
    """Its questions, answered in another way, and one that has no room for an answer."""
    rows = [{"prompt": question, "completion": f"{question} {n}"} for n in range(times) for question in QUESTIONS]
    rows.append({"prompt": _TOO_LONG, "completion": "no"})
    source = folder / "questions.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return import_dataset(source, name="questions", registry=registry).artifact


@pytest.fixture
def questions(registry: Registry, tmp_path: Path) -> Artifact:
    return _questions(registry, tmp_path)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _made(events: list[dict[str, Any]]) -> tuple[dict[str, Any], Path]:
    [made] = [event for event in events if event["type"] == "artifact"]
    return made, Path(made["folder"])


def test_a_model_answers_and_the_answers_can_be_trained_on(
    execute: Execute, registry: Registry, taught: Artifact, questions: Artifact
) -> None:
    events = execute("generate", model=taught.ref, dataset=questions.ref, dataset_name="said", most_refused=0.2)

    made, folder = _made(events)
    assert (made["name"], made["kind"]) == ("said", "dataset")
    rows, facts = _lines(folder / "data" / "train.jsonl"), _lines(folder / "facts" / "answers.jsonl")
    assert [[turn["content"] for turn in row["messages"]] for row in rows] == [list(pair) for pair in QUESTIONS.items()]
    for number, (fact, (question, answer)) in enumerate(zip(facts, QUESTIONS.items(), strict=True), 1):
        assert (fact["row"], fact["reference"], fact["finish_reason"]) == (number, f"{question} 0", "stop")
        assert fact["tokens"] == len(answer.encode()) + 1
    [refused] = _lines(folder / "facts" / "refused.jsonl")
    assert (refused["row"], refused["code"]) == (9, "context_length_exceeded")
    metadata = made["metadata"]
    assert (metadata["dataset_digest"], metadata["model_digest"]) == (questions.digest, taught.digest)
    assert (metadata["rows"], metadata["refused"]) == (8, {"context_length_exceeded": 1})
    assert metadata["tokens_per_second"] > 0
    assert {event["ref"] for event in events if event["type"] == "input"} == {taught.ref, questions.ref}
    assert [event["done"] for event in events if event["type"] == "progress"][-1] == 9
    assert [event["prompt"] for event in events if event["type"] == "sample"] == list(QUESTIONS)[:4]
    # What was made is added like any other dataset, and trained on as it is.
    again = import_dataset(folder / "data", name="again", registry=registry)
    assert (again.sheet["rows"], again.sheet["skipped"]["total"]) == (8, 0)
    said = registry.register(folder, name="said", kind="dataset", metadata={}, build=_BUILD)
    options = {"max_length": 128, "max_steps": 1, "eval_rows": 1, "sample_tokens": 2, "warmup_steps": 0}
    events = execute("sft", base_model=taught.ref, dataset=said.ref, **options)
    assert [event["kind"] for event in events if event["type"] == "artifact"] == ["adapter"]


def test_a_system_prompt_several_samples_and_an_adapter(
    execute: Execute, registry: Registry, taught: Artifact, questions: Artifact, learned_model: Path, tmp_path: Path
) -> None:
    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(learned_model), lora)
    adapted.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    trained_on = {"base_model": taught.ref, "base_digest": taught.digest}
    adapter = registry.register(tmp_path / "adapter", name="bot", kind="adapter", metadata=trained_on, build=_BUILD)

    given = {"max_rows": 2, "samples": 3, "temperature": 2.0, "system_prompt": "Be brief.", "max_tokens": 24}
    made, folder = _made(execute("generate", adapter=adapter.ref, dataset=questions.ref, most_refused=0.5, **given))

    rows, facts = _lines(folder / "data" / "train.jsonl"), _lines(folder / "facts" / "answers.jsonl")
    places = [(fact["row"], fact["sample"]) for fact in facts]
    assert places == [(row, sample) for row in (1, 2) for sample in (1, 2, 3)]
    assert all(row["messages"][0] == {"role": "system", "content": "Be brief."} for row in rows)
    assert [row["messages"][1]["content"] for row in rows] == ["Hi"] * 3 + ["Sky?"] * 3
    assert len({row["messages"][2]["content"] for row in rows}) == 6
    assert made["metadata"]["adapter_digest"] == adapter.digest


@pytest.mark.full
def test_cut_off_answers_may_be_left_out_and_too_many_fail_the_run(
    execute: Execute, taught: Artifact, registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "train.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in QUESTIONS))
    texts = import_dataset(tmp_path / "texts", name="texts", registry=registry).artifact
    given = {"model": taught.ref, "dataset": texts.ref, "max_tokens": 12, "keep_cut_off": False}

    _, folder = _made(execute("generate", **given, most_refused=0.9))

    kept = [row["messages"][-1]["content"] for row in _lines(folder / "data" / "train.jsonl")]
    assert kept == [answer for answer in QUESTIONS.values() if len(answer.encode()) < 12]
    refused = _lines(folder / "facts" / "refused.jsonl")
    assert {line["code"] for line in refused} == {"cut_off"}
    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("generate", **given, most_refused=0.2)
    assert f"{len(refused)} of 8 prompts have no answer" in failure.value.evalue


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
    jobs: Any, registry: Registry, taught: Artifact, tmp_path: Path
) -> None:
    questions = _questions(registry, tmp_path, times=25)
    settings = {"model": taught.ref, "dataset": questions.ref, "batch_size": 2}
    generate = find_template("generate", jobs.home)
    killed = submit(jobs.home, generate, settings | {"dataset_name": "killed"})
    [journal] = jobs.until(lambda: list((killed.folder / "checkpoints").glob("*/answers.jsonl")))
    jobs.until(lambda: journal.read_bytes().count(b"\n") >= 11)
    os.kill(jobs.queue.get(killed.id).attempt.runner.pid, signal.SIGKILL)

    killed = jobs.ended(killed, 120)
    whole = jobs.ended(submit(jobs.home, generate, settings | {"dataset_name": "whole"}), 120)

    assert [(job.state, job.epoch) for job in (killed, whole)] == [("succeeded", 2), ("succeeded", 1)]
    [note] = [event["text"] for _, event in read_events(killed.folder) if event["type"] == "note"]
    known = int(note.split()[3])
    assert 11 <= known < 201
    one, other = registry.get("killed"), registry.get("whole")
    assert one.files == other.files
    assert one.metadata["rows"] == 200
    digests = [item["digest"]["sha256"] for item in _dependencies(registry, one)]
    assert {taught.digest, questions.digest} <= set(digests)


def _dependencies(registry: Registry, artifact: Artifact) -> list[dict[str, Any]]:
    with registry.verified_open(artifact.ref) as opened:
        return list(opened.statement["predicate"]["buildDefinition"]["resolvedDependencies"])


@pytest.fixture(scope="module")
def served(
    running_server: Any, learned_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Client, Endpoint]]:
    """A server with the taught model as an endpoint, and its questions many times."""
    gguf = tmp_path_factory.mktemp("gguf") / "taught.gguf"
    write_gguf(learned_model, gguf)
    register_gguf(running_server.home, gguf, "spoken-to")
    _questions(Registry(running_server.home), running_server.root, times=12)
    with Client(running_server.url, running_server.token) as client, serving(client, "spoken-to") as started:
        yield client, started


GIVEN = {"dataset": "questions", "endpoint": "spoken-to", "max_tokens": 60, "concurrency": 2}
MANY = {"samples": 4, "temperature": 0.1}
"""More than are answered until something happens."""


def test_a_job_asks_an_endpoint_and_its_signature_names_what_answered(
    served: tuple[Client, Endpoint], running_server: Any
) -> None:
    client, _ = served

    job = client.run("generate", GIVEN | {"dataset_name": "told"}, wait=True)

    assert job.state == "succeeded"
    registry = Registry(running_server.home)
    told, model = registry.get("told"), registry.get("spoken-to")
    with registry.verified_open("told") as opened:
        rows, facts = _lines(opened.path / "data" / "train.jsonl"), _lines(opened.path / "facts" / "answers.jsonl")
        [refused] = _lines(opened.path / "facts" / "refused.jsonl")
    assert [[turn["content"] for turn in row["messages"]] for row in rows] == [list(p) for p in QUESTIONS.items()] * 12
    assert {fact["finish_reason"] for fact in facts} == {"stop"}
    assert (refused["row"], refused["code"]) == (97, "context_length_exceeded")
    assert model.digest in {item["digest"]["sha256"] for item in _dependencies(registry, told)}
    assert (told.metadata["model_digest"], told.metadata["endpoint"]) == (model.digest, "spoken-to")


def test_an_endpoint_that_stays_away_ends_the_run_and_its_rows_are_kept(
    served: tuple[Client, Endpoint], running_server: Any
) -> None:
    client, endpoint = served
    job = client.run("generate", GIVEN | MANY | {"dataset_name": "away", "wait_minutes": 0.02})
    checkpoints = running_server.home.jobs / job.id / "checkpoints"
    _until(lambda: any(file.read_bytes() for file in checkpoints.glob("*/answers.jsonl")))

    endpoint.stop()
    try:
        with pytest.raises(JobFailed, match="has not answered for"):
            job.wait()
    finally:
        endpoint.restart().wait()
    [kept] = checkpoints.glob("*/answers.jsonl")
    known = kept.read_bytes().count(b"\n")
    again = job.retry().wait()

    notes = [event["text"] for _, event in read_events(running_server.home.jobs / again.id) if event["type"] == "note"]
    assert notes == [f"Goes on after {known} of {97 * 4} prompts of an attempt that was interrupted."]
    assert Registry(running_server.home).get("away").metadata["rows"] == 96 * 4


def test_a_run_that_asks_an_endpoint_is_cancelled_at_once(served: tuple[Client, Endpoint], running_server: Any) -> None:
    client, _ = served
    job = client.run("generate", GIVEN | MANY | {"dataset_name": "never"})
    checkpoints = running_server.home.jobs / job.id / "checkpoints"
    _until(lambda: any(file.read_bytes() for file in checkpoints.glob("*/answers.jsonl")))

    job.cancel()
    ended = job.wait(check=False)

    assert ended.state == "cancelled"
    assert ended.record["reason"]["code"] == "cancelled"


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
