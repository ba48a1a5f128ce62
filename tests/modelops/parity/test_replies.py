"""Replies are read from what engines with OpenAI's API send."""

from __future__ import annotations

from typing import Any

import pytest

from modelops.errors import Unavailable
from modelops.parity import Served, chat_request, completion_request, read_reply


def body(**choice: Any) -> dict[str, Any]:
    likely = {"id": 57, "token": "I", "bytes": [73], "logprob": -1.5}
    other = {"token": "\ufffd", "bytes": [226, 128], "logprob": -2}
    content = [{**likely, "top_logprobs": [likely, other]}]
    return {
        "choices": [{"finish_reason": "stop", "logprobs": {"content": content}} | choice],
        "usage": {"prompt_tokens": 31, "completion_tokens": 1},
    }


def test_an_answer_of_llama_cpp() -> None:
    reply = read_reply(body())

    assert (reply.prompt_tokens, reply.stopped) == (31, True)
    [step] = reply.steps
    assert step.written == Served(57, b"I", -1.5)
    assert step.likeliest == (Served(57, b"I", -1.5), Served(None, b"\xe2\x80", -2.0))
    assert not read_reply(body(finish_reason="length")).stopped


def test_answers_of_vllm_name_tokens_by_their_ids() -> None:
    chat = {"token": "token_id:57", "bytes": [116], "logprob": -1.5}
    completion = {"tokens": ["token_id:57"], "token_logprobs": [-1.5], "top_logprobs": [{"token_id:57": -1.5}]}

    for logprobs in ({"content": [{**chat, "top_logprobs": [chat]}]}, completion):
        [step] = read_reply(body(logprobs=logprobs)).steps
        assert step.written == Served(57, None, -1.5)
        assert step.likeliest == (step.written,)


@pytest.mark.parametrize("logprobs", [None, {}, {"tokens": ["I"]}])
def test_without_likelihoods_nothing_can_be_compared(logprobs: Any) -> None:
    with pytest.raises(Unavailable) as refused:
        read_reply(body(logprobs=logprobs))
    assert refused.value.code == "no_logprobs"


def test_requests_ask_for_the_likeliest_tokens_and_their_likelihoods() -> None:
    turn = {"role": "user", "content": "Hi"}
    assert chat_request((turn,), 24) == {
        "messages": [turn],
        "max_tokens": 24,
        "temperature": 0,
        "logprobs": True,
        "top_logprobs": 5,
        "return_tokens_as_token_ids": True,
    }
    assert completion_request([1, 2], 3) == {
        "prompt": [1, 2],
        "max_tokens": 3,
        "temperature": 0,
        "logprobs": 5,
        "return_tokens_as_token_ids": True,
    }
    assert completion_request("Hi", 3)["prompt"] == "Hi"
