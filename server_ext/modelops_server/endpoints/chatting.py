"""Which endpoint answers in a chat, where nobody or somebody names one."""

from __future__ import annotations

from modelops.errors import InvalidInput, ModelOpsError
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops_server.endpoints.endpoint import Endpoint, endpoints, find
from modelops_server.endpoints.refusals import not_ready


def chat_endpoint(home: StateHome, name: str | None = None) -> Endpoint:
    """The endpoint called ``name``, or the only one that is ready and serves a model that chats.

    Raises ``InvalidInput`` (``no_chat_endpoint``, ``several_chat_endpoints``, ``not_a_chat_model``), ``NotFound``, and
    ``Conflict`` or ``Unavailable`` for one that is not ready.
    """
    registry = Registry(home)
    if name is not None:
        endpoint = find(home, name)
        if not _chats(endpoint, registry):
            raise InvalidInput(
                "not_a_chat_model",
                f"The endpoint {name!r} serves {endpoint.spec.target.ref}, which answers no questions.",
                "Choose an endpoint of a language model: modelops endpoints list",
            )
        if not endpoint.ready:
            raise not_ready(endpoint)
        return endpoint
    ready = [endpoint for endpoint in endpoints(home) if endpoint.ready and _chats(endpoint, registry)]
    if len(ready) == 1:
        return ready[0]
    if ready:
        names = ", ".join(endpoint.name for endpoint in ready)
        raise InvalidInput("several_chat_endpoints", f"Several endpoints are ready: {names}.", "Name one: --endpoint")
    raise InvalidInput(
        "no_chat_endpoint",
        "No endpoint of a language model is ready to answer.",
        "Start one: modelops endpoints start MODEL",
    )


def _chats(endpoint: Endpoint, registry: Registry) -> bool:
    """Whether it serves a language model rather than an embedding model or an index; what is gone may be one."""
    try:
        model = registry.get(endpoint.spec.model.ref)
    except ModelOpsError:
        return True
    return model.kind == "model" and "embedding" not in model.metadata
