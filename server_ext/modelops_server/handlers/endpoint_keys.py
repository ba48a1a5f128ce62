"""Keys to an endpoint: make, list and revoke."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from modelops_server.endpoints.keys import create_key, list_keys, revoke_key
from modelops_server.handlers.answers import endpoints as answers
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.operation import operation


class NewKey(BaseModel):
    """What the key is called."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(min_length=1, max_length=100, description="What its owner calls it; an old one of it is replaced.")


class EndpointKeysHandler(ModelOpsHandler):
    """``endpoints/{name}/keys``."""

    @operation("listEndpointKeys", "read", "endpoints", answer=answers.EndpointKeys)
    async def get(self, name: str) -> dict[str, Any]:
        """List the keys to an endpoint, without what they are."""
        keys = await self.slowly(list_keys, self.home, name)
        return {"keys": [{"id": key.id, "created": key.created} for key in keys]}

    @operation(
        "createEndpointKey",
        "execute",
        "endpoints",
        body=NewKey,
        answer=answers.NewEndpointKey,
        status=HTTPStatus.CREATED,
    )
    async def post(self, name: str, body: NewKey) -> dict[str, Any]:
        """Make a key by which somebody without a login may use this endpoint, and no other; it is shown this once."""
        key = await self.slowly(create_key, self.home, name, body.id)
        made = next(known for known in await self.slowly(list_keys, self.home, name) if known.id == body.id)
        return {"id": made.id, "created": made.created, "key": key}


class EndpointKeyHandler(ModelOpsHandler):
    """``endpoints/{name}/keys/{key}``."""

    @operation("revokeEndpointKey", "write", "endpoints", status=HTTPStatus.NO_CONTENT)
    async def delete(self, name: str, key: str) -> None:
        """Let a key work no longer."""
        await self.slowly(revoke_key, self.home, name, key)
