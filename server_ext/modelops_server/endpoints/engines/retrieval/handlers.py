"""What is asked over the socket; errors are said as the REST API says them."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from modelops.errors import InvalidInput, ModelOpsError, NotFound
from modelops.rag.retrieval import SearchSettings
from modelops_server.endpoints.engines.retrieval.served import ServedIndex

MOST_BYTES = 8 << 20
"""Of a body: a question, and patterns of sources."""

_log = logging.getLogger("modelops.engine")


class Question(BaseModel):
    """What is looked for, and how."""

    model_config = ConfigDict(extra="forbid")

    question: str
    settings: SearchSettings = SearchSettings()


@dataclass(frozen=True)
class Service:
    """What the handlers work with."""

    index: ServedIndex
    thread: ThreadPoolExecutor
    """The one that searches, one question at a time."""
    key: str


class Base(RequestHandler):
    """Checks the key, and says what went wrong."""

    service: Service

    def initialize(self, service: Service) -> None:
        self.service = service

    def prepare(self) -> None:
        key = self.request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(key.encode(), self.service.key.encode()):
            raise HTTPError(401)

    def say(self, document: Any) -> None:
        """Answer with JSON."""
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(document, ensure_ascii=False, allow_nan=False))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, ModelOpsError):
            status = HTTPStatus(status_code)
            error = ModelOpsError(status.name.lower(), f"{status.phrase}: {self.request.path}")
        else:
            status_code = error.http_status
        self.set_status(status_code)
        self.say(error.as_json())

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if not isinstance(value, (ModelOpsError, HTTPError, StreamClosedError)):
            _log.error("unexpected", exc_info=(typ, value, tb))


class Health(Base):
    """``GET /health``: whether the engine answers; needs no key."""

    def prepare(self) -> None:
        pass

    def get(self) -> None:
        self.say({"status": "ok"})


class Search(Base):
    """``POST /v1/search``."""

    async def post(self) -> None:
        try:
            asked = Question.model_validate_json(self.request.body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"])) or "body"
            raise InvalidInput("invalid_body", f"The request is not valid: {where}: {first['msg']}.") from error
        loop = asyncio.get_running_loop()
        search = self.service.index.search
        self.say({"hits": await loop.run_in_executor(self.service.thread, search, asked.question, asked.settings)})


class Documents(Base):
    """``GET /v1/documents``."""

    async def get(self) -> None:
        self.say(await asyncio.to_thread(self.service.index.documents))


class Document(Base):
    """``GET /v1/documents/text?source=…``."""

    async def get(self) -> None:
        source = self.get_query_argument("source", "", strip=False)
        self.say(await asyncio.to_thread(self.service.index.document, source))


class Unknown(Base):
    """Every other address."""

    def prepare(self) -> None:
        super().prepare()
        raise NotFound("not_found", f"There is no {self.request.path} here.")


def routes(service: Service) -> list[tuple[str, type[Base], dict[str, Service]]]:
    """What is served where."""
    handlers: dict[str, type[Base]] = {
        "/health": Health,
        "/v1/search": Search,
        "/v1/documents": Documents,
        "/v1/documents/text": Document,
        "/.*": Unknown,
    }
    return [(path, handler, {"service": service}) for path, handler in handlers.items()]
