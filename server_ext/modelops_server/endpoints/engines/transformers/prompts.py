"""From messages and text to the token ids that a model reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelops_server.endpoints.engines.transformers.problems import Problem, not_supported

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from modelops_server.endpoints.engines.transformers.bodies import ChatBody, Message

_TAKEN = frozenset({
    "add_generation_prompt", "chat_template", "continue_final_message", "conversation", "documents", "max_length",
    "messages", "padding", "return_dict", "return_tensors", "tokenize", "tokenizer_kwargs", "tools", "truncation",
})  # fmt: skip
"""Arguments of ``apply_chat_template`` that are not the template's."""


def chat_ids(tokenizer: PreTrainedTokenizerBase, body: ChatBody) -> list[int]:
    """A conversation as the model's template writes it, up to where the assistant begins to answer.

    Raises a :class:`Problem` (400): ``chat_template_missing``, ``chat_template_failed`` or ``not_supported``.
    """
    from jinja2 import TemplateError

    if not tokenizer.chat_template:
        raise Problem(
            400,
            "chat_template_missing",
            "This model has no chat template: nobody knows how it expects turns to be written. Write the prompt "
            "yourself, and send it to /v1/completions.",
            "messages",
        )
    extra = body.chat_template_kwargs or {}
    if taken := _TAKEN & extra.keys():
        raise not_supported(f"{min(taken)} cannot be given to the chat template.", "chat_template_kwargs")
    turns = [_turn(message, place) for place, message in enumerate(body.messages)]
    tools: Any = None if body.tool_choice == "none" else body.tools or None
    try:
        written: Any = tokenizer.apply_chat_template(
            turns, tools=tools, add_generation_prompt=True, return_dict=True, **extra
        )
    except (TemplateError, TypeError, ValueError, KeyError) as error:  # a template computes with what it is given
        reason = " ".join(str(error).split())[:300]
        raise Problem(
            400, "chat_template_failed", f"The model's chat template refuses these messages: {reason}", "messages"
        ) from error
    return list(written["input_ids"])


def text_ids(
    tokenizer: PreTrainedTokenizerBase, given: str | list[int], vocabulary: int, param: str = "prompt"
) -> list[int]:
    """Text, or token ids as they are; raises a :class:`Problem` (400) where there is nothing, or an unknown id."""
    ids: list[int] = list(tokenizer(given)["input_ids"]) if isinstance(given, str) else given
    if not ids:
        raise Problem(400, "invalid_value", f"{param}: is empty.", param)
    if max(ids) >= vocabulary:
        raise Problem(400, "invalid_value", f"{param}: the model has no token {max(ids)}, only {vocabulary}.", param)
    return ids


def _turn(message: Message, place: int) -> dict[str, Any]:
    turn = message.model_dump(exclude_none=True)
    content = message.content
    if isinstance(content, list):
        if other := next((part.type for part in content if part.type != "text"), None):
            raise not_supported(f"This engine reads text, no {other}.", f"messages.{place}.content")
        content = "".join(part.text for part in content)
    # Templates know the role by its older name.
    turn |= {"role": "system" if message.role == "developer" else message.role, "content": content or ""}
    if isinstance(calls := turn.get("tool_calls"), list):
        turn["tool_calls"] = [_with_arguments_read(call) for call in calls]
    return turn


def _with_arguments_read(call: Any) -> Any:
    """A tool call whose arguments are an object, as templates expect, and not OpenAI's text of one."""
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("arguments"), str):
        return call
    try:
        return {**call, "function": {**function, "arguments": json.loads(function["arguments"])}}
    except ValueError:
        return call
