"""The formats that rows come in: told apart by their columns, and converted to the one canonical form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from modelops.datasets.canonical import Row
from modelops.datasets.chats import CHAT_COLUMNS, MESSAGES, SHAREGPT, Dialect, chat_messages, check_chat
from modelops.datasets.rows import Refused, quoted

FORMATS = ("messages", "sharegpt", "alpaca", "prompt-completion", "text")


class _Pair(NamedTuple):
    prompt: str
    answer: str
    context: str | None = None


# Column names that datasets in the wild use for the same thing; the first pair that a row has is its own.
_ALPACA = (
    _Pair("instruction", "output", "input"),
    _Pair("instruction", "response", "context"),
    _Pair("instruction", "output", "context"),
    _Pair("instruction", "response", "input"),
)
_PROMPT_COMPLETION = (
    _Pair("prompt", "completion"),
    _Pair("prompt", "response"),
    _Pair("question", "answer"),
    _Pair("input", "output"),
)
_UNANSWERED = {"instruction", "prompt", "question", "input", "context", "system", "id"}


@dataclass(frozen=True)
class Converted:
    """A row in canonical form, and the fields of the source that have no place in it."""

    row: Row
    dropped: frozenset[str]


def detect_format(columns: Mapping[str, Any], file_format: str | None = None) -> str | None:
    """The format of a row by its columns, or ``None``; empty columns only count where there is nothing else.

    A row that fits several formats, such as a chat without turns, is taken for ``file_format`` if that is one of them.
    """
    filled = {name for name, value in columns.items() if value is not None}
    return _detect(filled, columns, file_format) or _detect(set(columns), columns, file_format)


def _detect(names: set[str], columns: Mapping[str, Any], file_format: str | None) -> str | None:
    for name in CHAT_COLUMNS:
        if name in names:
            return _chat_format(name, columns[name], file_format)
    if any({pair.prompt, pair.answer} <= names for pair in _ALPACA):
        return "alpaca"
    if any({pair.prompt, pair.answer} <= names for pair in _PROMPT_COMPLETION):
        return "prompt-completion"
    if "text" in names:
        return "text"
    # A question alone is a row without its answer, rather than one of unknown columns.
    if names and names <= _UNANSWERED:
        return "alpaca" if "instruction" in names else "prompt-completion" if names & {"prompt", "question"} else None
    return None


def _chat_format(column: str, value: Any, file_format: str | None) -> str:
    if isinstance(value, list):
        keys = next((set(item) for item in value if isinstance(item, dict)), set())
    elif isinstance(value, str):
        keys = {key for key in ("role", "from") if f'"{key}"' in value}
    else:
        keys = set()
    for dialect in (MESSAGES, SHAREGPT):
        if {dialect.role, dialect.content} & keys:
            return dialect.format
    if file_format in (MESSAGES.format, SHAREGPT.format):
        return file_format
    return MESSAGES.format if column == "messages" else SHAREGPT.format


def convert(columns: Mapping[str, Any], format: str) -> Converted:
    """Convert one row of a known format; raise ``Refused`` with the field and the reason."""
    if format == "text":
        return Converted({"text": _text(columns, "text", "missing_field", "empty_text")}, _dropped(columns, {"text"}))
    if format in ("messages", "sharegpt"):
        return _convert_chat(columns, MESSAGES if format == "messages" else SHAREGPT)
    if format == "alpaca":
        return _convert_pair(columns, _ALPACA)
    if format == "prompt-completion":
        return _convert_pair(columns, _PROMPT_COMPLETION)
    raise ValueError(f"no format {format!r}")


def _convert_chat(columns: Mapping[str, Any], dialect: Dialect) -> Converted:
    column = next((name for name in CHAT_COLUMNS if name in columns), CHAT_COLUMNS[0])
    if column not in columns:
        raise Refused("missing_field", column, f"The column {column!r} is missing.")
    messages, dropped = chat_messages(columns[column], column, dialect)
    return _chat(columns, messages, {column}, column, dropped)


def _convert_pair(columns: Mapping[str, Any], pairs: tuple[_Pair, ...]) -> Converted:
    # The pair with most of its columns in the row; the first one of these.
    pair = max(pairs, key=lambda pair: sum(name in columns for name in (pair.prompt, pair.answer, pair.context)))
    prompt, answer = columns.get(pair.prompt), columns.get(pair.answer)
    if isinstance(prompt, list) and isinstance(answer, list):
        # TRL's conversational prompt and completion.
        asked, dropped_asked = chat_messages(prompt, pair.prompt, MESSAGES)
        answered, dropped_answered = chat_messages(answer, pair.answer, MESSAGES)
        dropped = dropped_asked | dropped_answered
        both = f"{pair.prompt}+{pair.answer}"
        return _chat(columns, asked + answered, {pair.prompt, pair.answer}, both, dropped)
    user = _text(columns, pair.prompt, "missing_field", "empty_prompt")
    used = {pair.prompt, pair.answer}
    if pair.context is not None and columns.get(pair.context) not in (None, ""):
        user += "\n\n" + _text(columns, pair.context, "missing_field", "empty_prompt")
    if pair.context is not None:
        used.add(pair.context)
    assistant = _text(columns, pair.answer, "no_answer", "empty_answer")
    messages = [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]
    return _chat(columns, messages, used, pair.answer, set())


def _chat(
    columns: Mapping[str, Any], messages: list[dict[str, str]], used: set[str], column: str, dropped: set[str]
) -> Converted:
    check_chat(messages, column)
    if messages[0]["role"] == "system" and not messages[0]["content"].strip():
        messages = messages[1:]  # Many exports write an empty system message where there is none.
    if columns.get("system") not in (None, "") and messages[0]["role"] != "system":
        messages = [{"role": "system", "content": _text(columns, "system", "missing_field", "empty_text")}, *messages]
    return Converted({"messages": messages}, _dropped(columns, used | {"system"}) | dropped)


def _text(columns: Mapping[str, Any], name: str, missing: str, empty: str) -> str:
    value = columns.get(name)
    if value is None:
        raise Refused(missing, name, f"The column {name!r} is {'empty' if name in columns else 'missing'}.")
    if not isinstance(value, str):
        raise Refused("wrong_type", name, f"{name} is text, but here it is {quoted(value)}.")
    if not value.strip():
        raise Refused(empty, name, f"{name} holds no text.")
    return value


def _dropped(columns: Mapping[str, Any], used: set[str]) -> frozenset[str]:
    return frozenset(name for name, value in columns.items() if name not in used and value not in (None, "", [], {}))
