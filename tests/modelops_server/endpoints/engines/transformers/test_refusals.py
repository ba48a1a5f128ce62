"""What the transformers engine refuses, and how it says so."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from engine_process import Engine, asking

HI = asking("Hi")


def refused(response: httpx.Response) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    return response.status_code, error["code"], error["param"]


def test_health_needs_no_key_and_everything_else_does(engine: Engine) -> None:
    wrong = {"Authorization": "Bearer wrong"}

    assert engine.client.get("/health", headers=wrong).json() == {"status": "ok"}
    for path in ("/v1/models", "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/other"):
        for headers in (wrong, {"Authorization": ""}, {"Authorization": "Bearer \u00e9"}):
            answer = engine.client.request("GET", path, headers={key: value.encode() for key, value in headers.items()})
            assert refused(answer) == (401, "invalid_api_key", None)


def test_only_the_owner_may_connect(engine: Engine) -> None:
    assert stat.S_IMODE(engine.socket.stat().st_mode) == 0o600


def test_models_are_listed_and_no_others_are_known(engine: Engine) -> None:
    names = [model["id"] for model in engine.client.get("/v1/models").json()["data"]]

    assert names == ["tiny", "tiny/next", "tiny/next.3"]
    for model in ("gpt-4", "tiny/", "tiny/none", "next", ""):
        answer = engine.post("chat/completions", **HI | {"model": model})
        assert refused(answer) == (404, "model_not_found", "model")


def test_unknown_addresses_and_methods(engine: Engine) -> None:
    assert refused(engine.post("images")) == (404, "not_found", None)
    assert refused(engine.client.get("/v1/completions")) == (405, "method_not_allowed", None)


@pytest.mark.parametrize(
    ("path", "body", "code", "param"),
    [
        ("chat/completions", {}, "invalid_value", "messages"),
        ("chat/completions", {"messages": []}, "invalid_value", "messages"),
        ("chat/completions", HI | {"temperature": "hot"}, "invalid_value", "temperature"),
        ("chat/completions", HI | {"temperature": -1}, "invalid_value", "temperature"),
        ("chat/completions", HI | {"max_tokens": 1.5}, "invalid_value", "max_tokens"),
        ("chat/completions", HI | {"max_tokens": True}, "invalid_value", "max_tokens"),
        ("chat/completions", HI | {"n": 2}, "invalid_value", "n"),
        ("chat/completions", HI | {"top_logprobs": 21, "logprobs": True}, "invalid_value", "top_logprobs"),
        ("chat/completions", HI | {"top_logprobs": 2}, "invalid_value", "top_logprobs"),
        ("chat/completions", HI | {"stop": ["a"] * 5}, "invalid_value", "stop"),
        ("chat/completions", HI | {"stop": ""}, "invalid_value", "stop"),
        ("chat/completions", HI | {"logit_bias": {"x": 1}}, "invalid_value", "logit_bias"),
        ("chat/completions", HI | {"logit_bias": {"999": 1}}, "invalid_value", "logit_bias"),
        ("chat/completions", HI | {"seed": 2**63}, "invalid_value", "seed"),
        ("chat/completions", {"messages": [{"role": "king", "content": "x"}]}, "invalid_value", "messages.0.role"),
        ("chat/completions", {"messages": [{"role": "user", "content": 5}]}, "invalid_value", "messages.0.content"),
        (
            "chat/completions",
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "not_supported",
            "messages.0.content",
        ),
        ("chat/completions", HI | {"response_format": {"type": "json_object"}}, "not_supported", "response_format"),
        (
            "chat/completions",
            HI | {"chat_template_kwargs": {"tokenize": False}},
            "not_supported",
            "chat_template_kwargs",
        ),
        ("completions", {}, "invalid_value", "prompt"),
        ("completions", {"prompt": ""}, "invalid_value", "prompt"),
        ("completions", {"prompt": []}, "invalid_value", "prompt"),
        ("completions", {"prompt": [1, "a"]}, "invalid_value", "prompt"),
        ("completions", {"prompt": [320]}, "invalid_value", "prompt"),
        ("completions", {"prompt": [-1]}, "invalid_value", "prompt"),
        ("completions", {"prompt": "a", "echo": True}, "not_supported", "echo"),
        ("completions", {"prompt": "a", "best_of": 3}, "invalid_value", "best_of"),
        ("embeddings", {"input": []}, "invalid_value", "input"),
        ("embeddings", {"input": ["a", ""]}, "invalid_value", "input"),
        ("embeddings", {"input": "a", "dimensions": 8}, "not_supported", "dimensions"),
    ],
)
def test_a_wrong_field_is_named(engine: Engine, path: str, body: dict[str, Any], code: str, param: str) -> None:
    assert refused(engine.post(path, **body)) == (400, code, param)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"model": "\xff"}', b"[" * 100_000, b'{"a":' * 100_000, b"\x00"]
)
def test_what_is_no_json_object_is_refused(engine: Engine, content: bytes) -> None:
    for path in ("chat/completions", "completions", "embeddings"):
        status, code, _ = refused(engine.client.post(f"/v1/{path}", content=content))
        assert (status, code) in {(400, "invalid_json"), (400, "invalid_value")}


def test_a_body_that_is_too_large_is_refused(engine: Engine) -> None:
    body = json.dumps({"model": "tiny", "prompt": "a" * 10_000_000}).encode()

    assert refused(engine.client.post("/v1/completions", content=body)) == (413, "body_too_large", None)


def test_a_prompt_without_room_is_refused_with_both_numbers(engine: Engine) -> None:
    answers = {
        "prompt": engine.post("completions", prompt="a" * 512),
        "messages": engine.post("chat/completions", **asking("a" * 600)),
        "input": engine.post("embeddings", input=["a" * 513]),
    }

    for param, answer in answers.items():
        assert refused(answer) == (400, "context_length_exceeded", param)
        assert "512 of prompt and answer" in answer.json()["error"]["message"]
    assert "has 512 tokens" in answers["prompt"].json()["error"]["message"]


def test_fields_that_clients_send_and_nobody_needs_are_ignored(engine: Engine) -> None:
    extra = {"user": "me", "store": True, "metadata": {}, "stream_options": {"include_usage": True}, "stop": None}

    assert engine.say("Hi", **extra, response_format={"type": "text"}, tools=[], n=1) == "Hello there, friend."


def test_parts_of_text_and_the_newer_name_of_the_system_are_understood(engine: Engine) -> None:
    system = "You are a tiny model"
    parts = [{"type": "text", "text": "Sk"}, {"type": "text", "text": "y?"}]
    messages = [{"role": "developer", "content": system}, {"role": "user", "content": parts}]

    assert engine.say("", messages=messages).startswith("The sky is blue")


def test_a_model_without_a_template_says_so_and_completes(start: Any, learned_model: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for file in learned_model.iterdir():
        if file.name != "chat_template.jinja":
            (plain / file.name).symlink_to(file)
    engine = start(plain)

    answer = engine.post("chat/completions", **HI)
    assert refused(answer) == (400, "chat_template_missing", "messages")
    assert "/v1/completions" in answer.json()["error"]["message"]
    assert engine.post("completions", prompt="Hel", max_tokens=3).status_code == 200


def test_what_a_template_refuses_is_told_in_its_words(start: Any, learned_model: Path, tmp_path: Path) -> None:
    strict = tmp_path / "strict"
    strict.mkdir()
    for file in learned_model.iterdir():
        if file.name != "chat_template.jinja":
            (strict / file.name).symlink_to(file)
    (strict / "chat_template.jinja").write_text(
        "{% if messages[0]['role'] != 'user' %}{{ raise_exception('Roles must alternate!') }}{% endif %}"
        "{% for tool in tools or [] %}{{ tool['function']['name'] }}{% endfor %}"
        "{{ messages[0]['content'] }}{{ mood }}"
    )
    engine = start(strict)

    answer = engine.post("chat/completions", messages=[{"role": "assistant", "content": "x"}])
    assert refused(answer) == (400, "chat_template_failed", "messages")
    assert "Roles must alternate!" in answer.json()["error"]["message"]
    tools = [{"type": "function", "function": {"name": "clock"}}]
    extra = {"tools": tools, "chat_template_kwargs": {"mood": "good"}, "max_tokens": 1}
    assert engine.chat("Hi", **extra)["usage"]["prompt_tokens"] == len("clockHigood")
