"""Answers with citations: the prompt, the reading of what a model writes, and checks that need no judge.

Nothing here loads a model or needs a network, but :func:`ask`, which asks the endpoint it is given.
"""

from __future__ import annotations

from modelops.rag.answering.asking import Answered, ChatEndpoint, Event, Searched, ask
from modelops.rag.answering.attribution import Attribution, attribute
from modelops.rag.answering.checks import AnswerCheck, CheckSummary, SentenceCheck, check, summary
from modelops.rag.answering.citations import Answer, AnswerReader, Citation, Text, cite
from modelops.rag.answering.prompting import CountTokens, Prompt, messages_for, place_of, prompt_for
from modelops.rag.answering.refusals import is_refusal
from modelops.rag.answering.safe import safe_text
from modelops.rag.answering.settings import REFUSAL, AnswerSettings
from modelops.rag.answering.support import SUPPORTED, Highlight, best_sentence, supporting_hits

__all__ = [
    "REFUSAL",
    "SUPPORTED",
    "Answer",
    "AnswerCheck",
    "AnswerReader",
    "AnswerSettings",
    "Answered",
    "Attribution",
    "ChatEndpoint",
    "CheckSummary",
    "Citation",
    "CountTokens",
    "Event",
    "Highlight",
    "Prompt",
    "Searched",
    "SentenceCheck",
    "Text",
    "ask",
    "attribute",
    "best_sentence",
    "check",
    "cite",
    "is_refusal",
    "messages_for",
    "place_of",
    "prompt_for",
    "safe_text",
    "summary",
    "supporting_hits",
]
