"""How questions are answered."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

REFUSAL = "not in these documents"
"""What is answered where the documents do not: always in these words, so that programs recognise it."""


class AnswerSettings(BaseModel):
    """When a model is asked, what it is given, and how it shall answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    language: str = Field("", max_length=50, pattern=r"^[^\W\d_]*(?:[ -][^\W\d_]+)*$")
    """Such as ``English``; empty: that of the question."""
    style: Literal["brief", "full"] = "brief"
    """A few sentences, or all that the passages say."""
    max_context_tokens: int = Field(2048, ge=64)
    """Tokens that all passages together may take of the prompt."""
    max_tokens: int = Field(512, ge=1)
    """Tokens of the answer."""
    temperature: float = Field(0.0, ge=0, le=2)
    seed: int = 0
    min_similarity: float | None = Field(0.3, ge=-1, le=1)
    """The cosine with the question from which on a passage counts as one that may answer it; it depends on the
    embedding model. ``None``: none does by its cosine."""
    min_words: float | None = Field(0.6, ge=0, le=1)
    """The share of the question's content words from which on a passage that holds them does, whatever its cosine:
    names and error codes are found by their letters. ``None``: none does by its words."""

    def options(self) -> dict[str, float | int]:
        """What an OpenAI chat completion is asked with beside the messages."""
        return {"max_tokens": self.max_tokens, "temperature": self.temperature, "seed": self.seed}
