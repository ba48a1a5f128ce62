"""OpenAI-compatible servers elsewhere (TGI, vLLM, a provider), which who runs this server has configured by name.

A request names them as it names an endpoint. What a name means stands in the configuration alone: their address cannot
be given, and redirects are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
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
        return {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": "remote",
            "engine": "remote",
            "task": "generate",
        }


@dataclass(frozen=True)
class Misconfigured:
    """A remote model whose settings cannot hold: requests that name it are told so, and nothing else is touched."""

    name: str
    problem: str

    def refusal(self) -> Unavailable:
        """What who asks for it is told."""
        return Unavailable(
            "invalid_remote",
            f"The remote model {self.name[:100]!r} is not configured as it must be: {self.problem}.",
            "Who runs this server mends ModelOpsApp.remotes, see docs/serving.md, and restarts it.",
        )


def configured(remotes: Mapping[Any, Any]) -> dict[str, Remote | Misconfigured]:
    """The servers of a configuration by name, and what is wrong with those that cannot be used."""
    return {str(name): _configured(str(name), settings) for name, settings in remotes.items()}


def _configured(name: str, settings: Any) -> Remote | Misconfigured:
    try:
        check_name(name, "name of a remote model")
        given = settings if isinstance(settings, Mapping) else {"settings": settings}
        return Remote.model_validate({**given, "name": name})
    except InvalidInput as error:
        return Misconfigured(name, f"{error.message.rstrip('.')}; {error.hint.rstrip('.')}")
    except ValidationError as error:
        # What was given is left out: it may be a key in the wrong place.
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return Misconfigured(name, said)
