"""Greedy answers to held-out questions, compared with the expected ones as SQuAD compares them."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelops.evaluation.progress import OnProgress, quietly
from modelops.intervals import Measure, mean_of_shares
from modelops.models import chat_prompt, write_greedily

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class Answer:
    """What was asked, what should be answered, and what a model answers."""

    source: int
    """Which of the rows it is, from 0."""
    question: str
    """The last turn of the user."""
    expected: str
    given: str
    exact_match: float
    """1 where both are the same but for case, punctuation, articles and white space; otherwise 0."""
    f1: float
    """Between 0 and 1: how many words both share."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def answer_rows(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    *,
    max_new_tokens: int = 64,
    on_progress: OnProgress = quietly,
) -> list[Answer]:
    """What the model answers, token by token the likeliest, where the last turn of a conversation is an answer.

    ``rows`` are conversations (``messages``) with their places. Rows of plain text ask nothing and are left out.
    """
    asked = [(place, row["messages"]) for place, row in rows if _ends_with_an_answer(row)]
    answers = []
    on_progress(0, len(asked))
    for done, (place, messages) in enumerate(asked, 1):
        expected = str(messages[-1]["content"])
        given = greedy_answer(model, tokenizer, messages[:-1], max_new_tokens)
        question = next((str(turn["content"]) for turn in reversed(messages[:-1]) if turn["role"] == "user"), "")
        match, f1 = exact_match(given, expected), token_f1(given, expected)
        answers.append(Answer(place, question, expected, given, match, f1))
        on_progress(done, len(asked))
    return answers


def answer_measures(answers: Sequence[Answer]) -> dict[str, Measure]:
    """``exact_match`` and ``f1``, means over rows; nothing where there are fewer than two answers."""
    if len(answers) < 2:
        return {}
    return {
        "exact_match": mean_of_shares(np.array([answer.exact_match for answer in answers])),
        "f1": mean_of_shares(np.array([answer.f1 for answer in answers])),
    }


def greedy_answer(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, messages: Sequence[Mapping[str, Any]], most: int
) -> str:
    """The likeliest answer token by token, of at most ``most`` tokens, without special tokens."""
    written = write_greedily(model, tokenizer, chat_prompt(tokenizer, messages), most)
    return str(tokenizer.decode(written.ids, skip_special_tokens=True))


def exact_match(given: str, expected: str) -> float:
    """1.0 where both normalise to the same text, otherwise 0.0."""
    return float(normalised(given) == normalised(expected))


def token_f1(given: str, expected: str) -> float:
    """The harmonic mean of precision and recall of words, as many times as they occur; 1.0 where both have none."""
    ours, theirs = normalised(given).split(), normalised(expected).split()
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def normalised(text: str) -> str:
    """Lower case, without punctuation, English articles and repeated white space: SQuAD's rule.

    Rajpurkar et al., 2016, https://arxiv.org/abs/1606.05250, section 6.1
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def _ends_with_an_answer(row: Mapping[str, Any]) -> bool:
    messages = row.get("messages") or []
    return len(messages) > 1 and messages[-1]["role"] == "assistant"
