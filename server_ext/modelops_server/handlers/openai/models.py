"""``models``: what requests may name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from modelops_server.endpoints import Endpoint
from modelops_server.endpoints.refusals import unknown_model
from modelops_server.handlers.openai.base import OpenAIHandler, guarded


class ModelsHandler(OpenAIHandler):
    """``models``."""

    @guarded("read")
    async def get(self) -> None:
        """Every model and adapter that is ready."""
        names = await self.gateway.names()
        visible = {name: one for name, one in names.items() if self.opened in {None, one.name}}
        self.answer({"object": "list", "data": [_model(name, endpoint) for name, endpoint in visible.items()]})


class ModelHandler(OpenAIHandler):
    """``models/{name}``."""

    @guarded("read")
    async def get(self, name: str) -> None:
        """One of them."""
        names = await self.gateway.names()
        endpoint = names.get(name)
        if endpoint is None or self.opened not in {None, endpoint.name}:
            raise unknown_model(name, [known for known, one in names.items() if self.opened in {None, one.name}])
        self.answer(_model(name, endpoint))


def _model(name: str, endpoint: Endpoint) -> dict[str, Any]:
    artifact = endpoint.spec.model_names[name]
    return {
        "id": name,
        "object": "model",
        "created": int(datetime.fromisoformat(endpoint.spec.created).timestamp()),
        "owned_by": "modelops",
        "ref": artifact.ref,
        "digest": artifact.digest,
        "engine": endpoint.spec.engine,
        "context_length": endpoint.status.context,
    }
