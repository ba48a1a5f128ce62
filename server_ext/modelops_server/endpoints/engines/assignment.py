"""What an engine process is given: one line of JSON on its standard input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Annotated, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from modelops.errors import InvalidInput

_MOST_BYTES = 1 << 20

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class AdapterFolder:
    """An adapter, and where its verified files lie."""

    name: Text
    folder: Text


@dataclass(frozen=True)
class ModelFolder:
    """A model that an index is searched with, and where its verified files lie."""

    ref: Text
    digest: Text
    folder: Text


@dataclass(frozen=True)
class Assignment:
    """A model or an index to serve, and how."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    model: Text
    """The folder with its verified files."""
    name: Text
    """What requests call it."""
    socket: Text
    """The Unix socket to serve on."""
    key: Text
    """What requests must carry; never in an argument or the environment, which other processes can read."""
    context: Count | None = None
    """The most tokens of prompt and answer of one request; ``None``: what the model was made for, at most 8192."""
    parallel: Count = 4
    """Requests that are answered at the same time."""
    threads: Count = 1
    """Threads that compute."""
    adapters: tuple[AdapterFolder, ...] = ()
    default_adapter: str | None = None
    """The adapter that is applied where a request names the model alone."""
    embedder: ModelFolder | None = None
    """What embeds questions to an index."""
    reranker: ModelFolder | None = None
    """The cross-encoder or embedding model that has the last word on what was found."""

    @classmethod
    def read(cls, stream: IO[bytes]) -> Assignment:
        """The assignment in the first line of a stream; raises ``InvalidInput`` (``invalid_assignment``)."""
        try:
            assignment = TypeAdapter(cls).validate_json(stream.readline(_MOST_BYTES))
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "line"
            raise _invalid(f"{where}: {first['msg']}") from error
        names = [adapter.name for adapter in assignment.adapters]
        if len(set(names)) < len(names):
            raise _invalid("two adapters have the same name")
        if assignment.default_adapter not in {None, *names}:
            raise _invalid(f"the default adapter {assignment.default_adapter} is none of the adapters")
        return assignment

    def line(self) -> bytes:
        """The line that :meth:`read` takes."""
        return TypeAdapter(Assignment).dump_json(self) + b"\n"


def _invalid(reason: str) -> InvalidInput:
    return InvalidInput(
        "invalid_assignment",
        f"The assignment of this engine cannot be used: {reason}.",
        "Start an endpoint with `modelops endpoints start`, which writes it.",
    )
