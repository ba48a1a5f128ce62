"""``models``: what requests may name."""

from __future__ import annotations

from modelops_server.endpoints.refusals import unknown_model
from modelops_server.handlers.openai.base import OpenAIHandler, guarded
from modelops_server.handlers.openai.rag import as_model


class ModelsHandler(OpenAIHandler):
    """``models``."""

    @guarded("read")
    async def get(self) -> None:
        """Every model and adapter that is ready, and every index whose endpoint is, as a model that answers from it."""
        names = await self.gateway.names()
        visible = {name: one for name, one in names.items() if self.opened in {None, one.name}}
        models = [target.as_model(name) for name, target in visible.items()]
        if self.opened is None:
            models += [as_model(endpoint) for endpoint in (await self.gateway.indexes()).values()]
        self.answer({"object": "list", "data": models})


class ModelHandler(OpenAIHandler):
    """``models/{name}``."""

    @guarded("read")
    async def get(self, name: str) -> None:
        """One of them."""
        if self.opened in {None, name}:
            self.gateway.check_configured(name)
        names = await self.gateway.names()
        target = names.get(name)
        if target is None or self.opened not in {None, target.name}:
            raise unknown_model(name, [known for known, one in names.items() if self.opened in {None, one.name}])
        self.answer(target.as_model(name))
