"""What clients send, as the OpenAI API has it. Fields that are not named here are ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modelops_server.endpoints.engines.transformers.problems import Problem, invalid, not_supported

TokenIds = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
StopText = Annotated[str, Field(min_length=1)]
TopLogprobs = Annotated[int, Field(ge=0, le=20)]
Penalty = Annotated[float, Field(ge=-2, le=2)]

_ROOM_FOR_A_COMPLETION = 16
"""Tokens of a completion whose request names no limit: OpenAI's default."""


class Body(BaseModel):
    """What every request has."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)

    model: str


class Generation(Body):
    """How an answer is chosen, and where it ends."""

    temperature: Annotated[float, Field(ge=0)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    stop: StopText | Annotated[list[StopText], Field(max_length=4)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    ignore_eos: bool | None = None
    """Go on behind the token that ends an answer, which measuring speed needs; llama.cpp and vLLM know it, too."""
    stream: bool | None = None
    n: Literal[1] | None = None
    response_format: dict[str, Any] | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts that end an answer."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def most_tokens(self) -> int | None:
        """The most tokens of an answer; ``None``: as many as there is room for."""
        return self.max_tokens

    @property
    def alternatives(self) -> int | None:
        """How many likely tokens are named beside each chosen one; ``None``: no likelihoods are wanted."""
        raise NotImplementedError

    def refuse_unsupported(self) -> None:
        """Raise a :class:`Problem` where a field asks for what this engine does not do."""
        if self.response_format and self.response_format.get("type", "text") != "text":
            raise not_supported(
                "This engine does not constrain answers to a format; start the endpoint with the engine llamacpp.",
                "response_format",
            )


class Part(BaseModel):
    """A part of a message."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    type: str
    text: str = ""


class Message(BaseModel):
    """One turn; fields such as ``tool_calls`` are the template's business."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None


class ChatBody(Generation):
    """``POST /v1/chat/completions``."""

    messages: Annotated[list[Message], Field(min_length=1)]
    tools: list[dict[str, Any]] | None = None
    tool_choice: Any = None
    chat_template_kwargs: dict[str, Any] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: TopLogprobs | None = None

    @property
    def most_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def alternatives(self) -> int | None:
        return (self.top_logprobs or 0) if self.logprobs else None

    def refuse_unsupported(self) -> None:
        super().refuse_unsupported()
        if self.top_logprobs and not self.logprobs:
            raise Problem(400, "invalid_value", "top_logprobs: needs logprobs to be true.", "top_logprobs")


class CompletionBody(Generation):
    """``POST /v1/completions``."""

    prompt: str | TokenIds | Annotated[list[str], Field(min_length=1)] | Annotated[list[TokenIds], Field(min_length=1)]
    logprobs: TopLogprobs | None = None
    best_of: Literal[1] | None = None
    echo: bool | None = None
    suffix: str | None = None

    @property
    def prompts(self) -> list[str | list[int]]:
        """The prompts, each text or token ids."""
        return _several(self.prompt)

    @property
    def most_tokens(self) -> int | None:
        return self.max_tokens or _ROOM_FOR_A_COMPLETION

    @property
    def alternatives(self) -> int | None:
        return self.logprobs

    def refuse_unsupported(self) -> None:
        super().refuse_unsupported()
        for field in ("echo", "suffix"):
            if getattr(self, field):
                raise not_supported(f"This engine does not know {field}.", field)


class EmbeddingsBody(Body):
    """``POST /v1/embeddings``."""

    input: (
        str
        | TokenIds
        | Annotated[list[str], Field(min_length=1, max_length=2048)]
        | Annotated[list[TokenIds], Field(min_length=1, max_length=2048)]
    )
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None

    @property
    def inputs(self) -> list[str | list[int]]:
        """The inputs, each text or token ids."""
        return _several(self.input)


B = TypeVar("B", bound=Body)


def parse(body: type[B], content: bytes) -> B:
    """A body from its JSON; raises a :class:`Problem` (400)."""
    try:
        return body.model_validate_json(content)
    except ValidationError as error:
        raise invalid(error) from error


def _several(given: Any) -> list[str | list[int]]:
    return [given] if isinstance(given, str) or isinstance(given[0], int) else given
