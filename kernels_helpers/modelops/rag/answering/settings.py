"""How questions are answered."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

REFUSAL = "not in these documents"
"""What is answered where the documents do not: always in these words, so that programs recognise it."""


_LEAST = 64
"""Tokens that passages have at least."""
_AROUND = 384
"""Tokens of a prompt that are not passages: the rules, the question, where passages stand."""


class AnswerSettings(BaseModel):
    """When a model is asked, what it is given, and how it shall answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    language: str = Field("", max_length=50, pattern=r"^[^\W\d_]*(?:[ -][^\W\d_]+)*$")
    """Such as ``English``; empty: that of the question."""
    style: Literal["brief", "full"] = "brief"
    """A few sentences, or all that the passages say."""
    max_context_tokens: int = Field(2048, ge=_LEAST)
    """Tokens that all passages together may take of the prompt."""
    max_tokens: int = Field(512, ge=1)
    """Tokens of the answer."""
    temperature: float = Field(0.0, ge=0, le=2)
    seed: int = 0
    min_similarity: float | None = Field(0.3, ge=-1, le=1)
    """The cosine with the question from which on a passage counts as one that may answer it; it depends on the
    embedding model. ``None``: none does by its cosine."""
    min_words: float | None = Field(0.75, ge=0, le=1)
    """The share of the question's content words from which on a passage that holds them does, whatever its cosine:
    names and error codes are found by their letters. ``None``: none does by its words."""

    def within(self, context: int) -> AnswerSettings:
        """These settings with no more tokens of passages and answer than a model has room for, its rules included."""
        answer = min(self.max_tokens, max(1, context // 3))
        passages = min(self.max_context_tokens, max(_LEAST, context - answer - _AROUND))
        return self.model_copy(update={"max_tokens": answer, "max_context_tokens": passages})

    def options(self) -> dict[str, float | int]:
        """What an OpenAI chat completion is asked with beside the messages."""
        return {"max_tokens": self.max_tokens, "temperature": self.temperature, "seed": self.seed}
