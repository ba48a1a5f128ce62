"""Conversations: their dialects, their roles, and the order of turns that a model can learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from modelops.datasets.json_text import parse_json
from modelops.datasets.rows import Refused, quoted

CHAT_COLUMNS = ("messages", "conversations", "conversation")
"""Columns that hold a conversation, the field's first choice first."""


class Dialect(NamedTuple):
    """How a format writes a turn: the keys for who speaks and what, and its names for the roles."""

    format: str
    role: str
    content: str
    roles: Mapping[str, str]


MESSAGES = Dialect("messages", "role", "content", {"system": "system", "user": "user", "assistant": "assistant"})
SHAREGPT = Dialect(
    "sharegpt",
    "from",
    "value",
    {
        "system": "system",
        "human": "user",
        "user": "user",
        "gpt": "assistant",
        "assistant": "assistant",
        "chatgpt": "assistant",
        "model": "assistant",
        "bot": "assistant",
    },
)

# Keys of a turn that change what should be learned from it: leaving them out would train something else.
_MEANINGFUL = {"tool_calls", "function_call", "tool_call_id", "weight", "audio"}


def chat_messages(value: Any, column: str, dialect: Dialect) -> tuple[list[dict[str, str]], set[str]]:
    """Turns as canonical messages, and the keys that were left out; raise ``Refused`` with the place and the reason."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        # A conversation in a CSV cell.
        try:
            value = parse_json(value)
        except ValueError as error:
            raise Refused("broken_json", column, f"The conversation is not valid JSON: {error}.") from None
    if not isinstance(value, list):
        what = "empty" if value is None else quoted(value)
        raise Refused("wrong_type", column, f"{column} is a list of messages, but here it is {what}.")
    messages, dropped = [], set()
    for index, turn in enumerate(value):
        place = f"{column}[{index}]"
        if not isinstance(turn, dict):
            raise Refused("wrong_type", place, f"A message is an object, but here it is {quoted(turn)}.")
        role, content = _role(turn, place, dialect), _content(turn, place, dialect)
        for key, extra in turn.items():
            if key in (dialect.role, dialect.content) or extra in (None, "", [], {}):
                continue
            if key in _MEANINGFUL and not (key == "weight" and extra == 1):
                message = f"{place} has {key!r}, which has no place in plain chats and cannot be left out."
                raise Refused("unsupported_field", f"{place}.{key}", message)
            dropped.add(f"{column}[].{key}")
        messages.append({"role": role, "content": content})
    return messages, dropped


def check_chat(messages: list[dict[str, str]], column: str) -> None:
    """Raise ``Refused`` unless turns alternate, user first after at most one system message, and end with an answer."""
    if not any(message["role"] == "assistant" for message in messages):
        raise Refused("no_answer", column, "There is no assistant turn, so there is nothing to learn.")
    turns = messages[1:] if messages[0]["role"] == "system" else messages
    shift = len(messages) - len(turns)
    for index, message in enumerate(turns):
        expected = ("user", "assistant")[index % 2]
        place = f"{column}[{index + shift}]"
        if message["role"] != expected:
            raise Refused(
                "role_order", f"{place}.role", f"Turn {index + 1} is the {message['role']}'s, not the {expected}'s."
            )
        if not message["content"].strip():
            code = "empty_answer" if expected == "assistant" else "empty_prompt"
            raise Refused(code, f"{place}.content", f"The {expected}'s turn holds no text.")
    if turns[-1]["role"] != "assistant":
        place = f"{column}[{len(messages) - 1}].role"
        raise Refused("role_order", place, "The last turn is the user's, so its answer is missing.")


def _role(turn: Mapping[str, Any], place: str, dialect: Dialect) -> str:
    role = turn.get(dialect.role)
    field = f"{place}.{dialect.role}"
    if role is None:
        raise Refused("missing_field", field, f"{place} does not say whose turn it is: no {dialect.role!r}.")
    if not isinstance(role, str):
        raise Refused("wrong_type", field, f"{field} is text, but here it is {quoted(role)}.")
    if role not in dialect.roles:
        known = ", ".join(dialect.roles)
        raise Refused("unknown_role", field, f"{quoted(role)} is no role of a chat; known are {known}.")
    return dialect.roles[role]


def _content(turn: Mapping[str, Any], place: str, dialect: Dialect) -> str:
    content = turn.get(dialect.content)
    field = f"{place}.{dialect.content}"
    if isinstance(content, list) and content and all(_is_text_part(part) for part in content):
        content = "".join(part["text"] for part in content)
    if content is None:
        for key in ("tool_calls", "function_call"):
            if turn.get(key):
                raise Refused(
                    "unsupported_field", f"{place}.{key}", f"{place} calls a tool; only plain chats are supported."
                )
        raise Refused("missing_field", field, f"{place} has no {dialect.content!r}.")
    if not isinstance(content, str):
        raise Refused("wrong_type", field, f"{field} is text, but here it is {quoted(content)}.")
    return content


def _is_text_part(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
