"""The resources of the OpenAI API, and where they are."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from modelops_server.endpoints.engines.transformers import problems, rendering
from modelops_server.endpoints.engines.transformers.answering import Chat, Completions
from modelops_server.endpoints.engines.transformers.base import Base, Service
from modelops_server.endpoints.engines.transformers.bodies import EmbeddingsBody, parse
from modelops_server.endpoints.engines.transformers.embedding import Embedding
from modelops_server.endpoints.engines.transformers.problems import Problem
from modelops_server.endpoints.engines.transformers.prompts import text_ids

T = TypeVar("T")


class Unknown(Base):
    """Every other address."""

    def prepare(self) -> None:
        super().prepare()
        raise Problem(404, "not_found", f"There is no {self.request.path} here.")


class Health(Base):
    """``GET /health``: whether the engine answers; needs no key."""

    def prepare(self) -> None:
        pass

    def get(self) -> None:
        self.finish({"status": "ok"})


class Models(Base):
    """``GET /v1/models``: what a request may ask for."""

    def get(self) -> None:
        names = self.service.model.names
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "modelops"} for name in names]
        self.finish({"object": "list", "data": models})


class Embeddings(Base):
    """``POST /v1/embeddings``."""

    _work: Embedding | None = None
    _answer: asyncio.Future[list[list[float]] | Problem] | None = None

    def on_connection_close(self) -> None:
        """The client has hung up: nothing more is computed for it."""
        if self._work is not None and self._answer is not None:
            self.service.worker.cancel([self._work])
            self._answer.cancel()

    async def post(self) -> None:
        body = parse(EmbeddingsBody, self.request.body)
        served = self.service.model
        adapter = served.resolve(body.model)
        if body.dimensions is not None:
            raise problems.not_supported("The vectors have as many numbers as the model is wide.", "dimensions")
        loop = asyncio.get_running_loop()
        tokenizer = served.readers[adapter].tokenizer
        inputs = await loop.run_in_executor(
            self.service.readers,
            lambda: [text_ids(tokenizer, given, served.vocabulary, "input") for given in body.inputs],
        )
        if (longest := max(map(len, inputs))) > served.context:
            raise problems.context_exceeded(longest, served.context, "input")
        answer: asyncio.Future[list[list[float]] | Problem] = loop.create_future()
        self._answer = answer
        self._work = Embedding(inputs, adapter, lambda result: loop.call_soon_threadsafe(_settle, answer, result))
        self.service.worker.embed(self._work)
        try:
            result = await answer
        except asyncio.CancelledError:  # the client has hung up
            return
        if isinstance(result, Problem):
            raise result
        tokens = sum(map(len, inputs))
        self.finish(rendering.embeddings(result, body.model, tokens, as_base64=body.encoding_format == "base64"))


def _settle(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():  # by the client's hanging up
        answer.set_result(result)


def routes(service: Service) -> list[tuple[str, type[Base], dict[str, Service]]]:
    """What is served where."""
    handlers: dict[str, type[Base]] = {
        "/health": Health,
        "/v1/models": Models,
        "/v1/chat/completions": Chat,
        "/v1/completions": Completions,
        "/v1/embeddings": Embeddings,
        "/.*": Unknown,
    }
    return [(path, handler, {"service": service}) for path, handler in handlers.items()]
