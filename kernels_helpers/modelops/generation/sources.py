"""Who answers: a model that is loaded here, or an endpoint and the very artifacts that it serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

from modelops.errors import InvalidInput, NotFound, VerificationError
from modelops.inputs import verify_input
from modelops.models import only_gguf
from modelops.registry import Artifact


class EndpointLike(Protocol):
    """What is needed of :class:`modelops.client.Endpoint`."""

    record: dict[str, Any]

    @property
    def name(self) -> str: ...

    @property
    def models(self) -> list[str]: ...

    def refresh(self) -> EndpointLike: ...

    def stream(self, messages: Any, *, model: str | None = None, **options: Any) -> Any: ...


class Served(NamedTuple):
    """An endpoint that is ready, and what answers."""

    endpoint: EndpointLike
    model_name: str
    """What a request names: ``endpoint``, or ``endpoint/adapter``."""
    subject: Artifact
    """The model or adapter whose answers these are."""
    digest: str
    """Of what the endpoint was started for."""


def check_sources(model: str | None, adapter: str | None, endpoint: str) -> None:
    """Raise ``InvalidInput`` (``one_source``) unless either a model (or an adapter) or an endpoint is named."""
    if bool(model or adapter) == bool(endpoint):
        both = "Both a model and an endpoint are" if endpoint else "Neither a model nor an endpoint is"
        raise InvalidInput("one_source", f"{both} named.", "Give model (or adapter), or endpoint: exactly one of both.")


def refuse_gguf(folder: Path, ref: str) -> None:
    """Raise ``InvalidInput`` (``gguf_not_computed``) for a model that is a GGUF file: llama.cpp runs it, not this."""
    if only_gguf(folder) is not None:
        raise InvalidInput(
            "gguf_not_computed",
            f"{ref} is a GGUF file, which is run by llama.cpp.",
            f"Start an endpoint and name it instead of the model: modelops endpoints start {ref}",
        )


def open_endpoint(endpoint: EndpointLike, name: str) -> Served:
    """Verify what an endpoint serves, and note it as an input; ``name`` is the endpoint, or ``endpoint/adapter``.

    Raises ``NotFound`` (``adapter_not_served``), ``VerificationError`` (``digest_differs``) where the registry here
    holds something else under that name, and what verifying raises.
    """
    record = endpoint.record
    target = verify_input(record["ref"])
    require_same(target.digest, record)
    if record["model"] != record["ref"]:
        verify_input(record["model"])
    _, slash, adapter = name.partition("/")
    if not slash:
        return Served(endpoint, name, target, target.digest)
    served = next((ref for ref in record["adapters"] if ref.partition("@")[0] == adapter), None)
    if name not in endpoint.models or served is None:
        known = ", ".join(endpoint.models)
        raise NotFound("adapter_not_served", f"{name} is not served.", f"The endpoint serves {known}.")
    return Served(endpoint, name, verify_input(served), target.digest)


def require_same(digest: str, record: dict[str, Any]) -> None:
    """Raise ``VerificationError`` (``digest_differs``) where an endpoint serves something else than ``digest``."""
    if record["digest"] != digest:
        raise VerificationError(
            "digest_differs",
            f"The endpoint {record['name']} serves another {record['ref']} than is registered here.",
            "Start an endpoint of the artifact that is meant, and try again.",
            expected=digest,
            found=record["digest"],
        )
