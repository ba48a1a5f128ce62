"""OpenAI's own client, unchanged, against an endpoint."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from modelops.client import Endpoint

from .conftest import NAME

HI: list[Any] = [{"role": "user", "content": "hi"}]
SHORT: dict[str, Any] = {"model": NAME, "max_tokens": 8, "temperature": 0, "extra_body": {"ignore_eos": True}}


@pytest.fixture
def client(endpoint: Endpoint) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(**endpoint.openai, max_retries=0) as client:
        yield client


def test_a_chat_whole_and_as_it_is_written(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(messages=HI, **SHORT)
    streamed = list(
        client.chat.completions.create(messages=HI, stream=True, stream_options={"include_usage": True}, **SHORT)
    )

    text = "".join(chunk.choices[0].delta.content or "" for chunk in streamed if chunk.choices)
    assert text == whole.choices[0].message.content
    assert whole.choices[0].finish_reason == "length"
    assert whole.usage is not None
    assert streamed[-1].usage is not None
    assert streamed[-1].usage.completion_tokens == whole.usage.completion_tokens == 8


def test_a_completion_with_log_probabilities(client: openai.OpenAI) -> None:
    answer = client.completions.create(prompt="def", **SHORT)
    chat = client.chat.completions.create(messages=HI, logprobs=True, top_logprobs=2, **SHORT)

    assert answer.choices[0].text
    assert chat.choices[0].logprobs is not None
    assert [len(token.top_logprobs) for token in chat.choices[0].logprobs.content or ()] == [2] * 8


def test_embeddings(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model=NAME, input=["one", "two"])

    assert [len(item.embedding) for item in answer.data] == [64, 64]  # the client asks for base64


def test_an_answer_by_a_schema(client: openai.OpenAI) -> None:
    schema = {"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]}
    asked: Any = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema, "strict": True}}
    answer = client.chat.completions.create(model=NAME, max_tokens=200, messages=HI, response_format=asked)

    assert type(json.loads(answer.choices[0].message.content or "")["sure"]) is bool


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [NAME]
    assert client.models.retrieve(NAME).owned_by == "modelops"


def test_errors_are_the_clients_own(client: openai.OpenAI, endpoint: Endpoint) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(messages=HI, **{**SHORT, "model": "nobody"})
    with pytest.raises(openai.BadRequestError) as long:
        client.chat.completions.create(messages=[{"role": "user", "content": "word " * 2000}], **SHORT)
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=endpoint.openai["base_url"], api_key="wrong").models.list()

    assert unknown.value.code == "model_not_found"
    assert long.value.code == "context_length_exceeded"


def test_many_at_once(endpoint: Endpoint) -> None:
    async def ask() -> list[Any]:
        async with openai.AsyncOpenAI(**endpoint.openai) as client:
            return await asyncio.gather(*(client.chat.completions.create(messages=HI, **SHORT) for _ in range(20)))

    answers = asyncio.run(ask())

    assert [answer.usage.completion_tokens for answer in answers] == [8] * 20
