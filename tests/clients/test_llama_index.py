"""llama-index, unchanged, against an endpoint."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

from modelops.client import Endpoint


@pytest.fixture
def llm(endpoint: Endpoint) -> OpenAILike:
    found = endpoint.openai
    return OpenAILike(
        model=endpoint.name,
        api_base=found["base_url"],
        api_key=found["api_key"],
        is_chat_model=True,
        context_window=512,
        max_tokens=8,
        temperature=0,
        max_retries=0,
        additional_kwargs={"extra_body": {"ignore_eos": True}},
    )


def test_a_chat_whole_and_as_it_is_written(llm: OpenAILike) -> None:
    said = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="hi")]

    whole = llm.chat(said)
    pieces = list(llm.stream_chat(said))

    assert whole.message.content
    assert len(pieces) > 1
    assert pieces[-1].message.content == whole.message.content


def test_a_completion_from_both_kinds_of_code(llm: OpenAILike) -> None:
    assert asyncio.run(llm.acomplete("hi")).text == llm.complete("hi").text
