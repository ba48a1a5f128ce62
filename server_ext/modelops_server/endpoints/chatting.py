"""Which endpoint answers in a chat, where nobody or somebody names one."""

from __future__ import annotations

from modelops.errors import Conflict, InvalidInput, Unavailable
from modelops.paths import StateHome
from modelops_server.endpoints.endpoint import Endpoint, endpoints, find
from modelops_server.endpoints.refusals import not_ready


def chat_endpoint(home: StateHome, name: str | None = None) -> Endpoint:
    """The endpoint called ``name``, or the only one that is ready and serves a model that chats.

    Raises ``Unavailable`` (``no_chat_endpoint``), ``Conflict`` (``several_chat_endpoints``), ``InvalidInput``
    (``not_a_chat_model``), ``NotFound``, and ``Conflict`` or ``Unavailable`` for one that is not ready.
    """
    if name is not None:
        endpoint = find(home, name)
        require_chat(endpoint)
        if not endpoint.ready:
            raise not_ready(endpoint)
        return endpoint
    ready = [endpoint for endpoint in endpoints(home) if endpoint.ready and _chats(endpoint)]
    if len(ready) == 1:
        return ready[0]
    if ready:
        names = ", ".join(endpoint.name for endpoint in ready)
        raise Conflict(
            "several_chat_endpoints",
            f"Several endpoints are ready: {names}.",
            "Name the one that shall answer: --endpoint NAME, in a request rag:INDEX/NAME.",
        )
    raise Unavailable(
        "no_chat_endpoint",
        "No endpoint of a language model is ready to answer.",
        "Start one: modelops endpoints start MODEL",
    )


def require_chat(endpoint: Endpoint) -> None:
    """Raise ``InvalidInput`` (``not_a_chat_model``) for an endpoint of an embedding model or an index."""
    if not _chats(endpoint):
        raise InvalidInput(
            "not_a_chat_model",
            f"The endpoint {endpoint.name!r} serves {endpoint.spec.target.ref}, which answers no questions.",
            "Choose an endpoint of a language model: modelops endpoints list",
        )


def _chats(endpoint: Endpoint) -> bool:
    return endpoint.spec.task == "generate"
