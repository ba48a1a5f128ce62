"""OpenAI-compatible servers elsewhere (TGI, vLLM, a provider), which who runs this server has configured by name.

A request names them as it names an endpoint. What a name means stands in the configuration alone: their address cannot
be given, and redirects are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, ValidationError, field_validator

from modelops.errors import InvalidInput, Unavailable
from modelops.names import check_name
from modelops_server.endpoints.gateway.connection import Address


class Remote(BaseModel):
    """A server elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    url: HttpUrl = Field(description="Where its API begins, such as https://tgi.example.org/v1.")
    model: str = Field(description="What the server itself calls the model.")
    key_env: str | None = Field(None, description="The environment variable with the key to it.")
    parallel: int = Field(8, ge=1, le=1024, description="Requests that it is sent at the same time.")

    @field_validator("url")
    @classmethod
    def _plain(cls, url: HttpUrl) -> HttpUrl:
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("the address must hold neither a user nor a query; a key belongs into key_env")
        return url

    @property
    def place(self) -> str:
        return str(self.url)

    @property
    def gone(self) -> bool:
        return False

    def address(self) -> Address:
        key = os.environ.get(self.key_env, "") if self.key_env else ""
        if self.key_env and not key:
            raise Unavailable(
                "key_missing",
                f"The key to the remote model {self.name!r} is not set.",
                f"Who runs this server sets the environment variable {self.key_env} and restarts it.",
            )
        return Address(f"{self.place.rstrip('/')}/", {"Authorization": f"Bearer {key}"} if key else {})

    def request(self, body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "model": self.model}

    def touch(self) -> None:
        """Nobody here keeps it."""

    def as_model(self, name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": 0, "owned_by": "remote", "engine": "remote"}


def configured(remotes: Mapping[str, Any]) -> dict[str, Remote]:
    """The servers of a configuration, by name; raises ``InvalidInput`` that says what is wrong with which."""
    found = {}
    for name, settings in remotes.items():
        check_name(name, "name of a remote model")
        try:
            given = settings if isinstance(settings, Mapping) else {"settings": settings}
            found[name] = Remote.model_validate({**given, "name": name})
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            raise InvalidInput(
                "invalid_remote",
                f"The remote model {name!r} is not configured as it must be: {said}.",
                "See docs/serving.md, ModelOpsApp.remotes.",
            ) from error
    return found
