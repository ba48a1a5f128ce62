"""Endpoints: start, look at, change, stop and remove."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from modelops_server import endpoints
from modelops_server.endpoints import Endpoint, Options
from modelops_server.endpoints.gateway import Gateway
from modelops_server.endpoints.planning import look
from modelops_server.handlers.answers import endpoints as answers
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.files import SANDBOX
from modelops_server.handlers.job_files import LogQuery, log_end
from modelops_server.handlers.operation import operation

Ref = Field(min_length=1, max_length=300)


class NewEndpoint(BaseModel):
    """What to serve, and how."""

    model_config = ConfigDict(extra="forbid", strict=True)

    ref: str = Ref
    name: str | None = Field(None, max_length=100, description="By which requests choose it; else the artifact's.")
    engine: str = Field("auto", max_length=100)
    adapters: list[str] = Field([], max_length=256, description="Adapters of the model that are served, too.")
    reranker: str | None = Field(
        None, max_length=300, description="Of an index: a cross-encoder or embedding model that orders what was found."
    )
    options: Options = Options()


class ChangedAdapters(BaseModel):
    """Adapters to serve from now on, and no longer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    add: list[str] = Field([], max_length=256, description="References.")
    remove: list[str] = Field([], max_length=256, description="Names.")


class EndpointHandlerBase(ModelOpsHandler):
    """What every handler of endpoints shares."""

    def shown(self, endpoint: Endpoint) -> dict[str, Any]:
        """An endpoint, with what has passed through it."""
        gateway: Gateway = self.settings["modelops_gateway"]
        return {**endpoint.as_json(), "traffic": gateway.traffic_as_json(endpoint.name)}


class EndpointsHandler(EndpointHandlerBase):
    """``endpoints``."""

    @operation("listEndpoints", "read", "endpoints", answer=answers.EndpointList)
    async def get(self) -> dict[str, Any]:
        """List endpoints: those that run, and those that ran."""
        found = await self.slowly(endpoints.endpoints, self.home)
        return {"endpoints": [self.shown(endpoint) for endpoint in found]}

    @operation(
        "startEndpoint", "execute", "endpoints", body=NewEndpoint, answer=answers.Endpoint, status=HTTPStatus.CREATED
    )
    async def post(self, body: NewEndpoint) -> dict[str, Any]:
        """Serve a model or an adapter; answers before it is loaded."""

        def begin() -> Endpoint:
            asked = body.model_dump(exclude={"ref", "options"})
            return endpoints.start(self.home, endpoints.plan(self.home, body.ref, options=body.options, **asked))

        return self.shown(await self.slowly(begin))


class EndpointPlanHandler(ModelOpsHandler):
    """``endpoint-plan``."""

    @operation("planEndpoint", "read", "endpoints", body=NewEndpoint, answer=answers.EndpointPlan)
    async def post(self, body: NewEndpoint) -> dict[str, Any]:
        """What would be started, what it takes, and what is in the way; nothing is started."""
        asked = body.model_dump(exclude={"ref", "options"})
        return await self.slowly(look, self.home, body.ref, options=body.options, **asked)


class EndpointHandler(EndpointHandlerBase):
    """``endpoints/{name}``."""

    @operation("getEndpoint", "read", "endpoints", answer=answers.Endpoint)
    async def get(self, name: str) -> dict[str, Any]:
        """The endpoint, and what has passed through it."""
        return self.shown(await self.slowly(endpoints.find, self.home, name))

    @operation("removeEndpoint", "write", "endpoints", status=HTTPStatus.NO_CONTENT)
    async def delete(self, name: str) -> None:
        """Stop an endpoint and forget it, with its log."""
        await self.slowly(endpoints.remove, self.home, name)


class StopEndpointHandler(EndpointHandlerBase):
    """``endpoints/{name}/stop``."""

    @operation("stopEndpoint", "write", "endpoints", answer=answers.Endpoint)
    async def post(self, name: str) -> dict[str, Any]:
        """Stop an endpoint; answers when nothing of it runs."""
        return self.shown(await self.slowly(endpoints.stop, self.home, name))


class RestartEndpointHandler(EndpointHandlerBase):
    """``endpoints/{name}/restart``."""

    @operation("restartEndpoint", "execute", "endpoints", answer=answers.Endpoint)
    async def post(self, name: str) -> dict[str, Any]:
        """Start an endpoint as it was asked for, after stopping it where it runs."""
        return self.shown(await self.slowly(endpoints.restart, self.home, name))


class EndpointAdaptersHandler(EndpointHandlerBase):
    """``endpoints/{name}/adapters``."""

    @operation("changeAdapters", "execute", "endpoints", body=ChangedAdapters, answer=answers.Endpoint)
    async def post(self, name: str, body: ChangedAdapters) -> dict[str, Any]:
        """Serve other adapters, while requests go on; answers before they are loaded."""
        changed = await self.slowly(endpoints.set_adapters, self.home, name, add=body.add, remove_names=body.remove)
        return self.shown(changed)


class EndpointLogHandler(ModelOpsHandler):
    """``endpoints/{name}/log``."""

    @operation("getEndpointLog", "read", "endpoints", query=LogQuery, media=("text/plain",))
    async def get(self, name: str, query: LogQuery) -> None:
        """The end of what its keeper and its engine wrote: 1 MB at most."""
        found = await self.slowly(endpoints.find, self.home, name)
        text = await self.slowly(log_end, found.place.log, query.tail)
        self.set_header("Content-Security-Policy", SANDBOX)
        self.finish(text, set_content_type="text/plain; charset=UTF-8")
